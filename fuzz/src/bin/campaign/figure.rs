//! Figures: how often something was tried, and how often it broke.

use std::cell::{Cell, RefCell};
use std::collections::HashMap;
use std::fs;
use std::io::{self, Write as _};
use std::ops::Range;
use std::path::PathBuf;
use std::rc::Rc;
use std::time::{Duration, Instant};

use letra_fuzz::damage::Numbers;
use tempfile::TempDir;

use crate::Campaign;
use crate::child::Used;
use crate::home::Home;
use crate::job::{Job, States};

/// What must not happen.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Fault {
    /// A file is neither the old nor the new one, or something temporary stays.
    HalfWritten,
    /// What was there, or what was learnt, is gone.
    Lost,
    /// A panic, an abort, or an exit code that is not documented.
    Panic,
    /// Over 10 s, or a training that does not end.
    Slow,
    /// Over 1 GiB of memory.
    Large,
    /// Anything else that is not as documented.
    Other,
}

const FAULTS: [(Fault, &str); 6] = [
    (Fault::HalfWritten, "half-written"),
    (Fault::Lost, "lost"),
    (Fault::Panic, "panics"),
    (Fault::Slow, "over 10 s"),
    (Fault::Large, "over 1 GiB"),
    (Fault::Other, "otherwise not as documented"),
];

impl Fault {
    pub(crate) fn says(self, text: impl Into<String>) -> Broken {
        Broken {
            fault: self,
            text: text.into(),
        }
    }
}

/// Why a try broke.
#[derive(Debug)]
pub(crate) struct Broken {
    fault: Fault,
    text: String,
}

impl From<io::Error> for Broken {
    fn from(error: io::Error) -> Self {
        Fault::Other.says(format!("the campaign itself: {error}"))
    }
}

pub(crate) type Outcome<T = ()> = Result<T, Broken>;

/// One try, in a folder of its own.
pub(crate) struct Try<'a> {
    pub(crate) home: &'a Home,
    pub(crate) number: u64,
    pub(crate) folder: PathBuf,
    numbers: RefCell<Numbers>,
    used: Cell<Used>,
    inputs: Cell<u64>,
}

impl Try<'_> {
    /// A number below `bound`.
    pub(crate) fn below(&self, bound: usize) -> usize {
        self.numbers.borrow_mut().below(bound)
    }

    /// A moment before `end`.
    pub(crate) fn before(&self, end: Duration) -> Duration {
        end.mul_f64(self.below(10_000) as f64 / 10_000.0)
    }

    pub(crate) fn numbers(&self) -> std::cell::RefMut<'_, Numbers> {
        self.numbers.borrow_mut()
    }

    /// Says that so many inputs were tried at once.
    pub(crate) fn of_inputs(&self, count: u64) {
        self.inputs.set(count);
    }

    /// Notes what a process used.
    pub(crate) fn note(&self, used: Used) {
        self.used.set(self.used.get().max(used));
    }
}

/// All figures so far.
pub(crate) struct Figures<'a> {
    pub(crate) campaign: &'a Campaign,
    pub(crate) home: &'a Home,
    tried: u64,
    faults: Vec<Fault>,
    states: HashMap<&'static str, Rc<States>>,
}

/// Prints a line; where it cannot be printed, the exit code and the kept folders say what was found.
pub(crate) fn say(line: &str) {
    let _ = writeln!(io::stdout(), "{line}");
}

impl<'a> Figures<'a> {
    pub(crate) fn new(campaign: &'a Campaign, home: &'a Home) -> Self {
        Self {
            campaign,
            home,
            tried: 0,
            faults: Vec::new(),
            states: HashMap::new(),
        }
    }

    /// As [`Figures::figure`], of a job that was done undisturbed before.
    pub(crate) fn job(
        &mut self,
        part: &str,
        job: &Job,
        count: u64,
        one: impl Fn(&Try<'_>, &States) -> Outcome,
    ) {
        self.job_as(part, job.name, job, count, one);
    }

    /// As [`Figures::job`], under a name of its own.
    pub(crate) fn job_as(
        &mut self,
        part: &str,
        what: &str,
        job: &Job,
        count: u64,
        one: impl Fn(&Try<'_>, &States) -> Outcome,
    ) {
        if count == 0 {
            return;
        }
        if !self.states.contains_key(job.name) {
            let made = RefCell::new(None);
            self.try_all(part, &format!("{} undisturbed", job.name), 0..1, |one| {
                *made.borrow_mut() = Some(Rc::new(job.states(one)?));
                Ok(())
            });
            let Some(states) = made.into_inner() else {
                return;
            };
            self.states.insert(job.name, states);
        }
        let states = self.states[job.name].clone();
        self.figure(part, what, count, |this| one(this, &states));
    }

    /// Tries something `count` times and prints the figure. Each try follows from the part's name,
    /// `what`, the seed and its number, but for when the system lets whom run.
    pub(crate) fn figure(
        &mut self,
        part: &str,
        what: &str,
        count: u64,
        one: impl Fn(&Try<'_>) -> Outcome,
    ) {
        let numbers = match self.campaign.number {
            Some(only) => only..only + 1,
            None => 0..count,
        };
        self.try_all(part, what, numbers, one);
    }

    fn try_all(
        &mut self,
        part: &str,
        what: &str,
        numbers: Range<u64>,
        one: impl Fn(&Try<'_>) -> Outcome,
    ) {
        let count = numbers.end - numbers.start;
        let (start, most) = (Instant::now(), self.campaign.time());
        let (mut tried, mut broken) = (0, 0);
        let mut most_used = Used::default();
        let mut is_late = false;
        let name = format!("{part} {what}");
        let seed = name.bytes().fold(self.campaign.seed, |seed, byte| {
            seed * 31 % (1 << 48) + u64::from(byte)
        });
        for number in numbers {
            if start.elapsed() > most {
                is_late = true;
                break;
            }
            let folder = self.folder(&name, number);
            let one_try = Try {
                home: self.home,
                number,
                folder: folder.path().to_path_buf(),
                numbers: RefCell::new(Numbers::of(seed, number)),
                used: Cell::default(),
                inputs: Cell::new(1),
            };
            let outcome = one(&one_try);
            tried += one_try.inputs.get();
            most_used = most_used.max(one_try.used.get());
            if let Err(why) = outcome {
                broken += 1;
                self.report(part, &name, number, folder, &why);
            }
        }
        self.tried += tried;
        let of = if is_late {
            format!(" of {count}, out of time")
        } else {
            String::new()
        };
        let memory = most_used.memory as f64 / f64::from(1 << 20);
        say(&format!(
            "{name:<44} {tried:>5} tried{of}, {broken} broke; at most {:.1} s and {memory:.0} MiB",
            most_used.work.as_secs_f64()
        ));
    }

    /// Says that a figure cannot be had here.
    pub(crate) fn skip(&self, part: &str, what: &str, why: &str) {
        say(&format!(
            "{:<44}     0 tried: {why}",
            format!("{part} {what}")
        ));
    }

    fn folder(&self, name: &str, number: u64) -> TempDir {
        let prefix = format!(
            "{}-{}-{number}-",
            name.replace([' ', '/'], "-"),
            self.campaign.seed
        );
        let folder = tempfile::Builder::new()
            .prefix(&prefix)
            .tempdir_in(&self.campaign.out);
        folder.expect("a folder for a try")
    }

    fn report(&mut self, part: &str, name: &str, number: u64, folder: TempDir, why: &Broken) {
        self.faults.push(why.fault);
        let fault = FAULTS.iter().find(|(fault, _)| *fault == why.fault);
        let kind = fault.map_or("", |(_, kind)| kind);
        let kept = folder.keep();
        let _ = fs::write(kept.join("why"), &why.text);
        say(&format!(
            "  {name} {number}: {kind}: {}\n    again: fuzz/campaign {part} --seed {} --number {number}; kept: {}",
            why.text.trim_end().replace('\n', "\n    "),
            self.campaign.seed,
            kept.display()
        ));
    }

    /// Prints what all of them come to; whether nothing broke.
    pub(crate) fn close(self) -> bool {
        say(&format!("{} tried", self.tried));
        for (fault, kind) in FAULTS {
            let count = self.faults.iter().filter(|one| **one == fault).count();
            say(&format!("{count} {kind}"));
        }
        self.faults.is_empty()
    }
}
