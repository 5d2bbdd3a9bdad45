//! What the experiments of the lab share: pictures and splits, arguments, training several variants
//! from several seeds, and a report of what came out.
//!
//! ```no_run
//! # use letra::experiment::{Comparison, Experiment, Repeated, Variant};
//! # fn run(arguments: &Repeated, variants: &[Variant]) -> Result<(), letra::failure::Failure> {
//! # let interrupt = letra::interrupt::Interrupt::default();
//! let experiment = Experiment::repeated("activations", arguments, &interrupt)?;
//! let rows = experiment.train(variants)?;
//! experiment.report(Comparison::new("Activation functions, compared", rows))
//! # }
//! ```

mod arguments;
mod comparison;
mod examples;
mod figures;
mod page;
mod results;
mod sentences;
pub mod table;
mod training;
mod variant;

use std::path::PathBuf;
use std::sync::OnceLock;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Instant;

use letra_type::{Split as Fold, nearest_neighbour_accuracy};

pub use arguments::{Arguments, Repeated};
pub use comparison::{Column, Comparison};
pub use examples::{Examples, Split};
pub use figures::milliseconds;
pub use results::{Row, Spread, Trial};
pub use sentences::{best, caution, lead, named, neighbour, points, slowest};
pub use training::{Answer, answers};
pub use variant::Variant;

use crate::failure::Failure;
use crate::interrupt::{Interrupt, Keeping};
use crate::report::folder::{FIGURES, MODEL, PAGE, ReportFolder, Reporter};
use crate::report::json;
use crate::terminal::{Output, Text};

/// An experiment at work: its pictures are read and its report's folder is prepared.
#[derive(Debug)]
pub struct Experiment {
    /// What the reader types.
    pub name: &'static str,
    /// What the reader typed behind it.
    pub arguments: Arguments,
    /// Each variant is trained once from each seed.
    pub seeds: Vec<u64>,
    /// The pictures.
    pub examples: Examples,
    /// The command line that gives the same result again.
    pub command: String,
    every_model: bool,
    folder: ReportFolder,
    interrupt: Interrupt,
    /// Whether something was finished that a report can show.
    finished: AtomicBool,
    /// Held from a request to stop on, where there is something to report.
    keeping: OnceLock<Keeping>,
}

/// One of the trainings that an experiment repeats: from a seed, on a fold.
#[derive(Debug, Clone)]
pub struct Place {
    /// The seed.
    pub seed: u64,
    /// Number of the fold, from 0.
    pub number: usize,
    /// Which pictures train and which test.
    pub fold: Fold,
    /// Seed and fold in words, where there are several.
    pub label: String,
}

/// What a report consists of.
#[derive(Debug)]
pub struct Contents {
    /// The page.
    pub page: String,
    /// One JSON object.
    pub figures: String,
    /// For a terminal.
    pub table: Text,
}

impl Experiment {
    /// Reads the pictures and prepares the report of an experiment that is done once.
    pub fn once(
        name: &'static str,
        arguments: &Arguments,
        interrupt: &Interrupt,
    ) -> Result<Self, Failure> {
        Self::prepare(name, arguments, 1, interrupt)
    }

    /// Reads the pictures and prepares the report of an experiment that is done from several seeds.
    pub fn repeated(
        name: &'static str,
        arguments: &Repeated,
        interrupt: &Interrupt,
    ) -> Result<Self, Failure> {
        Self::prepare(name, &arguments.arguments, arguments.seeds, interrupt)
    }

    fn prepare(
        name: &'static str,
        arguments: &Arguments,
        seeds: usize,
        interrupt: &Interrupt,
    ) -> Result<Self, Failure> {
        let examples = Examples::load(arguments.data.as_deref())?;
        examples.folds(arguments.split, arguments.seed)?;
        Ok(Self {
            name,
            arguments: arguments.clone(),
            seeds: (0..seeds as u64)
                .map(|next| arguments.seed.wrapping_add(next))
                .collect(),
            examples,
            command: arguments.command(name, seeds),
            every_model: false,
            folder: ReportFolder::prepare(&arguments.folder(name), Reporter::Lab)?,
            interrupt: interrupt.clone(),
            finished: AtomicBool::new(false),
            keeping: OnceLock::new(),
        })
    }

    /// Adds an option of the experiment's own to the command that gives the same result again.
    #[must_use]
    pub fn option(mut self, option: &str) -> Self {
        self.command += " ";
        self.command += option;
        self
    }

    /// Keeps the model of every training, and not only that of the first seed and fold.
    #[must_use]
    pub fn keep_every_model(mut self) -> Self {
        self.every_model = true;
        self
    }

    /// Whether the reader asked to stop.
    pub fn stopped(&self) -> bool {
        self.interrupt.requested()
    }

    /// What is to be repeated: each fold, from each seed.
    pub fn places(&self) -> Result<Vec<Place>, Failure> {
        let mut places = Vec::new();
        for &seed in &self.seeds {
            let folds = self.examples.folds(self.arguments.split, seed)?;
            let count = folds.len();
            for (number, fold) in folds.into_iter().enumerate() {
                let mut label = String::new();
                if self.seeds.len() > 1 {
                    label += &format!(", seed {seed}");
                }
                if count > 1 {
                    label += &format!(", fold {} of {count}", number + 1);
                }
                places.push(Place {
                    seed,
                    number,
                    fold,
                    label,
                });
            }
        }
        Ok(places)
    }

    /// Trains each variant from each seed on each fold. Stopped by the reader, gives those that
    /// were finished.
    pub fn train(&self, variants: &[Variant]) -> Result<Vec<Row>, Failure> {
        let mut rows = Vec::new();
        for variant in variants {
            let trials = self.repeat(|place| self.train_one(variant, place))?;
            let Some(trials) = trials else { break };
            rows.push(Row::new(
                &variant.name,
                &variant.title,
                &variant.about,
                trials,
            ));
        }
        Ok(rows)
    }

    /// Trains a variant once; nothing if the reader asked to stop.
    pub fn train_one(&self, variant: &Variant, place: &Place) -> Result<Option<Trial>, Failure> {
        training::train(self, variant, place, &self.interrupt)
    }

    /// Does `work` for each seed and fold: training a network, or anything else that can be told
    /// right from wrong by its answers. Nothing if the reader asked to stop.
    pub fn repeat(
        &self,
        mut work: impl FnMut(&Place) -> Result<Option<Trial>, Failure>,
    ) -> Result<Option<Vec<Trial>>, Failure> {
        let mut trials: Vec<Trial> = Vec::new();
        for place in self.places()? {
            if self.stopped() {
                self.keep_what_was_finished();
                return Ok(None);
            }
            let Some(mut trial) = work(&place)? else {
                self.keep_what_was_finished();
                return Ok(None);
            };
            if !self.every_model && !trials.is_empty() {
                trial.network = None;
            }
            trials.push(trial);
        }
        self.finished.store(true, Ordering::Relaxed);
        Ok(Some(trials))
    }

    /// Sees to it that the process is not ended before what was finished is in a report.
    fn keep_what_was_finished(&self) {
        if self.finished.load(Ordering::Relaxed) && !self.folder.replaces_a_report() {
            self.keeping.get_or_init(|| self.interrupt.keeping());
        }
    }

    /// Names each test picture as its nearest training picture: the simplest rival.
    pub fn nearest_neighbour(&self) -> Result<Row, Failure> {
        let mut trials = Vec::new();
        for place in self.places()? {
            // A split that no seed decides has the same neighbours again.
            if place.seed != self.seeds[0] && self.arguments.split != Split::Random {
                break;
            }
            let start = Instant::now();
            let accuracy = nearest_neighbour_accuracy(self.examples.pictures(), &place.fold)?;
            let mut trial = Trial::new(&place);
            trial.test.accuracy = accuracy;
            trial.seconds = start.elapsed().as_secs_f64();
            trials.push(trial);
        }
        Ok(Row::new(
            "nearest-neighbour",
            "1-nearest neighbour",
            "",
            trials,
        ))
    }

    /// Writes the report of a comparison and prints its table, or its figures as JSON.
    pub fn report(self, comparison: Comparison) -> Result<(), Failure> {
        let neighbour = self.nearest_neighbour()?;
        let rows = &comparison.rows;
        let contents = |experiment: &Self| {
            let columns = &comparison.columns;
            Ok(Contents {
                page: page::page(experiment, &comparison, &neighbour)?,
                figures: json::text(&figures::figures(experiment, &comparison, &neighbour))?,
                table: table::comparison(rows, &neighbour, columns),
            })
        };
        self.publish(rows, contents)
    }

    /// Writes a report with the models of `rows`, and prints its table or its figures.
    pub fn publish(
        mut self,
        rows: &[Row],
        contents: impl FnOnce(&Self) -> Result<Contents, Failure>,
    ) -> Result<(), Failure> {
        let stopped = self.stopped();
        if stopped && (rows.is_empty() || self.folder.replaces_a_report()) {
            return Err(Failure::interrupted("stopped; nothing was written"));
        }
        let keeping = self.interrupt.keeping();
        let contents = contents(&self)?;
        self.save_models(rows)?;
        let figures = contents.figures.clone() + "\n";
        self.folder.write(FIGURES, figures.as_bytes())?;
        self.folder.write(PAGE, contents.page.as_bytes())?;
        let report: PathBuf = self.folder.finish()?;
        if stopped {
            return Err(Failure::interrupted(format!(
                "stopped; the report in {} has what was finished",
                report.display()
            )));
        }
        drop(keeping);
        let mut output = Output::default();
        if self.arguments.json {
            output.print_json(&contents.figures);
        } else {
            let mut text = contents.table;
            text.line("");
            text.line(format!("The report is {}", report.join(PAGE).display()));
            output.print(text);
        }
        output.finish()
    }

    fn save_models(&mut self, rows: &[Row]) -> Result<(), Failure> {
        for row in rows {
            for (trial, file) in row.models() {
                if let Some(network) = &trial.network {
                    let bytes = network
                        .to_bytes()
                        .map_err(|error| Failure::new(format!("cannot save a model: {error}")))?;
                    self.folder.write(&file, &bytes)?;
                }
            }
        }
        Ok(())
    }
}

/// The file of a model of a report.
fn model_file(name: &str, fold: Option<usize>) -> String {
    match fold {
        None => format!("{name}.{MODEL}"),
        Some(fold) => format!("{name}-fold-{}.{MODEL}", fold + 1),
    }
}
