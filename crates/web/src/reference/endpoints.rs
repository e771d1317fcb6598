//! Every endpoint, described; one file each, as in `api`. A test compares them with the router.

mod configure;
mod disconnect;
mod glue;
mod initialize_payment;
mod marketplace;
mod message_channels;
mod operation;
mod page;
mod pre_order;
mod reference;
mod webhooks;

use crate::reference::operation::Operation;

/// All of them.
pub(crate) fn all() -> Vec<Operation> {
    [
        vec![initialize_payment::describe(), configure::describe(), disconnect::describe()],
        pre_order::describe().into(),
        glue::describe().into(),
        marketplace::describe().into(),
        message_channels::describe().into(),
        webhooks::describe().into(),
        page::describe().into(),
        operation::describe().into(),
        reference::describe().into(),
    ]
    .concat()
}

/// The body of a request that a shop's own code put on the wire.
macro_rules! recorded {
    ($file:literal) => {
        $crate::reference::operation::recorded_body(include_str!(concat!(
            env!("CARGO_MANIFEST_DIR"),
            "/../protocol/tests/data/shop/",
            $file,
            ".json"
        )))
    };
}
pub(crate) use recorded;
