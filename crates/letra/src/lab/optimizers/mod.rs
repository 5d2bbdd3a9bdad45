//! `letra lab optimizers`: how many steps each optimizer needs.

mod contenders;
mod findings;

use clap::Args;
use clap::builder::{PossibleValuesParser, RangedU64ValueParser};
use maud::{Markup, html};

use self::contenders::{CONTENDERS, Contender};
use crate::action::Run;
use crate::experiment::{Column, Comparison, Experiment, Repeated, Row, Trial, Variant};
use crate::failure::Failure;
use crate::interrupt::Interrupt;
use crate::networks::{Recipe, Training};
use crate::report::numbers::thousands;

/// What a trial measured where it came to the loss that was asked for.
const STEPS: &str = "steps_to_loss";
const SECONDS: &str = "seconds_to_loss";
/// The network that is trained.
const NETWORK: &str = "feed-forward-keras";
/// Samples a step, as in the seminar.
const BATCH: usize = 128;

/// Counts the steps and seconds that each optimizer needs to a given training loss
///
/// The seminar's feed-forward network (Keras) is trained by each optimizer at its default settings
/// and at four other rates, from several seeds, until the loss over all training pictures, measured
/// after each epoch, is 0.1 (`--loss`) or less, or the epochs are used up. The built-in typefaces
/// share glyphs, so that the loss on them stays above that: ask for 0.4 there. The table shows each optimizer at
/// its default and at the best of its rates; the report also shows all rates and the losses over
/// the steps.
#[derive(Debug, Args)]
pub struct Optimizers {
    #[command(flatten)]
    repeated: Repeated,

    /// Try this optimizer only; may be given several times
    #[arg(long = "optimizer", value_name = "NAME", value_parser = names())]
    optimizers: Vec<String>,

    /// Epochs after which a training that did not reach the loss ends
    #[arg(long, value_name = "N", default_value_t = 100,
        value_parser = RangedU64ValueParser::<usize>::new().range(1..=100_000))]
    epochs: usize,

    /// The training loss to be reached, above 0
    #[arg(long, value_name = "LOSS", default_value_t = 0.1, value_parser = positive)]
    loss: f64,
}

fn positive(text: &str) -> Result<f64, String> {
    match text.parse() {
        Ok(loss) if loss > 0.0 && f64::is_finite(loss) => Ok(loss),
        _ => Err("a number above 0 is wanted".to_owned()),
    }
}

fn names() -> PossibleValuesParser {
    PossibleValuesParser::new(CONTENDERS.iter().map(|contender| contender.name))
}

/// An optimizer at a rate, and what came of it.
struct Setting {
    rate: f32,
    row: Row,
}

/// An optimizer at all its rates, which rise.
struct Tried {
    contender: &'static Contender,
    settings: Vec<Setting>,
}

impl Contender {
    fn rate_in_words(&self, rate: f32) -> String {
        match self.finds_rates {
            true => format!("{rate} times its own rates"),
            false => format!("rate {rate}"),
        }
    }

    fn rates(&self) -> Vec<f32> {
        let mut rates = self.grid.to_vec();
        rates.push(self.default);
        rates.sort_by(f32::total_cmp);
        rates
    }

    fn variant(&self, rate: f32, epochs: usize, loss: f64) -> Result<Variant, Failure> {
        let recipe = Recipe::named(NETWORK)
            .ok_or_else(|| Failure::new(format!("there is no network called {NETWORK}")))?;
        let compile = self.compile;
        let mut variant = Variant::from(recipe)
            .about(self.about)
            .training(Training::MiniBatch {
                batch: BATCH,
                epochs,
            })
            .compile(move |_| compile(rate))
            .until(move |point| point.train.loss <= loss);
        variant.name = format!("{}-{rate}", self.name).replace(['_', '.'], "-");
        variant.title = format!("{}, {}", self.title, self.rate_in_words(rate));
        Ok(variant)
    }
}

impl Tried {
    fn default(&self) -> &Setting {
        let mut settings = self.settings.iter();
        let default = settings.find(|setting| setting.rate == self.contender.default);
        default.unwrap_or(&self.settings[0])
    }

    /// The rate at which most trainings reach the loss, then in the fewest steps; where none
    /// does, the one with the least loss.
    fn best(&self) -> &Setting {
        let rank = |setting: &Setting| {
            let row = &setting.row;
            let there = row.trials.iter().filter(|trial| reached(trial)).count();
            let steps = row.mean(|trial| match reached(trial) {
                true => trial.steps as f64,
                false => f64::NAN,
            });
            let loss = row.mean(|trial| trial.train.loss);
            let or_last = |value: f64| if value.is_finite() { value } else { f64::MAX };
            [-(there as f64), or_last(steps), or_last(loss)]
        };
        let mut best = &self.settings[0];
        for setting in &self.settings[1..] {
            if rank(setting) < rank(best) {
                best = setting;
            }
        }
        best
    }
}

/// Whether a training came to the loss that was asked for.
fn reached(trial: &Trial) -> bool {
    trial.measured.contains_key(STEPS)
}

impl Run for Optimizers {
    const NAME: &'static str = "optimizers";

    fn run(self, interrupt: &Interrupt) -> Result<(), Failure> {
        let mut experiment = Experiment::repeated(Self::NAME, &self.repeated, interrupt)?
            .option(&format!("--epochs {} --loss {}", self.epochs, self.loss));
        for optimizer in &self.optimizers {
            experiment = experiment.option(&format!("--optimizer {optimizer}"));
        }
        let mut tried = Vec::new();
        for contender in self.contenders() {
            let rates = contender.rates();
            let variants = rates
                .iter()
                .map(|&rate| contender.variant(rate, self.epochs, self.loss))
                .collect::<Result<Vec<_>, _>>()?;
            let mut rows = experiment.train(&variants)?;
            for trial in rows.iter_mut().flat_map(|row| &mut row.trials) {
                if !trial.diverged && trial.train.loss <= self.loss {
                    trial.measured.insert(STEPS, trial.steps as f64);
                    trial.measured.insert(SECONDS, trial.seconds);
                }
            }
            if rows.len() < rates.len() {
                // Stopped: an optimizer at some of its rates cannot be compared.
                break;
            }
            let settings = rates.into_iter().zip(rows);
            let settings = settings.map(|(rate, row)| Setting { rate, row }).collect();
            tried.push(Tried {
                contender,
                settings,
            });
        }
        let findings = match tried.is_empty() {
            true => Vec::new(),
            false => findings::sentences(&tried, self.epochs, self.loss),
        };
        let grid = grid(&tried, self.loss);
        let rows = tried.into_iter().flat_map(rows).collect();
        let comparison = Comparison::new("Optimizers, compared", rows)
            .question(format!(
                "How many steps does it take to bring the seminar’s feed-forward network (Keras) to a \
                 training loss of {}, and does the answer depend on choosing a rate?",
                self.loss
            ))
            .findings(findings)
            .column(Column {
                name: STEPS,
                heading: "Steps needed",
                figure: |trial| trial.measured.get(STEPS).copied(),
                show: |steps| thousands(steps.round() as u64),
            })
            .column(Column {
                name: SECONDS,
                heading: "Seconds needed",
                figure: |trial| trial.measured.get(SECONDS).copied(),
                show: |seconds| format!("{seconds:.2}"),
            })
            .column(Column {
                name: "final_train_loss",
                heading: "Training loss",
                figure: |trial| Some(trial.train.loss),
                show: |loss| format!("{loss:.3}"),
            })
            .section(grid);
        experiment.report(comparison)
    }
}

impl Optimizers {
    fn contenders(&self) -> impl Iterator<Item = &'static Contender> {
        CONTENDERS.iter().filter(|contender| {
            self.optimizers.is_empty() || self.optimizers.iter().any(|name| name == contender.name)
        })
    }
}

/// The rows of the table: the default, and the best where it is another.
fn rows(tried: Tried) -> Vec<Row> {
    let (default, best) = (tried.default().rate, tried.best().rate);
    let mut rows: Vec<(f32, Row)> = Vec::new();
    for Setting { rate, mut row } in tried.settings {
        if rate != default && rate != best {
            continue;
        }
        let role = match (rate == default, rate == best) {
            (true, true) => "default and best",
            (true, false) => "default",
            _ => "best",
        };
        row.title += &format!(" ({role}){}", verdict(&row));
        rows.push((rate, row));
    }
    rows.sort_by_key(|(rate, _)| *rate != default);
    rows.into_iter().map(|(_, row)| row).collect()
}

/// What is said after a title where a training did not get there.
fn verdict(row: &Row) -> String {
    let there = row.trials.iter().filter(|trial| reached(trial)).count();
    match row.trials.len() - there {
        0 => String::new(),
        missed if missed == row.trials.len() => ": did not reach".to_owned(),
        missed => format!(": did not reach {missed} of {} times", row.trials.len()),
    }
}

/// All optimizers at all rates.
fn grid(tried: &[Tried], loss: f64) -> Markup {
    html! {
        section #grid {
            h2 { "All rates" }
            p.note {
                "Mean steps to a training loss of " (loss) "; in brackets the trainings that got there, where \
                 not all did. Rates of optimizers that find their own are factors of those."
            }
            div.scroll {
                table {
                    tbody {
                        @for tried in tried {
                            tr {
                                th scope="row" { (tried.contender.title) }
                                @for setting in &tried.settings {
                                    td.number { (setting.rate) ": " (cell(&setting.row)) }
                                }
                            }
                        }
                    }
                }
            }
        }
    }
}

fn cell(row: &Row) -> String {
    let there: Vec<_> = row.trials.iter().filter(|trial| reached(trial)).collect();
    if there.is_empty() {
        let diverged = row.diverged() == row.trials.len();
        return if diverged {
            "diverged"
        } else {
            "did not reach"
        }
        .to_owned();
    }
    let steps: u64 = there.iter().map(|trial| trial.steps).sum();
    let mut cell = thousands((steps as f64 / there.len() as f64).round() as u64);
    if there.len() < row.trials.len() {
        cell += &format!(" ({} of {})", there.len(), row.trials.len());
    }
    cell
}
