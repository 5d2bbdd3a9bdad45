//! What the figures say, in sentences.

use std::collections::BTreeMap;

use super::Outcome;
use super::examples::Split;
use super::results::NetworkResult;
use crate::report::numbers::{percent, percent_range, thousands};

/// The paragraph of findings, a sentence each.
pub(super) fn sentences(outcome: &Outcome) -> Vec<String> {
    [
        best(outcome),
        hidden_layers(outcome),
        largest_gap(outcome),
        neighbour(outcome),
        commonest_mistake(outcome),
        caution(outcome.split),
    ]
    .into_iter()
    .flatten()
    .collect()
}

/// The network with the highest test accuracy.
pub(super) fn winner(results: &[NetworkResult]) -> Option<&NetworkResult> {
    results
        .iter()
        .max_by(|a, b| a.test_accuracy().total_cmp(&b.test_accuracy()))
}

fn best(outcome: &Outcome) -> Option<String> {
    let winner = winner(&outcome.results)?;
    let tested = winner.answers().count();
    let accuracy = winner.test_accuracy();
    let error = (accuracy * (1.0 - accuracy) / tested as f64).sqrt();
    let spread = match winner.test_range() {
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
fn hidden_layers(outcome: &Outcome) -> Option<String> {
    let accuracy = |name| {
        let result = outcome
            .results
            .iter()
            .find(|result| result.recipe.name == name)?;
        Some(result.test_accuracy())
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
fn largest_gap(outcome: &Outcome) -> Option<String> {
    let gap = |result: &NetworkResult| result.train_accuracy() - result.test_accuracy();
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
            percent(result.train_accuracy()),
            percent(result.test_accuracy())
        )
    })
}

fn neighbour(outcome: &Outcome) -> Option<String> {
    let accuracy = outcome.neighbour.test_accuracy();
    let above = outcome
        .results
        .iter()
        .filter(|result| result.test_accuracy() > accuracy)
        .count();
    let all = outcome.results.len();
    let verdict = match above {
        _ if all == 1 && above == 1 => "the network does better".to_owned(),
        _ if all == 1 => "the network does no better".to_owned(),
        0 => "no network does better".to_owned(),
        _ if above == all => format!("all {all} networks do better"),
        1 => format!("one of the {all} networks does better"),
        _ => format!("{above} of the {all} networks do better"),
    };
    Some(format!(
        "Without any learning, taking the typeface of the most similar training picture gives {}; {verdict}.",
        percent(accuracy)
    ))
}

/// The pair of typefaces that the networks, all together, mistake most often.
fn commonest_mistake(outcome: &Outcome) -> Option<String> {
    let mut counts = BTreeMap::new();
    for answer in outcome.results.iter().flat_map(NetworkResult::answers) {
        let shown = outcome.examples.label(answer.picture);
        if shown != answer.said {
            *counts.entry((shown, answer.said)).or_insert(0) += 1;
        }
    }
    let ((shown, said), count) = counts.into_iter().max_by_key(|(_, count)| *count)?;
    let names = outcome.examples.class_names();
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

/// What the split does and does not show.
fn caution(split: Split) -> Option<String> {
    match split {
        Split::UnseenCharacters => Some(
            "No test picture shows a character that was trained on, in either case, so these figures tell how \
             much of a typeface a network has learnt rather than how many glyphs."
                .to_owned(),
        ),
        Split::Seminar | Split::Random => Some(
            "Nearly every test picture has shifted copies of itself among the training pictures; the \
             split “unseen-characters” keeps whole characters back and is the stricter test."
                .to_owned(),
        ),
    }
}
