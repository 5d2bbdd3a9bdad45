//! What an experiment hands over to be reported.

use std::fmt;

use maud::Markup;

use super::results::{Row, Trial};
use crate::report::numbers::NONE;

/// Several variants beside each other, and what is said of them.
pub struct Comparison {
    /// The title of the page.
    pub title: String,
    /// What was asked, in a sentence or two under the title.
    pub question: String,
    /// What was found, a sentence each: one paragraph of the page.
    pub findings: Vec<String>,
    /// The variants.
    pub rows: Vec<Row>,
    /// What the table shows beside accuracy, steps and seconds.
    pub columns: Vec<Column>,
    /// Sections of the page that only this experiment has.
    pub sections: Vec<Markup>,
}

/// A figure that the table of an experiment shows, mean and deviation.
#[derive(Clone, Copy)]
pub struct Column {
    /// What `--json` calls it.
    pub name: &'static str,
    /// What tables call it.
    pub heading: &'static str,
    /// The figure of a trial, where it has one.
    pub figure: fn(&Trial) -> Option<f64>,
    /// How it is written.
    pub show: fn(f64) -> String,
}

impl Comparison {
    /// A comparison of `rows` under a title.
    pub fn new(title: impl Into<String>, rows: Vec<Row>) -> Self {
        Self {
            title: title.into(),
            question: String::new(),
            findings: Vec::new(),
            rows,
            columns: Vec::new(),
            sections: Vec::new(),
        }
    }

    /// Says what was asked.
    #[must_use]
    pub fn question(mut self, question: impl Into<String>) -> Self {
        self.question = question.into();
        self
    }

    /// Says what was found, a sentence each.
    #[must_use]
    pub fn findings(mut self, sentences: impl IntoIterator<Item = String>) -> Self {
        self.findings.extend(sentences);
        self
    }

    /// Adds a column to the table.
    #[must_use]
    pub fn column(mut self, column: Column) -> Self {
        self.columns.push(column);
        self
    }

    /// Adds a section to the page.
    #[must_use]
    pub fn section(mut self, section: Markup) -> Self {
        self.sections.push(section);
        self
    }
}

impl Column {
    /// The figure of a row as a cell shows it: mean and deviation, and of how many trials, where
    /// not all of them have it.
    pub fn cell(&self, row: &Row) -> String {
        let Some(spread) = row.spread(self.figure) else {
            return NONE.to_owned();
        };
        let mut cell = (self.show)(spread.mean);
        // What is the same in all trials, such as a size, has none to show.
        if let Some(deviation) = spread.deviation.filter(|deviation| *deviation > 0.0) {
            cell += &format!(" ± {}", (self.show)(deviation));
        }
        if spread.count < row.trials.len() {
            cell += &format!(" ({} of {})", spread.count, row.trials.len());
        }
        cell
    }
}

impl fmt::Debug for Comparison {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.debug_struct("Comparison")
            .field("title", &self.title)
            .field("rows", &self.rows.len())
            .finish_non_exhaustive()
    }
}

impl fmt::Debug for Column {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.debug_tuple("Column").field(&self.name).finish()
    }
}
