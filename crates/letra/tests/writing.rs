//! What the verbs write: nothing is lost, nothing is overwritten unasked, what cannot be written is
//! refused before any work.

mod common;

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Child, Stdio};
use std::sync::OnceLock;
use std::thread::sleep;
use std::time::Duration;

use common::{command, letra, printed, refused};
use letra_files::Lock;
use letra_type::{Font, Picture, draw_line};
use tempfile::TempDir;

fn text(path: &Path) -> &str {
    path.to_str().expect("a path in UTF-8")
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

/// Writes fonts of letra's own to a folder.
fn write_fonts(folder: &Path, names: &[&str]) {
    fs::create_dir_all(folder).unwrap();
    for bytes in typst_assets::fonts() {
        let name = Font::from_bytes("font", bytes, 0).unwrap().name();
        if names.contains(&name.as_str()) {
            fs::write(folder.join(name + ".otf"), bytes).unwrap();
        }
    }
    assert_eq!(fs::read_dir(folder).unwrap().count(), names.len());
}

const LEARNT: [&str; 3] = [
    "Libertinus Serif",
    "DejaVu Sans Mono",
    "NewComputerModern 10 Regular",
];
const ADDED: [&str; 2] = ["Libertinus Serif Bold", "Libertinus Serif Italic"];

/// A folder with fonts, and a model that has hardly learnt them.
fn model() -> &'static TempDir {
    static HOME: OnceLock<TempDir> = OnceLock::new();
    HOME.get_or_init(|| {
        let home = tempfile::tempdir().unwrap();
        write_fonts(&home.path().join("fonts"), &LEARNT);
        write_fonts(&home.path().join("more"), &ADDED);
        let (fonts, model) = (home.path().join("fonts"), home.path().join("model.letra"));
        printed(&letra(&[
            "learn",
            text(&fonts),
            "-o",
            text(&model),
            "--steps",
            "1",
        ]));
        assert_eq!(names(home.path()), ["fonts", "model.letra", "more"]);
        home
    })
}

fn font(name: &str) -> PathBuf {
    model().path().join("more").join(format!("{name}.otf"))
}

/// A copy of the model in a folder of its own.
fn copy() -> (TempDir, PathBuf) {
    let home = tempfile::tempdir().unwrap();
    let copy = home.path().join("model.letra");
    fs::copy(model().path().join("model.letra"), &copy).unwrap();
    (home, copy)
}

/// A line of text.
fn picture(folder: &Path) -> PathBuf {
    let mut picture = Picture::blank(700, 90, 255).unwrap();
    let font = &Font::built_in()[0];
    let text = "Whistling quietly past the";
    draw_line(&mut picture, font, text, 40.0, (30.0, 58.0), 0).unwrap();
    let path = folder.join("line.png");
    picture.save_png(&path).unwrap();
    path
}

#[test]
fn what_cannot_be_written_is_refused_before_any_work() {
    let home = tempfile::tempdir().unwrap();
    let folder = home.path().join("folder");
    fs::create_dir(&folder).unwrap();
    // No fonts are there either; but they are not looked at.
    let learn = |output: &str| letra(&["learn", "no-fonts", "-o", output, "--steps", "1"]);
    refused(&learn(text(&folder)), 1, &["it is a folder", "-o FILE"]);
    let missing = folder.join("missing").join("model.letra");
    refused(&learn(text(&missing)), 1, &["does not exist", "-o FILE"]);
    refused(
        &letra(&["specimen", "no-fonts", "-o", text(&folder)]),
        1,
        &["it is a folder", "-o FILE.png"],
    );
    refused(
        &letra(&["enroll", text(&folder), "no-fonts"]),
        1,
        &["it is a folder", "-o FILE"],
    );
    assert_eq!(names(home.path()), ["folder"]);
    assert!(names(&folder).is_empty());
}

#[cfg(unix)]
#[test]
fn devices_pipes_and_what_is_read_only_stay() {
    use std::os::unix::fs::{FileTypeExt as _, PermissionsExt as _};
    let home = tempfile::tempdir().unwrap();
    let specimen = |output: &str| letra(&["specimen", "-o", output]);
    refused(&specimen("/dev/null"), 1, &["it is a device"]);
    let device = fs::metadata("/dev/null").unwrap();
    assert!(device.file_type().is_char_device());
    refused(&specimen("/dev/stdout"), 1, &["/dev/stdout", "it is a"]);
    let file = home.path().join("sheet.png");
    fs::write(&file, "old").unwrap();
    fs::set_permissions(&file, fs::Permissions::from_mode(0o444)).unwrap();
    refused(&specimen(text(&file)), 1, &["read-only", "chmod"]);
    assert_eq!(fs::read(&file).unwrap(), b"old");
    assert_eq!(names(home.path()), ["sheet.png"]);
}

#[test]
fn a_training_that_was_stopped_is_not_overwritten_unasked() {
    let home = tempfile::tempdir().unwrap();
    let (output, checkpoint) = (
        home.path().join("model.letra"),
        home.path().join("model.letra.checkpoint"),
    );
    fs::write(&checkpoint, "hours of work").unwrap();
    let fonts = model().path().join("fonts");
    let line = ["learn", text(&fonts), "-o", text(&output), "--steps", "1"];
    let words = ["model.letra.checkpoint", "--resume", "--start-over"];
    refused(&letra(&line), 1, &words);
    assert_eq!(fs::read(&checkpoint).unwrap(), b"hours of work");
    assert_eq!(names(home.path()), ["model.letra.checkpoint"]);
    // What is no state of a training cannot be gone on with.
    let resume = [&line[..], &["--resume"]].concat();
    refused(&letra(&resume), 1, &["cannot resume", "--start-over"]);
    assert_eq!(fs::read(&checkpoint).unwrap(), b"hours of work");
    let both = [&line[..], &["--resume", "--start-over"]].concat();
    refused(&letra(&both), 2, &["--start-over"]);
    // With the word, it begins at once, in place of what was there.
    let mut child = command()
        .args([&line[..], &["--start-over"]].concat())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    while fs::read(&checkpoint).unwrap() == b"hours of work" {
        assert!(child.try_wait().unwrap().is_none(), "it ended by itself");
        sleep(Duration::from_millis(2));
    }
    child.kill().unwrap();
    child.wait().unwrap();
}

/// The model cannot be written when it is done: what the checkpoint holds is said, and is so.
#[test]
fn after_a_failure_at_the_end_the_training_goes_on() {
    let home = tempfile::tempdir().unwrap();
    let output = home.path().join("model.letra");
    let checkpoint = home.path().join("model.letra.checkpoint");
    let fonts = model().path().join("fonts");
    let line = ["learn", text(&fonts), "-o", text(&output), "--steps", "3"];
    let child = command()
        .args(line)
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    while !checkpoint.exists() {
        sleep(Duration::from_millis(2));
    }
    fs::create_dir(&output).unwrap();
    let ended = child.wait_with_output().unwrap();
    let words = ["it is a folder", "after step 3 of 3", "--resume"];
    refused(&ended, 1, &words);
    fs::remove_dir(&output).unwrap();
    let said = printed(&letra(&[&line[..], &["--resume"]].concat()));
    assert!(said.contains("3 steps"), "{said}");
    assert_eq!(names(home.path()), ["model.letra"]);
}

fn enroll(model: &Path, font: &Path) -> Child {
    command()
        .args(["enroll", text(model), text(font)])
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap()
}

#[test]
fn two_that_enroll_at_once_lose_nothing() {
    let (home, model) = copy();
    let children = ADDED.map(|name| enroll(&model, &font(name)));
    let mut said: Vec<String> = children
        .into_iter()
        .map(|child| printed(&child.wait_with_output().unwrap()))
        .collect();
    said.sort();
    for (said, faces) in said.iter().zip(["4 faces", "5 faces"]) {
        assert!(
            said.contains(faces) && said.contains("1 of them new"),
            "{said}"
        );
    }
    assert_eq!(names(home.path()), ["model.letra"]);
}

#[test]
fn who_writes_a_model_already_is_named() {
    let (home, model) = copy();
    let lock = Lock::of_file(&model, "letra learn").unwrap();
    let process = format!(
        "`letra learn` is writing it, process {}",
        std::process::id()
    );
    refused(
        &letra(&["learn", "no-fonts", "-o", text(&model)]),
        1,
        &[&process, "wait until that is done"],
    );
    drop(lock);
    assert_eq!(names(home.path()), ["model.letra"]);
}

#[cfg(unix)]
#[test]
fn a_model_behind_a_link_keeps_its_place_and_mode() {
    use std::os::unix::fs::{PermissionsExt as _, symlink};
    let (home, model) = copy();
    let link = home.path().join("link.letra");
    symlink("model.letra", &link).unwrap();
    fs::set_permissions(&model, fs::Permissions::from_mode(0o600)).unwrap();
    let old = fs::read(&model).unwrap();
    printed(&enroll(&link, &font(ADDED[0])).wait_with_output().unwrap());
    assert!(link.is_symlink());
    assert!(fs::read(&model).unwrap() != old);
    assert_eq!(
        fs::metadata(&model).unwrap().permissions().mode() & 0o777,
        0o600
    );
    assert_eq!(names(home.path()), ["link.letra", "model.letra"]);
}

/// Every file of the report is there and whole.
#[track_caller]
fn assert_report(folder: &Path) {
    let page = fs::read_to_string(folder.join("index.html")).unwrap();
    assert!(page.trim_end().ends_with("</html>"), "the page is cut off");
    let figures = fs::read_to_string(folder.join("report.json")).unwrap();
    serde_json::from_str::<serde_json::Value>(&figures).unwrap();
}

#[test]
fn a_report_leaves_the_readers_own_files_alone() {
    let home = tempfile::tempdir().unwrap();
    let (picture, folder) = (picture(home.path()), home.path().join("report"));
    let report = |name: &str| {
        command()
            .current_dir(&folder)
            .args([
                "identify",
                text(&picture),
                "--text",
                "Whistling",
                "--report",
                name,
            ])
            .output()
            .unwrap()
    };
    fs::create_dir(&folder).unwrap();
    // The folder that the shell is in is a folder like any other, and stays.
    printed(&report("."));
    assert_report(&folder);
    for own in ["mine.letra", "thesis.tex"] {
        fs::write(folder.join(own), "years of work").unwrap();
    }
    #[cfg(unix)]
    let before = std::os::unix::fs::MetadataExt::ino(&fs::metadata(&folder).unwrap());
    printed(&report("."));
    #[cfg(unix)]
    assert_eq!(
        std::os::unix::fs::MetadataExt::ino(&fs::metadata(&folder).unwrap()),
        before
    );
    assert_report(&folder);
    for own in ["mine.letra", "thesis.tex"] {
        assert_eq!(fs::read(folder.join(own)).unwrap(), b"years of work");
    }
    // The lab's models could be in their way: it says so before it trains.
    let out = text(&folder);
    refused(
        &letra(&["lab", "fonts", "--out", out]),
        1,
        &["mine.letra", "--out DIR"],
    );
    // A folder without a report is refused, by the option that this verb has.
    refused(&report(".."), 1, &["lacks the index.html", "--report DIR"]);
    let lock = Lock::of_folder(&folder, "letra lab").unwrap();
    refused(
        &report("."),
        1,
        &["`letra lab` is writing it", "--report DIR"],
    );
    drop(lock);
    let left = [
        ".letra-report",
        "index.html",
        "mine.letra",
        "report.json",
        "thesis.tex",
    ];
    assert_eq!(names(&folder), left);
}

#[test]
fn a_report_that_is_killed_is_the_old_or_the_new_one() {
    let home = tempfile::tempdir().unwrap();
    let (picture, folder) = (picture(home.path()), home.path().join("report"));
    let report = |words: &str| {
        let mut command = command();
        command
            .args(["identify", text(&picture), "--text", words, "--report"])
            .arg(&folder)
            .stdout(Stdio::null())
            .stderr(Stdio::null());
        command
    };
    assert!(report("zero").status().unwrap().success());
    fs::write(folder.join("thesis.tex"), "years of work").unwrap();
    for kill in 0..12 {
        let mut child = report(&format!("word{kill}")).spawn().unwrap();
        sleep(Duration::from_millis(40 * kill));
        child.kill().unwrap();
        child.wait().unwrap();
        assert_report(&folder);
        assert!(folder.join("thesis.tex").exists());
    }
    assert!(report("last").status().unwrap().success());
    let left = [".letra-report", "index.html", "report.json", "thesis.tex"];
    assert_eq!(names(&folder), left);
}
