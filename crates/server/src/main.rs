//! The `paybridge` command.

use std::process::ExitCode;

fn main() -> ExitCode {
    paybridge::cli::run()
}
