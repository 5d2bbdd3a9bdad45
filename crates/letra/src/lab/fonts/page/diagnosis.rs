//! What each network lacks, by the recipe of the course.

use letra_nn::prelude::*;
use letra_nn::training::{Diagnosis, Measured};
use maud::{Markup, html};

use crate::failure::Failure;
use crate::lab::fonts::outcome::{NetworkResult, Outcome};
use crate::report::curves::CurvePoint;
use crate::report::numbers::percent;

/// A line a network: is the training error high, is the gap, and what would be next.
pub(super) fn section(outcome: &Outcome<'_>) -> Result<Markup, Failure> {
    let reference = 1.0 - outcome.neighbour.test_accuracy();
    let mut rows = Vec::new();
    for result in &outcome.results {
        // Accuracies are unknown where a training went wrong from the start.
        if result.row.train_accuracy().is_finite() && result.row.test_accuracy().is_finite() {
            rows.push((result.recipe.title, diagnosis(result, reference)?));
        }
    }
    Ok(html! {
        section #diagnosis {
            h2 { "What would be next" }
            div.scroll {
                table.result {
                    thead {
                        tr {
                            th scope="col" { "Network" }
                            th.number scope="col" { "Training error" }
                            th.number scope="col" { "Gap to the test" }
                            th scope="col" { "The recipe says" }
                        }
                    }
                    tbody {
                        @for (title, diagnosis) in &rows {
                            tr {
                                th scope="row" { (title) }
                                td.number { (percent(diagnosis.training_error)) }
                                td.number { (percent(diagnosis.gap)) }
                                td.sentence { (diagnosis.next.words()) }
                            }
                        }
                    }
                }
            }
            p.note {
                "A training error is high where it is more than a point above that of the nearest neighbour on \
                the test pictures, " (percent(reference)) "; a gap where it is more than a point and could not be \
                luck. " code { "letra lab recipe" } " tells what a gap is made of and follows the recipe to its end."
            }
        }
    })
}

fn diagnosis(result: &NetworkResult<'_>, reference: f64) -> Result<Diagnosis, Failure> {
    let row = result.row;
    let points = row.curve();
    let epoch = |(index, point): (usize, &CurvePoint)| {
        EpochLogs::new(index + 1, point.step, point.train.loss).with_val_loss(point.test.loss)
    };
    let history = points.iter().enumerate().map(epoch).collect();
    let (train, test) = (row.train_accuracy(), row.test_accuracy());
    Measured::new(1.0 - train, 1.0 - test, row.answers().count())
        .reference(reference.clamp(0.0, 1.0))
        .history(&history)
        .diagnose()
        .map_err(|error| Failure::network(result.recipe.title, &error))
}
