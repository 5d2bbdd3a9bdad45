//! The `letra` command.

use std::process::ExitCode;

fn main() -> ExitCode {
    letra::command::run(std::env::args_os())
}
