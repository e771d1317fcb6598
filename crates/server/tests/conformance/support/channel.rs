//! A shop that reads a channel and deletes from it in two steps.

use http::{Method, StatusCode};
use serde_json::{Value, json};

use super::{Message, TENANT, TestApp, request};

impl TestApp {
    /// Reads a channel and deletes nothing. Returns the messages and the answer itself.
    pub async fn peek(&self, channel: &str, limit: u32) -> (Vec<Message>, Value) {
        self.peek_as(TENANT, channel, limit).await
    }

    pub async fn peek_as(&self, tenant: &str, channel: &str, limit: u32) -> (Vec<Message>, Value) {
        let path = format!("/message-channels/{channel}?limit={limit}");
        let mut read = request(Method::GET, &path, String::new());
        read.headers_mut().insert("consumer-id", tenant.parse().unwrap());
        let (status, answer) = self.send(read).await;
        assert_eq!(status, StatusCode::OK, "{answer}");
        let messages = answer.as_array().unwrap().iter().map(Message::of).collect();
        (messages, answer)
    }

    /// Deletes messages that were read.
    pub async fn acknowledge(&self, channel: &str, ids: &[&str]) {
        self.acknowledge_as(TENANT, channel, ids).await;
    }

    pub async fn acknowledge_as(&self, tenant: &str, channel: &str, ids: &[&str]) {
        let path = format!("/message-channels/{channel}");
        let body = json!({"messageIds": ids}).to_string();
        let mut delete = request(Method::DELETE, &path, body);
        delete.headers_mut().insert("consumer-id", tenant.parse().unwrap());
        let (status, answer) = self.send(delete).await;
        assert_eq!(status, StatusCode::OK, "{answer}");
    }
}
