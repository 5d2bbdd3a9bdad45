//! The results as tables for a terminal.

use super::part::Done;
use crate::experiment::Row;
use crate::experiment::table::lined_up;
use crate::report::numbers::{NONE, thousands};
use crate::terminal::Text;

/// A table for each task, with what was found below it.
pub(in crate::lab) fn table(parts: &[Done], rows: &[Row]) -> Text {
    let mut text = Text::default();
    for (index, part) in parts.iter().enumerate() {
        if index > 0 {
            text.line("");
        }
        let mut lines = vec![header(part)];
        lines.extend(rows[part.range.clone()].iter().map(|row| cells(part, row)));
        text.line(format!("{} ({})", part.title, part.name));
        for line in lined_up(&lines).to_string().lines() {
            text.line(line);
        }
        for sentence in &part.findings {
            text.line(sentence);
        }
    }
    text
}

/// The headings of a task's table.
pub(in crate::lab) fn header(part: &Done) -> Vec<String> {
    let mut header = vec![String::new()];
    header.extend(part.columns.iter().map(|column| column.heading.to_owned()));
    header.extend(["Steps", "Seconds"].map(str::to_owned));
    header
}

/// The cells of a row.
pub(in crate::lab) fn cells(part: &Done, row: &Row) -> Vec<String> {
    let mut cells = vec![match row.diverged() {
        0 => row.title.clone(),
        count => format!("{} (diverged {count} of {})", row.title, row.trials.len()),
    }];
    cells.extend(part.columns.iter().map(|column| column.cell(row)));
    let steps = row.mean(|trial| trial.steps as f64);
    cells.push(match steps > 0.0 {
        true => thousands(steps.round() as u64),
        false => NONE.to_owned(),
    });
    cells.push(format!("{:.1}", row.mean(|trial| trial.seconds)));
    cells
}
