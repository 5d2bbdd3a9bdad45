//! Disks that are too small, files that may not grow, and devices.

use std::fs;
use std::io::{BufRead as _, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdin, Command, Stdio};

use crate::figure::{Fault, Figures, Outcome, Try};
use crate::job::{ENROLL, EVALUATE, IDENTIFY, Job, LAB, LEARN, SPECIMEN, States};

pub(crate) fn run(figures: &mut Figures<'_>) {
    let has_disks = Disk::of(1 << 16).is_some();
    let all = [
        (LEARN, 8, 0),
        (LAB, 20, 1),
        (ENROLL, 20, 2),
        (IDENTIFY, 20, 2),
        (EVALUATE, 20, 1),
        (SPECIMEN, 20, 1),
    ];
    for (job, whole, short) in all {
        let count = figures.campaign.count(whole, short);
        if has_disks {
            figures.job("full-disk", &job, count, |one, states| {
                fill(one, &job, states)
            });
        }
        figures.job_as(
            "full-disk",
            &format!("{}, small files", job.name),
            &job,
            count,
            |one, states| limit(one, &job, states),
        );
    }
    if !has_disks {
        figures.skip(
            "full-disk",
            "a small disk",
            "none can be mounted here (unshare, mount)",
        );
    }
    figures.figure("full-disk", "devices", DEVICES.len() as u64, device);
}

/// A file system in memory that only those see who share its holder's mounts.
struct Disk {
    holder: Child,
    input: Option<ChildStdin>,
    folder: PathBuf,
}

impl Disk {
    /// One of so many bytes, where the system lets it be made.
    fn of(bytes: usize) -> Option<Self> {
        // `read` ends when the campaign does.
        let script = format!(
            "mount -t tmpfs -o size={bytes} tmpfs /mnt && echo ready && while read -r size; do \
             mount -o remount,size=$size /mnt; echo ready; done"
        );
        let mut command = Command::new("unshare");
        command
            .args(["--map-root-user", "--mount", "sh", "-c", &script])
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::null());
        let mut holder = command.spawn().ok()?;
        let folder = PathBuf::from(format!("/proc/{}/root/mnt", holder.id()));
        let input = holder.stdin.take();
        let mut disk = Self {
            holder,
            input,
            folder,
        };
        disk.is_ready().then_some(disk)
    }

    /// What starts a command in the disk's folder, where the disk is seen.
    fn enter(&self) -> Command {
        let mut enter = Command::new("nsenter");
        enter
            .args(["--target", &self.holder.id().to_string()])
            .args(["--user", "--mount", "--preserve-credentials", "sh", "-c"])
            .arg("cd /mnt && exec \"$0\" \"$@\"");
        enter
    }

    fn is_ready(&mut self) -> bool {
        let mut line = String::new();
        let output = self.holder.stdout.as_mut().expect("it is a pipe");
        // A line at a time is sent.
        let read = BufReader::with_capacity(16, output).read_line(&mut line);
        read.is_ok() && line == "ready\n"
    }

    fn resize(&mut self, bytes: usize) -> bool {
        use std::io::Write as _;
        let input = self.input.as_mut().expect("it is open");
        writeln!(input, "{bytes}").is_ok() && self.is_ready()
    }
}

impl Drop for Disk {
    fn drop(&mut self) {
        drop(self.input.take());
        let _ = self.holder.wait();
    }
}

/// Does a job where there is not always room, and again where there is.
fn fill(one: &Try<'_>, job: &Job, states: &States) -> Outcome {
    const ENOUGH: usize = 256 << 20;
    let mut disk = Disk::of(ENOUGH).ok_or_else(|| Fault::Other.says("no disk"))?;
    let folder = disk.folder.clone();
    states.put_old(&folder)?;
    let used = Command::new("du").arg("-sk").arg(&folder).output()?;
    let used = String::from_utf8_lossy(&used.stdout);
    let used: usize = used
        .split_whitespace()
        .next()
        .and_then(|used| used.parse().ok())
        .unwrap_or(0);
    if !disk.resize(used * 1024 + 4096 + one.below(2 * states.room() + (1 << 20))) {
        return Err(Fault::Other.says("the disk cannot be made smaller"));
    }
    let ended = one
        .letra(job.line)?
        .through(disk.enter())?
        .start()?
        .wait()?;
    judge(&ended, job, states, &folder)?;
    if ended.code != Some(0) {
        if !disk.resize(ENOUGH) {
            return Err(Fault::Other.says("the disk cannot be made larger"));
        }
        let letra = one.letra(&job.again(&folder))?.through(disk.enter())?;
        let ended = letra.start()?.wait()?;
        if ended.code != Some(0) {
            return Err(ended.unexpected(job.line));
        }
        job.check_done(states, &folder)?;
    }
    Ok(())
}

/// Does a job where no file may be larger than some size.
fn limit(one: &Try<'_>, job: &Job, states: &States) -> Outcome {
    states.put_old(&one.folder)?;
    let blocks = one.below(states.room() / 512);
    let before = format!("trap '' XFSZ; ulimit -f {blocks};");
    let ended = one
        .letra(job.line)?
        .through_shell(&before, "")?
        .start()?
        .wait()?;
    judge(&ended, job, states, &one.folder)?;
    one.succeed(&job.again(&one.folder))?;
    job.check_done(states, &one.folder)
}

/// It is done, or refused with everything as it was; but a training's state may be kept.
fn judge(ended: &crate::child::Ended, job: &Job, states: &States, folder: &Path) -> Outcome {
    match ended.code {
        Some(0) => job.check_done(states, folder),
        _ if !ended.is_refusal() => Err(ended.unexpected(job.line)),
        _ if folder.join("model.letra.checkpoint").exists() => job.check_whole(states, folder),
        _ => job.check_undone(states, folder),
    }
}

const DEVICES: [&str; 6] = [
    "learn HOME/fonts --steps 1 -o /dev/full",
    "enroll HOME/libre.letra HOME/bold.otf -o /dev/full",
    "specimen -o /dev/full",
    "identify HOME/line.png --report /dev/full",
    "evaluate HOME/labelled --report /dev/full",
    "lab fonts --data HOME/glyphs.npz --network logistic --out /dev/full",
];

/// A device is refused, and is one afterwards.
fn device(one: &Try<'_>) -> Outcome {
    let line = DEVICES[one.number as usize];
    let ended = one.run(line)?;
    if !ended.is_refusal() {
        return Err(ended.unexpected(line));
    }
    match fs::metadata("/dev/full")?.is_file() {
        true => Err(Fault::Lost.says("/dev/full is a file now")),
        false => Ok(()),
    }
}
