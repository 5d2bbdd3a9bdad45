//! Whatever standard output and standard error are, the work is done and the exit code is the
//! documented one; and nothing out of a file controls the terminal.
#![cfg(unix)]

mod common;

use std::fs;
use std::io::pipe;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};

use common::{BUILT_IN_MODEL, broken_pipe, command, line_of_text};
use letra::identifier::Typefaces;
use letra_nn::prelude::*;
use letra_type::{Font, SIDE};
use tempfile::TempDir;

/// A folder with what the verbs need.
struct Home(TempDir);

impl Home {
    fn new() -> Self {
        let home = Self(tempfile::tempdir().unwrap());
        fs::create_dir(home.path("fonts")).unwrap();
        fs::write(
            home.path("fonts/hack.ttf"),
            epaint_default_fonts::HACK_REGULAR,
        )
        .unwrap();
        fs::create_dir(home.path("none")).unwrap();
        fs::write(home.path("none/broken.ttf"), "no font").unwrap();
        fs::create_dir(home.path("labelled")).unwrap();
        for name in ["a.png", "labelled/a.png"] {
            line_of_text(&Font::built_in()[0], "Whistling")
                .save_png(&home.path(name))
                .unwrap();
        }
        let labels = "picture,family,style,group\na.png,Libertinus Serif,Regular,clean\n";
        fs::write(home.path("labelled/labels.csv"), labels).unwrap();
        let pixels: Vec<u8> = (0..20 * 64).map(|pixel| (pixel % 251) as u8).collect();
        let labels = (0..20).map(|picture| picture % 2).collect();
        let data = common::npz(&[("arr_0", &[20, 8, 8], pixels), ("arr_1", &[20], labels)]);
        fs::write(home.path("data.npz"), data).unwrap();
        home
    }

    fn path(&self, name: &str) -> PathBuf {
        self.0.path().join(name)
    }
}

/// A command line within a home.
struct Line {
    arguments: &'static str,
    code: i32,
    prints: bool,
    /// A file that stands afterwards.
    keeps: Option<&'static str>,
}

const fn line(arguments: &'static str, code: i32, prints: bool) -> Line {
    Line {
        arguments,
        code,
        prints,
        keeps: None,
    }
}

const fn keeps(arguments: &'static str, file: &'static str) -> Line {
    Line {
        arguments,
        code: 0,
        prints: true,
        keeps: Some(file),
    }
}

/// Every verb where it does its work, and the ways to fail.
const LINES: &[Line] = &[
    line("--help", 0, true),
    line("learn --help", 0, true),
    line("--version", 0, true),
    line("identify", 2, false),
    line("lab", 0, true),
    line("fonts fonts", 0, true),
    line("fonts fonts --json", 0, true),
    line("fonts none", 1, false),
    line("identify a.png", 0, true),
    line("identify a.png --json", 0, true),
    line("identify missing.png", 1, false),
    line("identify missing.png data.npz", 1, false),
    line("identify missing.png a.png --json", 1, true),
    line("evaluate labelled", 0, true),
    line("evaluate labelled --json", 0, true),
    line("similar fonts/hack.ttf", 0, true),
    line("similar a.png", 1, false),
    line("learn none", 1, false),
    keeps("identify a.png --report report", "report/index.html"),
    keeps("evaluate labelled --report scores", "scores/index.html"),
    keeps("specimen -o sheet.png", "sheet.png"),
    keeps("enroll MODEL fonts -o more.letra", "more.letra"),
    keeps(
        "lab fonts --data data.npz --split random --network logistic --out lab",
        "lab/index.html",
    ),
];

/// Takes its time, so it is run where both outputs are full, and no more.
const LEARN: &[Line] = &[keeps("learn fonts --steps 1 -o m.letra", "m.letra")];

/// Runs every line, prepared by `change`, which says the exit code that one that would end with
/// `code` and `prints` something must have.
#[track_caller]
fn each_line(change: impl Fn(&mut Command), code: impl Fn(i32, bool) -> i32) {
    each(LINES, change, code);
}

#[track_caller]
fn each(lines: &[Line], change: impl Fn(&mut Command), code: impl Fn(i32, bool) -> i32) {
    for line in lines {
        let home = Home::new();
        let mut command = command();
        command.current_dir(home.0.path());
        for argument in line.arguments.split(' ') {
            command.arg(argument.replace("MODEL", BUILT_IN_MODEL));
        }
        command.stdin(Stdio::null());
        change(&mut command);
        let output = command.output().unwrap();
        let errors = String::from_utf8_lossy(&output.stderr);
        assert_eq!(
            output.status.code(),
            Some(code(line.code, line.prints)),
            "{}: {errors}",
            line.arguments
        );
        if let Some(file) = line.keeps {
            let there = home.path(file).exists();
            assert!(there, "{} kept no {file}: {errors}", line.arguments);
        }
    }
}

/// Replaces the command by a shell that starts it with a redirection.
fn redirected(command: &mut Command, redirection: &str) {
    let mut shell = Command::new("sh");
    shell
        .arg("-c")
        .arg(format!("exec \"$0\" \"$@\" {redirection}"));
    shell.arg(command.get_program()).args(command.get_args());
    shell.current_dir(command.get_current_dir().unwrap());
    *command = shell;
}

#[test]
fn closed_outputs_change_nothing() {
    each_line(|command| redirected(command, ">&- 2>&-"), |code, _| code);
}

#[test]
fn a_full_standard_error_changes_nothing() {
    each_line(|command| redirected(command, "2>/dev/full"), |code, _| code);
}

#[test]
fn a_reader_of_standard_error_that_left_changes_nothing() {
    let change = |command: &mut Command| {
        command.stderr(broken_pipe());
    };
    each_line(change, |code, _| code);
}

#[test]
fn a_reader_of_standard_output_that_left_ends_it_quietly() {
    let change = |command: &mut Command| {
        command.stdout(broken_pipe());
    };
    each_line(change, |code, _| code);
}

#[test]
fn a_full_standard_output_is_an_error_after_the_files_are_kept() {
    each_line(
        |command| redirected(command, ">/dev/full"),
        |code, prints| if prints { 1 } else { code },
    );
    let mut help = command();
    help.arg("lab").current_dir("/");
    redirected(&mut help, ">/dev/full");
    let errors = String::from_utf8(help.output().unwrap().stderr).unwrap();
    assert!(
        errors.starts_with("error: cannot write to standard output: ") && errors.contains("\nhint"),
        "{errors}"
    );
}

#[test]
fn a_model_is_kept_where_nothing_can_be_said() {
    each(
        LEARN,
        |command| redirected(command, ">/dev/full 2>/dev/full"),
        |_, _| 1,
    );
}

#[test]
fn a_standard_error_without_a_reader_holds_nothing_up() {
    let home = Home::new();
    let (reader, writer) = pipe().unwrap();
    // As much as a pipe holds.
    let mut filler = Command::new("sh")
        .args(["-c", "cat /dev/zero"])
        .stdout(writer.try_clone().unwrap())
        .spawn()
        .unwrap();
    // A full pipe keeps its writer waiting: it has less and less time as long as it writes.
    std::thread::sleep(std::time::Duration::from_millis(500));
    let output = command()
        .args(["identify", "missing.png", "a.png", "data.npz"])
        .current_dir(home.0.path())
        .stderr(writer)
        .output()
        .unwrap();
    filler.kill().unwrap();
    filler.wait().unwrap();
    drop(reader);
    assert_eq!(output.status.code(), Some(1));
    let printed = String::from_utf8(output.stdout).unwrap();
    assert!(printed.starts_with("a.png   1 line"), "{printed}");
}

/// Checks that a command neither panicked nor let a control character through.
#[track_caller]
fn assert_visible(output: &Output) {
    let errors = String::from_utf8_lossy(&output.stderr);
    assert!(matches!(output.status.code(), Some(0 | 1)), "{errors}");
    for text in [&output.stdout, &output.stderr] {
        let text = String::from_utf8(text.clone()).unwrap();
        let hostile = |one: char| {
            one != '\n' && (one.is_control() || ('\u{202a}'..='\u{202e}').contains(&one))
        };
        assert!(!text.contains(hostile), "{text:?}");
    }
}

/// A model of single glyphs with names of classes.
fn model(file: &Path, names: Vec<String>) {
    let mut network = Sequential::new([SIDE, SIDE, 1])
        .add(Flatten)
        .add(Dense::new(names.len()).softmax())
        .compile(Compile::new(Sgd::new(0.1)))
        .unwrap();
    Typefaces {
        names,
        ink_sides: vec![(20.0, 1.0)],
    }
    .note(&mut network)
    .unwrap();
    network.save(file).unwrap();
}

#[test]
fn names_out_of_files_do_not_control_the_terminal() {
    let home = Home::new();
    let hostile = "evil\u{1b}]0;title\u{7}\u{1b}[2J\u{9b}31m\u{202e}\r\nerror: no";
    let picture = home.path(&hostile.replace('/', ""));
    line_of_text(&Font::built_in()[0], "R")
        .save_png(&picture)
        .unwrap();
    let file = home.path("glyphs.letra");
    model(&file, vec![hostile.into(), "n".repeat(70_000)]);
    for json in [None, Some("--json")] {
        let output = command()
            .arg("identify")
            .args([&picture, &home.path("missing\u{1b}[2J.png")])
            .args(["--top", "2"])
            .args(json)
            .arg("--model")
            .arg(&file)
            .output()
            .unwrap();
        assert_visible(&output);
        let output = command()
            .arg("identify")
            .args([&picture, &home.path("missing\u{1b}[2J.png")])
            .args(json)
            .output()
            .unwrap();
        assert_visible(&output);
        let answer = String::from_utf8(output.stdout).unwrap();
        assert!(answer.contains("evil\\u"), "{answer}");
    }
    fs::rename(home.path("fonts"), home.path("fonts\u{1b}[2J")).unwrap();
    let fonts = command().arg("fonts").arg(home.0.path()).output().unwrap();
    assert_visible(&fonts);
    let table = String::from_utf8(fonts.stdout).unwrap();
    assert!(table.contains("fonts\\u{1b}[2J/hack.ttf"), "{table}");
}
