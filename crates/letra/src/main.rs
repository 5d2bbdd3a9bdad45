//! The `letra` command.

#![deny(clippy::print_stdout, clippy::print_stderr)]

use std::process::ExitCode;

fn main() -> ExitCode {
    letra::command::run(std::env::args_os())
}
