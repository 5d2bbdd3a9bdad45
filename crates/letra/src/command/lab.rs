//! `letra lab`: the experiments.

use clap::{ArgMatches, Args, Command, FromArgMatches};

use crate::action::{self, Action, Run};
use crate::failure::Failure;
use crate::interrupt::Interrupt;
use crate::lab::EXPERIMENTS;
use crate::terminal::{Text, print};

/// The experiment that was asked for, with its arguments; none to list them.
pub(super) struct Lab(Option<(&'static Action, ArgMatches)>);

impl Run for Lab {
    const NAME: &'static str = "lab";

    fn run(self, interrupt: &Interrupt) -> Result<(), Failure> {
        match self.0 {
            Some((experiment, arguments)) => experiment.run(&arguments, interrupt),
            None => print(list()),
        }
    }
}

impl Args for Lab {
    fn augment_args(command: Command) -> Command {
        command
            .about(
                "Runs an experiment and writes its report; without a name, lists the experiments",
            )
            .subcommands(EXPERIMENTS.iter().map(Action::command))
    }

    fn augment_args_for_update(command: Command) -> Command {
        Self::augment_args(command)
    }
}

impl FromArgMatches for Lab {
    fn from_arg_matches(matches: &ArgMatches) -> Result<Self, clap::Error> {
        Ok(Self(action::chosen(EXPERIMENTS, matches).map(
            |(experiment, arguments)| (experiment, arguments.clone()),
        )))
    }

    fn update_from_arg_matches(&mut self, matches: &ArgMatches) -> Result<(), clap::Error> {
        *self = Self::from_arg_matches(matches)?;
        Ok(())
    }
}

fn list() -> Text {
    let width = EXPERIMENTS.iter().map(|e| e.name.len()).max().unwrap_or(0);
    let mut text = Text::from("Experiments:");
    for experiment in EXPERIMENTS {
        let about = experiment.command().get_about().map(ToString::to_string);
        text.line(format!(
            "  {:width$}  {}",
            experiment.name,
            about.unwrap_or_default()
        ));
    }
    text.line("");
    text.line("`letra lab NAME --help` says what an experiment can be told.");
    text
}
