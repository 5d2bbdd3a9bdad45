//! `letra lab unsupervised`: what networks learn of pictures without being told what they show.

mod autoencoders;
mod belief;
mod pretraining;
mod rbm;
mod watching;

use clap::Args;
use clap::builder::{PossibleValuesParser, RangedU64ValueParser};

use crate::action::Run;
use crate::experiment::Repeated;
use crate::failure::Failure;
use crate::interrupt::Interrupt;
use crate::lab::tasks::lots::{Begun, Work, begin};
use crate::lab::tasks::{self, Outcome, Part};

/// One of the tasks.
type Task = tasks::Task<fn(&Work<'_>) -> Result<Part, Failure>>;

/// Lets networks learn pictures without being told what they show
///
/// A restricted Boltzmann machine, a deep belief network that draws typefaces, autoencoders of seven
/// kinds, and the question what it brings to learn without labels first where few pictures have one.
#[derive(Debug, Args)]
#[command(mut_arg("data", |data| data.value_name("FILE|DIR").help(
    "Pictures in the seminar's format (NumPy npz), pictures as Keras's mnist.npz has them (x_train, y_train, x_test, \
     y_test), or a folder with the four files of MNIST, Fashion-MNIST or another set in their format, .gz or not; \
     without it, of the built-in typefaces"
)))]
pub struct Unsupervised {
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

/// The tasks. Adding one touches its file, its `mod` and this table.
const TASKS: &[Task] = &[
    rbm::TASK,
    belief::TASK,
    autoencoders::TASK,
    pretraining::TASK,
];

const TITLE: &str = "Unsupervised";
const QUESTION: &str = "What does a network learn of pictures that nobody has put a name to? What is likely and what is \
                        not, what a picture is made of, how to mend one; and, perhaps, what it takes to name them with \
                        few labels.";

impl Run for Unsupervised {
    const NAME: &'static str = "unsupervised";

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
            experiment: &experiment,
            effort: self.effort,
            most_pictures: self.pictures,
            set,
        };
        let mut outcome = Outcome::new(data);
        let chosen = TASKS.iter().filter(|task| task.is_among(&self.tasks));
        tasks::run_each(chosen, &experiment, &mut outcome, |run| run(&work))?;
        drop(work);
        tasks::publish(experiment, [TITLE, QUESTION], &outcome)
    }
}

impl Unsupervised {
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
