use protocol::configure::ConfigureRequest;
use serde_json::json;

use crate::api::configure::Answer;
use crate::reference::operation::{JSON, JSON_API, Operation, Topic, of};

pub(super) fn describe() -> Operation {
    Operation::private("/configure", Topic::Catalog, "Configure a tenant")
        .about(
            "Connects a tenant, or changes how it is connected. What is sent is merged into what \
             is stored: new values win, what is missing stays. The keys are checked with Stripe, \
             and a webhook endpoint is made there. Secrets never come back whole; a masked one \
             that is sent again means \"unchanged\".",
        )
        .body(&[JSON, JSON_API], of::<ConfigureRequest>)
        .media_type_is_checked()
        .example(
            "keys",
            json!({"data": {"type": "configuration", "attributes": {"configuration":
                "{\"secretKey\":\"sk_test_…\",\"publishableKey\":\"pk_test_…\"}"
            }}}),
        )
        .answers_json("The whole configuration as it is now.", of::<Answer>)
        .refuses(400, "Stripe does not accept the keys, or cannot be reached.")
        .refuses(422, "Something does not read: one error for each field.")
}
