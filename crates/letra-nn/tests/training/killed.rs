//! A process that is killed in the middle of its training, for real.

use std::ops::ControlFlow;
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use letra_nn::prelude::*;

use super::data::{bytes, network, quadrants};

const EPOCHS: usize = 9;
/// Tells the test that it is the process to be killed, and where to work.
const FOLDER: &str = "LETRA_TEST_FOLDER";
/// The epoch in whose middle that process waits for its end.
const EPOCH: &str = "LETRA_TEST_EPOCH";
const PATIENCE: Duration = Duration::from_secs(120);

/// Says that the epoch is reached, then waits to be killed.
struct Wait<'a> {
    epoch: usize,
    reached: &'a Path,
}

impl Callback for Wait<'_> {
    fn on_step_end(&mut self, step: &Step<'_>) -> Result<ControlFlow<()>, Error> {
        if (step.epoch, step.number) == (self.epoch, 3) {
            std::fs::write(self.reached, "").unwrap();
            std::thread::sleep(PATIENCE);
        }
        Ok(ControlFlow::Continue(()))
    }

    fn on_epoch_end(&mut self, _epoch: &Epoch<'_>) -> Result<ControlFlow<()>, Error> {
        Ok(ControlFlow::Continue(()))
    }
}

fn train(folder: &Path, threads: usize, waiting: Option<usize>) -> (History, Vec<u8>) {
    let checkpoint = folder.join("checkpoint");
    let reached = folder.join("reached");
    let mut keeper = Checkpoint::new(&checkpoint).every(2);
    let mut wait = Wait {
        epoch: waiting.unwrap_or(0),
        reached: &reached,
    };
    let mut network = network(threads);
    let fit = Fit::epochs(EPOCHS).batch_size(16).resume(&checkpoint);
    let fit = fit.callback(&mut keeper).callback(&mut wait);
    let history = network.fit(&quadrants(90), fit).unwrap();
    (history, bytes(&network))
}

/// Starts this test again as a process of its own, waits until it stands in the middle of
/// the epoch, and kills it.
fn train_and_kill(folder: &Path, epoch: usize) {
    let mut child = Command::new(std::env::current_exe().unwrap())
        .args([
            "--exact",
            "killed::a_killed_training_resumes_to_the_same_bits",
        ])
        .env(FOLDER, folder)
        .env(EPOCH, epoch.to_string())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    let (reached, start) = (folder.join("reached"), Instant::now());
    while !reached.exists() {
        assert!(child.try_wait().unwrap().is_none(), "it ended by itself");
        assert!(start.elapsed() < PATIENCE, "it never got to epoch {epoch}");
        std::thread::sleep(Duration::from_millis(5));
    }
    child.kill().unwrap();
    assert!(!child.wait().unwrap().success());
    std::fs::remove_file(reached).unwrap();
}

#[test]
fn a_killed_training_resumes_to_the_same_bits() {
    if let Some(folder) = std::env::var_os(FOLDER) {
        let epoch = std::env::var(EPOCH).unwrap().parse().unwrap();
        train(Path::new(&folder), 2, Some(epoch));
        return;
    }
    let (undisturbed, folder) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let whole = train(undisturbed.path(), 1, None);
    // Before the first checkpoint, right after one, and an epoch past one.
    for epoch in [1, 5, 8] {
        train_and_kill(folder.path(), epoch);
    }
    let resumed = train(folder.path(), 3, None);
    assert_eq!(resumed.0, whole.0);
    assert!(resumed.1 == whole.1);
    assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 1);
}
