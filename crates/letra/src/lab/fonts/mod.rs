//! `letra lab fonts`: the seminar's six networks learn to tell typefaces apart.

mod examples;
mod findings;
mod page;
mod results;
mod table;
mod training;

use std::num::NonZero;
use std::path::{Path, PathBuf};
use std::thread;
use std::time::Instant;

use clap::Args;
use clap::builder::PossibleValuesParser;
use letra_type::nearest_neighbour_accuracy;

use self::examples::{Examples, Split};
use self::results::{Figures, NearestNeighbour, NetworkResult};
use crate::action::Run;
use crate::command::print;
use crate::failure::Failure;
use crate::interrupt::Interrupt;
use crate::networks::{NETWORKS, Recipe};
use crate::report::folder::{FIGURES, PAGE, ReportFolder};

/// Trains the six networks of the seminar to tell typefaces apart
///
/// Each network is trained with the seminar's own settings, on pictures of 36×36 pixels scaled to
/// [0, 1], and measured on pictures it has not seen. The table shows its accuracy beside the
/// slides'; the report shows how it got there, what it looks for and what it gets wrong, and holds
/// the trained models.
#[derive(Debug, Args)]
pub struct Fonts {
    /// Pictures in the seminar's format (NumPy npz); without it, of the built-in typefaces
    #[arg(long, value_name = "FILE.npz")]
    data: Option<PathBuf>,

    /// Which pictures are kept for the test
    #[arg(long, value_enum, default_value_t = Split::Seminar)]
    split: Split,

    /// Train this network only; may be given several times
    #[arg(long = "network", value_name = "NAME", value_parser = network_names())]
    networks: Vec<String>,

    /// Decides initial values, the order of the pictures, dropout and the random split
    #[arg(long, value_name = "N", default_value_t = 1)]
    seed: u64,

    /// Worker threads, 0 for all cores; the result is the same for any number
    #[arg(long, value_name = "N", default_value_t = 0)]
    threads: usize,

    /// Folder of the report; an older report there is replaced, anything else is left alone
    #[arg(long, value_name = "DIR", default_value = "letra-report/fonts")]
    out: PathBuf,

    /// Print one JSON object in place of the table
    #[arg(long)]
    json: bool,
}

fn network_names() -> PossibleValuesParser {
    PossibleValuesParser::new(NETWORKS.iter().map(|recipe| recipe.name))
}

/// Everything the page shows.
struct Outcome {
    examples: Examples,
    split: Split,
    /// Whether the slides' accuracy is of the same task: their split, and a file of pictures.
    like_the_slides: bool,
    results: Vec<NetworkResult>,
    neighbour: NearestNeighbour,
    figures: Figures,
    command: String,
}

impl Run for Fonts {
    const NAME: &'static str = "fonts";

    fn run(self, interrupt: &Interrupt) -> Result<(), Failure> {
        let examples = Examples::load(self.data.as_deref())?;
        let folder = ReportFolder::prepare(&self.out)?;
        let results = self.train_all(&examples, interrupt)?;
        let stopped = interrupt.requested();
        if stopped && (results.is_empty() || folder.replaces_a_report()) {
            return Err(Failure::interrupted("stopped; nothing was written"));
        }
        let outcome = self.outcome(examples, results)?;
        let report = write(folder, &outcome)?;
        if stopped {
            return Err(Failure::interrupted(format!(
                "stopped; the report in {} has the networks that were finished",
                report.display()
            )));
        }
        if self.json {
            return print(&json(&outcome.figures)?);
        }
        print(&format!(
            "{}\n\nThe report is {}",
            table::lines(&outcome.results, &outcome.neighbour),
            report.join(PAGE).display()
        ))
    }
}

impl Fonts {
    fn recipes(&self) -> Vec<&'static Recipe> {
        let wanted = |recipe: &&Recipe| {
            self.networks.is_empty() || self.networks.iter().any(|name| name == recipe.name)
        };
        NETWORKS.iter().filter(wanted).collect()
    }

    /// Trains every network on every fold. Stopped by the reader, gives the networks that were
    /// finished.
    fn train_all(
        &self,
        examples: &Examples,
        interrupt: &Interrupt,
    ) -> Result<Vec<NetworkResult>, Failure> {
        let folds = examples.folds(self.split, self.seed)?;
        let mut results = Vec::new();
        for recipe in self.recipes() {
            let mut trained = Vec::new();
            for (number, fold) in folds.iter().enumerate() {
                let label = match folds.len() {
                    1 => recipe.title.to_owned(),
                    count => format!("{}, fold {} of {count}", recipe.title, number + 1),
                };
                let settings = (self.seed, self.threads);
                match training::train(recipe, examples, fold, settings, &label, interrupt)? {
                    Some(network) => trained.push(network),
                    None => return Ok(results),
                }
            }
            results.push(NetworkResult {
                recipe,
                folds: trained,
            });
        }
        Ok(results)
    }

    fn outcome(&self, examples: Examples, results: Vec<NetworkResult>) -> Result<Outcome, Failure> {
        let start = Instant::now();
        let mut folds = Vec::new();
        for fold in examples.folds(self.split, self.seed)? {
            folds.push(nearest_neighbour_accuracy(examples.pictures(), &fold)?);
        }
        let neighbour = NearestNeighbour {
            folds,
            seconds: start.elapsed().as_secs_f64(),
        };
        let data = self
            .data
            .as_deref()
            .map_or_else(|| "built-in".to_owned(), file_name);
        let figures = Figures {
            experiment: Self::NAME,
            data,
            split: self.split.name(),
            seed: self.seed,
            threads: self.worker_threads(),
            rows: results.iter().map(Into::into).collect(),
            nearest_neighbour: (&neighbour).into(),
        };
        Ok(Outcome {
            examples,
            split: self.split,
            like_the_slides: self.split == Split::Seminar && self.data.is_some(),
            results,
            neighbour,
            figures,
            command: self.command(),
        })
    }

    fn worker_threads(&self) -> usize {
        match self.threads {
            0 => thread::available_parallelism().map_or(1, NonZero::get),
            count => count,
        }
    }

    /// The command line that gives this result again.
    fn command(&self) -> String {
        let mut command = "letra lab fonts".to_owned();
        if let Some(data) = &self.data {
            command += &format!(" --data {}", data.display());
        }
        command += &format!(" --split {} --seed {}", self.split.name(), self.seed);
        for network in &self.networks {
            command += &format!(" --network {network}");
        }
        command
    }
}

fn file_name(path: &Path) -> String {
    path.file_name()
        .unwrap_or(path.as_os_str())
        .to_string_lossy()
        .into_owned()
}

fn write(folder: ReportFolder, outcome: &Outcome) -> Result<PathBuf, Failure> {
    for result in &outcome.results {
        for (number, fold) in result.folds.iter().enumerate() {
            fold.network
                .save(folder.path(&result.model_file(number)))
                .map_err(|error| Failure::new(format!("cannot save a model: {error}")))?;
        }
    }
    folder.write(FIGURES, &(json(&outcome.figures)? + "\n"))?;
    folder.write(PAGE, &page::page(outcome)?)?;
    folder.finish()
}

fn json(figures: &Figures) -> Result<String, Failure> {
    serde_json::to_string_pretty(figures)
        .map_err(|error| Failure::new(format!("cannot write the figures as JSON: {error}")))
}
