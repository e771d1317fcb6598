//! The payment page in Dutch.

use super::Texts;

pub(super) const NL: Texts = Texts {
    pay_title: "Betaling",
    order: "Bestelling {}",
    your_order: "Uw bestelling",
    more_items: "Nog {} artikelen",
    other_costs: "Verzending, belastingen, kortingen",
    total: "Totaal",
    test_mode: "Testmodus: er wordt niets afgeschreven",
    how: "Hoe wilt u betalen?",
    loading: "Het betaalformulier wordt geladen …",
    pay: "{} betalen",
    paying: "Uw betaling wordt uitgevoerd …",
    secured: "Veilig verwerkt door Stripe",
    back: "Terug naar de winkel",
    on: "Verder naar de winkel",
    again: "Opnieuw proberen",
    finish: "Er ontbreekt nog een stap: rond de begonnen betaling af of kies een andere \
        betaalwijze.",
    finish_button: "Betaling afronden",
    insufficient_funds: "De betaling is geweigerd: er is niet genoeg saldo.",
    expired_card: "De betaling is geweigerd: de kaart is verlopen.",
    incorrect_cvc: "De betaling is geweigerd: de beveiligingscode van de kaart klopt niet.",
    not_confirmed: "De betaling is niet bij uw bank bevestigd.",
    passing: "De betaling kon nu niet worden verwerkt.",
    declined: "De betaling is geweigerd.",
    not_charged: "Er is niets afgeschreven. Probeer het opnieuw of kies een andere betaalwijze.",
    form_failed: "Het betaalformulier kon niet worden geladen. Controleer uw verbinding en probeer het \
        opnieuw.",
    unsure: "De verbinding is verbroken; het is nog niet duidelijk of u hebt betaald. Probeer het \
        opnieuw: u betaalt nooit dubbel.",
    no_script: "Om hier te betalen moet uw browser JavaScript uitvoeren. Sta het toe voor deze \
        pagina en laad de pagina opnieuw.",
    processing_title: "Uw betaling is onderweg",
    processing: "Uw betaling is geaccepteerd en wordt afgehandeld. We laten het uw winkel weten zodra \
        dat klaar is; u hoeft niets meer te doen.",
    paid_title: "Uw bestelling is betaald",
    paid: "U kunt nu terug naar de winkel.",
    canceled_title: "Deze betaling is gesloten",
    canceled: "Ze is geannuleerd of verlopen en er wordt niets afgeschreven. Begin in de winkel \
        opnieuw om uw bestelling te betalen.",
    unknown_title: "Deze betaling bestaat niet",
    unknown: "Het adres is onvolledig of verouderd. Ga terug naar de winkel en kies opnieuw hoe u \
        wilt betalen.",
    disconnected_title: "Deze winkel neemt hier nu geen betalingen aan",
    disconnected: "Er is niets afgeschreven. Ga terug naar de winkel en kies een andere betaalwijze.",
    unreachable_title: "De betaaldienst antwoordt niet",
    unreachable: "De dienst is zo weer terug. Opnieuw proberen schrijft nooit dubbel af.",
    broken_title: "Er is iets misgegaan",
    broken: "Probeer het zo opnieuw. Opnieuw proberen schrijft nooit dubbel af.",
};
