//! `letra evaluate`: how often a model is right on labelled pictures.

use std::path::{Path, PathBuf};

use clap::Args;
use indicatif::ProgressBar;
use letra_type::Picture;

use crate::action::Run;
use crate::command::print;
use crate::failure::Failure;
use crate::interrupt::Interrupt;
use crate::recogniser::Recogniser;
use crate::recogniser::evaluation::{Answered, Evaluation, Labelled, labels};
use crate::recogniser::evaluation_page;
use crate::report::folder::{ReportFolder, Reporter};
use crate::report::json;

/// Scores a folder of labelled pictures: how often the first answer is right, and the first five;
/// how far the confidence is to be trusted; which families are mistaken for which
///
/// The folder holds a table, labels.csv, with the columns `picture` (a path within the folder),
/// `family`, `style` and `group` (any word; figures are given for each group).
#[derive(Debug, Args)]
pub(super) struct Evaluate {
    /// Folder with labels.csv and pictures
    #[arg(value_name = "DIR")]
    folder: PathBuf,

    /// Model that `letra learn` wrote; without it, the one that comes with letra
    #[arg(long, value_name = "FILE")]
    model: Option<PathBuf>,

    /// Write a page with what was mistaken for what, and the worst cases as pictures
    #[arg(long, value_name = "DIR")]
    report: Option<PathBuf>,

    /// Print one JSON object
    #[arg(long)]
    json: bool,
}

impl Run for Evaluate {
    const NAME: &'static str = "evaluate";

    fn run(self, interrupt: &Interrupt) -> Result<(), Failure> {
        let recogniser = match &self.model {
            Some(file) => Recogniser::load(file)?,
            None => Recogniser::built_in()?,
        };
        let report = ReportFolder::prepare_if(self.report.as_deref(), Reporter::Evaluate)?;
        let labelled = labels(&self.folder)?;
        let answers = answers(&recogniser, &self.folder, labelled, interrupt)?;
        let evaluation = Evaluation::of(&recogniser, &answers);
        if let Some(report) = report {
            evaluation_page::write(report, &self.folder, &evaluation, &answers)?;
        }
        if self.json {
            return print(&json::text(&evaluation)?);
        }
        print(&evaluation.table())?;
        match &self.report {
            Some(folder) => print(&format!(
                "The report is {}",
                folder.join("index.html").display()
            )),
            None => Ok(()),
        }
    }
}

/// What the recogniser says of every picture.
fn answers(
    recogniser: &Recogniser,
    folder: &Path,
    labelled: Vec<Labelled>,
    interrupt: &Interrupt,
) -> Result<Vec<Answered>, Failure> {
    let bar = ProgressBar::new(labelled.len() as u64);
    let mut answers = Vec::with_capacity(labelled.len());
    for label in labelled {
        if interrupt.requested() {
            return Err(Failure::interrupted("stopped; nothing was written"));
        }
        let path = folder.join(&label.picture);
        let picture = Picture::from_file(&path)?;
        // A picture in which no text is found counts as answered wrongly.
        answers.push(Answered::new(label, recogniser.read(&picture).ok()));
        bar.inc(1);
    }
    bar.finish_and_clear();
    Ok(answers)
}
