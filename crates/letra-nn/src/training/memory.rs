//! Whether a training's memory is there, before any of it is taken.

use std::fs;

use crate::Error;
use crate::plan::Layout;

/// Refuses a plan that needs more memory than the machine has: a batch of long sequences, say, whose
/// gates all wait for the way back. Where the system does not tell what it has, nothing is refused.
pub(super) fn check_memory(layout: &Layout, batch: usize, workers: usize) -> Result<(), Error> {
    let needed = layout.bytes(batch, workers);
    match machine_memory() {
        Some(present) if needed > u128::from(present) => Err(Error::data(format!(
            "a batch of {batch} samples needs {} of memory to train with on {workers} threads, more \
             than the {} of this machine",
            in_words(needed),
            in_words(present.into())
        ))
        .with_hint(
            "take fewer samples a batch, shorter sequences, smaller layers or fewer threads",
        )),
        _ => Ok(()),
    }
}

/// Refuses what needs more bytes than the machine has; `what` is the beginning of the sentence, such as
/// "500 chains need".
pub(crate) fn check_room(bytes: u128, what: &str, hint: &str) -> Result<(), Error> {
    match machine_memory() {
        Some(present) if bytes > u128::from(present) => Err(Error::configuration(format!(
            "{what} {} of memory, more than the {} of this machine",
            in_words(bytes),
            in_words(present.into())
        ))
        .with_hint(hint)),
        _ => Ok(()),
    }
}

fn in_words(bytes: u128) -> String {
    format!("{:.1} GB", bytes as f64 / 1e9)
}

/// Bytes of memory that this process may have, where the system is Linux.
fn machine_memory() -> Option<u64> {
    let whole = fs::read_to_string("/proc/meminfo").ok()?;
    let line = whole.lines().find(|line| line.starts_with("MemTotal:"))?;
    let kilobytes: u64 = line.split_whitespace().nth(1)?.parse().ok()?;
    let machine = kilobytes.saturating_mul(1024);
    // What a container is given may be less.
    let limit = fs::read_to_string("/sys/fs/cgroup/memory.max").ok();
    let limit = limit.and_then(|text| text.trim().parse().ok());
    Some(limit.map_or(machine, |limit: u64| limit.min(machine)))
}
