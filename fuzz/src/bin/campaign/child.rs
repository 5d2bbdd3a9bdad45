//! Running `letra` as a user would, with an eye on its time and memory.

use std::fs::File;
use std::io::{self, Read as _, Seek as _, SeekFrom};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::thread::sleep;
use std::time::{Duration, Instant};

use crate::figure::{Broken, Fault, Outcome, Try};

/// How long a process may compute that does not train. Time of the processor, so that what else a
/// machine is doing does not count.
const MOST_WORK: Duration = Duration::from_secs(10);
/// How long it may take by the clock, computing or not.
const PATIENCE: Duration = Duration::from_secs(60);
/// How long a training of these may take where much else is going on.
const TRAINING: Duration = Duration::from_secs(600);
/// The most memory, in bytes.
const MEMORY: u64 = 1 << 30;
/// Exit codes of the documentation.
const DOCUMENTED: [i32; 6] = [0, 1, 2, 124, 130, 143];
const TICK: Duration = Duration::from_millis(2);

/// A command line of `letra` that is to be run in a try's folder.
pub(crate) struct Letra<'t> {
    one: &'t Try<'t>,
    /// To be changed before it is started.
    pub(crate) command: Command,
    output: File,
    errors: File,
    trains: bool,
}

/// A process that was started.
pub(crate) struct Running<'t> {
    one: &'t Try<'t>,
    child: Child,
    output: File,
    errors: File,
    start: Instant,
    trains: bool,
    used: Used,
    /// The number of the last signal that was sent to it.
    sent: Option<i32>,
}

/// How a process ended.
#[derive(Debug)]
pub(crate) struct Ended {
    /// Nothing where it was killed.
    pub(crate) code: Option<i32>,
    pub(crate) output: String,
    pub(crate) errors: String,
    pub(crate) process: u32,
    pub(crate) time: Duration,
}

impl Try<'_> {
    /// `letra` with arguments parted by spaces; `HOME` stands for the folder of what is read.
    pub(crate) fn letra(&self, line: &str) -> Outcome<Letra<'_>> {
        let mut command = Command::new(&self.home.letra);
        for word in line.split(' ') {
            command.arg(word.replace("HOME", &self.home.text()));
        }
        let (output, errors) = (tempfile::tempfile()?, tempfile::tempfile()?);
        command
            .current_dir(&self.folder)
            .stdin(Stdio::null())
            .stdout(output.try_clone()?)
            .stderr(errors.try_clone()?);
        Ok(Letra {
            one: self,
            command,
            output,
            errors,
            trains: line.starts_with("learn") || line.starts_with("lab"),
        })
    }

    /// Runs a line to its end.
    pub(crate) fn run(&self, line: &str) -> Outcome<Ended> {
        self.letra(line)?.start()?.wait()
    }

    /// Runs a line that must do its work.
    pub(crate) fn succeed(&self, line: &str) -> Outcome<Ended> {
        let ended = self.run(line)?;
        match ended.code {
            Some(0) => Ok(ended),
            _ => Err(ended.unexpected(line)),
        }
    }
}

impl<'t> Letra<'t> {
    /// Lets a shell start it, after `before` and with redirections.
    pub(crate) fn through_shell(self, before: &str, redirections: &str) -> Outcome<Self> {
        let mut shell = Command::new("sh");
        let script = format!("{before} exec \"$0\" \"$@\" {redirections}");
        shell.arg("-c").arg(script);
        self.through(shell)
    }

    /// Lets another command start it, which is given it as its last arguments and becomes it.
    pub(crate) fn through(mut self, mut starter: Command) -> Outcome<Self> {
        starter
            .arg(self.command.get_program())
            .args(self.command.get_args())
            .current_dir(&self.one.folder)
            .stdin(Stdio::null())
            .stdout(self.output.try_clone()?)
            .stderr(self.errors.try_clone()?);
        self.command = starter;
        Ok(self)
    }

    pub(crate) fn start(mut self) -> Outcome<Running<'t>> {
        Ok(Running {
            one: self.one,
            child: self.command.spawn()?,
            output: self.output,
            errors: self.errors,
            start: Instant::now(),
            trains: self.trains,
            used: Used::default(),
            sent: None,
        })
    }
}

impl Running<'_> {
    pub(crate) fn id(&self) -> u32 {
        self.child.id()
    }

    /// Whether it has ended by itself.
    pub(crate) fn is_over(&mut self) -> Outcome<bool> {
        Ok(self.look()?.is_some())
    }

    /// Waits until `is_time` of the time since its start, or its end.
    pub(crate) fn until(&mut self, mut is_time: impl FnMut(Duration) -> bool) -> Outcome {
        while !is_time(self.start.elapsed()) && !self.is_over()? {
            // Finer than a tick: what is to be hit is short.
            sleep(TICK / 10);
        }
        Ok(())
    }

    /// Kills it, if it has not ended by itself.
    pub(crate) fn kill(&mut self) -> Outcome {
        if !self.is_over()? {
            self.sent = Some(9);
            self.child.kill()?;
        }
        Ok(())
    }

    /// Sends it the signal of a number, if it has not ended by itself.
    pub(crate) fn signal(&mut self, number: i32) -> Outcome {
        if !self.is_over()? {
            self.sent = Some(number);
            let id = self.id().to_string();
            Command::new("kill")
                .args([&format!("-{number}"), &id])
                .status()?;
        }
        Ok(())
    }

    /// Notes what it used; its status if it has ended.
    fn look(&mut self) -> io::Result<Option<ExitStatus>> {
        self.used.note(self.id());
        self.child.try_wait()
    }

    /// Waits for its end and judges it.
    pub(crate) fn wait(mut self) -> Outcome<Ended> {
        let status = loop {
            if let Some(status) = self.look()? {
                break status;
            }
            if let Some(broken) = self.too_much() {
                self.child.kill()?;
                self.child.wait()?;
                self.one.note(self.used);
                return Err(broken);
            }
            sleep(TICK);
        };
        let time = self.start.elapsed();
        if self.trains {
            self.used.work = Duration::ZERO;
        }
        self.one.note(self.used);
        let ended = Ended {
            code: status.code(),
            output: text(&mut self.output)?,
            errors: text(&mut self.errors)?,
            process: self.id(),
            time,
        };
        let is_documented = status.code().is_some_and(|code| DOCUMENTED.contains(&code));
        let was_killed = self.sent.is_some() && signal_of(status) == self.sent;
        if !(is_documented || was_killed) || ended.errors.contains("panicked at") {
            return Err(Fault::Panic.says(format!("{status}: {}", ended.errors)));
        }
        Ok(ended)
    }

    fn too_much(&self) -> Option<Broken> {
        let (time, used) = (self.start.elapsed(), self.used);
        if used.memory > MEMORY {
            return Some(Fault::Large.says(format!("{} bytes", used.memory)));
        }
        let is_slow = match self.trains {
            true => time > TRAINING,
            false => used.work > MOST_WORK || time > PATIENCE,
        };
        is_slow.then(|| {
            let work = used.work.as_secs_f64();
            Fault::Slow.says(format!(
                "still running after {time:.0?}, {work:.1} s of work"
            ))
        })
    }
}

impl Drop for Running<'_> {
    /// None is left behind by a try that broke.
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

impl Ended {
    pub(crate) fn unexpected(&self, line: &str) -> Broken {
        let code = self.code.map_or("a signal".into(), |code| code.to_string());
        Fault::Other.says(format!("`letra {line}` ends with {code}: {}", self.errors))
    }

    /// Whether it ended with an error that says what to do.
    pub(crate) fn is_refusal(&self) -> bool {
        self.code == Some(1) && self.errors.contains("error: ") && self.errors.contains("hint: ")
    }
}

/// The number of the signal that ended a process.
fn signal_of(status: ExitStatus) -> Option<i32> {
    #[cfg(unix)]
    return std::os::unix::process::ExitStatusExt::signal(&status);
    #[cfg(not(unix))]
    None
}

fn text(file: &mut File) -> io::Result<String> {
    let mut bytes = Vec::new();
    file.seek(SeekFrom::Start(0))?;
    file.read_to_end(&mut bytes)?;
    Ok(String::from_utf8_lossy(&bytes).into_owned())
}

/// What a process used, where the system says.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Used {
    /// Time of processors.
    pub(crate) work: Duration,
    /// Most memory at once, in bytes.
    pub(crate) memory: u64,
}

impl Used {
    pub(crate) fn max(self, other: Self) -> Self {
        Self {
            work: self.work.max(other.work),
            memory: self.memory.max(other.memory),
        }
    }

    /// Asks the system, as often as this is called: when a process is over, it says no more.
    fn note(&mut self, process: u32) {
        let read =
            |file| std::fs::read_to_string(format!("/proc/{process}/{file}")).unwrap_or_default();
        let status = read("status");
        let peak = status.lines().find_map(|line| line.strip_prefix("VmHWM:"));
        let peak = peak.and_then(|peak| peak.trim().strip_suffix(" kB")?.parse::<u64>().ok());
        let stat = read("stat");
        // After the name, which may hold anything, in ticks of 10 ms.
        let numbers = stat.rsplit(") ").next().unwrap_or_default().split(' ');
        let ticks: u64 = numbers
            .skip(11)
            .take(2)
            .filter_map(|ticks| ticks.parse::<u64>().ok())
            .sum();
        let now = Self {
            work: Duration::from_millis(10 * ticks),
            memory: peak.unwrap_or(0) * 1024,
        };
        *self = self.max(now);
    }
}
