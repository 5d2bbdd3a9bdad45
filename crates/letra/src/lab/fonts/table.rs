//! The result as a table for a terminal.

use comfy_table::presets::NOTHING;
use comfy_table::{CellAlignment, ColumnConstraint, Table, Width};

use super::results::{NearestNeighbour, NetworkResult};
use crate::report::curves::thousands;

/// A row for each network and one for nearest neighbour, lined up under its headings.
pub(super) fn lines(results: &[NetworkResult], neighbour: &NearestNeighbour) -> String {
    let folds = neighbour.folds.len() > 1;
    let mut table = Table::new();
    table.load_preset(NOTHING);
    let mut header = vec!["network", "train", "test"];
    header.extend(folds.then_some("folds"));
    header.extend(["slides train", "test", "steps", "seconds"]);
    table.set_header(&header);
    for result in results {
        let slides = result.recipe.slides;
        let mut row = vec![
            result.recipe.title.to_owned(),
            percent(result.train_accuracy()),
            percent(result.test_accuracy()),
        ];
        row.extend(result.test_range().map(between));
        row.extend([slides.train, slides.test].map(|slide| slide.map_or("–".into(), percent)));
        row.extend([thousands(result.steps()), format!("{:.1}", result.seconds())]);
        table.add_row(row);
    }
    let mut row = vec!["1-nearest neighbour".to_owned(), "–".into(), percent(neighbour.test_accuracy())];
    row.extend(neighbour.test_range().map(between));
    row.extend(["–".into(), "–".into(), "–".into(), format!("{:.1}", neighbour.seconds)]);
    table.add_row(row);
    for column in table.column_iter_mut().skip(1) {
        column.set_cell_alignment(CellAlignment::Right);
    }
    for column in table.column_iter_mut() {
        column.set_constraint(ColumnConstraint::LowerBoundary(Width::Fixed(8)));
    }
    table.trim_fmt()
}

/// An accuracy in per cent, to one decimal.
pub(super) fn percent(accuracy: f64) -> String {
    format!("{:.1} %", accuracy * 100.0)
}

/// The lowest and the highest of several accuracies.
pub(super) fn between([low, high]: [f64; 2]) -> String {
    format!("{:.1}–{:.1} %", low * 100.0, high * 100.0)
}
