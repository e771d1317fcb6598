//! The payment page in German.

use super::Texts;

pub(super) const DE: Texts = Texts {
    pay_title: "Bezahlen",
    order: "Bestellung {}",
    your_order: "Ihre Bestellung",
    more_items: "{} weitere Artikel",
    other_costs: "Versand, Steuern, Rabatte",
    total: "Gesamt",
    test_mode: "Testmodus: Es fließt kein Geld",
    how: "Wie möchten Sie bezahlen?",
    loading: "Das Zahlungsformular wird geladen …",
    pay: "{} bezahlen",
    paying: "Ihre Zahlung wird ausgeführt …",
    secured: "Sicher verarbeitet von Stripe",
    back: "Zurück zum Shop",
    on: "Weiter zum Shop",
    again: "Noch einmal versuchen",
    finish: "Ein Schritt fehlt noch: Schließen Sie die begonnene Zahlung ab oder wählen Sie eine \
        andere Zahlungsart.",
    finish_button: "Zahlung abschließen",
    insufficient_funds: "Die Zahlung wurde abgelehnt: nicht genügend Guthaben.",
    expired_card: "Die Zahlung wurde abgelehnt: Die Karte ist abgelaufen.",
    incorrect_cvc: "Die Zahlung wurde abgelehnt: Die Prüfnummer der Karte ist falsch.",
    not_confirmed: "Die Zahlung wurde bei Ihrer Bank nicht bestätigt.",
    passing: "Die Zahlung konnte gerade nicht verarbeitet werden.",
    declined: "Die Zahlung wurde abgelehnt.",
    not_charged: "Sie wurden nicht belastet. Bitte versuchen Sie es noch einmal oder wählen Sie eine \
        andere Zahlungsart.",
    form_failed: "Das Zahlungsformular konnte nicht geladen werden. Prüfen Sie Ihre Verbindung und \
        versuchen Sie es noch einmal.",
    unsure: "Die Verbindung ist abgebrochen; noch ist unklar, ob Sie bezahlt haben. Versuchen Sie \
        es noch einmal: Sie zahlen nie doppelt.",
    no_script: "Um hier zu bezahlen, muss Ihr Browser JavaScript ausführen. Erlauben Sie es für \
        diese Seite und laden Sie sie neu.",
    processing_title: "Ihre Zahlung ist unterwegs",
    processing: "Ihre Zahlung wurde angenommen und wird gerade abgewickelt. Wir melden es Ihrem Shop, \
        sobald sie abgewickelt ist; Sie müssen nichts weiter tun.",
    paid_title: "Ihre Bestellung ist bezahlt",
    paid: "Sie können jetzt zum Shop zurückkehren.",
    canceled_title: "Diese Zahlung ist geschlossen",
    canceled: "Sie wurde abgebrochen oder ist abgelaufen, und es wird nichts abgebucht. Um Ihre \
        Bestellung zu bezahlen, beginnen Sie im Shop noch einmal.",
    unknown_title: "Diese Zahlung gibt es nicht",
    unknown: "Die Adresse ist unvollständig oder veraltet. Gehen Sie zurück zum Shop und wählen \
        Sie die Zahlungsart noch einmal.",
    disconnected_title: "Dieser Shop nimmt hier zurzeit keine Zahlungen an",
    disconnected: "Sie wurden nicht belastet. Gehen Sie zurück zum Shop und wählen Sie eine andere \
        Zahlungsart.",
    unreachable_title: "Der Zahlungsdienst antwortet nicht",
    unreachable: "Er ist gleich wieder da. Ein neuer Versuch belastet Sie nie doppelt.",
    broken_title: "Hier ist etwas schiefgegangen",
    broken: "Versuchen Sie es gleich noch einmal. Ein neuer Versuch belastet Sie nie doppelt.",
};
