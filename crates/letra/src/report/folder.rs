//! A report on disk: a folder that is there whole or not at all.

use std::fs;
use std::io;
use std::path::{self, Path, PathBuf};

use tempfile::TempDir;

use crate::failure::Failure;

/// Name of the page in a report's folder.
pub const PAGE: &str = "index.html";
/// Name of the figures in a report's folder, as `--json` prints them.
pub const FIGURES: &str = "report.json";
/// Ending of the names of the models in a report's folder.
pub const MODEL: &str = "letra";

/// A folder being filled beside the one it will become. Dropped before
/// [`finish`](Self::finish), it leaves nothing behind.
#[derive(Debug)]
pub struct ReportFolder {
    /// Where it will stand, as the reader wrote it.
    target: PathBuf,
    /// The same place, whatever `.` and links the reader's way to it takes.
    place: PathBuf,
    draft: TempDir,
}

impl ReportFolder {
    /// Prepares a report that will stand at `target`, which may hold an older report but nothing
    /// else. Says so now if it cannot be written.
    pub fn prepare(target: &Path) -> Result<Self, Failure> {
        check(target)?;
        let place = fs::canonicalize(target)
            .or_else(|_| path::absolute(target))
            .map_err(|error| unwritable(target, &error))?;
        let draft = draft_folder()
            .tempdir_in(nearest_folder(&place))
            .map_err(|error| unwritable(target, &error))?;
        Ok(Self {
            target: target.to_path_buf(),
            place,
            draft,
        })
    }

    /// Where a file of the report is written.
    pub fn path(&self, name: &str) -> PathBuf {
        self.draft.path().join(name)
    }

    /// Writes a file of the report.
    pub fn write(&self, name: &str, contents: &str) -> Result<(), Failure> {
        let path = self.path(name);
        fs::write(&path, contents).map_err(|error| unwritable(&self.target, &error))
    }

    /// Whether an older report stands where this one will.
    pub fn replaces_a_report(&self) -> bool {
        self.target.join(PAGE).exists()
    }

    /// Puts the report where it belongs, in place of an older one.
    pub fn finish(self) -> Result<PathBuf, Failure> {
        check(&self.target)?;
        let failed = |error| unwritable(&self.target, &error);
        if let Some(parent) = self.place.parent() {
            fs::create_dir_all(parent).map_err(failed)?;
        }
        let aside = self.draft.path().with_extension("replaced");
        let replaces = self.place.exists();
        if replaces {
            fs::rename(&self.place, &aside).map_err(failed)?;
        }
        if let Err(error) = fs::rename(self.draft.path(), &self.place) {
            if replaces {
                fs::rename(&aside, &self.place).map_err(failed)?;
            }
            return Err(failed(error));
        }
        if replaces {
            fs::remove_dir_all(&aside).map_err(failed)?;
        }
        Ok(self.target)
    }
}

/// The folder that is already there and nearest above `place`.
fn nearest_folder(place: &Path) -> &Path {
    let mut above = place.ancestors().skip(1);
    above.find(|path| path.exists()).unwrap_or(place)
}

/// A temporary folder is for its owner alone; a report has the permissions of any new folder.
fn draft_folder() -> tempfile::Builder<'static, 'static> {
    let mut builder = tempfile::Builder::new();
    builder.prefix(".letra-report-");
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt as _;
        builder.permissions(fs::Permissions::from_mode(0o777));
    }
    builder
}

fn unwritable(target: &Path, error: &io::Error) -> Failure {
    Failure::file("write the report", target, error)
        .hint("name a folder that can be written with --out DIR")
}

/// A report may replace an empty folder and a report, and nothing else.
fn check(target: &Path) -> Result<(), Failure> {
    let refused = |what: String| {
        Failure::new(format!(
            "{} {what}, and a report takes the place of the whole folder",
            target.display()
        ))
        .hint("name another folder with --out DIR")
    };
    let entries = match fs::read_dir(target) {
        Ok(entries) => entries,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(()),
        Err(error) => return Err(unwritable(target, &error)),
    };
    let mut empty = true;
    for entry in entries {
        let name = entry
            .map_err(|error| unwritable(target, &error))?
            .file_name();
        let name = Path::new(&name);
        let is_model = name.extension().is_some_and(|extension| extension == MODEL);
        if name != Path::new(PAGE) && name != Path::new(FIGURES) && !is_model {
            return Err(refused(format!(
                "holds {}, which is no part of a report",
                name.display()
            )));
        }
        empty = false;
    }
    match empty || (target.join(PAGE).exists() && target.join(FIGURES).exists()) {
        true => Ok(()),
        false => Err(refused(format!(
            "lacks the {PAGE} and {FIGURES} of a report"
        ))),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_report_appears_whole_and_replaces_an_older_one() {
        let home = tempfile::tempdir().unwrap();
        let target = home.path().join("reports").join("fonts");
        for contents in ["first", "second"] {
            let folder = ReportFolder::prepare(&target).unwrap();
            folder.write(PAGE, contents).unwrap();
            folder.write(FIGURES, "{}").unwrap();
            folder.write("cnn.letra", "weights").unwrap();
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
        let folder = ReportFolder::prepare(&target).unwrap();
        folder.write(PAGE, "half").unwrap();
        drop(folder);
        assert_eq!(fs::read_dir(home.path()).unwrap().count(), 0);
    }

    #[test]
    fn folders_above_are_made_only_with_the_report() {
        let home = tempfile::tempdir().unwrap();
        let target = home.path().join("a").join("b").join("fonts");
        drop(ReportFolder::prepare(&target).unwrap());
        assert!(!home.path().join("a").exists());
        ReportFolder::prepare(&target).unwrap().finish().unwrap();
        assert!(target.is_dir());
    }

    #[test]
    fn a_folder_with_other_files_is_left_alone() {
        let home = tempfile::tempdir().unwrap();
        fs::write(home.path().join("thesis.tex"), "years of work").unwrap();
        let failure = ReportFolder::prepare(home.path()).unwrap_err().to_string();
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
        let failure = ReportFolder::prepare(home.path()).unwrap_err().to_string();
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
        let report = ReportFolder::prepare(&link).unwrap();
        report.write(PAGE, "page").unwrap();
        assert_eq!(report.finish().unwrap(), link);
        assert!(link.is_symlink() && folder.join(PAGE).exists());
    }

    #[test]
    fn a_file_in_the_way_is_left_alone() {
        let home = tempfile::tempdir().unwrap();
        let file = home.path().join("taken");
        fs::write(&file, "a file").unwrap();
        for target in [file.clone(), file.join("fonts")] {
            let failure = ReportFolder::prepare(&target).unwrap_err().to_string();
            assert!(failure.contains("hint:"), "{failure}");
        }
        assert_eq!(fs::read_to_string(&file).unwrap(), "a file");
    }
}
