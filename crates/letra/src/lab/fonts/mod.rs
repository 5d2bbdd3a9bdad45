//! `letra lab fonts`: the networks learn to tell typefaces apart.

mod figures;
mod findings;
mod outcome;
mod page;
mod table;

use clap::Args;
use clap::builder::PossibleValuesParser;

use self::figures::Figures;
use self::outcome::{NetworkResult, Outcome};
use crate::action::Run;
use crate::experiment::{Arguments, Contents, Experiment, Row, Split, Variant};
use crate::failure::Failure;
use crate::interrupt::Interrupt;
use crate::json;
use crate::networks::{NETWORKS, Recipe};

/// Trains the six networks of the seminar, and letra's own, to tell typefaces apart
///
/// Each of the seminar's networks is trained with the seminar's own settings, on pictures of 36×36
/// pixels scaled to [0, 1], and measured on pictures it has not seen. The table shows its accuracy beside the
/// slides'; the report shows how it got there, what it looks for and what it gets wrong, and holds
/// the trained models.
#[derive(Debug, Args)]
pub struct Fonts {
    #[command(flatten)]
    arguments: Arguments,

    /// Train this network only; may be given several times
    #[arg(long = "network", value_name = "NAME", value_parser = network_names())]
    networks: Vec<String>,
}

fn network_names() -> PossibleValuesParser {
    PossibleValuesParser::new(NETWORKS.iter().map(|recipe| recipe.name))
}

impl Run for Fonts {
    const NAME: &'static str = "fonts";

    fn run(self, interrupt: &Interrupt) -> Result<(), Failure> {
        let mut experiment =
            Experiment::once(Self::NAME, &self.arguments, interrupt)?.keep_every_model();
        for network in &self.networks {
            experiment = experiment.option(&format!("--network {network}"));
        }
        let variants: Vec<_> = self.recipes().map(Variant::from).collect();
        let rows = experiment.train(&variants)?;
        experiment.publish(&rows, |experiment| self.contents(experiment, &rows))
    }
}

impl Fonts {
    fn recipes(&self) -> impl Iterator<Item = &'static Recipe> {
        NETWORKS.iter().filter(|recipe| {
            self.networks.is_empty() || self.networks.iter().any(|name| name == recipe.name)
        })
    }

    fn contents(&self, experiment: &Experiment, rows: &[Row]) -> Result<Contents, Failure> {
        let arguments = &self.arguments;
        let outcome = Outcome {
            experiment,
            like_the_slides: arguments.split == Split::Seminar && arguments.data.is_some(),
            rows,
            results: (self.recipes().zip(rows))
                .map(|(recipe, row)| NetworkResult { recipe, row })
                .collect(),
            neighbour: experiment.nearest_neighbour()?,
        };
        Ok(Contents {
            page: page::page(&outcome)?,
            figures: json::text(&Figures::from(&outcome))?,
            table: table::lines(&outcome.results, &outcome.neighbour),
        })
    }
}
