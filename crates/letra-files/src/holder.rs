//! Who holds a lock, as its file says.

use std::fmt;
use std::fs::{self, File};
use std::io::Read;
use std::time::{SystemTime, UNIX_EPOCH};

/// Who holds a lock.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Holder {
    /// Nothing where the lock file does not say.
    known: Option<Known>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
struct Known {
    by: String,
    process: u32,
    host: String,
    /// Seconds since 1970.
    since: u64,
}

impl Holder {
    pub(crate) fn this_process(by: &str) -> Self {
        Self {
            known: Some(Known {
                by: by.into(),
                process: std::process::id(),
                host: host(),
                since: now(),
            }),
        }
    }

    /// Whether the lock file says who it is.
    pub(crate) fn is_known(&self) -> bool {
        self.known.is_some()
    }

    pub(crate) fn to_text(&self) -> String {
        let known = self.known.as_ref();
        known.map_or_else(String::new, |known| {
            let Known {
                by,
                process,
                host,
                since,
            } = known;
            format!("{by}\n{process}\n{host}\n{since}\n")
        })
    }

    pub(crate) fn read(file: &File) -> Self {
        const LONGEST: u64 = 1024;
        let mut text = String::new();
        let read = file.take(LONGEST).read_to_string(&mut text);
        Self {
            known: read.ok().and_then(|_| Known::parse(&text)),
        }
    }
}

impl Known {
    /// What [`Holder::to_text`] wrote. The file may be anyone's, and what it says goes to a
    /// terminal.
    fn parse(text: &str) -> Option<Self> {
        let mut lines = text.lines();
        let mut word = || {
            let printable = |letter: char| letter.is_ascii_graphic() || letter == ' ';
            lines.next().filter(|line| line.chars().all(printable))
        };
        Some(Self {
            by: word()?.to_owned(),
            process: word()?.parse().ok()?,
            host: word()?.to_owned(),
            since: word()?.parse().ok()?,
        })
    }
}

impl fmt::Display for Holder {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Some(known) = &self.known else {
            return out.write_str("another process is writing it");
        };
        write!(
            out,
            "`{}` is writing it, process {}",
            known.by, known.process
        )?;
        if known.host != host() {
            write!(out, " on {}", known.host)?;
        }
        match now().saturating_sub(known.since) {
            seconds if seconds < 120 => write!(out, ", for {seconds} s"),
            seconds if seconds < 7200 => write!(out, ", for {} min", seconds / 60),
            seconds => write!(out, ", for {} h", seconds / 3600),
        }
    }
}

/// Seconds since 1970.
fn now() -> u64 {
    let elapsed = SystemTime::now().duration_since(UNIX_EPOCH);
    elapsed.map_or(0, |elapsed| elapsed.as_secs())
}

/// The name of this machine; "this machine" where the system does not say.
fn host() -> String {
    let name = fs::read_to_string("/proc/sys/kernel/hostname")
        .or_else(|_| fs::read_to_string("/etc/hostname"))
        .unwrap_or_default();
    match name.trim() {
        "" => "this machine".to_owned(),
        name => name.to_owned(),
    }
}
