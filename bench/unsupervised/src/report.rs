//! Results as lines of JSON, and the time that was taken.

use std::error::Error;
use std::fs::{OpenOptions, create_dir_all, read_to_string};
use std::io::Write as _;
use std::time::Instant;

use serde_json::{Value, json};

use crate::Common;

/// Ticks of a second in /proc, whatever the machine (`getconf CLK_TCK`).
const TICKS: f64 = 100.0;

/// Time since the start, on the wall and on processors.
pub(crate) struct Stopwatch {
    wall: Instant,
    processors: Option<f64>,
}

impl Stopwatch {
    pub(crate) fn start() -> Self {
        Stopwatch {
            wall: Instant::now(),
            processors: processor_seconds(),
        }
    }

    pub(crate) fn seconds(&self) -> f64 {
        self.wall.elapsed().as_secs_f64()
    }

    /// Of the whole process, where the system tells.
    pub(crate) fn processor_seconds(&self) -> Option<f64> {
        Some(processor_seconds()? - self.processors?)
    }

    pub(crate) fn json(&self) -> Value {
        json!({"seconds": self.seconds(), "processor_seconds": self.processor_seconds()})
    }
}

/// What this process has used of processors so far; Linux tells.
fn processor_seconds() -> Option<f64> {
    let line = read_to_string("/proc/self/stat").ok()?;
    // The name before the bracket may hold spaces.
    let fields: Vec<&str> = line.rsplit(')').next()?.split_whitespace().collect();
    let ticks = |place: usize| fields.get(place)?.parse::<f64>().ok();
    Some((ticks(11)? + ticks(12)?) / TICKS)
}

/// Half of the interval that holds the true share of errors with a probability of 95 %, in per cent, as the
/// papers have it: 1.96 √(p (1 − p) / n).
pub(crate) fn interval(per_cent: f64, samples: usize) -> f64 {
    let share = per_cent / 100.0;
    196.0 * (share * (1.0 - share) / samples as f64).sqrt()
}

/// Shows a result and adds it to the figure's file.
pub(crate) fn add(common: &Common, figure: &str, result: &Value) -> Result<(), Box<dyn Error>> {
    let folder = common.data.join("results");
    create_dir_all(&folder)?;
    let path = folder.join(format!("{figure}.jsonl"));
    let mut file = OpenOptions::new().create(true).append(true).open(path)?;
    writeln!(file, "{result}")?;
    writeln!(std::io::stdout(), "{result}")?;
    Ok(())
}
