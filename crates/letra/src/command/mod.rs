//! The `letra` command: its verbs, one file each, and how they end.

mod answers;
mod course;
mod enroll;
mod evaluate;
mod fonts;
mod identify;
mod lab;
mod learn;
mod learn_to_find;
mod learn_to_read;
mod read;
mod similar;
mod specimen;

use std::ffi::OsString;
use std::process::ExitCode;
use std::time::Duration;

use clap::{Arg, Command};

use crate::action::{self, Action};
use crate::failure::Failure;
use crate::interrupt::Interrupt;
use crate::terminal::{self, Text};

/// The name of the option that limits the time.
const TIMEOUT: &str = "timeout";

/// The most seconds that `--timeout` takes: 1,000 days.
const LONGEST_TIMEOUT: f64 = 86_400_000.0;

/// The verbs. Adding one touches its file, its `mod` and this table.
const VERBS: &[Action] = &[
    Action::of::<identify::Identify>(),
    Action::of::<read::Read>(),
    Action::of::<learn::Learn>(),
    Action::of::<learn_to_read::LearnToRead>(),
    Action::of::<learn_to_find::LearnToFind>(),
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
  letra read picture.png                   print the text of a picture
  letra fonts ~/fonts                      list the typefaces of a folder
  letra learn ~/fonts -o mine.letra        make a model that knows them
  letra enroll mine.letra New.otf          add a face to it without training
  letra specimen --training ~/fonts        show what learning sees
  letra lab fonts                          train the seminar's networks, write a report

Exit codes:
    0  done; also where the reader of standard output left before its end
    1  the work failed, or a part of it: standard error says why, and what to do
    2  the command line is wrong
  124  stopped because the time of --timeout was over
  130  stopped with Ctrl-C (SIGINT)
  143  stopped by SIGTERM or SIGHUP

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
        .arg(
            Arg::new(TIMEOUT)
                .long(TIMEOUT)
                .global(true)
                .value_name("SECONDS")
                .value_parser(timeout)
                .help("Stop the work after so long, as Ctrl-C would, with exit code 124"),
        )
        .after_help(EXAMPLES)
}

/// Reads the seconds of `--timeout`.
fn timeout(seconds: &str) -> Result<Duration, String> {
    match seconds.parse() {
        Ok(seconds) if seconds > 0.0 && seconds <= LONGEST_TIMEOUT => {
            // What rounds to no time at all is over at once.
            Ok(Duration::from_secs_f64(seconds).max(Duration::from_nanos(1)))
        }
        _ => Err(format!(
            "give a number of seconds above 0 and at most {LONGEST_TIMEOUT}, such as 60"
        )),
    }
}

/// Runs a command line, the name of the program first, and says how it ended.
pub fn run(arguments: impl IntoIterator<Item = OsString>) -> ExitCode {
    let matches = match command().try_get_matches_from(arguments) {
        Ok(matches) => matches,
        Err(error) if error.use_stderr() => {
            terminal::say(with_hints(&error.to_string()).lines().collect::<Text>());
            return ExitCode::from(Failure::USAGE);
        }
        Err(help_or_version) => return ended(terminal::print_help(&help_or_version)),
    };
    ended(dispatch(&matches))
}

/// The exit code of how the work ended, and its reason on standard error.
pub fn ended(result: Result<(), Failure>) -> ExitCode {
    match result {
        Ok(()) => ExitCode::SUCCESS,
        Err(failure) => {
            terminal::complain(&failure);
            ExitCode::from(failure.exit_code())
        }
    }
}

fn dispatch(matches: &clap::ArgMatches) -> Result<(), Failure> {
    letra_nn::instruction_set().map_err(|error| {
        Failure::usage(error.to_string()).hint("without LETRA_SIMD the fastest is taken")
    })?;
    let interrupt = Interrupt::listen(matches.get_one(TIMEOUT).copied())?;
    let done = match action::chosen(VERBS, matches) {
        Some((verb, arguments)) => verb.run(arguments, &interrupt),
        None => Err(Failure::usage("no verb was given").hint("`letra --help` lists them")),
    };
    done.map_err(|failure| interrupt.explain(failure))
}

/// clap's tips and its closing line, worded as the hints of every other error.
fn with_hints(error: &str) -> String {
    error.trim_end().replace("  tip: ", "hint: ").replace(
        "For more information, try '--help'.",
        "hint: `--help` says how it is used",
    )
}
