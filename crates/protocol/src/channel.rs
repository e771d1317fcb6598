//! Reading and deleting messages over HTTP (contract, shop, section 2, http-channel).

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::{php, schema};

/// One message as a channel's GET returns it. The shop aborts its whole poll unless the body is a
/// string and the attributes a flat map of strings, which is all this type can say.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "PascalCase")]
pub struct ChannelEntry {
    /// The message's stable id, by which it is deleted.
    pub message_id: String,
    /// The payload: JSON text.
    pub message_body: String,
    /// Its attributes.
    pub message_attributes: BTreeMap<String, String>,
}

/// The body of a channel's DELETE.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[schemars(transform = schema::as_php_writes_it)]
pub struct DeleteMessages {
    /// The messages that were handled.
    #[serde(deserialize_with = "php::texts")]
    pub message_ids: Vec<String>,
}

/// What a channel's POST answers: the message is kept.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "PascalCase")]
pub struct PostedMessage {
    /// Our id of it.
    pub message_id: String,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_entry_is_written_as_the_shop_reads_it() {
        let attributes = [("name".to_owned(), "PaymentAuthorized".to_owned())];
        let entry = ChannelEntry {
            message_id: "m1".to_owned(),
            message_body: r#"{"orderReference":"DE--1"}"#.to_owned(),
            message_attributes: BTreeMap::from(attributes),
        };
        insta::assert_snapshot!(serde_json::to_string(&[entry]).unwrap(), @r#"[{"MessageId":"m1","MessageBody":"{\"orderReference\":\"DE--1\"}","MessageAttributes":{"name":"PaymentAuthorized"}}]"#);
    }

    #[test]
    fn ids_to_delete_come_as_a_list_or_a_map_of_it() {
        let read = |body: &str| crate::from_json::<DeleteMessages>(body.as_bytes());
        assert_eq!(read(r#"{"messageIds":["a","b"]}"#).unwrap().message_ids, ["a", "b"]);
        assert_eq!(read(r#"{"messageIds":{"0":"a","2":"b"}}"#).unwrap().message_ids, ["a", "b"]);
        assert_eq!(read(r#"{"messageIds":[]}"#).unwrap().message_ids, Vec::<String>::new());
        insta::assert_snapshot!(read("{}").unwrap_err(), @"body: missing field `messageIds`");
        insta::assert_snapshot!(read(r#"{"messageIds":"a"}"#).unwrap_err(), @r#"messageIds: invalid type: string "a", expected a list"#);
    }
}
