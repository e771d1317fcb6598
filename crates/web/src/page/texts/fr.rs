//! The payment page in French.

use super::Texts;

pub(super) const FR: Texts = Texts {
    pay_title: "Paiement",
    order: "Commande {}",
    your_order: "Votre commande",
    more_items: "{} autres articles",
    other_costs: "Livraison, taxes, remises",
    total: "Total",
    test_mode: "Mode test : aucun argent n’est débité",
    how: "Comment souhaitez-vous payer ?",
    loading: "Le formulaire de paiement se charge …",
    pay: "Payer {}",
    paying: "Votre paiement est en cours …",
    secured: "Paiement sécurisé par Stripe",
    back: "Retour à la boutique",
    on: "Continuer vers la boutique",
    again: "Réessayer",
    finish: "Il manque une étape : terminez le paiement commencé ou choisissez un autre moyen de \
        paiement.",
    finish_button: "Terminer le paiement",
    insufficient_funds: "Le paiement a été refusé : le solde est insuffisant.",
    expired_card: "Le paiement a été refusé : la carte a expiré.",
    incorrect_cvc: "Le paiement a été refusé : le code de sécurité de la carte est incorrect.",
    not_confirmed: "Le paiement n’a pas été confirmé auprès de votre banque.",
    passing: "Le paiement n’a pas pu être traité pour le moment.",
    declined: "Le paiement a été refusé.",
    not_charged: "Vous n’avez pas été débité. Réessayez ou choisissez un autre moyen de paiement.",
    form_failed: "Le formulaire de paiement n’a pas pu être chargé. Vérifiez votre connexion et \
        réessayez.",
    unsure: "La connexion a été interrompue ; on ne sait pas encore si vous avez payé. Réessayez \
        : vous ne payez jamais deux fois.",
    no_script: "Pour payer ici, votre navigateur doit exécuter JavaScript. Autorisez-le pour cette \
        page et rechargez-la.",
    processing_title: "Votre paiement est en route",
    processing: "Votre paiement a été accepté et est en cours de règlement. Nous informons votre \
        boutique dès qu’il est réglé ; vous n’avez plus rien à faire.",
    paid_title: "Votre commande est payée",
    paid: "Vous pouvez maintenant retourner à la boutique.",
    canceled_title: "Ce paiement est clos",
    canceled: "Il a été annulé ou a expiré, et rien ne sera débité. Pour payer votre commande, \
        recommencez dans la boutique.",
    unknown_title: "Ce paiement n’existe pas",
    unknown: "L’adresse est incomplète ou périmée. Retournez à la boutique et choisissez à nouveau \
        le moyen de paiement.",
    disconnected_title: "Cette boutique n’accepte pas de paiements ici pour le moment",
    disconnected: "Vous n’avez pas été débité. Retournez à la boutique et choisissez un autre moyen de \
        paiement.",
    unreachable_title: "Le service de paiement ne répond pas",
    unreachable: "Il sera de retour dans un instant. Réessayer ne vous débite jamais deux fois.",
    broken_title: "Une erreur est survenue",
    broken: "Réessayez dans un instant. Réessayer ne vous débite jamais deux fois.",
};
