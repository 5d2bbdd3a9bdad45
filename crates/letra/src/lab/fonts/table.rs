//! The result as a table for a terminal.

use super::results::{NearestNeighbour, NetworkResult};
use crate::report::numbers::{percent, percent_range, thousands};

/// What stands where there is no figure.
const NONE: &str = "–";

/// A row for each network and one for nearest neighbour, lined up under their headings.
pub(super) fn lines(results: &[NetworkResult], neighbour: &NearestNeighbour) -> String {
    let folds = neighbour.folds.len() > 1;
    let mut header = vec!["network", "train", "test"];
    header.extend(folds.then_some("folds"));
    header.extend(["slides train", "slides test", "steps", "seconds"]);
    let mut rows = vec![header.into_iter().map(str::to_owned).collect()];
    rows.extend(results.iter().map(network));
    rows.push(nearest(neighbour));
    lined_up(&rows)
}

fn network(result: &NetworkResult) -> Vec<String> {
    let slides = result.recipe.slides;
    let mut row = vec![
        result.recipe.title.to_owned(),
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

fn nearest(neighbour: &NearestNeighbour) -> Vec<String> {
    let mut row = vec!["1-nearest neighbour".to_owned(), NONE.to_owned()];
    row.push(percent(neighbour.test_accuracy()));
    row.extend(neighbour.test_range().map(percent_range));
    row.extend([NONE; 3].map(str::to_owned));
    row.push(format!("{:.1}", neighbour.seconds));
    row
}

/// The first column to the left, the others to the right, two spaces apart.
fn lined_up(rows: &[Vec<String>]) -> String {
    let columns = rows.iter().map(Vec::len).max().unwrap_or(0);
    let width = |column: usize| {
        let cells = rows.iter().filter_map(|row| row.get(column));
        cells.map(|cell| cell.chars().count()).max().unwrap_or(0)
    };
    let widths: Vec<_> = (0..columns).map(width).collect();
    let line = |row: &Vec<String>| {
        let mut line = String::new();
        for (column, (cell, width)) in row.iter().zip(&widths).enumerate() {
            line += &match column {
                0 => format!("{cell:width$}"),
                _ => format!("  {cell:>width$}"),
            };
        }
        line
    };
    rows.iter().map(line).collect::<Vec<_>>().join("\n")
}

/// An accuracy in per cent, as the slides give it.
fn whole_percent(accuracy: f64) -> String {
    format!("{:.0}%", accuracy * 100.0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn columns_are_as_wide_as_their_widest_cell() {
        let rows =
            [["network", "test"], ["CNN – ×", "92.5%"]].map(|row| row.map(str::to_owned).to_vec());
        assert_eq!(lined_up(&rows), "network   test\nCNN – ×  92.5%");
    }
}
