use http::StatusCode;

use crate::reference::operation::{Operation, Topic, header};

pub(super) fn describe() -> Operation {
    Operation::private("/disconnect", Topic::Catalog, "Disconnect a tenant")
        .about(
            "Parts from a tenant. Its payment methods are deleted from the shop, and it is told \
             that the app is not active any more. While something is unfinished the app asks \
             first. A body may be sent; nothing in it is read.",
        )
        .parameter(header(
            "X-Confirmation-Status",
            "The answers to the app's questions, in their order and separated by commas: `true` \
             goes ahead.",
        ))
        .answers(StatusCode::NO_CONTENT, "Disconnected.", None)
        .refuses(400, "The tenant is not known, or the answer was not `true`.")
        .refuses(408, "The body did not arrive in time.")
        .refuses(
            409,
            "Something is unfinished: ask whoever disconnects, with the texts of `confirm`.",
        )
        .refuses(413, "The body is too large.")
        .refuses(422, "`X-Tenant-Identifier` is missing.")
}
