//! Ways to stop the work before its end: signals and `--timeout`.
//!
//! Work that has something worth keeping asks between two steps whether to [stop](Interrupt::requested).
//! All other work is ended from outside: every file is written whole beside its place and renamed,
//! so that nothing is half-written at whatever instruction the process ends.

use std::io;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread;
use std::time::{Duration, Instant};

use signal_hook::consts::{SIGINT, SIGTERM};
use signal_hook::{flag, low_level};

use super::failure::Failure;
use super::terminal;

/// The signals that stop the work, and the exit codes that say so.
const SIGNALS: &[(i32, u8)] = &[
    (SIGINT, Failure::INTERRUPTED),
    (SIGTERM, Failure::TERMINATED),
    #[cfg(unix)]
    (signal_hook::consts::SIGHUP, Failure::TERMINATED),
];

/// How long the work has to stop by itself.
const GRACE: Duration = Duration::from_millis(700);

/// How long what is being kept has to get to the disk.
const LONGEST_KEEPING: Duration = Duration::from_secs(30);

/// How long the same signal again is the same request: `timeout`, for one, sends it to the process
/// and at once to the group that the process is in.
const ECHO: Duration = Duration::from_millis(100);

/// How often it is looked at the clock.
const TICK: Duration = Duration::from_millis(50);

/// How long the last message waits for a reader.
const PATIENCE: Duration = Duration::from_millis(100);

/// Whether the work is to stop. Clones share the answer.
#[derive(Debug, Clone, Default)]
pub struct Interrupt(Arc<State>);

#[derive(Debug, Default)]
struct State {
    /// The exit code of the reason to stop; 0 while there is none.
    code: Arc<AtomicUsize>,
    timeout: Option<Duration>,
    /// Parts of the work that are keeping what was done.
    keeping: AtomicUsize,
    /// What is left of the work when it is ended from outside.
    remains: Mutex<Option<String>>,
}

impl Interrupt {
    /// Listens for Ctrl-C, SIGTERM and SIGHUP, and for the end of `timeout` from now on.
    ///
    /// The first of them asks the work to stop. Where it has not within 0.7 s, and is not
    /// [keeping](Self::keeping) what was done, the process is ended. A second signal ends it at
    /// the next instruction; the same one within a tenth of a second is no second one. A SIGHUP that
    /// is ignored from the start, as by `nohup`, stays so.
    ///
    /// # Errors
    /// The system lets no signal be heard or no thread be started.
    pub fn listen(timeout: Option<Duration>) -> Result<Self, Failure> {
        let interrupt = Self(Arc::new(State {
            timeout,
            ..State::default()
        }));
        let failed = |error: io::Error| Failure::new(format!("cannot listen for Ctrl-C: {error}"));
        let heard: Vec<(i32, u8, Arc<AtomicBool>)> = SIGNALS
            .iter()
            .filter(|(signal, _)| !is_ignored(*signal))
            .map(|&(signal, code)| (signal, code, Arc::default()))
            .collect();
        for (signal, code, ends) in &heard {
            flag::register_conditional_shutdown(*signal, i32::from(*code), ends.clone())
                .and_then(|_| {
                    flag::register_usize(*signal, interrupt.0.code.clone(), usize::from(*code))
                })
                .map_err(failed)?;
            for (other, _, _) in heard.iter().filter(|(other, _, _)| other != signal) {
                flag::register(*other, ends.clone()).map_err(failed)?;
            }
        }
        let watched = interrupt.clone();
        thread::Builder::new()
            .name("stop".into())
            .spawn(move || watched.watch(heard.iter().map(|(_, _, ends)| &**ends)))
            .map_err(failed)?;
        Ok(interrupt)
    }

    /// Asks to stop, as the first Ctrl-C does.
    pub fn request(&self) {
        self.request_for(Failure::INTERRUPTED);
    }

    fn request_for(&self, code: u8) {
        // The first reason is the one that is said.
        let _ = self
            .0
            .code
            .compare_exchange(0, code.into(), Ordering::Relaxed, Ordering::Relaxed);
    }

    /// Whether to stop.
    pub fn requested(&self) -> bool {
        self.0.code.load(Ordering::Relaxed) != 0
    }

    /// While the answer lives, a request to stop is heard by the work itself, which keeps what was
    /// done and ends: the process is not ended from outside, for 30 s at most.
    pub fn keeping(&self) -> Keeping {
        self.0.keeping.fetch_add(1, Ordering::SeqCst);
        Keeping(self.clone())
    }

    /// Notes what is left if the work is ended from outside from now on, as the hint of the
    /// message that says so.
    pub fn remains(&self, hint: impl Into<String>) {
        *self
            .0
            .remains
            .lock()
            .unwrap_or_else(PoisonError::into_inner) = Some(hint.into());
    }

    /// Gives a failure that says the work [was stopped](Failure::interrupted) the reason and the
    /// exit code; others stay as they are.
    #[must_use]
    pub fn explain(&self, failure: Failure) -> Failure {
        let code = self.0.code.load(Ordering::Relaxed);
        match (u8::try_from(code), self.0.timeout) {
            (Ok(Failure::TIMED_OUT), Some(timeout)) => failure.stopped_by(
                Failure::TIMED_OUT,
                &format!("the {} s of --timeout are over", timeout.as_secs_f64()),
            ),
            (Ok(Failure::TERMINATED), _) => failure.stopped_by(Failure::TERMINATED, ""),
            _ => failure,
        }
    }

    /// Waits for a reason to stop, and sees to it that the work does. A signal ends the process at
    /// once when its flag among `ends` is set.
    fn watch<'a>(&self, ends: impl Iterator<Item = &'a AtomicBool>) {
        let start = Instant::now();
        let deadline = self
            .0
            .timeout
            .and_then(|timeout| start.checked_add(timeout));
        while !self.requested() {
            let left = deadline.map(|deadline| deadline.saturating_duration_since(Instant::now()));
            if left == Some(Duration::ZERO) {
                self.request_for(Failure::TIMED_OUT);
            }
            thread::sleep(left.map_or(TICK, |left| left.min(TICK)));
        }
        let since = Instant::now();
        thread::sleep(ECHO);
        ends.for_each(|ends| ends.store(true, Ordering::SeqCst));
        // What keeps its work has time to say so afterwards, however long it took.
        let mut kept = since;
        let mut is_patient = || match self.0.keeping.load(Ordering::SeqCst) {
            0 => kept.elapsed() < GRACE,
            _ => {
                kept = Instant::now();
                since.elapsed() < LONGEST_KEEPING
            }
        };
        while is_patient() {
            thread::sleep(TICK);
        }
        self.end()
    }

    /// Ends the process, whatever it is doing.
    fn end(&self) -> ! {
        letra_files::discard_unfinished();
        let mut failure = Failure::interrupted("stopped");
        let remains = self
            .0
            .remains
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        if let Some(hint) = remains.as_ref() {
            failure = failure.hint(hint);
        }
        let failure = self.explain(failure);
        terminal::say_within(&failure.text(), PATIENCE);
        low_level::exit(failure.exit_code().into())
    }
}

/// A part of the work that hears a request to stop and keeps what was done.
#[derive(Debug)]
#[must_use = "it lasts as long as it is held"]
pub struct Keeping(Interrupt);

impl Drop for Keeping {
    fn drop(&mut self) {
        self.0.0.keeping.fetch_sub(1, Ordering::SeqCst);
    }
}

/// Whether the process was started with SIGHUP ignored, as `nohup` does, so that it outlives its
/// terminal. Ctrl-C and SIGTERM are meant for the process itself and are heard in any case.
#[cfg(target_os = "linux")]
fn is_ignored(signal: i32) -> bool {
    let ignored = || {
        let status = std::fs::read_to_string("/proc/self/status").ok()?;
        let mask = status
            .lines()
            .find_map(|line| line.strip_prefix("SigIgn:"))?;
        u64::from_str_radix(mask.trim(), 16).ok()
    };
    let bit = 1 << (signal - 1);
    signal == signal_hook::consts::SIGHUP && ignored().is_some_and(|mask| mask & bit != 0)
}

#[cfg(not(target_os = "linux"))]
fn is_ignored(_signal: i32) -> bool {
    false
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_reason_to_stop_is_the_one_that_is_said() {
        let interrupt = Interrupt(Arc::new(State {
            timeout: Some(Duration::from_millis(2500)),
            ..State::default()
        }));
        assert!(!interrupt.requested());
        interrupt.request_for(Failure::TIMED_OUT);
        interrupt.request();
        assert!(interrupt.clone().requested());
        let failure = interrupt.explain(Failure::interrupted("stopped").hint("go on"));
        assert_eq!(failure.exit_code(), 124);
        assert_eq!(
            failure.to_string(),
            "error: the 2.5 s of --timeout are over: stopped\nhint: go on"
        );
        let other = Failure::new("no room");
        assert_eq!(interrupt.explain(other.clone()), other);
    }
}
