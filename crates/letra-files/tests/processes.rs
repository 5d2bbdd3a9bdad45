//! Processes that are killed, stopped, without room, or in each other's way, for real.
#![cfg(unix)]

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::thread::sleep;
use std::time::{Duration, Instant};

use letra_files::{Draft, Lock, MadeFolders, check, discard_unfinished, write_whole};

/// Tells the test that it is a process of another test, and what to do.
const TASK: &str = "LETRA_TEST_TASK";
/// Tells it where.
const FOLDER: &str = "LETRA_TEST_FOLDER";
const PATIENCE: Duration = Duration::from_secs(60);

/// The work of the processes that the other tests start; none of its own.
#[test]
fn task() {
    let Ok(task) = std::env::var(TASK) else {
        return;
    };
    let folder = PathBuf::from(std::env::var_os(FOLDER).unwrap());
    let model = folder.join("model.letra");
    match task.as_str() {
        "hold" => {
            let _draft = Draft::new(&model, b"half").unwrap();
            let _lock = Lock::of_file(&model, "letra learn").unwrap();
            fs::write(folder.join("ready"), "").unwrap();
            sleep(PATIENCE);
        }
        "discard" => {
            let _made = MadeFolders::make(&folder.join("report").join("fonts")).unwrap();
            let _inner = Draft::new(&folder.join("report/fonts/index.html"), b"half").unwrap();
            let _draft = Draft::new(&model, b"half").unwrap();
            let _lock = Lock::of_file(&model, "letra learn").unwrap();
            let late = model.clone();
            let stopped = std::thread::spawn(discard_unfinished);
            stopped.join().unwrap();
            discard_unfinished();
            // There is no writer any more.
            std::thread::spawn(move || {
                let _ = write_whole(&late, b"too late");
                std::process::exit(1);
            });
            sleep(Duration::from_millis(100));
            std::process::exit(130);
        }
        "fill" => {
            let error = check(&model, 1 << 20).unwrap_err();
            assert_eq!(letra_files::remedy(&error), Some("make room"), "{error}");
            check(&model, 1 << 10).unwrap();
            assert!(write_whole(&model, &[0; 1 << 20]).is_err());
        }
        other => panic!("no task {other}"),
    }
}

/// This test as a process of its own, with a task.
fn process(task: &str, folder: &Path) -> Command {
    let mut command = Command::new("sh");
    command
        .args([
            "-c",
            "trap '' XFSZ; [ \"$0\" != fill ] || ulimit -f 256; exec \"$@\"",
        ])
        .arg(task)
        .arg(std::env::current_exe().unwrap())
        .args(["--exact", "task"])
        .env(TASK, task)
        .env(FOLDER, folder)
        .stdout(Stdio::null())
        .stderr(Stdio::null());
    command
}

/// A process that holds a draft and a lock of `model.letra` in a folder.
fn holder(folder: &Path) -> Child {
    let mut child = process("hold", folder).spawn().unwrap();
    let (ready, start) = (folder.join("ready"), Instant::now());
    while !ready.exists() {
        assert!(child.try_wait().unwrap().is_none(), "it ended by itself");
        assert!(start.elapsed() < PATIENCE, "it never got there");
        sleep(Duration::from_millis(5));
    }
    fs::remove_file(ready).unwrap();
    child
}

fn names(folder: &Path) -> Vec<String> {
    let entries = fs::read_dir(folder).unwrap();
    let name = |entry: std::io::Result<fs::DirEntry>| entry.unwrap().file_name();
    let mut names: Vec<String> = entries
        .map(|entry| name(entry).into_string().unwrap())
        .collect();
    names.sort();
    names
}

#[test]
fn what_a_killed_process_left_is_removed_and_what_a_living_one_has_stays() {
    let home = tempfile::tempdir().unwrap();
    let (mut killed, mut living) = (holder(home.path()), None);
    let leftover = |child: &Child| format!(".letra-{}-", child.id());
    let has = |child: &Child| {
        let prefix = leftover(child);
        names(home.path())
            .iter()
            .any(|name| name.starts_with(&prefix))
    };
    let other = home.path().join("other.letra");
    write_whole(&other, b"new").unwrap();
    assert!(has(&killed), "it is alive");
    let error = Lock::of_file(&home.path().join("model.letra"), "letra enroll").unwrap_err();
    let said = format!("`letra learn` is writing it, process {}", killed.id());
    assert!(error.to_string().contains(&said), "{error}");

    killed.kill().unwrap();
    killed.wait().unwrap();
    assert!(has(&killed), "a kill cleans nothing up");
    let living = living.insert(holder(home.path()));
    assert!(!has(&killed), "the next that writes there does");
    write_whole(&other, b"newer").unwrap();
    assert!(has(living));
    living.kill().unwrap();
    living.wait().unwrap();
    write_whole(&other, b"newest").unwrap();
    drop(Lock::of_file(&home.path().join("model.letra"), "letra learn").unwrap());
    assert_eq!(names(home.path()), ["other.letra"]);
}

#[test]
fn a_process_that_is_stopped_leaves_nothing() {
    let home = tempfile::tempdir().unwrap();
    let status = process("discard", home.path()).status().unwrap();
    assert_eq!(status.code(), Some(130));
    assert!(names(home.path()).is_empty(), "{:?}", names(home.path()));
}

#[test]
fn a_full_disk_is_found_out_before() {
    let home = tempfile::tempdir().unwrap();
    let status = process("fill", home.path()).status().unwrap();
    assert!(status.success());
    assert!(names(home.path()).is_empty());
}
