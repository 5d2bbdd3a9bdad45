//! Signals and `--timeout` end every verb soon, with the documented exit code, and leave nothing
//! half-written.
#![cfg(unix)]

mod common;

use std::fs;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::mpsc;
use std::thread::{self, sleep};
use std::time::{Duration, Instant};

use common::{BUILT_IN_MODEL, command, fifo, letra, refused};

/// How long a process may take to end here, where much else may be going on.
const BOUND: Duration = Duration::from_secs(5);

/// A folder with a fifo, which keeps every verb waiting that reads it, and a table of labels that
/// names it.
fn home() -> tempfile::TempDir {
    let home = tempfile::tempdir().unwrap();
    fifo(&home.path().join("fifo"));
    let labels = "picture,family,style,group\nfifo,Lato,Bold,clean\n";
    fs::write(home.path().join("labels.csv"), labels).unwrap();
    home
}

/// Every verb where it reads the fifo.
const LINES: &[&str] = &[
    "identify fifo",
    "identify --json fifo",
    "identify fifo --report report",
    "evaluate .",
    "evaluate . --report report",
    "similar fifo",
    "fonts fifo",
    "specimen fifo",
    "enroll MODEL fifo",
    "learn fifo",
    "lab fonts --data fifo",
    "lab kernels --data fifo --out report",
    "lab sequences --data fifo",
    "lab sequences --text fifo",
];

fn start(home: &Path, line: &str) -> Child {
    let mut command = command();
    command.args(
        line.split(' ')
            .map(|word| word.replace("MODEL", BUILT_IN_MODEL)),
    );
    command
        .current_dir(home)
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap()
}

/// Waits until a process reads the fifo; as long as the answer lives, it waits for more.
fn read_by_now(home: &Path) -> fs::File {
    let fifo = home.join("fifo");
    let (opened, open) = mpsc::channel();
    // Opening a fifo for writing waits for a reader.
    thread::spawn(move || opened.send(fs::File::options().write(true).open(fifo)));
    let opened = open.recv_timeout(Duration::from_secs(60));
    opened.expect("the fifo has no reader").unwrap()
}

/// Whether the tests were started so that what they start ignores SIGHUP.
fn hang_up_is_ignored() -> bool {
    let status = fs::read_to_string("/proc/self/status").unwrap_or_default();
    let mask = status.lines().find_map(|line| line.strip_prefix("SigIgn:"));
    mask.is_some_and(|mask| u64::from_str_radix(mask.trim(), 16).unwrap() & 1 != 0)
}

fn signal(child: &Child, name: &str) {
    let sent = Command::new("kill")
        .args([&format!("-{name}"), &child.id().to_string()])
        .status();
    assert!(sent.unwrap().success());
}

/// The exit code of a process that ends soon, and what it said on standard error.
#[track_caller]
fn ended(mut child: Child) -> (Option<i32>, String) {
    let start = Instant::now();
    while child.try_wait().unwrap().is_none() {
        if start.elapsed() > BOUND {
            child.kill().unwrap();
            panic!("it goes on");
        }
        sleep(Duration::from_millis(10));
    }
    let output = child.wait_with_output().unwrap();
    (
        output.status.code(),
        String::from_utf8(output.stderr).unwrap(),
    )
}

/// Starts a line, sends it a signal when it reads the fifo, and checks how it ends.
#[track_caller]
fn assert_ended_by(line: &str, name: &str, code: i32) {
    if name == "HUP" && hang_up_is_ignored() {
        return;
    }
    let home = home();
    let child = start(home.path(), line);
    let _fifo = read_by_now(home.path());
    signal(&child, name);
    let (ended_with, errors) = ended(child);
    assert_eq!(ended_with, Some(code), "{line}, {name}: {errors}");
    assert_eq!(errors, "error: stopped\n", "{line}");
    assert!(!home.path().join("report").exists(), "{line}");
}

#[test]
fn signals_end_every_verb() {
    let signals = [("INT", 130), ("TERM", 143), ("HUP", 143)];
    for (name, code) in signals {
        assert_ended_by("identify fifo", name, code);
    }
    for (line, (name, code)) in LINES.iter().zip(signals.iter().cycle()) {
        assert_ended_by(line, name, *code);
    }
}

#[test]
fn a_second_signal_ends_at_once() {
    let home = home();
    let child = start(home.path(), "identify fifo");
    let _fifo = read_by_now(home.path());
    signal(&child, "INT");
    signal(&child, "TERM");
    let (code, errors) = ended(child);
    // Which of the two is heard first is the system's choice. After one alone there is a message.
    assert!(matches!(code, Some(130 | 143)), "{code:?}");
    assert_eq!(errors, "");
}

/// `timeout` sends its signal to the process and to the group that it is in.
#[test]
fn the_same_signal_twice_at_once_is_one() {
    let home = home();
    for _ in 0..5 {
        let child = start(home.path(), "identify fifo");
        let _fifo = read_by_now(home.path());
        let sent = Command::new("sh")
            .args(["-c", "kill -TERM $0; kill -TERM $0"])
            .arg(child.id().to_string())
            .status();
        assert!(sent.unwrap().success());
        assert_eq!(ended(child), (Some(143), "error: stopped\n".into()));
    }
}

#[test]
fn a_timeout_ends_every_verb_and_is_named() {
    for line in LINES {
        let home = home();
        let child = start(home.path(), &format!("{line} --timeout 0.2"));
        let _fifo = read_by_now(home.path());
        let (code, errors) = ended(child);
        assert_eq!(code, Some(124), "{line}: {errors}");
        assert_eq!(
            errors, "error: the 0.2 s of --timeout are over: stopped\n",
            "{line}"
        );
    }
    let home = home();
    let child = start(home.path(), "--timeout 0.2 lab fonts --data fifo");
    let _fifo = read_by_now(home.path());
    assert_eq!(ended(child).0, Some(124));
    for seconds in ["0", "-1", "nan", "inf", "1e300", "", "soon"] {
        let timeout = format!("--timeout={seconds}");
        refused(
            &letra(&["lab", &timeout]),
            2,
            &["--timeout", "seconds above 0"],
        );
    }
    common::printed(&letra(&["lab", "--timeout", "86400000"]));
}

#[test]
fn a_training_that_is_out_of_time_keeps_its_state() {
    let home = tempfile::tempdir().unwrap();
    let font = home.path().join("hack.ttf");
    fs::write(&font, epaint_default_fonts::HACK_REGULAR).unwrap();
    let child = start(home.path(), "learn hack.ttf --steps 100000 --timeout 10");
    sleep(Duration::from_secs(10));
    let (code, errors) = ended(child);
    assert_eq!(code, Some(124), "{errors}");
    assert!(
        errors.contains("of --timeout are over: stopped after ") && errors.contains("--resume"),
        "{errors}"
    );
    assert!(home.path().join("model.letra.checkpoint").exists());
}

#[test]
fn the_calibration_of_a_training_ends_and_says_what_remains() {
    let home = tempfile::tempdir().unwrap();
    fs::create_dir(home.path().join("fonts")).unwrap();
    for (index, font) in typst_assets::fonts().enumerate() {
        fs::write(home.path().join(format!("fonts/{index}.otf")), font).unwrap();
    }
    let child = start(home.path(), "learn fonts --steps 1");
    let checkpoint = home.path().join("model.letra.checkpoint");
    while !checkpoint.exists() {
        sleep(Duration::from_millis(10));
    }
    // A step is over by then, and the calibration of so many faces is not.
    sleep(Duration::from_millis(2500));
    signal(&child, "INT");
    let (code, errors) = ended(child);
    assert_eq!(code, Some(130), "{errors}");
    assert!(
        errors.starts_with("error: stopped\nhint: model.letra.checkpoint holds the state"),
        "{errors}"
    );
    assert!(checkpoint.exists() && !home.path().join("model.letra").exists());
}

#[test]
fn a_hang_up_that_is_ignored_from_the_start_stays_so() {
    let home = home();
    let child = Command::new("nohup")
        .arg(env!("CARGO_BIN_EXE_letra"))
        .args(["identify", "fifo"])
        .current_dir(home.path())
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn();
    let mut child = child.unwrap();
    let _fifo = read_by_now(home.path());
    signal(&child, "HUP");
    sleep(Duration::from_millis(1500));
    assert!(child.try_wait().unwrap().is_none(), "SIGHUP was heard");
    signal(&child, "INT");
    assert_eq!(ended(child).0, Some(130));
}
