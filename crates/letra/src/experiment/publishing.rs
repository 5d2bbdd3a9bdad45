//! The report of an experiment, written and printed.

use std::path::PathBuf;

use super::comparison::Comparison;
use super::conduct::Experiment;
use super::results::Row;
use super::{figures, page, table};
use crate::failure::Failure;
use crate::json;
use crate::report::folder::{FIGURES, PAGE};
use crate::terminal::{Output, Text};

/// What a report consists of.
#[derive(Debug)]
pub struct Contents {
    /// The page.
    pub page: String,
    /// One JSON object.
    pub figures: String,
    /// For a terminal.
    pub table: Text,
}

impl Experiment {
    /// Writes the report of a comparison and prints its table, or its figures as JSON.
    pub fn report(self, comparison: Comparison) -> Result<(), Failure> {
        let neighbour = self.nearest_neighbour()?;
        let rows = &comparison.rows;
        let contents = |experiment: &Self| {
            let columns = &comparison.columns;
            Ok(Contents {
                page: page::page(experiment, &comparison, &neighbour)?,
                figures: json::text(&figures::figures(experiment, &comparison, &neighbour))?,
                table: table::comparison(rows, &neighbour, columns),
            })
        };
        self.publish(rows, contents)
    }

    /// Writes a report with the models of `rows`, and prints its table or its figures.
    pub fn publish(
        mut self,
        rows: &[Row],
        contents: impl FnOnce(&Self) -> Result<Contents, Failure>,
    ) -> Result<(), Failure> {
        let stopped = self.stopped();
        if stopped && (rows.is_empty() || self.folder.replaces_a_report()) {
            return Err(Failure::interrupted("stopped; nothing was written"));
        }
        let keeping = self.interrupt.keeping();
        let contents = contents(&self)?;
        self.save_models(rows)?;
        let figures = contents.figures.clone() + "\n";
        self.folder.write(FIGURES, figures.as_bytes())?;
        self.folder.write(PAGE, contents.page.as_bytes())?;
        let report: PathBuf = self.folder.finish()?;
        if stopped {
            return Err(Failure::interrupted(format!(
                "stopped; the report in {} has what was finished",
                report.display()
            )));
        }
        drop(keeping);
        let mut output = Output::default();
        if self.arguments.json {
            output.print_json(&contents.figures);
        } else {
            let mut text = contents.table;
            text.line("");
            text.line(format!("The report is {}", report.join(PAGE).display()));
            output.print(text);
        }
        output.finish()
    }

    fn save_models(&mut self, rows: &[Row]) -> Result<(), Failure> {
        for row in rows {
            for (trial, file) in row.models() {
                if let Some(network) = &trial.network {
                    let bytes = network
                        .to_bytes()
                        .map_err(|error| Failure::network("cannot save a model", &error))?;
                    self.folder.write(&file, &bytes)?;
                }
            }
        }
        Ok(())
    }
}
