//! A report on disk: a folder whose files the next report replaces, and no others.
//!
//! The folder keeps a list of what its report wrote. All files of a new report are written beside
//! the old ones before the first takes its place, the page last; then those go that only the old
//! report had. Whenever the process ends, each file is the old or the new one, whole, and all are on
//! the list.

use std::collections::BTreeSet;
use std::ffi::OsStr;
use std::fs;
use std::io::{self, Read as _};
use std::path::{Path, PathBuf};

use letra_files::{Draft, Lock, MadeFolders};
use serde::{Deserialize, Serialize};

use crate::failure::Failure;

/// Name of the page in a report's folder.
pub const PAGE: &str = "index.html";
/// Name of the figures in a report's folder, as `--json` prints them.
pub const FIGURES: &str = "report.json";
/// Ending of the names of the models in a report's folder.
pub const MODEL: &str = "letra";
/// Name of the list of what a report wrote.
pub const LIST: &str = ".letra-report";

/// Room that a report takes, about, in bytes.
const ROOM: u64 = 1 << 20;

/// A verb that writes reports.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Reporter {
    /// `letra identify`.
    Identify,
    /// `letra evaluate`.
    Evaluate,
    /// `letra lab`, whose reports have models.
    Lab,
}

impl Reporter {
    fn command(self) -> &'static str {
        match self {
            Self::Identify => "letra identify",
            Self::Evaluate => "letra evaluate",
            Self::Lab => "letra lab",
        }
    }

    /// The option that names the folder.
    fn option(self) -> &'static str {
        match self {
            Self::Identify | Self::Evaluate => "--report DIR",
            Self::Lab => "--out DIR",
        }
    }

    fn may_write(self, name: &str) -> bool {
        name == PAGE || name == FIGURES || (self == Self::Lab && is_model(name))
    }

    fn unwritable(self, folder: &Path, error: &io::Error) -> Failure {
        Failure::unwritable("write the report", folder, error, self.option())
    }
}

/// The place of a report, held until the report is there. Dropped before
/// [`finish`](Self::finish), it leaves everything as it was.
#[derive(Debug)]
pub struct ReportFolder {
    reporter: Reporter,
    folder: PathBuf,
    /// Names of what the report that stands there wrote.
    old: BTreeSet<String>,
    /// What was written and does not stand in its place yet, by name.
    drafts: Vec<(String, Draft)>,
    // Dropped in this order.
    _lock: Lock,
    made: MadeFolders,
}

impl ReportFolder {
    /// Prepares a report that will stand in `folder`, which is made where it is not there, and may
    /// hold a report and other files beside it, but no other files alone. Says so now if the report
    /// cannot be written, or another process is writing one there.
    pub fn prepare(folder: &Path, reporter: Reporter) -> Result<Self, Failure> {
        let unwritable = |error: io::Error| reporter.unwritable(folder, &error);
        let (made, lock) = hold(folder, reporter.command()).map_err(unwritable)?;
        let listed = listed(folder).map_err(unwritable)?;
        check(folder, reporter, listed.as_ref())?;
        letra_files::check(&folder.join(PAGE), ROOM).map_err(unwritable)?;
        Ok(Self {
            reporter,
            folder: folder.to_path_buf(),
            old: listed.unwrap_or_default(),
            drafts: Vec::new(),
            _lock: lock,
            made,
        })
    }

    /// As [`prepare`](Self::prepare), where a report was asked for.
    pub fn prepare_if(folder: Option<&Path>, reporter: Reporter) -> Result<Option<Self>, Failure> {
        folder
            .map(|folder| Self::prepare(folder, reporter))
            .transpose()
    }

    /// Writes a file of the report, beside the place that it will have.
    pub fn write(&mut self, name: &str, contents: &[u8]) -> Result<(), Failure> {
        let path = self.folder.join(name);
        if !self.old.contains(name) && fs::symlink_metadata(&path).is_ok() {
            return Err(in_the_way(&self.folder, name, self.reporter));
        }
        let draft = Draft::new(&path, contents)
            .map_err(|error| self.reporter.unwritable(&self.folder, &error))?;
        self.drafts.push((name.to_owned(), draft));
        Ok(())
    }

    /// Whether an older report stands where this one will.
    pub fn replaces_a_report(&self) -> bool {
        self.folder.join(PAGE).exists()
    }

    /// Puts the report where it belongs, in place of an older one, and says where that is.
    pub fn finish(mut self) -> Result<PathBuf, Failure> {
        let new: BTreeSet<String> = self.drafts.iter().map(|(name, _)| name.clone()).collect();
        self.replace(new)
            .map_err(|error| self.reporter.unwritable(&self.folder, &error))?;
        self.made.keep();
        Ok(self.folder)
    }

    fn replace(&mut self, new: BTreeSet<String>) -> io::Result<()> {
        write_list(&self.folder, &self.old | &new)?;
        let mut drafts = std::mem::take(&mut self.drafts);
        drafts.sort_by_key(|(name, _)| name == PAGE);
        Draft::finish_all(drafts.into_iter().map(|(_, draft)| draft))?;
        for name in &self.old - &new {
            match fs::remove_file(self.folder.join(name)) {
                Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
                _ => {}
            }
        }
        write_list(&self.folder, new)
    }
}

/// Makes a folder where it is not there and locks it.
fn hold(folder: &Path, by: &str) -> io::Result<(MadeFolders, Lock)> {
    const TRIES: usize = 10;
    let mut tries = 0..TRIES;
    loop {
        let made = MadeFolders::make(folder)?;
        match Lock::of_folder(folder, by) {
            Ok(lock) => return Ok((made, lock)),
            // Another process had made the folder, and took it away again.
            Err(error) if error.kind() == io::ErrorKind::NotFound && tries.next().is_some() => {}
            Err(error) => return Err(error),
        }
    }
}

#[derive(Serialize, Deserialize)]
struct List {
    files: BTreeSet<String>,
}

fn write_list(folder: &Path, files: BTreeSet<String>) -> io::Result<()> {
    let text = serde_json::to_string_pretty(&List { files })? + "\n";
    letra_files::write_whole(&folder.join(LIST), text.as_bytes())
}

/// Names of what the report in a folder wrote; nothing where there is no report. Reports from
/// before there was a list count as a page and its figures.
fn listed(folder: &Path) -> io::Result<Option<BTreeSet<String>>> {
    const LONGEST: u64 = 1 << 20;
    let mut text = Vec::new();
    let list = folder.join(LIST);
    if list.is_file() {
        let file = fs::File::open(list)?;
        file.take(LONGEST).read_to_end(&mut text)?;
    }
    if let Ok(List { mut files }) = serde_json::from_slice(&text) {
        files.retain(|name| may_be_of_a_report(name));
        return Ok(Some(files));
    }
    let names = [PAGE, FIGURES];
    let is_report = names.iter().all(|name| folder.join(name).is_file());
    Ok(is_report.then(|| names.map(str::to_owned).into()))
}

/// A list may be anyone's: it never names what no report writes, or what is elsewhere.
fn may_be_of_a_report(name: &str) -> bool {
    let is_plain = Path::new(name).file_name() == Some(OsStr::new(name));
    name == PAGE || name == FIGURES || (is_plain && is_model(name))
}

fn is_model(name: &str) -> bool {
    Path::new(name)
        .extension()
        .is_some_and(|extension| extension == MODEL)
}

/// Refuses a folder that holds other files and no report, and one in which files are in the way of
/// a report's: all models, as those of a report have names only when the work is done.
fn check(
    folder: &Path,
    reporter: Reporter,
    listed: Option<&BTreeSet<String>>,
) -> Result<(), Failure> {
    let unwritable = |error: io::Error| reporter.unwritable(folder, &error);
    for entry in fs::read_dir(folder).map_err(unwritable)? {
        let name = entry.map_err(unwritable)?.file_name();
        let name = name.to_string_lossy();
        match listed {
            _ if name == LIST || letra_files::is_own(OsStr::new(&*name)) => {}
            Some(listed) if listed.contains(&*name) => {}
            Some(_) if !reporter.may_write(&name) => {}
            Some(_) => return Err(in_the_way(folder, &name, reporter)),
            None => {
                let problem = format!(
                    "{} holds {name} and lacks the {PAGE} and {FIGURES} of a report",
                    folder.display()
                );
                let hint = format!("name another folder with {}", reporter.option());
                return Err(Failure::new(problem).hint(hint));
            }
        }
    }
    Ok(())
}

fn in_the_way(folder: &Path, name: &str, reporter: Reporter) -> Failure {
    let problem = format!(
        "{} holds {name}, which its report did not write (or one of an older letra, that kept no list)",
        folder.display()
    );
    Failure::new(problem).hint(format!(
        "move it, or name another folder with {}",
        reporter.option()
    ))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn prepare(folder: &Path) -> Result<ReportFolder, Failure> {
        ReportFolder::prepare(folder, Reporter::Lab)
    }

    fn names(folder: &Path) -> Vec<String> {
        let entries = fs::read_dir(folder).unwrap();
        let name = |entry: io::Result<fs::DirEntry>| entry.unwrap().file_name();
        let mut names: Vec<String> = entries
            .map(|entry| name(entry).into_string().unwrap())
            .collect();
        names.sort();
        names
    }

    /// Writes a report with models of these names.
    fn report(folder: &Path, reporter: Reporter, models: &[&str]) -> Result<PathBuf, Failure> {
        let mut report = ReportFolder::prepare(folder, reporter)?;
        report.write(PAGE, models.join(", ").as_bytes())?;
        report.write(FIGURES, b"{}")?;
        for model in models {
            report.write(model, b"weights")?;
        }
        report.finish()
    }

    #[test]
    fn a_report_appears_whole_and_replaces_an_older_one() {
        let home = tempfile::tempdir().unwrap();
        let target = home.path().join("reports").join("fonts");
        for contents in ["first", "second"] {
            let mut folder = prepare(&target).unwrap();
            folder.write(PAGE, contents.as_bytes()).unwrap();
            folder.write(FIGURES, b"{}").unwrap();
            folder.write("cnn.letra", b"weights").unwrap();
            folder.finish().unwrap();
            assert_eq!(fs::read_to_string(target.join(PAGE)).unwrap(), contents);
        }
        assert_eq!(
            fs::read_dir(home.path().join("reports")).unwrap().count(),
            1
        );
    }

    #[test]
    fn an_unfinished_report_leaves_nothing() {
        let home = tempfile::tempdir().unwrap();
        let target = home.path().join("fonts");
        let mut folder = prepare(&target).unwrap();
        folder.write(PAGE, b"half").unwrap();
        drop(folder);
        assert_eq!(fs::read_dir(home.path()).unwrap().count(), 0);
    }

    #[test]
    fn folders_above_are_made_only_with_the_report() {
        let home = tempfile::tempdir().unwrap();
        let target = home.path().join("a").join("b").join("fonts");
        drop(prepare(&target).unwrap());
        assert!(!home.path().join("a").exists());
        prepare(&target).unwrap().finish().unwrap();
        assert!(target.is_dir());
    }

    #[test]
    fn a_folder_with_other_files_is_left_alone() {
        let home = tempfile::tempdir().unwrap();
        fs::write(home.path().join("thesis.tex"), "years of work").unwrap();
        let failure = prepare(home.path()).unwrap_err().to_string();
        assert!(
            failure.contains("thesis.tex") && failure.contains("hint:"),
            "{failure}"
        );
        assert!(home.path().join("thesis.tex").exists());
    }

    #[test]
    fn models_that_are_no_report_are_left_alone() {
        let home = tempfile::tempdir().unwrap();
        fs::write(home.path().join("best.letra"), "weights").unwrap();
        let failure = prepare(home.path()).unwrap_err().to_string();
        assert!(
            failure.contains(FIGURES) && failure.contains("hint:"),
            "{failure}"
        );
        assert!(home.path().join("best.letra").exists());
    }

    #[cfg(unix)]
    #[test]
    fn a_link_to_a_folder_stays_a_link() {
        let home = tempfile::tempdir().unwrap();
        let (folder, link) = (home.path().join("folder"), home.path().join("link"));
        fs::create_dir(&folder).unwrap();
        std::os::unix::fs::symlink(&folder, &link).unwrap();
        let mut report = prepare(&link).unwrap();
        report.write(PAGE, b"page").unwrap();
        assert_eq!(report.finish().unwrap(), link);
        assert!(link.is_symlink() && folder.join(PAGE).exists());
    }

    #[test]
    fn a_file_in_the_way_is_left_alone() {
        let home = tempfile::tempdir().unwrap();
        let file = home.path().join("taken");
        fs::write(&file, "a file").unwrap();
        for target in [file.clone(), file.join("fonts")] {
            let failure = prepare(&target).unwrap_err().to_string();
            assert!(failure.contains("hint:"), "{failure}");
        }
        assert_eq!(fs::read_to_string(&file).unwrap(), "a file");
    }

    #[test]
    fn only_what_the_list_says_is_replaced() {
        let home = tempfile::tempdir().unwrap();
        let path = |name: &str| home.path().join(name);
        report(home.path(), Reporter::Lab, &["cnn.letra", "vgg.letra"]).unwrap();
        for own in ["mine.letra", "thesis.tex"] {
            fs::write(path(own), "years of work").unwrap();
        }
        // A report without models leaves those of others alone, and takes those of its own kind.
        report(home.path(), Reporter::Identify, &[]).unwrap();
        let left = [LIST, PAGE, "mine.letra", FIGURES, "thesis.tex"];
        assert_eq!(names(home.path()), left);
        // One with models could not: the reader is told before the work.
        let failure = prepare(home.path()).unwrap_err().to_string();
        assert!(
            failure.contains("mine.letra") && failure.contains("--out"),
            "{failure}"
        );
        fs::remove_file(path("mine.letra")).unwrap();
        report(home.path(), Reporter::Lab, &["cnn.letra"]).unwrap();
        report(home.path(), Reporter::Lab, &["vgg.letra"]).unwrap();
        let left = [LIST, PAGE, FIGURES, "thesis.tex", "vgg.letra"];
        assert_eq!(names(home.path()), left);
        assert_eq!(fs::read(path("thesis.tex")).unwrap(), b"years of work");
    }

    #[test]
    fn a_model_that_came_while_the_work_was_done_is_left_alone() {
        let home = tempfile::tempdir().unwrap();
        report(home.path(), Reporter::Lab, &["cnn.letra"]).unwrap();
        let mut folder = prepare(home.path()).unwrap();
        fs::write(home.path().join("vgg.letra"), "years of work").unwrap();
        folder.write("cnn.letra", b"weights").unwrap();
        assert!(folder.write("vgg.letra", b"weights").is_err());
        drop(folder);
        let left = [LIST, "cnn.letra", PAGE, FIGURES, "vgg.letra"];
        assert_eq!(names(home.path()), left);
    }

    /// Reports of an older letra kept no list.
    #[test]
    fn of_a_report_without_a_list_page_and_figures_are_replaced() {
        let home = tempfile::tempdir().unwrap();
        for name in [PAGE, FIGURES, "cnn.letra"] {
            fs::write(home.path().join(name), "old").unwrap();
        }
        assert!(prepare(home.path()).is_err(), "its model is in the way");
        report(home.path(), Reporter::Evaluate, &[]).unwrap();
        let read = |name| fs::read_to_string(home.path().join(name)).unwrap();
        assert_eq!(read("cnn.letra"), "old");
        assert_eq!(read(FIGURES), "{}");
    }

    #[test]
    fn a_forged_list_removes_nothing_else() {
        let home = tempfile::tempdir().unwrap();
        let folder = home.path().join("report");
        report(&folder, Reporter::Lab, &["cnn.letra"]).unwrap();
        for other in ["outside.letra", "report/thesis.tex"] {
            fs::write(home.path().join(other), "years of work").unwrap();
        }
        let absolute = home.path().join("outside.letra").display().to_string();
        let forged = serde_json::json!({
            "files": ["thesis.tex", "../outside.letra", absolute, "..", "", PAGE, FIGURES, "cnn.letra"]
        });
        fs::write(folder.join(LIST), forged.to_string()).unwrap();
        report(&folder, Reporter::Lab, &[]).unwrap();
        assert!(home.path().join("outside.letra").exists());
        assert_eq!(names(&folder), [LIST, PAGE, FIGURES, "thesis.tex"]);
    }

    /// What a kill leaves: the old report with files of the new one, and the list with both.
    #[test]
    fn a_report_that_was_cut_off_is_taken_up_by_the_next() {
        let home = tempfile::tempdir().unwrap();
        report(home.path(), Reporter::Lab, &["cnn.letra"]).unwrap();
        let both = [PAGE, FIGURES, "cnn.letra", "vgg.letra"].map(str::to_owned);
        write_list(home.path(), both.into()).unwrap();
        report(home.path(), Reporter::Lab, &[]).unwrap();
        assert_eq!(names(home.path()), [LIST, PAGE, FIGURES]);
        write_list(home.path(), ["vgg.letra".to_owned()].into()).unwrap();
        for new in [PAGE, FIGURES] {
            fs::remove_file(home.path().join(new)).unwrap();
        }
        report(home.path(), Reporter::Lab, &["cnn.letra"]).unwrap();
        assert_eq!(names(home.path()), [LIST, "cnn.letra", PAGE, FIGURES]);
    }

    #[test]
    fn two_reports_do_not_share_a_folder() {
        let home = tempfile::tempdir().unwrap();
        let target = home.path().join("fonts");
        let first = prepare(&target).unwrap();
        let failure = prepare(&target).unwrap_err().to_string();
        let process = format!("`letra lab` is writing it, process {}", std::process::id());
        assert!(failure.contains(&process), "{failure}");
        first.finish().unwrap();
        prepare(&target).unwrap();
    }

    #[test]
    fn errors_name_the_option_of_the_verb() {
        let home = tempfile::tempdir().unwrap();
        fs::write(home.path().join("file"), "a file").unwrap();
        for (reporter, option) in [
            (Reporter::Identify, "--report DIR"),
            (Reporter::Evaluate, "--report DIR"),
            (Reporter::Lab, "--out DIR"),
        ] {
            for folder in [home.path().to_path_buf(), home.path().join("file")] {
                let failure = ReportFolder::prepare(&folder, reporter).unwrap_err();
                assert!(failure.to_string().contains(option), "{failure}");
            }
        }
    }
}
