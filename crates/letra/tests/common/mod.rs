//! Running the command and judging how it ended.

#![allow(dead_code, reason = "each test uses a part")]

pub(crate) mod tasks;

use std::ffi::OsStr;
use std::fs;
use std::io::{Cursor, PipeWriter, Write, pipe};
use std::process::{Command, Output};

use letra_type::{Font, Picture, draw_line, glyph_set, line_width};
use serde_json::Value;
use zip::ZipWriter;
use zip::write::SimpleFileOptions;

/// Runs `letra` with arguments.
pub(crate) fn letra<A: AsRef<OsStr>>(arguments: &[A]) -> Output {
    command()
        .args(arguments)
        .output()
        .expect("the command starts")
}

/// `letra`, to be given arguments.
pub(crate) fn command() -> Command {
    Command::new(env!("CARGO_BIN_EXE_letra"))
}

/// What a command that did its work printed.
#[track_caller]
pub(crate) fn printed(output: &Output) -> String {
    let errors = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(0), "{errors}");
    String::from_utf8(output.stdout.clone()).expect("output is UTF-8")
}

/// Checks that the command ended with `code`, printed nothing, and said `words` in an error with a
/// hint.
#[track_caller]
pub(crate) fn refused(output: &Output, code: i32, words: &[&str]) {
    let errors = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(code), "{errors}");
    assert!(output.stdout.is_empty(), "something was printed");
    assert!(errors.starts_with("error: "), "{errors}");
    assert!(errors.contains("\nhint: "), "{errors}");
    for word in words {
        assert!(errors.contains(word), "no {word:?} in: {errors}");
    }
}

/// An npz archive of uint8 arrays.
pub(crate) fn npz(arrays: &[(&str, &[usize], Vec<u8>)]) -> Vec<u8> {
    let mut archive = ZipWriter::new(Cursor::new(Vec::new()));
    for (name, shape, bytes) in arrays {
        let shape = shape
            .iter()
            .map(|side| format!("{side},"))
            .collect::<String>();
        let mut header =
            format!("{{'descr': '|u1', 'fortran_order': False, 'shape': ({shape}), }}");
        while (header.len() + 11) % 64 != 0 {
            header.push(' ');
        }
        header.push('\n');
        archive
            .start_file(format!("{name}.npy"), SimpleFileOptions::default())
            .unwrap();
        archive.write_all(b"\x93NUMPY\x01\x00").unwrap();
        archive
            .write_all(&(header.len() as u16).to_le_bytes())
            .unwrap();
        archive.write_all(header.as_bytes()).unwrap();
        archive.write_all(bytes).unwrap();
    }
    archive.finish().unwrap().into_inner()
}

/// What an experiment of the lab printed and wrote.
pub(crate) struct Report {
    folder: tempfile::TempDir,
    pub(crate) figures: Value,
    pub(crate) page: String,
}

/// The built-in typefaces as a file, each glyph in the middle only: 310 pictures.
fn few_glyphs() -> Vec<u8> {
    let all = glyph_set(&Font::built_in()).expect("the built-in typefaces");
    let middle = |picture: &usize| letra_type::SHIFTS[picture % 9] == (0, 0);
    let few: Vec<usize> = (0..all.len()).filter(middle).collect();
    let pixels = few
        .iter()
        .flat_map(|&picture| all.picture(picture).to_vec());
    let labels = few.iter().map(|&picture| all.labels()[picture] as u8);
    npz(&[
        ("arr_0", &[few.len(), 36, 36], pixels.collect()),
        ("arr_1", &[few.len()], labels.collect()),
    ])
}

/// Runs an experiment with `--json` on few glyphs of the built-in typefaces, split at random, and
/// checks what all reports have in common.
#[track_caller]
pub(crate) fn report(arguments: &[&str]) -> Report {
    let folder = tempfile::tempdir().expect("a folder");
    let data = tempfile::NamedTempFile::new().expect("a file");
    fs::write(data.path(), few_glyphs()).expect("a file that can be written");
    let output = command()
        .arg("lab")
        .args(arguments)
        .args(["--split", "random", "--json", "--data"])
        .arg(data.path())
        .arg("--out")
        .arg(folder.path())
        .output()
        .expect("the command starts");
    let figures: Value = serde_json::from_str(&printed(&output)).expect("one JSON object");
    let read = |name| fs::read_to_string(folder.path().join(name)).expect(name);
    let written: Value = serde_json::from_str(&read("report.json")).expect("JSON");
    assert_eq!(written, figures);
    let page = read("index.html");
    assert!(
        !page.contains("<script") && !page.contains("src=\"http") && !page.contains("url(http")
    );
    let words = without_pictures(&page);
    assert!(!words.contains("NaN") && !words.contains(">inf"));
    for section in ["result", "curves", "each", "variants"] {
        assert!(
            page.contains(&format!("<section id=\"{section}\"")),
            "no section {section}"
        );
    }
    assert_eq!(figures["experiment"], arguments[0]);
    let report = Report {
        folder,
        figures,
        page,
    };
    let share = |value: &Value| (0.0..=1.0).contains(&value["mean"].as_f64().expect("a number"));
    assert!(share(&report.figures["nearest_neighbour"]["test_accuracy"]));
    for row in report.rows() {
        assert!(
            share(&row["train_accuracy"]) && share(&row["test_accuracy"]),
            "{row}"
        );
        assert!(
            report
                .page
                .contains(row["title"].as_str().expect("a title"))
        );
        assert!(!row["trials"].as_array().expect("trials").is_empty());
    }
    for sentence in report.figures["findings"].as_array().expect("findings") {
        let sentence = sentence.as_str().expect("a sentence");
        assert!(
            sentence.ends_with('.') && !sentence.contains("NaN"),
            "{sentence}"
        );
    }
    report
}

impl Report {
    /// The figures of each variant.
    pub(crate) fn rows(&self) -> impl Iterator<Item = &Value> {
        self.figures["rows"].as_array().expect("rows").iter()
    }

    /// The figures of a variant.
    #[track_caller]
    pub(crate) fn row(&self, name: &str) -> &Value {
        self.rows().find(|row| row["name"] == name).expect(name)
    }

    /// Checks that the models of the variants `names` can be loaded, and that there are no others.
    #[track_caller]
    pub(crate) fn assert_models(&self, names: &[&str]) {
        let mut expected: Vec<_> = names.iter().map(|name| format!("{name}.letra")).collect();
        expected.extend([".letra-report", "index.html", "report.json"].map(str::to_owned));
        expected.sort_unstable();
        let entries = fs::read_dir(self.folder.path()).expect("a folder");
        let mut found: Vec<_> = entries
            .map(|entry| {
                entry
                    .expect("an entry")
                    .file_name()
                    .into_string()
                    .expect("UTF-8")
            })
            .collect();
        found.sort_unstable();
        assert_eq!(found, expected);
        for name in names {
            let file = self.folder.path().join(format!("{name}.letra"));
            letra_nn::Trainer::load(file).expect(name);
        }
    }
}

/// A line of text, black on white.
pub(crate) fn line_of_text(font: &Font, text: &str) -> Picture {
    let width = line_width(font, text, 40.0) as usize + 60;
    let mut picture = Picture::blank(width, 90, 255).expect("a picture");
    draw_line(&mut picture, font, text, 40.0, (30.0, 58.0), 0).expect("a font that can be drawn");
    picture
}

/// A pipe whose reader has left.
pub(crate) fn broken_pipe() -> PipeWriter {
    let (_, writer) = pipe().expect("a pipe");
    writer
}

/// A fifo, which keeps its reader waiting.
#[cfg(unix)]
pub(crate) fn fifo(path: &std::path::Path) {
    let made = Command::new("mkfifo").arg(path).status();
    assert!(made.expect("mkfifo starts").success());
}

/// The model that comes with letra, as a file.
pub(crate) const BUILT_IN_MODEL: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/models/libre.letra");

/// A page without its pictures' data, whose letters may stand in any order.
pub(crate) fn without_pictures(page: &str) -> String {
    let mut parts = page.split("base64,");
    let mut words = parts.next().unwrap_or_default().to_owned();
    let after = parts.filter_map(|part| part.split_once('"'));
    words.extend(after.map(|(_, after)| after));
    words
}
