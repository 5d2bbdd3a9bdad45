//! Damaged fonts, pictures and models, read until something breaks or the time is over.
//!
//! Each input follows from its kind, the seed and its number. The readings run in a process of
//! their own, so that even a stack that overflows or memory that runs out is found; the input is
//! then left in a file.

use std::fmt;
use std::fs;
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};
use std::process::{Command, ExitCode};
use std::time::{Duration, Instant};

use clap::Parser;
use letra_fuzz::Kind;
use letra_fuzz::damage::{Numbers, damaged};

/// Reads damaged files until something breaks
///
/// A panic, a crash, or an input that takes longer than ten seconds is a failure: the input is
/// kept, and the exit code is 1.
#[derive(Parser)]
#[command(version)]
struct Fuzz {
    /// What to damage; without any, all in turn
    #[arg(value_enum, value_name = "KIND")]
    kinds: Vec<Kind>,

    /// How long, all kinds together
    #[arg(long, default_value_t = 10.0, value_name = "N")]
    minutes: f64,

    /// Seed of the damage
    #[arg(long, default_value_t = 1, value_name = "N")]
    seed: u64,

    /// Files to damage beside those that are always there: fonts for fonts, and so on
    #[arg(long, value_name = "FILE")]
    corpus: Vec<PathBuf>,

    /// Reads one input only, of the first kind, and says what came of it
    #[arg(long, value_name = "N")]
    input: Option<u64>,

    /// Where inputs that break something are kept
    #[arg(long, default_value = "target/fuzz", value_name = "DIR")]
    out: PathBuf,

    /// Reads inputs from this one on, in this process, and notes in a file which
    #[arg(long, hide = true)]
    work: Option<u64>,
}

/// How long a reading may take.
const PATIENCE: Duration = Duration::from_secs(10);

fn main() -> ExitCode {
    let fuzz = Fuzz::parse();
    let kinds = match fuzz.kinds.as_slice() {
        [] => vec![Kind::Fonts, Kind::Pictures, Kind::Models, Kind::Data],
        some => some.to_vec(),
    };
    if let Some(input) = fuzz.input {
        let bytes = fuzz.bytes(&kinds[0].corpus(&fuzz.corpus), input);
        let start = Instant::now();
        say(format_args!("{}", kinds[0].read(&bytes)));
        say(format_args!(
            "{} bytes, {:.2?}",
            bytes.len(),
            start.elapsed()
        ));
        return ExitCode::SUCCESS;
    }
    if let Some(first) = fuzz.work {
        return fuzz.work(kinds[0], first);
    }
    let share = Duration::from_secs_f64(60.0 * fuzz.minutes.max(0.0) / kinds.len() as f64);
    let mut sound = true;
    for kind in kinds {
        sound &= fuzz.watch(kind, share);
    }
    ExitCode::from(u8::from(!sound))
}

/// Prints a line. Where it cannot be printed, the inputs are read all the same, and the exit code
/// and the kept inputs say what was found.
fn say(line: fmt::Arguments<'_>) {
    let _ = writeln!(io::stdout(), "{line}");
}

impl Fuzz {
    /// The input of a number.
    fn bytes(&self, corpus: &[Vec<u8>], input: u64) -> Vec<u8> {
        damaged(corpus, &mut Numbers::of(self.seed, input))
    }

    /// Has inputs of a kind read for some time; whether all went well.
    fn watch(&self, kind: Kind, time: Duration) -> bool {
        let program = std::env::current_exe().expect("this program has a place");
        fs::create_dir_all(&self.out).expect("the folder for inputs can be made");
        let note = self.out.join(format!("{kind}.note"));
        let corpus = kind.corpus(&self.corpus);
        let (start, mut next, mut broken) = (Instant::now(), 0, 0);
        let mut answers = [0_u64; 2];
        let mut slowest = [0_u64; 2];
        while start.elapsed() < time && broken < 20 {
            let left = time.saturating_sub(start.elapsed()).as_secs_f64() / 60.0;
            fs::write(&note, format!("{next} 0 0 0 0")).expect("the note can be written");
            let mut worker = Command::new(&program);
            worker.arg(kind.to_string());
            worker.args(["--work", &next.to_string(), "--minutes", &left.to_string()]);
            worker.args(["--seed", &self.seed.to_string()]);
            worker.arg("--out").arg(&self.out);
            for file in &self.corpus {
                worker.arg("--corpus").arg(file);
            }
            let mut worker = worker.spawn().expect("a process can be started");
            let status = wait(&mut worker, &note);
            let [input, taken, refused, milliseconds, slow] = noted(&note);
            slowest = slowest.max([milliseconds, slow]);
            answers[0] += taken;
            answers[1] += refused;
            next = input + 1;
            if status != Some(0) {
                broken += 1;
                let kept = self.out.join(format!("{kind}-{}-{input}", self.seed));
                fs::write(&kept, self.bytes(&corpus, input)).expect("the input can be kept");
                let what = match status {
                    None => "takes longer than ten seconds".into(),
                    Some(code) => format!("ends the process with {code}"),
                };
                say(format_args!(
                    "{kind}: input {input} {what}; kept as {}",
                    kept.display()
                ));
            }
        }
        say(format_args!(
            "{kind}: {} inputs in {:.0?}, {} taken and {} refused, {broken} broke something; \
             the slowest, {}, took {} ms",
            answers[0] + answers[1] + broken,
            start.elapsed(),
            answers[0],
            answers[1],
            slowest[1],
            slowest[0],
        ));
        broken == 0
    }

    /// Reads inputs from one on until the time is over.
    fn work(&self, kind: Kind, first: u64) -> ExitCode {
        let note = self.out.join(format!("{kind}.note"));
        let corpus = kind.corpus(&self.corpus);
        let end = Instant::now() + Duration::from_secs_f64(60.0 * self.minutes);
        let mut answers = [0_u64; 2];
        let mut slowest = [0_u64; 2];
        let mut input = first;
        loop {
            let write = |[taken, refused]: [u64; 2], [time, slow]: [u64; 2]| {
                let text = format!("{input} {taken} {refused} {time} {slow}");
                fs::write(&note, text).expect("the note can be written");
            };
            // Noted before it is read: afterwards the process may be gone.
            write(answers, slowest);
            let bytes = self.bytes(&corpus, input);
            let start = Instant::now();
            answers[usize::from(!kind.read(&bytes).is_taken())] += 1;
            slowest = slowest.max([start.elapsed().as_millis() as u64, input]);
            if Instant::now() >= end {
                write(answers, slowest);
                return ExitCode::SUCCESS;
            }
            input += 1;
        }
    }
}

/// Waits for a worker and ends it when its note has not changed for too long; its exit code, or
/// that of its signal.
fn wait(worker: &mut std::process::Child, note: &Path) -> Option<i32> {
    let (mut last, mut since) = (noted(note), Instant::now());
    loop {
        if let Some(status) = worker.try_wait().expect("the process can be asked") {
            return Some(status.code().unwrap_or(-1));
        }
        std::thread::sleep(Duration::from_millis(20));
        let now = noted(note);
        if now != last {
            (last, since) = (now, Instant::now());
        } else if since.elapsed() > PATIENCE {
            worker.kill().expect("the process can be ended");
            worker.wait().expect("the process can be waited for");
            return None;
        }
    }
}

/// Number of an input, how many before it were taken and refused, and the milliseconds and the
/// number of the slowest of them.
fn noted(note: &Path) -> [u64; 5] {
    let text = fs::read_to_string(note).unwrap_or_default();
    let mut numbers = text.split_whitespace().map_while(|one| one.parse().ok());
    std::array::from_fn(|_| numbers.next().unwrap_or(0))
}
