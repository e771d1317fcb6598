//! The keys of SQS and SNS. Credentials are none of them: they come from where AWS's own tools look.

use super::{Fallback, Key, Kind};

/// The region.
pub const AWS_REGION: Key = Key {
    name: "aws_region",
    variable: "PAYBRIDGE_AWS_REGION",
    kind: Kind::Text,
    fallback: Fallback::Derived("AWS_REGION, or the profile"),
    secret: false,
    doc: "The region of the queues and topics, for channels whose transport is `sqs` or `sns`. \
          Credentials are looked for as AWS's own tools do it: `AWS_ACCESS_KEY_ID`, profile, web \
          identity, container, instance.",
};

/// Another address than AWS's.
pub const AWS_ENDPOINT_URL: Key = Key {
    name: "aws_endpoint_url",
    variable: "PAYBRIDGE_AWS_ENDPOINT_URL",
    kind: Kind::Url,
    fallback: Fallback::Nothing,
    secret: false,
    doc: "Where SQS and SNS are, if not at AWS's public address for the region: a compatible server, \
          or one for tests.",
};

/// All of them, in the order of the reference.
pub(super) static ALL: [Key; 2] = [AWS_REGION, AWS_ENDPOINT_URL];
