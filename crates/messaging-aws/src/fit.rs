//! What fits into a message of SQS and SNS, judged before it is sent: what never fits is told as
//! such, and what is wrong with the address or the rights is not mistaken for it.

use app::ports::ChannelMessage;
use messaging::SendError;

/// SQS takes at most so many bytes, attributes included.
/// (docs.aws.amazon.com, SQS developer guide, message quotas)
pub(crate) const SQS_BYTES_MAX: usize = 1024 * 1024;
/// SNS takes at most so many. (docs.aws.amazon.com, SNS, API reference, Publish)
pub(crate) const SNS_BYTES_MAX: usize = 256 * 1024;
/// What each attribute's type adds.
const TYPE_BYTES: usize = "String".len();

/// Whether body and attributes can be sent at all.
///
/// # Errors
/// [`SendError::Rejected`] with what does not fit.
pub(crate) fn check(
    message: &ChannelMessage,
    attributes: &[(String, String)],
    bytes_max: usize,
) -> Result<(), SendError> {
    let texts = attributes.iter().map(|(name, value)| (name.as_str(), value.as_str()));
    for (place, text) in [("the body", message.body.as_str())].into_iter().chain(texts) {
        if let Some(letter) = text.chars().find(|letter| !is_allowed(*letter)) {
            let code = u32::from(letter);
            return Err(SendError::Rejected(format!(
                "{place} has the character U+{code:04X}, which messages at AWS cannot have"
            )));
        }
    }
    let attributes = attributes.iter().map(|(name, value)| name.len() + TYPE_BYTES + value.len());
    let bytes = message.body.len() + attributes.sum::<usize>();
    if bytes > bytes_max {
        return Err(SendError::Rejected(format!(
            "the message has {bytes} bytes with its attributes, and at most {bytes_max} can be sent"
        )));
    }
    Ok(())
}

/// The characters of XML 1.0, which is what AWS allows.
pub(crate) fn is_allowed(letter: char) -> bool {
    match letter {
        '\t' | '\n' | '\r' => true,
        '\u{0}'..='\u{1F}' | '\u{FFFE}' | '\u{FFFF}' => false,
        _ => true,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn message(body: &str) -> ChannelMessage {
        let id = app::ports::MessageId(uuid::Uuid::nil());
        ChannelMessage { id, attributes: Vec::new(), body: body.to_owned() }
    }

    fn rejected(body: &str, attributes: &[(&str, &str)]) -> String {
        let owned = |(name, value): &(&str, &str)| ((*name).to_owned(), (*value).to_owned());
        let attributes: Vec<_> = attributes.iter().map(owned).collect();
        match check(&message(body), &attributes, 100) {
            Err(SendError::Rejected(reason)) => reason,
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn what_never_fits_says_why() {
        let fits = message("{\"name\":\"Zoë 💶\\u0000\",\n\t\"x\":1}");
        assert_eq!(check(&fits, &[("name".into(), "PaymentCaptured".into())], 100), Ok(()));
        assert_eq!(
            rejected("{\"x\":\"\u{FFFE}\"}", &[]),
            "the body has the character U+FFFE, which messages at AWS cannot have"
        );
        assert_eq!(
            rejected("{}", &[("actorId", "a\u{1}")]),
            "actorId has the character U+0001, which messages at AWS cannot have"
        );
        assert_eq!(check(&message(&"x".repeat(100)), &[], 100), Ok(()));
        assert_eq!(
            rejected(&"x".repeat(90), &[("name", "x")]),
            "the message has 101 bytes with its attributes, and at most 100 can be sent"
        );
    }
}
