//! The payment page in Italian.

use super::Texts;

pub(super) const IT: Texts = Texts {
    pay_title: "Pagamento",
    order: "Ordine {}",
    your_order: "Il Suo ordine",
    more_items: "Altri {} articoli",
    other_costs: "Spedizione, imposte, sconti",
    total: "Totale",
    test_mode: "Modalità di prova: nessun addebito",
    how: "Come desidera pagare?",
    loading: "Il modulo di pagamento si sta caricando …",
    pay: "Paga {}",
    paying: "Il pagamento è in corso …",
    secured: "Elaborato in modo sicuro da Stripe",
    back: "Torna al negozio",
    on: "Continua al negozio",
    again: "Riprova",
    finish: "Manca un passaggio: completi il pagamento iniziato o scelga un altro metodo di \
        pagamento.",
    finish_button: "Completa il pagamento",
    insufficient_funds: "Il pagamento è stato rifiutato: il saldo non è sufficiente.",
    expired_card: "Il pagamento è stato rifiutato: la carta è scaduta.",
    incorrect_cvc: "Il pagamento è stato rifiutato: il codice di sicurezza della carta è errato.",
    not_confirmed: "Il pagamento non è stato confermato con la Sua banca.",
    passing: "Al momento non è stato possibile elaborare il pagamento.",
    declined: "Il pagamento è stato rifiutato.",
    not_charged: "Non Le è stato addebitato nulla. Riprovi o scelga un altro metodo di pagamento.",
    form_failed: "Non è stato possibile caricare il modulo di pagamento. Controlli la connessione e \
        riprovi.",
    unsure: "La connessione si è interrotta e non è ancora chiaro se ha pagato. Riprovi: non \
        pagherà mai due volte.",
    no_script: "Per pagare qui, il browser deve eseguire JavaScript. Lo consenta per questa pagina e \
        la ricarichi.",
    processing_title: "Il Suo pagamento è in arrivo",
    processing: "Il pagamento è stato accettato ed è in fase di regolamento. Informeremo il negozio \
        appena sarà concluso; non deve fare altro.",
    paid_title: "Il Suo ordine è pagato",
    paid: "Ora può tornare al negozio.",
    canceled_title: "Questo pagamento è chiuso",
    canceled: "È stato annullato o è scaduto, e non verrà addebitato nulla. Per pagare l’ordine, \
        ricominci dal negozio.",
    unknown_title: "Questo pagamento non esiste",
    unknown: "L’indirizzo è incompleto o non più valido. Torni al negozio e scelga di nuovo come \
        pagare.",
    disconnected_title: "Questo negozio al momento non accetta pagamenti qui",
    disconnected: "Non Le è stato addebitato nulla. Torni al negozio e scelga un altro metodo di \
        pagamento.",
    unreachable_title: "Il servizio di pagamento non risponde",
    unreachable: "Tornerà tra un momento. Riprovare non addebita mai due volte.",
    broken_title: "Qualcosa è andato storto",
    broken: "Riprovi tra un momento. Riprovare non addebita mai due volte.",
};
