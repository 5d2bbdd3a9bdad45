//! The result as a table for a terminal.

use super::outcome::NetworkResult;
use crate::experiment::Row;
use crate::experiment::table::lined_up;
use crate::report::numbers::{NONE, percent, percent_range, thousands};
use crate::terminal::Text;

/// A row for each network and one for nearest neighbour, lined up under their headings.
pub(super) fn lines(results: &[NetworkResult<'_>], neighbour: &Row) -> Text {
    let folds = neighbour.trials.len() > 1;
    let mut header = vec!["network", "train", "test"];
    header.extend(folds.then_some("folds"));
    header.extend(["slides train", "slides test", "steps", "seconds"]);
    let mut rows = vec![header.into_iter().map(str::to_owned).collect()];
    rows.extend(results.iter().map(network));
    rows.push(nearest(neighbour));
    lined_up(&rows)
}

fn network(
    NetworkResult {
        recipe,
        row: result,
    }: &NetworkResult<'_>,
) -> Vec<String> {
    let slides = recipe.slides;
    let mut row = vec![
        recipe.title.to_owned(),
        percent(result.train_accuracy()),
        percent(result.test_accuracy()),
    ];
    row.extend(result.test_range().map(percent_range));
    row.extend(
        [slides.train, slides.test].map(|slide| slide.map_or(NONE.to_owned(), whole_percent)),
    );
    row.push(thousands(result.steps()));
    row.push(format!("{:.1}", result.seconds()));
    row
}

fn nearest(neighbour: &Row) -> Vec<String> {
    let mut row = vec!["1-nearest neighbour".to_owned(), NONE.to_owned()];
    row.push(percent(neighbour.test_accuracy()));
    row.extend(neighbour.test_range().map(percent_range));
    row.extend([NONE; 3].map(str::to_owned));
    row.push(format!("{:.1}", neighbour.seconds()));
    row
}

/// An accuracy in per cent, as the slides give it.
fn whole_percent(accuracy: f64) -> String {
    format!("{:.0}%", accuracy * 100.0)
}
