//! What commands print.

use std::io::{self, ErrorKind, Write};

use anyhow::Context;

/// Prints to the standard output. A reader that has read enough, such as `head`, is no failure.
///
/// # Errors
/// When the output cannot be written for another reason, such as a full disk.
pub(super) fn print(text: &str) -> anyhow::Result<()> {
    let mut output = io::stdout().lock();
    match output.write_all(text.as_bytes()).and_then(|()| output.flush()) {
        Err(error) if error.kind() == ErrorKind::BrokenPipe => Ok(()),
        result => result.context("cannot write to the standard output"),
    }
}

/// Prints to the standard error, for the person and not for the script. When that is closed there
/// is nobody to tell.
pub(super) fn remark(text: &str) {
    let _ = io::stderr().lock().write_all(text.as_bytes());
}

/// Prints why a command failed, with what led to it.
pub(super) fn complain(error: &anyhow::Error) {
    remark(&format!("error: {error:#}\n"));
}
