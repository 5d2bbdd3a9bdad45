//! `letra evaluate`: how often a model is right on labelled pictures.

use std::path::{Path, PathBuf};

use clap::Args;
use indicatif::ProgressBar;
use letra_type::Picture;

use crate::action::Run;
use crate::failure::Failure;
use crate::interrupt::Interrupt;
use crate::json;
use crate::reader::Reader;
use crate::recogniser::Recogniser;
use crate::recogniser::evaluation::{Answered, Evaluation, Labelled, NotOpened, labels};
use crate::recogniser::evaluation_page;
use crate::report::folder::{ReportFolder, Reporter};
use crate::terminal::{Output, say};

/// Scores a folder of labelled pictures: how often the first answer is right, and the first five;
/// how far the confidence is to be trusted; which families are mistaken for which
///
/// The folder holds a table, labels.csv, with the columns `picture` (a path within the folder),
/// `family`, `style` and `group` (any word; figures are given for each group). Pictures that
/// cannot be opened are named and not counted; the exit code is then 1.
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
        let all = labelled.len();
        let (answers, not_opened) = answers(&recogniser, &self.folder, labelled, interrupt)?;
        let evaluation = Evaluation::of(&recogniser, &answers, not_opened);
        let write = |report| evaluation_page::write(report, &self.folder, &evaluation, &answers);
        let page = report.map(write).transpose()?;
        let mut output = Output::default();
        if self.json {
            output.print_json(&json::text(&evaluation)?);
        } else {
            let mut text = evaluation.table();
            if let Some(page) = page {
                text.line(format!("The report is {}", page.display()));
            }
            output.print(text);
        }
        output.finish()?;
        match evaluation.not_opened.len() {
            0 => Ok(()),
            failed => Err(
                Failure::new(format!("{failed} of {all} pictures could not be opened"))
                    .hint("each is named above, with the reason"),
            ),
        }
    }
}

/// What the recogniser says of every picture, and the pictures that it could not be shown.
fn answers(
    recogniser: &Recogniser,
    folder: &Path,
    labelled: Vec<Labelled>,
    interrupt: &Interrupt,
) -> Result<(Vec<Answered>, Vec<NotOpened>), Failure> {
    let reader = Reader::built_in()?;
    let bar = ProgressBar::new(labelled.len() as u64);
    let mut answers = Vec::with_capacity(labelled.len());
    let mut not_opened = Vec::new();
    for label in labelled {
        if interrupt.requested() {
            return Err(Failure::interrupted("stopped; nothing was written"));
        }
        let path = folder.join(&label.picture);
        match Picture::from_file(&path).map_err(Failure::from) {
            // A picture in which no text is found counts as answered wrongly.
            Ok(picture) => {
                let reading = match reader.read_if_text(&picture)? {
                    Some(read) => Some(recogniser.read_lines(read.places(), &read.picture)?),
                    None => None,
                };
                answers.push(Answered::new(recogniser, label, reading));
            }
            Err(failure) => {
                let failure = failure.about(&path);
                bar.suspend(|| say(failure.text()));
                not_opened.push(NotOpened {
                    picture: label.picture,
                    error: failure.message().into(),
                    hint: failure.what_to_do().map(str::to_owned),
                });
            }
        }
        bar.inc(1);
    }
    bar.finish_and_clear();
    Ok((answers, not_opened))
}
