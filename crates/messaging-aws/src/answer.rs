//! What an error of AWS says, in a line.

use aws_sdk_sqs::error::{ProvideErrorMetadata, SdkError};
use messaging::SendError;

/// The code with which SQS says that it cannot take what is in a message.
const BAD_CONTENTS: &str = "InvalidMessageContents";
/// The parts of messages with which AWS says that something is too long for this queue, whose own
/// limit may be lower than the general one.
const TOO_LONG: [&str; 2] = ["must be shorter than", "too long"];

/// The service's own words, or where nobody answered the innermost cause.
pub(crate) fn describe<E>(service: &str, error: &SdkError<E>) -> String
where
    E: ProvideErrorMetadata + std::error::Error + 'static,
{
    if let Some(answer) = error.as_service_error() {
        let code = answer.code().unwrap_or("an error without a code");
        let message = answer.message().unwrap_or_default();
        return format!("{service} answered {code}: {message}");
    }
    format!("{service} did not answer: {error}: {}", innermost(error))
}

/// The cause that has no cause.
pub(crate) fn innermost<'a>(
    error: &'a (dyn std::error::Error + 'static),
) -> &'a (dyn std::error::Error + 'static) {
    let mut innermost = error;
    while let Some(cause) = innermost.source() {
        innermost = cause;
    }
    innermost
}

/// Only what is said of the message itself is final: queue, rights and keys can be mended.
pub(crate) fn judge<E>(service: &str, error: &SdkError<E>) -> SendError
where
    E: ProvideErrorMetadata + std::error::Error + 'static,
{
    let answer = error.as_service_error();
    let message = answer.and_then(ProvideErrorMetadata::message).unwrap_or_default();
    let is_final = answer.and_then(ProvideErrorMetadata::code) == Some(BAD_CONTENTS)
        || TOO_LONG.iter().any(|part| message.contains(part));
    let reason = describe(service, error);
    if is_final { SendError::Rejected(reason) } else { SendError::Later(reason) }
}
