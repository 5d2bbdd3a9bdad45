//! `letra learn-to-find`: a finder of text.

use std::fs;
use std::path::{Path, PathBuf};

use clap::Args;
use letra_type::Picture;

use super::course::{self, Course, fonts_of};
use crate::action::Run;
use crate::failure::Failure;
use crate::finder::learning::{Learnt, learn};
use crate::interrupt::Interrupt;
use crate::report::numbers::{percent, thousands};
use crate::terminal::print;

/// The endings of pictures' names.
const ENDINGS: [&str; 4] = ["jpg", "jpeg", "png", "webp"];

/// Learns to find text in pictures, from scenes that it draws with your fonts
///
/// Every scene is drawn when it is needed: text on any ground and at any angle, worn as screenshots and
/// photos are, and as many scenes without text. The model that comes with letra took half an hour on
/// two cores. Stop with Ctrl-C; the same command with --resume goes on.
#[derive(Debug, Args)]
pub(super) struct LearnToFind {
    /// Folders, searched at any depth, and font files
    #[arg(value_name = "FONT", required = true)]
    fonts: Vec<PathBuf>,

    /// Photographs without text, for scenes to show behind their text or by themselves: a folder, searched
    /// at any depth for JPEG, PNG and WebP; without it, all grounds are drawn
    #[arg(long, value_name = "DIR")]
    backgrounds: Option<PathBuf>,

    /// Model to write
    #[arg(short, long, value_name = "FILE", default_value = "finder.letra")]
    output: PathBuf,

    #[command(flatten)]
    course: Course,
}

impl Run for LearnToFind {
    const NAME: &'static str = "learn-to-find";

    fn run(self, interrupt: &Interrupt) -> Result<(), Failure> {
        let budget = self.course.budget()?;
        let _locks = self.course.hold(&self.output, "letra learn-to-find")?;
        let photographs = match &self.backgrounds {
            Some(folder) => photographs_in(folder)?,
            None => Vec::new(),
        };
        let library = fonts_of(&self.fonts)?;
        let learning = self.course.learning(budget, &library, &self.output);
        let Learnt { mut finder, kept } = learn(&learning, &photographs, interrupt)?;
        let facts = finder.training().clone();
        course::write(&self.output, (kept, facts.steps), |model| {
            finder.save(model)
        })?;
        print(format!(
            "The model is {}: {} faces, {} photographs, {} steps, {} of cells wrong in the last scenes",
            self.output.display(),
            thousands(facts.faces as u64),
            thousands(facts.photographs as u64),
            thousands(facts.steps),
            percent(facts.wrong)
        ))
    }
}

/// The pictures of a folder, in the order of their names.
fn photographs_in(folder: &Path) -> Result<Vec<Picture>, Failure> {
    let mut files = Vec::new();
    let mut folders = vec![folder.to_owned()];
    while let Some(folder) = folders.pop() {
        let unread = |error: std::io::Error| {
            Failure::new(format!("cannot read {}: {error}", folder.display()))
                .hint("give --backgrounds a folder of photographs")
        };
        for entry in fs::read_dir(&folder).map_err(unread)? {
            let entry = entry.map_err(unread)?;
            let (path, kind) = (entry.path(), entry.file_type().map_err(unread)?);
            let ending = path
                .extension()
                .map(|ending| ending.to_string_lossy().to_lowercase());
            if kind.is_dir() {
                folders.push(path);
            } else if ending.is_some_and(|ending| ENDINGS.contains(&ending.as_str())) {
                files.push(path);
            }
        }
    }
    files.sort();
    if files.is_empty() {
        return Err(
            Failure::new(format!("{} holds no photograph", folder.display()))
                .hint("give --backgrounds a folder of JPEG, PNG or WebP files"),
        );
    }
    let pictures = files.iter().map(|file| Picture::from_file(file));
    Ok(pictures.collect::<Result<_, _>>()?)
}
