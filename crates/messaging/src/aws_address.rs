//! Queues of SQS and topics of SNS: one for all tenants, or one for each. What is sent there is in the
//! crate `messaging-aws`; the configuration knows these addresses also in a program without it.

use payment::TenantId;
use url::Url;

use crate::push::SendError;

/// What stands for the tenant in an address.
const TENANT: &str = "{tenant}";
/// A name of AWS's has at most so many characters.
const NAME_CHARS_MAX: usize = 80;
/// The end of the names of queues and topics that keep an order; AWS gives it to no others.
pub(crate) const FIFO: &str = ".fifo";

/// The address of a queue or topic, with `{tenant}` where each tenant has its own.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Address(String);

impl Address {
    /// The address of a queue, by its URL; `None` for any other text.
    pub fn of_queue(text: &str) -> Option<Self> {
        let url = Url::parse(&text.replace(TENANT, "t")).ok()?;
        let is_plain = url.query().is_none()
            && url.fragment().is_none()
            && url.username().is_empty()
            && url.password().is_none();
        let name = url.path_segments().and_then(|mut path| path.next_back()).unwrap_or_default();
        let is_queue = matches!(url.scheme(), "https" | "http") && is_plain && is_name(name);
        is_queue.then(|| Self(text.to_owned()))
    }

    /// The address of a topic, by its ARN; `None` for any other text.
    pub fn of_topic(text: &str) -> Option<Self> {
        let plain = text.replace(TENANT, "t");
        match plain.split(':').collect::<Vec<_>>()[..] {
            ["arn", partition, "sns", region, account, name]
                if ![partition, region, account].contains(&"") && is_name(name) =>
            {
                Some(Self(text.to_owned()))
            }
            _ => None,
        }
    }

    /// As it was written.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Whether each tenant has its own.
    pub fn is_per_tenant(&self) -> bool {
        self.0.contains(TENANT)
    }

    /// Whether it keeps an order.
    pub fn is_fifo(&self) -> bool {
        self.0.ends_with(FIFO)
    }

    /// What fails together with what goes to this tenant: all of it, or what goes to its own address.
    pub fn target(&self, tenant: &TenantId) -> String {
        if self.is_per_tenant() { tenant.as_str().to_owned() } else { String::new() }
    }

    /// The address for a tenant.
    ///
    /// # Errors
    /// The tenant's identifier cannot stand in a name: nothing could be sent there.
    pub fn of_tenant(&self, tenant: &TenantId) -> Result<String, SendError> {
        if !self.is_per_tenant() {
            return Ok(self.0.clone());
        }
        let fits =
            tenant.as_str().len() < NAME_CHARS_MAX && tenant.as_str().chars().all(is_of_name);
        if fits {
            Ok(self.0.replace(TENANT, tenant.as_str()))
        } else {
            Err(SendError::Later(
                "the tenant's identifier has other characters than names at AWS: give the channel one \
                 address for all tenants, without {tenant}"
                    .to_owned(),
            ))
        }
    }
}

fn is_name(name: &str) -> bool {
    let plain = name.strip_suffix(FIFO).unwrap_or(name);
    !plain.is_empty() && name.len() <= NAME_CHARS_MAX && plain.chars().all(is_of_name)
}

fn is_of_name(letter: char) -> bool {
    letter.is_ascii_alphanumeric() || "-_".contains(letter)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn queues_and_topics_are_told_from_what_is_neither() {
        let queue = "https://sqs.eu-central-1.amazonaws.com/1/events-{tenant}.fifo";
        let address = Address::of_queue(queue).unwrap();
        assert!(address.is_fifo() && address.is_per_tenant());
        let plain = Address::of_queue("http://127.0.0.1:5000/123456789012/events").unwrap();
        assert!(!plain.is_fifo() && !plain.is_per_tenant());
        for wrong in ["", "events", "https://sqs.test", "https://sqs.test/1/", "ftp://sqs.test/1/q"]
        {
            assert_eq!(Address::of_queue(wrong), None, "{wrong}");
        }
        for wrong in ["https://u:p@sqs.test/1/q", "https://sqs.test/1/q?x=1", "https://s.t/1/a.b"] {
            assert_eq!(Address::of_queue(wrong), None, "{wrong}");
        }
        assert!(Address::of_topic("arn:aws:sns:eu-central-1:1:events.fifo").unwrap().is_fifo());
        for wrong in ["", "arn:aws:sqs:eu-central-1:1:events", "arn:aws:sns::1:e", queue] {
            assert_eq!(Address::of_topic(wrong), None, "{wrong}");
        }
    }

    #[test]
    fn a_tenant_never_leads_to_another_place() {
        let address = Address::of_queue("https://sqs.test/1/events-{tenant}.fifo").unwrap();
        let of = |tenant: &str| address.of_tenant(&TenantId::new(tenant));
        assert_eq!(of("tenant-1_DE").unwrap(), "https://sqs.test/1/events-tenant-1_DE.fifo");
        for tenant in ["", "../other", "a.fifo", "a/b", "ä", "a b", "{tenant}", &"x".repeat(80)] {
            let told = of(tenant);
            assert!(tenant.is_empty() || matches!(told, Err(SendError::Later(_))), "{tenant}");
        }
        let shared = Address::of_queue("https://sqs.test/1/events").unwrap();
        let any = shared.of_tenant(&TenantId::new("../other"));
        assert_eq!(any.unwrap(), "https://sqs.test/1/events");
    }
}
