//! Sentences that more than one experiment says of its figures.

use super::examples::Split;
use super::results::Row;
use crate::report::numbers::{percent, percent_range, thousands};

/// The row with the highest test accuracy.
pub fn best(rows: &[Row]) -> Option<&Row> {
    rows.iter()
        .filter(|row| row.test_accuracy().is_finite())
        .max_by(|a, b| a.test_accuracy().total_cmp(&b.test_accuracy()))
}

/// The row of that name.
pub fn named<'a>(rows: &'a [Row], name: &str) -> Option<&'a Row> {
    rows.iter().find(|row| row.name == name)
}

/// Longer by so many times is more than the clock of a shared machine wavers.
const NOTABLE: f64 = 1.25;

/// What took longest to train, if it stands out beside the row called `name`.
pub fn slowest(rows: &[Row], name: &str) -> Option<String> {
    let seconds = |row: &Row| row.mean(|trial| trial.seconds);
    let usual = named(rows, name)?;
    let slowest = rows
        .iter()
        .max_by(|a, b| seconds(a).total_cmp(&seconds(b)))?;
    let times = seconds(slowest) / seconds(usual);
    (times >= NOTABLE).then(|| {
        format!(
            "By the clock {} took longest to train, {times:.1} times as long as {}.",
            slowest.title, usual.title
        )
    })
}

/// By how much a row tests better than another, and whether that is more than the luck of a seed.
pub fn lead(row: &Row, over: &Row) -> String {
    let more = row.test_accuracy() - over.test_accuracy();
    let deviation = |row: &Row| row.spread(|trial| Some(trial.test.accuracy))?.deviation;
    let verdict = match (deviation(over), deviation(row)) {
        (Some(a), Some(b)) if more > 2.0 * a.hypot(b) => ", more than seeds differ",
        (Some(_), Some(_)) => ", which is no more than seeds differ",
        _ => "; whether that is luck, more seeds would tell",
    };
    format!("{} above it{verdict}", points(more))
}

/// A share as points of a hundred.
pub fn points(share: f64) -> String {
    format!("{:.1} points", share * 100.0)
}

impl Row {
    /// Mean test accuracy and how sure it is: its deviation between seeds, its range over folds, or
    /// else one standard error of counting right answers.
    pub fn accuracy_in_words(&self) -> String {
        let Some(spread) = self.spread(|trial| Some(trial.test.accuracy)) else {
            return "no figure".to_owned();
        };
        let mut doubts = Vec::new();
        doubts.extend(
            (spread.deviation)
                .map(|deviation| format!("± {:.1} from seed to seed", deviation * 100.0)),
        );
        doubts.extend(
            (spread.range).map(|range| format!("from fold to fold {}", percent_range(range))),
        );
        let tested = self.answers().count();
        if doubts.is_empty() && tested > 0 {
            let error = (spread.mean * (1.0 - spread.mean) / tested as f64).sqrt();
            doubts.push(format!(
                "± {:.1} by counting {} pictures",
                error * 100.0,
                thousands(tested as u64)
            ));
        }
        match doubts.is_empty() {
            true => percent(spread.mean),
            false => format!("{} ({})", percent(spread.mean), doubts.join(", ")),
        }
    }
}

/// How many rows do better than the most similar training picture.
pub fn neighbour(rows: &[Row], neighbour: &Row, what: &str) -> String {
    let accuracy = neighbour.test_accuracy();
    let above = rows
        .iter()
        .filter(|row| row.test_accuracy() > accuracy)
        .count();
    let all = rows.len();
    let verdict = match above {
        _ if all == 1 && above == 1 => format!("the {what} does better"),
        _ if all == 1 => format!("the {what} does no better"),
        0 => format!("no {what} does better"),
        _ if above == all => format!("all {all} {what}s do better"),
        1 => format!("one of the {all} {what}s does better"),
        _ => format!("{above} of the {all} {what}s do better"),
    };
    format!(
        "Without any learning, taking the typeface of the most similar training picture gives {}; {verdict}.",
        percent(accuracy)
    )
}

/// What a split does and does not show.
pub fn caution(split: Split) -> String {
    match split {
        Split::UnseenCharacters => {
            "No test picture shows a character that was trained on, in either case, so these figures tell how \
             much of a typeface a network has learnt rather than how many glyphs."
        }
        Split::Seminar | Split::Random => {
            "Nearly every test picture has shifted copies of itself among the training pictures; the \
             split “unseen-characters” keeps whole characters back and is the stricter test."
        }
    }
    .to_owned()
}
