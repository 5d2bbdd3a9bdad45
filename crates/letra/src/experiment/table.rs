//! Results as a table for a terminal.

use super::comparison::Column;
use super::results::{Row, Spread};
use crate::report::numbers::{NONE, percent, percent_range, thousands};
use crate::terminal::Text;

/// A row for each variant and one for nearest neighbour.
pub(super) fn comparison(rows: &[Row], neighbour: &Row, columns: &[Column]) -> Text {
    let folds = neighbour.test_range().is_some();
    let mut header = vec!["", "train", "test"];
    header.extend(folds.then_some("folds"));
    header.extend(columns.iter().map(|column| column.heading));
    header.extend(["steps", "seconds"]);
    let mut lines = vec![header.into_iter().map(str::to_owned).collect()];
    lines.extend(rows.iter().map(|row| variant(row, columns)));
    lines.push(nearest(neighbour, columns));
    lined_up(&lines)
}

fn variant(row: &Row, columns: &[Column]) -> Vec<String> {
    let mut cells = vec![
        title(row),
        accuracy(row, percent, |row| {
            row.spread(|trial| Some(trial.train.accuracy))
        }),
        accuracy(row, percent, |row| {
            row.spread(|trial| Some(trial.test.accuracy))
        }),
    ];
    cells.extend(row.test_range().map(percent_range));
    cells.extend(columns.iter().map(|column| column.cell(row)));
    cells.push(steps(row));
    cells.push(seconds(row));
    cells
}

fn nearest(row: &Row, columns: &[Column]) -> Vec<String> {
    let mut cells = vec![row.title.clone(), NONE.to_owned()];
    cells.push(percent(row.test_accuracy()));
    cells.extend(row.test_range().map(percent_range));
    cells.extend(columns.iter().map(|_| NONE.to_owned()));
    cells.push(NONE.to_owned());
    cells.push(seconds(row));
    cells
}

/// The title of a row, and whether its training ended badly.
pub(super) fn title(row: &Row) -> String {
    match row.diverged() {
        0 => row.title.clone(),
        count if count == row.trials.len() => format!("{} (diverged)", row.title),
        count => format!(
            "{} (diverged {count} of {} times)",
            row.title,
            row.trials.len()
        ),
    }
}

/// Mean accuracy and its deviation between seeds, written by `show`.
pub(super) fn accuracy(
    row: &Row,
    show: fn(f64) -> String,
    of: fn(&Row) -> Option<Spread>,
) -> String {
    match of(row) {
        None => NONE.to_owned(),
        Some(spread) => match spread.deviation {
            None => show(spread.mean),
            Some(deviation) => format!("{} ± {:.1}", show(spread.mean), deviation * 100.0),
        },
    }
}

/// Steps of a row; some ways to learn have none.
pub(super) fn steps(row: &Row) -> String {
    match row.steps() {
        0 => NONE.to_owned(),
        steps => thousands(steps),
    }
}

/// Mean seconds of a trial of a row.
pub(super) fn seconds(row: &Row) -> String {
    format!("{:.1}", row.mean(|trial| trial.seconds))
}

/// The first column to the left, the others to the right, two spaces apart.
pub fn lined_up(rows: &[Vec<String>]) -> Text {
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
    rows.iter().map(line).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn columns_are_as_wide_as_their_widest_cell() {
        let rows =
            [["network", "test"], ["CNN – ×", "92.5%"]].map(|row| row.map(str::to_owned).to_vec());
        let text = lined_up(&rows).to_string();
        assert_eq!(text, "network   test\nCNN – ×  92.5%\n");
    }
}
