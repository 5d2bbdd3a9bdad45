//! `letra lab adversarial`: what networks learn from one another, and what they do to one another.

mod denoising;
mod factors;
mod glyphs;
mod pairs;
mod perturbations;
mod restoring;
mod showing;
mod super_resolution;
mod text_to_image;
mod watching;

use std::path::PathBuf;

use clap::Args;
use clap::builder::{PossibleValuesParser, RangedU64ValueParser};

use crate::action::Run;
use crate::experiment::Repeated;
use crate::failure::Failure;
use crate::interrupt::Interrupt;
use crate::lab::tasks::lots::{self, Begun, begin};
use crate::lab::tasks::{self, Outcome, Part};

/// Lets networks learn from one another and deceive one another
///
/// Generators draw glyphs that a second network cannot tell from real ones, find out by themselves what
/// varies in them, and draw words that they are told. Small text is enlarged, worn text cleaned; pictures that
/// are changed by so little that a person hardly sees it deceive a network, and are mended.
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

    /// How far an attack may move each pixel, whose ink is from 0 to 1
    #[arg(long, value_name = "SIZE", default_value_t = 0.3, value_parser = epsilon)]
    epsilon: f32,

    /// Fonts that text is drawn in: files and folders; without it, the built-in ones
    #[arg(long, value_name = "FONT")]
    fonts: Vec<PathBuf>,

    /// Lines of text that enlarging and cleaning are tested on, of each size
    #[arg(long, value_name = "N", default_value_t = 100,
        value_parser = RangedU64ValueParser::<usize>::new().range(1..=100_000))]
    lines: usize,

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
    epsilon: f32,
    fonts: Vec<PathBuf>,
    /// Lines of text that are tested on.
    lines: usize,
}

/// The tasks. Adding one touches its file, its `mod` and this table.
const TASKS: &[Task] = &[
    glyphs::TASK,
    factors::TASK,
    text_to_image::TASK,
    super_resolution::TASK,
    denoising::TASK,
    perturbations::TASK,
];

const TITLE: &str = "Adversarial";
const QUESTION: &str = "What comes of it when one network is judged by another? Glyphs that nobody drew, networks that \
                        find out by themselves what varies in them, text made sharp again, pictures that deceive and \
                        what mends them.";

fn epsilon(text: &str) -> Result<f32, String> {
    match text.parse() {
        Ok(epsilon) if (0.0..=1.0).contains(&epsilon) => Ok(epsilon),
        _ => Err("give a number from 0 to 1".into()),
    }
}

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
            epsilon: self.epsilon,
            fonts: self.fonts.clone(),
            lines: self.lines,
        };
        let mut outcome = Outcome::new(data);
        let chosen = TASKS.iter().filter(|task| task.is_among(&self.tasks));
        tasks::run_each(chosen, &experiment, &mut outcome, |run| run(&work))?;
        drop(work);
        tasks::publish(experiment, [TITLE, QUESTION], &outcome)
    }
}

impl Adversarial {
    /// The options that decide what comes out.
    fn options(&self) -> Vec<String> {
        let mut options = self.tasks.clone();
        options.extend(self.pictures.map(|count| format!("--pictures {count}")));
        options.extend(
            self.fonts
                .iter()
                .map(|path| format!("--fonts {}", path.display())),
        );
        for (option, value, usual) in [
            ("epsilon", f64::from(self.epsilon), f64::from(0.3_f32)),
            ("lines", self.lines as f64, 100.0),
            ("effort", self.effort, 1.0),
        ] {
            if value != usual {
                options.push(format!("--{option} {}", value as f32));
            }
        }
        options
    }
}
