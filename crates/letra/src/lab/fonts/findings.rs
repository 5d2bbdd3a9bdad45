//! What the figures say, in sentences.

use std::collections::BTreeMap;

use super::outcome::{NetworkResult, Outcome};
use crate::experiment::{Row, caution, neighbour};
use crate::report::numbers::{percent, percent_range, thousands};

/// The paragraph of findings, a sentence each.
pub(super) fn sentences(outcome: &Outcome<'_>) -> Vec<String> {
    [
        best(outcome),
        hidden_layers(outcome),
        largest_gap(outcome),
        Some(neighbour(outcome.rows, &outcome.neighbour, "network")),
        commonest_mistake(outcome),
        Some(caution(outcome.experiment.arguments.split)),
    ]
    .into_iter()
    .flatten()
    .collect()
}

/// The network with the highest test accuracy.
pub(super) fn winner<'a>(results: &'a [NetworkResult<'a>]) -> Option<&'a NetworkResult<'a>> {
    results
        .iter()
        .max_by(|a, b| a.row.test_accuracy().total_cmp(&b.row.test_accuracy()))
}

fn best(outcome: &Outcome<'_>) -> Option<String> {
    let winner = winner(&outcome.results)?;
    let tested = winner.row.answers().count();
    let accuracy = winner.row.test_accuracy();
    let error = (accuracy * (1.0 - accuracy) / tested as f64).sqrt();
    let spread = match winner.row.test_range() {
        Some(range) => format!(", from fold to fold {}", percent_range(range)),
        None => format!(
            ", give or take {:.1} points (one standard error)",
            error * 100.0
        ),
    };
    Some(format!(
        "{} names the typeface of {} of the {} test pictures{spread}.",
        winner.recipe.subject,
        percent(accuracy),
        thousands(tested as u64)
    ))
}

/// What each step away from a linear classifier brought.
fn hidden_layers(outcome: &Outcome<'_>) -> Option<String> {
    let accuracy = |name| {
        let result = outcome
            .results
            .iter()
            .find(|result| result.recipe.name == name)?;
        Some(result.row.test_accuracy())
    };
    let (logistic, dense, cnn) = (
        accuracy("logistic")?,
        accuracy("feed-forward")?,
        accuracy("cnn")?,
    );
    Some(format!(
        "With plain gradient descent on all pictures at once, a linear classifier reaches {}, hidden \
         layers {}, convolution {}.",
        percent(logistic),
        percent(dense),
        percent(cnn)
    ))
}

/// The network that learnt most by heart.
fn largest_gap(outcome: &Outcome<'_>) -> Option<String> {
    let gap = |result: &NetworkResult<'_>| result.row.train_accuracy() - result.row.test_accuracy();
    let result = outcome
        .results
        .iter()
        .max_by(|a, b| gap(a).total_cmp(&gap(b)))?;
    (gap(result) > 0.02).then(|| {
        let most = if outcome.results.len() > 1 {
            " most"
        } else {
            ""
        };
        format!(
            "{} overfits{most}: {} on what it has seen, {} on what it has not.",
            result.recipe.subject,
            percent(result.row.train_accuracy()),
            percent(result.row.test_accuracy())
        )
    })
}

/// The pair of typefaces that the networks, all together, mistake most often.
fn commonest_mistake(outcome: &Outcome<'_>) -> Option<String> {
    let mut counts = BTreeMap::new();
    for answer in outcome.rows.iter().flat_map(Row::answers) {
        let shown = outcome.experiment.examples.label(answer.picture);
        if shown != answer.said {
            *counts.entry((shown, answer.said)).or_insert(0) += 1;
        }
    }
    let ((shown, said), count) = counts.into_iter().max_by_key(|(_, count)| *count)?;
    let names = outcome.experiment.examples.class_names();
    let who = if outcome.results.len() > 1 {
        ", all networks together"
    } else {
        ""
    };
    let times = if count == 1 {
        "once".to_owned()
    } else {
        format!("{count} times")
    };
    Some(format!(
        "The commonest mistake is to call “{}” “{}”: {times}{who}.",
        names[shown], names[said]
    ))
}
