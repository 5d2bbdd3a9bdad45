//! The page of the report.

use letra_nn::training::PowerLaw;
use maud::{Markup, PreEscaped, html};

use super::rounds::Round;
use super::{HEADINGS, Outcome, cells, findings};
use crate::experiment::points;
use crate::failure::Failure;
use crate::report::curves::{Line, Scale, over_steps, sample};
use crate::report::numbers::thousands;
use crate::report::page;

/// The whole page.
pub(super) fn page(outcome: &Outcome<'_>) -> Result<String, Failure> {
    let title = "The recipe, followed";
    let rounds = outcome.rounds.rounds.iter().enumerate();
    let rounds = rounds
        .map(|(index, round)| figure(index + 1, round))
        .collect::<Result<Vec<_>, _>>()?;
    let body = html! {
        header {
            p.kicker { "letra lab · recipe" }
            h1 { (title) }
            p.lede {
                "Is the training error high? A larger network, longer training, another optimizer. \
                Is the error on new pictures high? More data, regularisation. Neither? Done."
            }
        }
        (result(outcome))
        section #rounds {
            h2 { "Round by round" }
            div.cards { @for round in rounds { (round) } }
        }
    };
    Ok(page::page(title, &body))
}

fn result(outcome: &Outcome<'_>) -> Markup {
    let arguments = &outcome.experiment.arguments;
    html! {
        section #result {
            h2 { "Result" }
            p.findings { @for sentence in findings(outcome) { (sentence) " " } }
            div.scroll {
                table.result {
                    thead { tr { @for heading in HEADINGS { th scope="col" { (heading) } } } }
                    tbody {
                        @for (index, round) in outcome.rounds.rounds.iter().enumerate() {
                            tr { @for cell in cells(index + 1, round) { td { (cell) } } }
                        }
                    }
                }
            }
            p.note {
                "Data: " (arguments.data_name()) ", " (thousands(outcome.experiment.examples.count() as u64))
                " pictures. Split: " (arguments.split.name()) ". Seed " (arguments.seed) ", threads: "
                (arguments.worker_threads())
                ". “Train” and “new” are errors, on training pictures and on pictures kept back. “Capacity” is \
                what the training error is above the reference. The gap between the two errors is a matter of \
                data as far as a learning curve over growing data says that more pictures would close it, and \
                “rest” is what it says would stay: a matter of regularisation. A gap of up to " (points(outcome.rounds.low_gap))
                " counts as low, or of one standard error, in which copies of a glyph that are wrong together \
                count as one. The same figures for programs: "
                a href="report.json" { "report.json" } ". Again: " code { (outcome.experiment.command) }
            }
        }
    }
}

/// Curves, diagnosis and decision of a round.
fn figure(number: usize, round: &Round) -> Result<Markup, Failure> {
    let curve = |colour: usize, name: &str| Line {
        colour,
        points: round
            .history
            .epochs()
            .iter()
            .filter_map(|epoch| Some((epoch.epoch() as f64, epoch.get(name)?)))
            .collect(),
    };
    let epochs = [curve(0, "accuracy"), curve(1, "val_accuracy")];
    let curves = over_steps(Scale::Accuracy, &epochs)?;
    let learning = match &round.diagnosis.curve {
        Some(law) => Some(learning_curve(round, law)?),
        None => None,
    };
    Ok(html! {
        figure.card {
            figcaption { "Round " (number) ": " (round.plan.in_words()) }
            div.plot { (PreEscaped(curves)) }
            p.legend.plot {
                span { (PreEscaped(sample(0))) "accuracy while training" }
                span { (PreEscaped(sample(1))) "on pictures kept back, over the epochs" }
            }
            @if let Some(learning) = learning {
                div.plot { (PreEscaped(learning)) }
                p.legend.plot {
                    span { (PreEscaped(sample(1))) "on pictures kept back, over the number of training pictures" }
                    span { (PreEscaped(sample(2))) "carried on" }
                }
            }
            p { @for sentence in round.diagnosis.words() { (sentence) " " } }
            p { strong { "Then: " (round.decision) "." } }
        }
    })
}

/// Accuracy over the number of training pictures, and the power law carried on to twice as many.
fn learning_curve(round: &Round, law: &PowerLaw) -> Result<String, Failure> {
    let measured = round.points.iter();
    let measured = measured.map(|point| (point.samples as f64, 1.0 - point.error));
    let first = round.points.first().map_or(1, |point| point.samples);
    let last = round.points.last().map_or(1, |point| point.samples);
    let carried = (first..=2 * last).step_by((last / 40).max(1));
    let carried = carried.map(|samples| (samples as f64, 1.0 - law.error(samples)));
    let lines = [
        Line {
            colour: 1,
            points: measured.collect(),
        },
        Line {
            colour: 2,
            points: carried.collect(),
        },
    ];
    over_steps(Scale::Accuracy, &lines)
}
