//! `letra lab sequences`: what recurrent networks can do, a task at a time.

mod adding;
mod cell;
mod characters;
mod glyphs;
mod grammar;
mod reber;
mod sine;
mod windows;
mod work;

use std::path::PathBuf;

use clap::Args;
use clap::builder::PossibleValuesParser;

use self::characters::Corpus;
use self::work::{Task, Work};
use crate::action::Run;
use crate::experiment::{Experiment, Repeated};
use crate::failure::Failure;
use crate::interrupt::Interrupt;
use crate::lab::tasks::{self, Outcome};

/// Puts recurrent networks to the tasks that they were made for
///
/// A simple recurrent network, LSTM and GRU learn to carry on a damped sine, to add two numbers far
/// apart, the embedded Reber grammar, glyphs read row by row, and words character by character. Files
/// of yours: a text to write on (--text), windows of sensor data or pictures to tell apart (--data).
#[derive(Debug, Args)]
#[command(mut_arg("data", |data| data.help(
    "Pictures in the seminar's format for the task glyphs, or windows of sensor data for the task \
     windows: NumPy npz of x_train [windows, steps, channels] and y_train, x_test and y_test; what \
     stands in the file decides"
)))]
pub struct Sequences {
    /// What to do, one or several of them; without any, what a file of yours is for, or else all but
    /// windows
    #[arg(value_name = "TASK", value_parser = PossibleValuesParser::new(TASKS.iter().map(|task| task.name)))]
    tasks: Vec<String>,

    #[command(flatten)]
    repeated: Repeated,

    /// A text that the task characters learns, in UTF-8, in place of words
    #[arg(long, value_name = "FILE")]
    text: Option<PathBuf>,

    /// Language whose words the task characters learns; may be given several times
    #[arg(
        long,
        value_name = "NAME",
        default_value = "english",
        conflicts_with = "text"
    )]
    language: Vec<String>,

    /// How long networks are trained, as a share of the usual
    #[arg(long, value_name = "SHARE", default_value_t = 1.0, value_parser = tasks::effort)]
    effort: f64,
}

/// The tasks. Adding one touches its file, its `mod` and this table.
const TASKS: &[Task] = &[
    sine::TASK,
    adding::TASK,
    reber::TASK,
    glyphs::TASK,
    characters::TASK,
    windows::TASK,
];

const TITLE: &str = "Sequences";
const QUESTION: &str = "A recurrent network reads one step after the other and keeps in its state what it may need \
                        later. How far back can it remember, and what for? The simple network, LSTM and GRU on the \
                        same tasks.";

impl Run for Sequences {
    const NAME: &'static str = "sequences";

    fn run(mut self, interrupt: &Interrupt) -> Result<(), Failure> {
        let corpora = match &self.text {
            Some(file) => vec![Corpus::read(file)?],
            None => Corpus::of_languages(&self.language)?,
        };
        // What stands in the file decides what it is for.
        let file = self.repeated.arguments.data.clone();
        let windows = match &file {
            Some(file) => windows::read(file)?,
            None => None,
        };
        let chosen = self.chosen(windows.is_some())?;
        if windows.is_some() {
            self.repeated.arguments.data = None;
        }
        let mut experiment = Experiment::repeated(Self::NAME, &self.repeated, interrupt)?;
        if let (Some(file), true) = (&file, windows.is_some()) {
            experiment = experiment.option(&format!("--data {}", file.display()));
        }
        for option in self.options() {
            experiment = experiment.option(&option);
        }
        let work = Work {
            experiment: &experiment,
            effort: self.effort,
            corpora,
            windows,
        };
        let mut outcome = Outcome::new(work.data(file.as_deref()));
        let chosen = chosen.into_iter();
        tasks::run_each(chosen, &experiment, &mut outcome, |run| run(&work))?;
        drop(work);
        tasks::publish(experiment, [TITLE, QUESTION], &outcome)
    }
}

impl Sequences {
    /// The tasks that were asked for, in the order of the table.
    fn chosen(&self, data_is_windows: bool) -> Result<Vec<&'static Task>, Failure> {
        let data = self.repeated.arguments.data.as_deref();
        let named = |name: &str| self.tasks.iter().any(|task| task == name);
        let wrong = |name: &str, message: String, hint: &str| match named(name) {
            true => Err(Failure::usage(message).hint(hint)),
            false => Ok(()),
        };
        let holds = |what: &str| {
            let file = data.map_or(String::new(), |file| file.display().to_string());
            format!("{file} holds {what}")
        };
        if data_is_windows {
            let hint = "leave the task glyphs out, or --data, for the built-in typefaces";
            wrong("glyphs", holds("windows of data and no pictures"), hint)?;
        } else {
            let message = match data {
                Some(_) => holds("pictures and no windows of data"),
                None => "the task windows has nothing to learn".into(),
            };
            let hint = "name a file with --data: x_train [windows, steps, channels] and y_train";
            wrong("windows", message, hint)?;
        }
        let by_files = |task: &Task| match (data, &self.text) {
            (None, None) => task.name != windows::TASK.name,
            (data, text) => {
                (task.name == windows::TASK.name && data_is_windows)
                    || (task.name == glyphs::TASK.name && data.is_some() && !data_is_windows)
                    || (task.name == characters::TASK.name && text.is_some())
            }
        };
        let wanted = |task: &&Task| match self.tasks.is_empty() {
            true => by_files(task),
            false => named(task.name),
        };
        Ok(TASKS.iter().filter(wanted).collect())
    }

    /// The options that decide what comes out.
    fn options(&self) -> Vec<String> {
        let mut options = self.tasks.clone();
        match &self.text {
            Some(text) => options.push(format!("--text {}", text.display())),
            None => {
                let named = self.language.iter().filter(|name| *name != "english");
                options.extend(named.map(|name| format!("--language {name}")));
            }
        }
        if self.effort != 1.0 {
            options.push(format!("--effort {}", self.effort));
        }
        options
    }
}
