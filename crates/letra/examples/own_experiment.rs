//! The experiment that `docs/adding-an-experiment.md` adds, as a command of its own.

// guide: begin
//! `letra lab widths`: how many hidden units it takes.

use clap::Args;
use letra_nn::prelude::*;

use letra::action::Run;
use letra::experiment::{Comparison, Experiment, Repeated, Variant, best, caution, neighbour};
use letra::failure::Failure;
use letra::interrupt::Interrupt;
use letra::networks::Training;

/// Compares networks with few and with many hidden units
///
/// One hidden layer of rectified units, trained with Adam.
#[derive(Debug, Args)]
pub struct Widths {
    #[command(flatten)]
    arguments: Repeated,

    /// Passes over the training pictures
    #[arg(long, value_name = "N", default_value_t = 30)]
    epochs: usize,
}

impl Run for Widths {
    const NAME: &'static str = "widths";

    fn run(self, interrupt: &Interrupt) -> Result<(), Failure> {
        let experiment = Experiment::repeated(Self::NAME, &self.arguments, interrupt)?
            .option(&format!("--epochs {}", self.epochs));
        let variants = [4, 32, 256].map(|units| variant(units, self.epochs));
        let rows = experiment.train(&variants)?;

        let mut findings = Vec::new();
        if let Some(best) = best(&rows) {
            let accuracy = best.accuracy_in_words();
            findings.push(format!("{} do best: {accuracy}.", best.title));
        }
        let nearest = experiment.nearest_neighbour()?;
        findings.push(neighbour(&rows, &nearest, "width"));
        findings.push(caution(experiment.arguments.split));
        experiment.report(
            Comparison::new("How many hidden units it takes", rows)
                .question("Does a wider layer tell typefaces apart better?")
                .findings(findings),
        )
    }
}

fn variant(units: usize, epochs: usize) -> Variant {
    let name = format!("units-{units}");
    let title = format!("{units} units");
    Variant::new(name, title, move |task, compile| {
        task.input()
            .add(Flatten)
            .add(Dense::new(units).relu())
            .add(Dense::new(task.classes))
            .compile(compile)
    })
    .about("One hidden layer, half of which is silent for any one picture.")
    .training(Training::MiniBatch { batch: 128, epochs })
    .compile(|_steps| Compile::new(Adam::new(0.001)))
}
// guide: end

fn main() -> std::process::ExitCode {
    let widths = letra::action::Action::of::<Widths>();
    letra::command::ended(Interrupt::listen(None).and_then(|interrupt| {
        let done = widths.run(&widths.command().get_matches(), &interrupt);
        done.map_err(|failure| interrupt.explain(failure))
    }))
}
