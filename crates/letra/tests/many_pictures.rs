//! Many pictures: each is answered when it is read, and a bad one is not the end of the others.

mod common;

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Output, Stdio};

use common::{command, line_of_text, printed, refused};
use letra_type::Font;
use serde_json::Value;
use tempfile::TempDir;

/// A folder with two pictures of text and a file that is none.
fn home() -> TempDir {
    let home = tempfile::tempdir().unwrap();
    let fonts = Font::built_in();
    for (name, font, text) in [
        ("serif.png", 0, "Whistling quietly past the"),
        ("mono.png", 2, "bright harbour windows"),
    ] {
        line_of_text(&fonts[font], text)
            .save_png(&home.path().join(name))
            .unwrap();
    }
    fs::write(home.path().join("bad.png"), "no picture").unwrap();
    home
}

fn identify(home: &Path, arguments: &[&str]) -> Output {
    command()
        .arg("identify")
        .args(arguments)
        .current_dir(home)
        .output()
        .unwrap()
}

/// What a command printed that failed with `words` on standard error.
#[track_caller]
fn failed(output: &Output, words: &[&str]) -> String {
    let errors = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(1), "{errors}");
    for word in words {
        assert!(errors.contains(word), "no {word:?} in: {errors}");
    }
    String::from_utf8(output.stdout.clone()).unwrap()
}

#[test]
fn a_bad_picture_does_not_discard_the_answers_to_others() {
    let home = home();
    let pictures = ["serif.png", "bad.png", "missing.png", "mono.png"];
    let said = [
        "error: bad.png",
        "missing.png",
        "\nhint: ",
        "error: 2 of 4 pictures could not be answered",
    ];
    let text = failed(&identify(home.path(), &pictures), &said);
    let answers: Vec<&str> = text.split("\n\n").collect();
    assert_eq!(answers.len(), 2, "{text}");
    assert!(answers[0].starts_with("serif.png") && answers[1].starts_with("mono.png"));
    let good = printed(&identify(home.path(), &["serif.png", "mono.png"]));
    assert_eq!(text, good);

    let json = [&pictures[..], &["--json"]].concat();
    let json = failed(&identify(home.path(), &json), &said);
    let json: Value = serde_json::from_str(&json).expect("valid JSON");
    let all = json.as_array().unwrap();
    for (one, name) in all.iter().zip(pictures) {
        assert_eq!(one["picture"], name);
        assert_eq!(
            one["error"].is_string(),
            !one["typefaces"].is_array(),
            "{one}"
        );
    }
    assert!(all[1]["hint"].is_string() && all[1]["error"].as_str().unwrap().contains("bad.png"));
    let good = identify(home.path(), &["serif.png", "mono.png", "--json"]);
    let good: Value = serde_json::from_str(&printed(&good)).expect("valid JSON");
    assert_eq!(good, Value::from(vec![all[0].clone(), all[3].clone()]));

    let report = [&pictures[..], &["--report", "report"]].concat();
    let text = failed(&identify(home.path(), &report), &said);
    assert!(
        text.ends_with("\nThe report is report/index.html\n"),
        "{text}"
    );
    let page = fs::read_to_string(home.path().join("report/index.html")).unwrap();
    assert!(page.contains("<h2>serif.png</h2>") && page.contains("<h2>mono.png</h2>"));
}

#[test]
fn bad_pictures_alone_leave_no_report_and_valid_json() {
    let home = home();
    let output = identify(home.path(), &["bad.png", "--json"]);
    let json = failed(&output, &["error: bad.png", "\nhint: "]);
    let json: Value = serde_json::from_str(&json).expect("valid JSON");
    assert_eq!(json.as_array().unwrap().len(), 1);
    refused(&identify(home.path(), &["bad.png"]), 1, &["bad.png"]);
    failed(
        &identify(
            home.path(),
            &["bad.png", "missing.png", "--report", "report"],
        ),
        &["2 of 2 pictures"],
    );
    assert!(!home.path().join("report").exists());
}

#[test]
fn a_picture_can_come_from_standard_input() {
    let home = home();
    let picture = fs::File::open(home.path().join("serif.png")).unwrap();
    let read = |input: Stdio| {
        let mut identify = command();
        identify.args(["identify", "-"]).stdin(input);
        identify.output().unwrap()
    };
    let text = printed(&read(picture.into()));
    assert!(text.starts_with("-   1 line"), "{text}");
    refused(&read(Stdio::null()), 1, &["standard input is empty"]);
}

#[cfg(unix)]
#[test]
fn a_picture_is_answered_before_the_next_is_read() {
    use std::io::{BufRead as _, BufReader, Read as _};

    let home = home();
    let fifo = home.path().join("fifo");
    common::fifo(&fifo);
    for json in [false, true] {
        let mut child = command()
            .args(["identify", "serif.png", "fifo"])
            .args(json.then_some("--json"))
            .current_dir(home.path())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let mut output = BufReader::new(child.stdout.take().unwrap());
        let mut text = String::new();
        // The last line of the first answer; the second picture is not there yet.
        let end = if json {
            "\n    ]\n  }"
        } else {
            "none of these"
        };
        while !text.contains(end) {
            let read = output.fill_buf().unwrap();
            assert!(!read.is_empty(), "it ended with {text:?}");
            text += std::str::from_utf8(read).unwrap();
            let count = read.len();
            output.consume(count);
        }
        assert!(child.try_wait().unwrap().is_none(), "it did not wait");
        fs::write(&fifo, fs::read(home.path().join("mono.png")).unwrap()).unwrap();
        output.read_to_string(&mut text).unwrap();
        assert!(child.wait().unwrap().success());
        match json {
            true => {
                let all: Value = serde_json::from_str(&text).expect("valid JSON");
                assert_eq!(all.as_array().unwrap().len(), 2);
            }
            false => assert!(text.contains("\n\nfifo   1 line"), "{text}"),
        }
    }
}

#[cfg(unix)]
#[test]
fn nothing_more_is_read_for_a_reader_that_left() {
    let home = home();
    common::fifo(&home.path().join("fifo"));
    // The fifo has no writer: reading it would never end.
    let output = command()
        .args(["identify", "serif.png", "fifo"])
        .current_dir(home.path())
        .stdout(common::broken_pipe())
        .output()
        .unwrap();
    assert_eq!(output.status.code(), Some(0));
    assert!(output.stderr.is_empty());
}

fn labelled(home: &Path) -> PathBuf {
    let rows = "picture,family,style,group\n\
        serif.png,Libertinus Serif,Regular,clean\n\
        bad.png,Libertinus Serif,Regular,clean\n\
        missing.png,Libertinus Serif,Regular,clean\n\
        mono.png,DejaVu Sans Mono,Book,clean\n";
    fs::write(home.join("labels.csv"), rows).unwrap();
    home.to_owned()
}

#[test]
fn an_evaluation_names_pictures_that_cannot_be_opened_and_counts_the_others() {
    let home = home();
    let folder = labelled(home.path());
    let evaluate = |option: Option<&str>| {
        let mut command = command();
        command.arg("evaluate").arg(&folder).args(option);
        command
            .args(["--report", "scores"])
            .current_dir(home.path());
        failed(
            &command.output().unwrap(),
            &["bad.png", "missing.png", "2 of 4 pictures"],
        )
    };
    let text = evaluate(None);
    assert!(
        text.contains("is not counted\n  bad.png\n  missing.png\n"),
        "{text}"
    );
    let json: Value = serde_json::from_str(&evaluate(Some("--json"))).expect("valid JSON");
    assert_eq!(json["groups"][0]["pictures"], 2);
    assert_eq!(json["not_opened"][0]["picture"], "bad.png");
    assert!(
        json["not_opened"][1]["error"]
            .as_str()
            .unwrap()
            .contains("missing.png")
    );
    let page = fs::read_to_string(home.path().join("scores/index.html")).unwrap();
    assert!(page.contains("Could not be opened") && page.contains("missing.png"));
}
