//! The payment page in Spanish.

use super::Texts;

pub(super) const ES: Texts = Texts {
    pay_title: "Pago",
    order: "Pedido {}",
    your_order: "Su pedido",
    more_items: "{} artículos más",
    other_costs: "Envío, impuestos, descuentos",
    total: "Total",
    test_mode: "Modo de prueba: no se mueve dinero",
    how: "¿Cómo desea pagar?",
    loading: "El formulario de pago se está cargando …",
    pay: "Pagar {}",
    paying: "Su pago se está realizando …",
    secured: "Procesado de forma segura por Stripe",
    back: "Volver a la tienda",
    on: "Continuar a la tienda",
    again: "Intentar de nuevo",
    finish: "Falta un paso: termine el pago que empezó o elija otra forma de pago.",
    finish_button: "Terminar el pago",
    insufficient_funds: "El pago fue rechazado: no hay saldo suficiente.",
    expired_card: "El pago fue rechazado: la tarjeta ha caducado.",
    incorrect_cvc: "El pago fue rechazado: el código de seguridad de la tarjeta no es correcto.",
    not_confirmed: "El pago no se confirmó con su banco.",
    passing: "El pago no se ha podido procesar en este momento.",
    declined: "El pago fue rechazado.",
    not_charged: "No se le ha cobrado nada. Inténtelo de nuevo o elija otra forma de pago.",
    form_failed: "No se ha podido cargar el formulario de pago. Compruebe su conexión e inténtelo de \
        nuevo.",
    unsure: "La conexión se ha interrumpido y aún no se sabe si ha pagado. Inténtelo de nuevo: \
        nunca pagará dos veces.",
    no_script: "Para pagar aquí, su navegador tiene que ejecutar JavaScript. Permítalo en esta \
        página y vuelva a cargarla.",
    processing_title: "Su pago está en camino",
    processing: "Su pago ha sido aceptado y se está liquidando. Avisaremos a su tienda en cuanto esté \
        liquidado; no tiene que hacer nada más.",
    paid_title: "Su pedido está pagado",
    paid: "Ya puede volver a la tienda.",
    canceled_title: "Este pago está cerrado",
    canceled: "Se canceló o ha caducado, y no se cobrará nada. Para pagar su pedido, empiece de \
        nuevo en la tienda.",
    unknown_title: "Este pago no existe",
    unknown: "La dirección está incompleta o anticuada. Vuelva a la tienda y elija otra vez cómo \
        pagar.",
    disconnected_title: "Esta tienda no acepta pagos aquí por ahora",
    disconnected: "No se le ha cobrado nada. Vuelva a la tienda y elija otra forma de pago.",
    unreachable_title: "El servicio de pago no responde",
    unreachable: "Volverá en un momento. Intentarlo de nuevo nunca le cobra dos veces.",
    broken_title: "Algo ha ido mal",
    broken: "Inténtelo de nuevo en un momento. Intentarlo de nuevo nunca le cobra dos veces.",
};
