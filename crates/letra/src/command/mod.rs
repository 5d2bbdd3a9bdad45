//! The `letra` command: its verbs, one file each, and how they end.

mod enroll;
mod evaluate;
mod fonts;
mod identify;
mod lab;
mod learn;
mod similar;
mod specimen;

use std::ffi::OsString;
use std::io::{self, Write};
use std::process::ExitCode;

use clap::Command;

use crate::action::{self, Action};
use crate::failure::Failure;
use crate::interrupt::Interrupt;

/// The verbs. Adding one touches its file, its `mod` and this table.
const VERBS: &[Action] = &[
    Action::of::<identify::Identify>(),
    Action::of::<learn::Learn>(),
    Action::of::<enroll::Enroll>(),
    Action::of::<similar::Similar>(),
    Action::of::<evaluate::Evaluate>(),
    Action::of::<lab::Lab>(),
    Action::of::<specimen::Specimen>(),
    Action::of::<fonts::Fonts>(),
];

const EXAMPLES: &str = "\
Examples:
  letra identify picture.png               name the typeface of a picture of text
  letra identify picture.png --report out  and show what was read, beside the proposals
  letra fonts ~/fonts                      list the typefaces of a folder
  letra learn ~/fonts -o mine.letra        make a model that knows them
  letra enroll mine.letra New.otf          add a face to it without training
  letra specimen --training ~/fonts        show what learning sees
  letra lab fonts                          train the seminar's networks, write a report

Exit codes:
    0  done
    1  the work failed: standard error says why, and what to do
    2  the command line is wrong
  130  stopped with Ctrl-C

Environment:
  LETRA_SIMD  instruction set of the networks: avx512, avx2, neon or scalar; the machine's
              fastest if it is not set. Results are the same to the last bit with each";

fn command() -> Command {
    Command::new("letra")
        .version(env!("CARGO_PKG_VERSION"))
        .about("Tells which typeface a picture of text is set in, and carries the networks that learn it")
        .subcommands(VERBS.iter().map(Action::command))
        .subcommand_required(true)
        .arg_required_else_help(true)
        .after_help(EXAMPLES)
}

/// Runs a command line, the name of the program first, and says how it ended.
pub fn run(arguments: impl IntoIterator<Item = OsString>) -> ExitCode {
    let matches = match command().try_get_matches_from(arguments) {
        Ok(matches) => matches,
        Err(error) if error.use_stderr() => {
            eprintln!("{}", with_hints(&error.to_string()));
            return ExitCode::from(Failure::USAGE);
        }
        Err(help_or_version) => {
            // The reader may have closed the pipe; there is nobody left to tell.
            let _ = help_or_version.print();
            return ExitCode::SUCCESS;
        }
    };
    match dispatch(&matches) {
        Ok(()) => ExitCode::SUCCESS,
        Err(failure) => {
            eprintln!("{failure}");
            ExitCode::from(failure.exit_code())
        }
    }
}

fn dispatch(matches: &clap::ArgMatches) -> Result<(), Failure> {
    letra_nn::kernels::instruction_set().map_err(|error| {
        Failure::usage(error.to_string()).hint("without LETRA_SIMD the fastest is taken")
    })?;
    let interrupt = Interrupt::on_ctrl_c()?;
    match action::chosen(VERBS, matches) {
        Some((verb, arguments)) => verb.run(arguments, &interrupt),
        None => Err(Failure::usage("no verb was given").hint("`letra --help` lists them")),
    }
}

/// clap's tips and its closing line, worded as the hints of every other error.
fn with_hints(error: &str) -> String {
    error.trim_end().replace("  tip: ", "hint: ").replace(
        "For more information, try '--help'.",
        "hint: `--help` says how it is used",
    )
}

/// Prints to standard output. A reader that has closed the pipe has seen enough.
pub fn print(text: &str) -> Result<(), Failure> {
    match writeln!(io::stdout().lock(), "{text}") {
        Err(error) if error.kind() != io::ErrorKind::BrokenPipe => Err(Failure::new(format!(
            "cannot write to standard output: {error}"
        ))),
        _ => Ok(()),
    }
}
