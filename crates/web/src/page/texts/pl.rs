//! The payment page in Polish.

use super::Texts;

pub(super) const PL: Texts = Texts {
    pay_title: "Płatność",
    order: "Zamówienie {}",
    your_order: "Twoje zamówienie",
    more_items: "Pozostałe artykuły: {}",
    other_costs: "Dostawa, podatki, rabaty",
    total: "Razem",
    test_mode: "Tryb testowy: pieniądze nie są pobierane",
    how: "Jak chcesz zapłacić?",
    loading: "Formularz płatności się wczytuje …",
    pay: "Zapłać {}",
    paying: "Trwa realizacja płatności …",
    secured: "Bezpiecznie przetwarzane przez Stripe",
    back: "Wróć do sklepu",
    on: "Przejdź do sklepu",
    again: "Spróbuj ponownie",
    finish: "Brakuje jednego kroku: dokończ rozpoczętą płatność albo wybierz inny sposób \
        płatności.",
    finish_button: "Dokończ płatność",
    insufficient_funds: "Płatność została odrzucona: za mało środków na koncie.",
    expired_card: "Płatność została odrzucona: karta straciła ważność.",
    incorrect_cvc: "Płatność została odrzucona: kod zabezpieczający karty jest błędny.",
    not_confirmed: "Płatność nie została potwierdzona w Twoim banku.",
    passing: "Nie udało się teraz przetworzyć płatności.",
    declined: "Płatność została odrzucona.",
    not_charged: "Nic nie zostało pobrane. Spróbuj ponownie albo wybierz inny sposób płatności.",
    form_failed: "Nie udało się wczytać formularza płatności. Sprawdź połączenie i spróbuj ponownie.",
    unsure: "Połączenie zostało przerwane i nie wiadomo jeszcze, czy płatność się powiodła. \
        Spróbuj ponownie: nigdy nie zapłacisz dwa razy.",
    no_script: "Aby tu zapłacić, przeglądarka musi obsługiwać JavaScript. Zezwól na to na tej \
        stronie i wczytaj ją ponownie.",
    processing_title: "Twoja płatność jest w drodze",
    processing: "Płatność została przyjęta i jest rozliczana. Powiadomimy sklep, gdy tylko zostanie \
        rozliczona; nie musisz nic więcej robić.",
    paid_title: "Twoje zamówienie jest opłacone",
    paid: "Możesz teraz wrócić do sklepu.",
    canceled_title: "Ta płatność jest zamknięta",
    canceled: "Została anulowana lub wygasła i nic nie zostanie pobrane. Aby opłacić zamówienie, \
        zacznij od nowa w sklepie.",
    unknown_title: "Nie ma takiej płatności",
    unknown: "Adres jest niepełny lub nieaktualny. Wróć do sklepu i ponownie wybierz sposób \
        płatności.",
    disconnected_title: "Ten sklep nie przyjmuje tu teraz płatności",
    disconnected: "Nic nie zostało pobrane. Wróć do sklepu i wybierz inny sposób płatności.",
    unreachable_title: "Usługa płatności nie odpowiada",
    unreachable: "Za chwilę wróci. Ponowna próba nigdy nie obciąży Cię dwa razy.",
    broken_title: "Coś poszło nie tak",
    broken: "Spróbuj ponownie za chwilę. Ponowna próba nigdy nie obciąży Cię dwa razy.",
};
