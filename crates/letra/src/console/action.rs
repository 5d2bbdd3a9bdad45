//! What a verb of the command and an experiment of the lab have in common: a name, arguments, and
//! the work.

use clap::{ArgMatches, Command};

use super::failure::Failure;
use super::interrupt::Interrupt;

/// Arguments that know how to do what they ask for. The doc comment of the type is what `--help`
/// shows.
pub trait Run: clap::Args {
    /// What the reader types.
    const NAME: &'static str;

    /// Does the work.
    fn run(self, interrupt: &Interrupt) -> Result<(), Failure>;
}

/// One entry of the table of verbs, or of the table of experiments.
#[derive(Clone, Copy)]
pub struct Action {
    /// What the reader types.
    pub name: &'static str,
    define: fn(Command) -> Command,
    run: fn(&ArgMatches, &Interrupt) -> Result<(), Failure>,
}

impl Action {
    /// The entry for arguments of type `A`.
    pub const fn of<A: Run>() -> Self {
        Self {
            name: A::NAME,
            define: A::augment_args,
            run: |matches, interrupt| {
                A::from_arg_matches(matches)
                    .map_err(|error| Failure::usage(error.to_string()))?
                    .run(interrupt)
            },
        }
    }

    /// The action as a subcommand, with its arguments and its help.
    pub fn command(&self) -> Command {
        (self.define)(Command::new(self.name))
    }

    /// Does the work with arguments that [`command`](Self::command) has parsed.
    pub fn run(&self, matches: &ArgMatches, interrupt: &Interrupt) -> Result<(), Failure> {
        (self.run)(matches, interrupt)
    }
}

/// The action of `actions` that the reader named, with its arguments.
pub fn chosen<'table, 'matches>(
    actions: &'table [Action],
    matches: &'matches ArgMatches,
) -> Option<(&'table Action, &'matches ArgMatches)> {
    let (name, arguments) = matches.subcommand()?;
    let action = actions.iter().find(|action| action.name == name)?;
    Some((action, arguments))
}
