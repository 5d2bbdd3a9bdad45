//! `letra lab adversarial`: what networks learn from one another.

mod factors;
mod glyphs;
mod pairs;
mod showing;
mod text_to_image;
mod watching;

use clap::Args;
use clap::builder::{PossibleValuesParser, RangedU64ValueParser};

use crate::action::Run;
use crate::experiment::Repeated;
use crate::failure::Failure;
use crate::interrupt::Interrupt;
use crate::lab::tasks::lots::{self, Begun, begin};
use crate::lab::tasks::{self, Outcome, Part};

/// Lets networks learn from one another
///
/// Generators draw glyphs that a second network cannot tell from real ones, find out by themselves what
/// varies in them, and draw words that they are told.
#[derive(Debug, Args)]
#[command(mut_arg("data", |data| data.value_name("FILE|DIR").help(
    "Pictures of glyphs in the seminar's format (NumPy npz), pictures as Keras's mnist.npz has them (x_train, y_train, \
     x_test, y_test), or a folder with the four files of MNIST, Fashion-MNIST or another set in their format, .gz or \
     not; without it, of the built-in typefaces"
)))]
#[command(mut_arg("seeds", |seeds| seeds.default_value("1")))]
pub struct Adversarial {
    /// What to do, one or several of them; without any, all
    #[arg(value_name = "TASK", value_parser = PossibleValuesParser::new(TASKS.iter().map(|task| task.name)))]
    tasks: Vec<String>,

    #[command(flatten)]
    repeated: Repeated,

    /// Training pictures that are taken, drawn by the seed [default: all]
    #[arg(long, value_name = "N",
        value_parser = RangedU64ValueParser::<usize>::new().range(1..))]
    pictures: Option<usize>,

    /// How long networks are trained, as a share of the usual
    #[arg(long, value_name = "SHARE", default_value_t = 1.0, value_parser = tasks::effort)]
    effort: f64,
}

/// One of the tasks.
type Task = tasks::Task<fn(&Work<'_>) -> Result<Part, Failure>>;

/// What a task is given.
struct Work<'a> {
    /// Pictures of glyphs.
    lots: lots::Work<'a>,
}

/// The tasks. Adding one touches its file, its `mod` and this table.
const TASKS: &[Task] = &[glyphs::TASK, factors::TASK, text_to_image::TASK];

const TITLE: &str = "Adversarial";
const QUESTION: &str = "What comes of it when one network is judged by another? Glyphs that nobody drew, and networks \
                        that find out by themselves what varies in them.";

impl Run for Adversarial {
    const NAME: &'static str = "adversarial";

    fn run(self, interrupt: &Interrupt) -> Result<(), Failure> {
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
        let work = Work {
            lots: lots::Work {
                experiment: &experiment,
                effort: self.effort,
                most_pictures: self.pictures,
                set,
            },
        };
        let mut outcome = Outcome::new(data);
        let is_wanted =
            |task: &&Task| self.tasks.is_empty() || self.tasks.iter().any(|name| name == task.name);
        for task in TASKS.iter().filter(is_wanted) {
            if experiment.stopped() {
                break;
            }
            outcome.add(task, (task.run)(&work)?);
        }
        drop(work);
        tasks::publish(experiment, [TITLE, QUESTION], &outcome)
    }
}

impl Adversarial {
    /// The options that decide what comes out.
    fn options(&self) -> Vec<String> {
        let mut options = self.tasks.clone();
        options.extend(self.pictures.map(|count| format!("--pictures {count}")));
        if self.effort != 1.0 {
            options.push(format!("--effort {}", self.effort));
        }
        options
    }
}
