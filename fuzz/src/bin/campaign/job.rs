//! Verbs that write, what they find, and what they make of it.

use std::collections::BTreeMap;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::time::Duration;

use crate::figure::{Fault, Outcome, Try};

/// A line that writes.
pub(crate) struct Job {
    pub(crate) name: &'static str,
    pub(crate) line: &'static str,
    /// What makes the files that it finds; without, there is the model that comes with letra.
    before: Option<&'static str>,
    /// Whether its pages tell times, so that two are not the same.
    varies: bool,
}

const fn job(name: &'static str, line: &'static str, before: Option<&'static str>) -> Job {
    Job {
        name,
        line,
        before,
        varies: false,
    }
}

pub(crate) const LEARN: Job = job("learn", "learn HOME/fonts --steps 3 -o model.letra", None);
pub(crate) const ENROLL: Job = job("enroll", "enroll model.letra HOME/bold.otf", None);
pub(crate) const IDENTIFY: Job = job(
    "identify --report",
    "identify HOME/line.png --report report",
    Some("identify HOME/R.png --report report"),
);
pub(crate) const EVALUATE: Job = job(
    "evaluate --report",
    "evaluate HOME/labelled --report report",
    Some("identify HOME/R.png --report report"),
);
pub(crate) const SPECIMEN: Job = job(
    "specimen",
    "specimen HOME/bold.otf -o sheet.png",
    Some("specimen HOME/italic.otf -o sheet.png"),
);
pub(crate) const LAB: Job = Job {
    varies: true,
    ..job(
        "lab",
        "lab fonts --data HOME/glyphs.npz --split random --network logistic --out report",
        Some(
            "lab fonts --data HOME/glyphs.npz --split random --network logistic --out report --seed 2",
        ),
    )
};

/// A file of the user's that nothing may touch.
const OWN: &str = "thesis.tex";

/// The files of a folder at any depth, by their paths within it.
pub(crate) type Files = BTreeMap<PathBuf, Vec<u8>>;

/// What a job finds, what it leaves, and how long it takes.
pub(crate) struct States {
    old: Files,
    new: Files,
    pub(crate) time: Duration,
}

impl Job {
    /// Does the job undisturbed.
    pub(crate) fn states(&self, one: &Try<'_>) -> Outcome<States> {
        match self.before {
            Some(line) => drop(one.succeed(line)?),
            None => drop(fs::copy(one.home.model(), one.folder.join("model.letra"))?),
        }
        for folder in [one.folder.clone(), one.folder.join("report")] {
            if folder.is_dir() {
                fs::write(folder.join(OWN), "years of work")?;
            }
        }
        let old = files(&one.folder)?;
        let time = one.succeed(self.line)?.time;
        let new = files(&one.folder)?;
        if old == new {
            return Err(Fault::Other.says("the job changes nothing"));
        }
        Ok(States { old, new, time })
    }

    /// The line that does the job after it was stopped.
    pub(crate) fn again(&self, folder: &Path) -> String {
        match folder.join("model.letra.checkpoint").exists() {
            true => format!("{} --resume", self.line),
            false => self.line.into(),
        }
    }

    /// Checks that each file is the old or the new one, whole, and that all are there.
    pub(crate) fn check_whole(&self, states: &States, folder: &Path) -> Outcome {
        let found = files(folder)?;
        if let Some(lost) = states.old.keys().find(|file| !found.contains_key(*file)) {
            return Err(Fault::Lost.says(format!("{} is gone", lost.display())));
        }
        for (file, bytes) in &found {
            let is_temporary = file.file_name().is_some_and(letra_files::is_own);
            let is_checkpoint = file
                .extension()
                .is_some_and(|ending| ending == "checkpoint");
            let is_as = |state: &Files| {
                state
                    .get(file)
                    .is_some_and(|known| self.alike(file, known, bytes))
            };
            if !(is_temporary || is_checkpoint || is_as(&states.old) || is_as(&states.new)) {
                let what = format!("{} is neither the old nor the new one", file.display());
                return Err(Fault::HalfWritten.says(what));
            }
        }
        Ok(())
    }

    /// Checks that the job is done and left nothing else.
    pub(crate) fn check_done(&self, states: &States, folder: &Path) -> Outcome {
        self.check(&states.new, folder, "done")
    }

    /// Checks that everything is as the job found it.
    pub(crate) fn check_undone(&self, states: &States, folder: &Path) -> Outcome {
        self.check(&states.old, folder, "as it was")
    }

    fn check(&self, wanted: &Files, folder: &Path, what: &str) -> Outcome {
        let found = files(folder)?;
        for (file, known) in wanted {
            let is_there = found
                .get(file)
                .is_some_and(|bytes| self.alike(file, known, bytes));
            if !is_there {
                return Err(Fault::Lost.says(format!("{} is not {what}", file.display())));
            }
        }
        match found.keys().find(|file| !wanted.contains_key(*file)) {
            Some(file) => Err(Fault::HalfWritten.says(format!("{} is left over", file.display()))),
            None => Ok(()),
        }
    }

    /// Whether a file holds what it held, or where that varies, the whole of such a file.
    fn alike(&self, file: &Path, known: &[u8], bytes: &[u8]) -> bool {
        let ending = file.extension().and_then(|ending| ending.to_str());
        known == bytes
            || self.varies
                && match ending {
                    Some("html") => bytes.trim_ascii_end().ends_with(b"</html>"),
                    Some("json") => serde_json::from_slice::<serde_json::Value>(bytes).is_ok(),
                    _ => false,
                }
    }
}

impl States {
    /// Makes a folder as the job finds it.
    pub(crate) fn put_old(&self, folder: &Path) -> io::Result<()> {
        for (file, bytes) in &self.old {
            let file = folder.join(file);
            fs::create_dir_all(file.parent().expect("it is within the folder"))?;
            fs::write(file, bytes)?;
        }
        Ok(())
    }

    /// The bytes of what it finds and of what it leaves, together.
    pub(crate) fn room(&self) -> usize {
        self.old
            .values()
            .chain(self.new.values())
            .map(Vec::len)
            .sum()
    }
}

/// Whether a process has begun to write something in a folder.
pub(crate) fn is_writing(folder: &Path) -> bool {
    [folder.to_path_buf(), folder.join("report")]
        .iter()
        .any(|folder| {
            let entries = fs::read_dir(folder).into_iter().flatten().flatten();
            entries
                .map(|entry| entry.file_name())
                .any(|name| letra_files::is_own(&name) && name.to_string_lossy().ends_with(".tmp"))
        })
}

pub(crate) fn files(folder: &Path) -> io::Result<Files> {
    let mut found = Files::new();
    let mut folders = vec![folder.to_path_buf()];
    while let Some(inner) = folders.pop() {
        for entry in fs::read_dir(inner)? {
            let path = entry?.path();
            if path.is_dir() {
                folders.push(path);
            } else {
                let name = path.strip_prefix(folder).expect("it is within the folder");
                found.insert(name.to_path_buf(), fs::read(&path)?);
            }
        }
    }
    Ok(found)
}
