//! `letra lab transfer`: what a network has learnt, used elsewhere.

mod domains;
mod pretrained;
mod simulation;
mod work;

use std::path::PathBuf;

use clap::Args;
use clap::builder::PossibleValuesParser;

use self::work::{Task, Transfer};
use crate::action::Run;
use crate::experiment::Repeated;
use crate::failure::Failure;
use crate::interrupt::Interrupt;
use crate::lab::tasks::lots::{Begun, Work, begin};
use crate::lab::tasks::{self, Outcome};

/// Uses elsewhere what networks have learnt
///
/// A trained network as the base of another where there are few pictures; labels of one domain for another
/// that has none; drawings in place of pictures.
#[derive(Debug, Args)]
#[command(mut_arg("data", |data| data.value_name("FILE|DIR").help(
    "Pictures in the seminar's format (NumPy npz), which the task `simulation` is tested on; or a folder with the \
     four files of MNIST or another set in their format and a folder `photographs` of PNG files, for `domains`; \
     without it, the built-in typefaces"
)))]
pub struct TransferLab {
    /// What to do, one or several of them; without any, all
    #[arg(value_name = "TASK", value_parser = PossibleValuesParser::new(TASKS.iter().map(|task| task.name)))]
    tasks: Vec<String>,

    #[command(flatten)]
    repeated: Repeated,

    /// Font files, or folders of them, to draw in; without any, the built-in typefaces
    #[arg(long, value_name = "PATH", num_args = 1..)]
    fonts: Vec<PathBuf>,

    /// How long networks are trained, as a share of the usual
    #[arg(long, value_name = "SHARE", default_value_t = 1.0, value_parser = tasks::effort)]
    effort: f64,
}

/// The tasks. Adding one touches its file, its `mod` and this table.
const TASKS: &[Task] = &[pretrained::TASK, domains::TASK, simulation::TASK];

const TITLE: &str = "Transfer";
const QUESTION: &str = "What is learnt once need not be learnt again. How far does it carry: to new typefaces of which there \
                        are few pictures, to photographs that nobody has labelled, from drawings to pictures that were \
                        not drawn?";

impl Run for TransferLab {
    const NAME: &'static str = "transfer";

    fn run(self, interrupt: &Interrupt) -> Result<(), Failure> {
        let fonts = work::fonts(&self.fonts)?;
        let photographs = work::photographs(self.repeated.arguments.data.as_deref())?;
        let begun = begin(
            Self::NAME,
            self.repeated.clone(),
            &self.options(),
            interrupt,
        )?;
        let Begun {
            experiment,
            set,
            data,
        } = begun;
        let transfer = Transfer {
            work: Work {
                experiment: &experiment,
                effort: self.effort,
                most_pictures: None,
                set,
            },
            fonts,
            photographs,
        };
        let mut outcome = Outcome::new(data);
        // Sets of other formats do not say which characters they show.
        let can = |task: &Task| {
            let is_asked_for = !self.tasks.is_empty();
            is_asked_for || transfer.work.set.is_none() || task.name != simulation::TASK.name
        };
        let chosen = TASKS
            .iter()
            .filter(|task| task.is_among(&self.tasks) && can(task));
        tasks::run_each(chosen, &experiment, &mut outcome, |run| run(&transfer))?;
        drop(transfer);
        tasks::publish(experiment, [TITLE, QUESTION], &outcome)
    }
}

impl TransferLab {
    /// The options that decide what comes out.
    fn options(&self) -> Vec<String> {
        let mut options = self.tasks.clone();
        if !self.fonts.is_empty() {
            let fonts = self.fonts.iter().map(|path| path.display().to_string());
            options.push(format!("--fonts {}", fonts.collect::<Vec<_>>().join(" ")));
        }
        if self.effort != 1.0 {
            options.push(format!("--effort {}", self.effort));
        }
        options
    }
}
