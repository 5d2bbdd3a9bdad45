//! The command line: help, usage, and what is refused before any work.

mod common;

use std::fs;
use std::path::Path;

use common::{letra, npz, printed, refused};

#[test]
fn help_names_the_verbs_examples_and_exit_codes() {
    let help = printed(&letra(&["--help"]));
    for word in [
        "lab",
        "identify",
        "learn",
        "enroll",
        "similar",
        "evaluate",
        "fonts",
        "specimen",
        "Examples:",
        "--timeout",
        "Exit codes:",
        "124",
        "130",
        "143",
    ] {
        assert!(help.contains(word), "no {word} in {help}");
    }
}

#[test]
fn the_lab_lists_its_experiments() {
    let list = printed(&letra(&["lab"]));
    for experiment in letra::lab::EXPERIMENTS {
        let of_experiment = |line: &&str| line.trim_start().starts_with(experiment.name);
        let mut lines = list.lines().filter(of_experiment);
        let about = lines
            .next()
            .and_then(|line| line.trim().strip_prefix(experiment.name));
        assert!(about.is_some_and(|about| about.trim().len() > 20), "{list}");
        let help = printed(&letra(&["lab", experiment.name, "--help"]));
        assert!(help.contains(about.unwrap().trim()), "{help}");
        for option in [
            "--data",
            "--split",
            "--seed",
            "--threads",
            "--out",
            "--json",
        ] {
            assert!(help.contains(option), "no {option} in {help}");
        }
    }
}

#[test]
fn a_wrong_command_line_is_usage() {
    refused(
        &letra(&["lab", "fonts", "--seed", "x"]),
        2,
        &["'x'", "--seed"],
    );
    refused(&letra(&["lab", "fonts", "--threads", "-1"]), 2, &["-1"]);
    refused(
        &letra(&["lab", "fonts", "--split", "half"]),
        2,
        &["seminar", "unseen-characters"],
    );
    refused(
        &letra(&["lab", "fonts", "--network", "perceptron"]),
        2,
        &["perceptron", "logistic", "feed-forward-keras", "vgg"],
    );
    refused(&letra(&["lab", "fnts"]), 2, &["fnts", "fonts"]);
    refused(&letra(&["identify", "--model", "m.letra"]), 2, &["PICTURE"]);
    refused(
        &letra(&["identify", "a.png", "--model", "m.letra", "--top", "0"]),
        2,
        &["--top"],
    );
}

/// Twenty pictures of 8×8 pixels in two classes.
fn small_data() -> Vec<u8> {
    let pictures: Vec<u8> = (0..20 * 64).map(|pixel| (pixel % 251) as u8).collect();
    let labels = (0..20).map(|picture| picture % 2).collect();
    npz(&[("arr_0", &[20, 8, 8], pictures), ("arr_1", &[20], labels)])
}

/// Runs the lab on a data file and checks that it is refused and leaves nothing behind.
#[track_caller]
fn refused_data(file: &[u8], arguments: &[&str], words: &[&str]) {
    let home = tempfile::tempdir().unwrap();
    let data = home.path().join("data.npz");
    fs::write(&data, file).unwrap();
    let out = home.path().join("reports").join("fonts");
    let mut line = vec![
        "lab",
        "fonts",
        "--network",
        "logistic",
        "--data",
        path(&data),
        "--out",
        path(&out),
    ];
    line.extend(arguments);
    refused(&letra(&line), 1, words);
    assert_eq!(
        fs::read_dir(home.path()).unwrap().count(),
        1,
        "something was left behind"
    );
}

fn path(path: &Path) -> &str {
    path.to_str().expect("a path in UTF-8")
}

#[test]
fn a_data_file_that_is_not_there_is_refused() {
    refused(
        &letra(&["lab", "fonts", "--data", "no/such.npz"]),
        1,
        &["no/such.npz"],
    );
}

#[test]
fn a_damaged_data_file_is_refused() {
    let whole = small_data();
    refused_data(b"", &[], &["data.npz", "empty"]);
    refused_data(b"not a zip archive at all", &[], &["data.npz", "npz"]);
    refused_data(&whole[..whole.len() / 2], &[], &["data.npz"]);
    refused_data(&npz(&[("arr_0", &[2, 2, 2], vec![0; 8])]), &[], &["arr_1"]);
    refused_data(
        &npz(&[
            ("arr_0", &[2, 2, 2], vec![0; 8]),
            ("arr_1", &[3], vec![0; 3]),
        ]),
        &[],
        &["arr_1", "3"],
    );
}

#[test]
fn a_split_that_does_not_fit_the_data_is_refused() {
    refused_data(&small_data(), &["--split", "seminar"], &["2790"]);
    refused_data(
        &small_data(),
        &["--split", "unseen-characters"],
        &["characters"],
    );
}

#[test]
fn other_data_can_be_split_at_random() {
    let home = tempfile::tempdir().unwrap();
    let data = home.path().join("data.npz");
    fs::write(&data, small_data()).unwrap();
    let out = home.path().join("report");
    let table = printed(&letra(&[
        "lab",
        "fonts",
        "--data",
        path(&data),
        "--split",
        "random",
        "--network",
        "logistic",
        "--out",
        path(&out),
    ]));
    assert!(
        table.contains("Logistic regression") && table.contains("1-nearest neighbour"),
        "{table}"
    );
    assert!(out.join("index.html").is_file());
}

#[test]
fn a_folder_that_cannot_take_the_report_is_refused_before_training() {
    let home = tempfile::tempdir().unwrap();
    let file = home.path().join("taken");
    fs::write(&file, "a file").unwrap();
    for out in [file.clone(), file.join("fonts"), home.path().to_path_buf()] {
        refused(
            &letra(&["lab", "fonts", "--out", path(&out)]),
            1,
            &["taken", "--out"],
        );
    }
    assert_eq!(fs::read_to_string(&file).unwrap(), "a file");
    assert_eq!(fs::read_dir(home.path()).unwrap().count(), 1);
}

#[test]
fn a_specimen_is_a_picture() {
    let home = tempfile::tempdir().unwrap();
    let sheet = home.path().join("sheet.png");
    printed(&letra(&["specimen", "-o", path(&sheet)]));
    let picture = letra_type::Picture::from_file(&sheet).unwrap();
    assert!(picture.pixels().iter().any(|grey| *grey < 64));
}

#[test]
fn a_specimen_of_what_is_no_font_is_refused() {
    let home = tempfile::tempdir().unwrap();
    let font = home.path().join("font.ttf");
    fs::write(&font, "no font").unwrap();
    let sheet = home.path().join("sheet.png");
    refused(
        &letra(&["specimen", path(&font), "-o", path(&sheet)]),
        1,
        &["font.ttf"],
    );
    refused(
        &letra(&["specimen", "none.ttf", "-o", path(&sheet)]),
        1,
        &["none.ttf"],
    );
    refused(
        &letra(&["specimen", "-o", path(&font.join("sheet.png"))]),
        1,
        &["sheet.png"],
    );
    assert!(!sheet.exists());
}

#[cfg(unix)]
#[test]
fn ctrl_c_stops_the_lab_and_leaves_nothing() {
    let home = tempfile::tempdir().unwrap();
    let out = home.path().join("report");
    let child = common::command()
        .args(["lab", "fonts", "--network", "cnn", "--out", path(&out)])
        .stdout(std::process::Stdio::piped())
        .stderr(std::process::Stdio::piped())
        .spawn()
        .unwrap();
    // The lab prepares its report just before it trains.
    while fs::read_dir(home.path()).unwrap().count() == 0 {
        std::thread::sleep(std::time::Duration::from_millis(20));
    }
    let kill = std::process::Command::new("kill")
        .args(["-INT", &child.id().to_string()])
        .status();
    assert!(kill.unwrap().success());
    let output = child.wait_with_output().unwrap();
    assert_eq!(output.status.code(), Some(130));
    assert!(output.stdout.is_empty());
    assert_eq!(fs::read_dir(home.path()).unwrap().count(), 0);
}

#[test]
fn why_the_only_font_is_left_out_is_said_by_every_verb() {
    let home = tempfile::tempdir().unwrap();
    let font = home.path().join("broken.ttf");
    fs::write(&font, "no font").unwrap();
    let (font, model) = (font.to_str().unwrap(), home.path().join("model.letra"));
    let model = model.to_str().unwrap();
    fs::copy(common::BUILT_IN_MODEL, model).unwrap();
    let reason = ["the one found was left out: cannot be read"];
    refused(&letra(&["enroll", model, font]), 1, &reason);
    refused(&letra(&["learn", font, "-o", model]), 1, &reason);
}

#[cfg(target_os = "linux")]
#[test]
fn a_font_of_a_name_that_is_no_unicode_is_not_taken_for_one_built_in() {
    use std::os::unix::ffi::OsStrExt as _;
    let home = tempfile::tempdir().unwrap();
    let name = std::ffi::OsStr::from_bytes(b"broken\xff.ttf");
    fs::write(home.path().join(name), "no font").unwrap();
    let output = letra(&["fonts", home.path().to_str().unwrap()]);
    assert_eq!(output.status.code(), Some(1));
    let errors = String::from_utf8_lossy(&output.stderr);
    assert!(
        errors.contains("broken\u{fffd}.ttf") && !errors.contains("built in"),
        "{errors}"
    );
}

#[test]
fn a_folder_is_no_picture() {
    let home = tempfile::tempdir().unwrap();
    let folder = home.path().to_str().unwrap();
    refused(
        &letra(&["identify", folder]),
        1,
        &["name the files in the folder"],
    );
}
