//! The recogniser from end to end: learn a folder of fonts, identify a line, add a face, score.

mod common;

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::OnceLock;
use std::thread::sleep;
use std::time::Duration;

use common::{command, letra, line_of_text as line, printed, refused};
use letra_type::{Font, Picture};
use serde_json::Value;
use tempfile::TempDir;

/// Families and styles of three faces that are not taken for one another.
const LEARNT: [(&str, &str); 3] = [
    ("Libertinus Serif", "Regular"),
    ("DejaVu Sans Mono", "Book"),
    ("NewComputerModern", "10 Regular"),
];

/// A folder with fonts and a model that has learnt them.
struct Home {
    folder: TempDir,
}

impl Home {
    fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    fn text(&self, name: &str) -> String {
        self.path(name).display().to_string()
    }
}

fn write_fonts(folder: &Path) {
    fs::create_dir(folder).unwrap();
    for (index, bytes) in typst_assets::fonts().enumerate() {
        let font = Font::from_bytes("font", bytes, 0).unwrap();
        if LEARNT.contains(&(font.family(), font.style())) {
            fs::write(folder.join(format!("{index}.otf")), bytes).unwrap();
        }
    }
    assert_eq!(fs::read_dir(folder).unwrap().count(), LEARNT.len());
}

fn home() -> &'static Home {
    static HOME: OnceLock<Home> = OnceLock::new();
    HOME.get_or_init(|| {
        let home = Home {
            folder: tempfile::tempdir().unwrap(),
        };
        write_fonts(&home.path("fonts"));
        let (fonts, model) = (home.text("fonts"), home.text("model.letra"));
        let said = printed(&letra(&[
            "learn", &fonts, "-o", &model, "--steps", "180", "--seed", "3",
        ]));
        assert!(
            said.contains("model.letra") && said.contains("180 steps"),
            "{said}"
        );
        assert!(!home.path("model.letra.checkpoint").exists());
        for (name, text) in [
            ("serif", "Whistling quietly past the"),
            ("mono", "bright harbour windows"),
        ] {
            let font = match name {
                "serif" => Font::built_in().remove(0),
                _ => Font::built_in().remove(2),
            };
            line(&font, text)
                .save_png(&home.path(&format!("{name}.png")))
                .unwrap();
        }
        home
    })
}

#[test]
fn a_line_is_recognised_by_a_model_of_a_folder_of_fonts() {
    let home = home();
    let (model, report) = (home.text("model.letra"), home.text("report"));
    let (serif, mono) = (home.text("serif.png"), home.text("mono.png"));
    let text = printed(&letra(&[
        "identify",
        &serif,
        &mono,
        "--model",
        &model,
        "--report",
        &report,
        "--fonts",
        &home.text("fonts"),
        "--text",
        "Whistling",
    ]));
    let answers: Vec<&str> = text.split("\n\n").collect();
    let first = |answer: &str| answer.lines().nth(1).unwrap().trim().to_owned();
    assert!(first(answers[0]).starts_with("Libertinus Serif"), "{text}");
    assert!(first(answers[1]).starts_with("DejaVu Sans Mono"), "{text}");
    assert!(
        text.contains("1 line, ") && text.contains("none of these"),
        "{text}"
    );
    let page = fs::read_to_string(Path::new(&report).join("index.html")).unwrap();
    assert!(
        page.contains("<polygon") && page.contains("Set in Libertinus Serif"),
        "no line or no proposal"
    );
    assert!(!page.contains("Read as: "), "the words were given");

    // Without words from the reader, the page's are read from the picture.
    let read = home.text("read");
    let fonts = home.text("fonts");
    printed(&letra(&[
        "identify", &serif, &mono, "--model", &model, "--report", &read, "--fonts", &fonts,
    ]));
    let page = fs::read_to_string(Path::new(&read).join("index.html")).unwrap();
    assert!(page.contains("Read as: <q>Whistling quietly past the</q>"));
    assert!(page.contains("Read as: <q>bright harbour windows</q>"));

    let json = printed(&letra(&[
        "identify", &mono, "--model", &model, "--json", "--top", "2",
    ]));
    let json: Value = serde_json::from_str(&json).unwrap();
    let typeface = &json[0]["typefaces"][0];
    assert_eq!(typeface["candidates"].as_array().unwrap().len(), 2);
    assert_eq!(typeface["candidates"][0]["family"], "DejaVu Sans Mono");
    let sum = |candidates: &Value| {
        candidates
            .as_array()
            .unwrap()
            .iter()
            .map(|one| one["probability"].as_f64().unwrap())
            .sum::<f64>()
    };
    assert!(sum(&typeface["candidates"]) + typeface["none_of_these"].as_f64().unwrap() < 1.0001);
    assert!(json[0]["lines"][0]["bounds"]["left"].as_f64().unwrap() > 20.0);
}

#[test]
fn faces_are_added_and_compared_without_training() {
    let home = home();
    let (model, larger) = (home.text("model.letra"), home.text("larger.letra"));
    let fonts: Vec<&[u8]> = typst_assets::fonts().collect();
    let bold = fonts.iter().find(|bytes| {
        Font::from_bytes("font", **bytes, 0).unwrap().name() == "Libertinus Serif Bold"
    });
    fs::write(home.path("bold.otf"), bold.unwrap()).unwrap();
    let said = printed(&letra(&[
        "enroll",
        &model,
        &home.text("bold.otf"),
        "-o",
        &larger,
    ]));
    assert!(
        said.contains("4 faces") && said.contains("1 of them new"),
        "{said}"
    );
    let similar = printed(&letra(&[
        "similar",
        &home.text("bold.otf"),
        "--model",
        &larger,
        "--json",
    ]));
    let similar: Value = serde_json::from_str(&similar).unwrap();
    assert_eq!(similar[0]["style"], "Bold");
    assert!(similar[0]["likeness"].as_f64().unwrap() > 0.98, "{similar}");
    assert_eq!(similar.as_array().unwrap().len(), 4);
}

#[test]
fn labelled_pictures_are_scored() {
    let home = home();
    let folder = home.path("labelled");
    fs::create_dir(&folder).unwrap();
    fs::copy(home.path("serif.png"), folder.join("a.png")).unwrap();
    fs::copy(home.path("mono.png"), folder.join("b.png")).unwrap();
    Picture::blank(200, 50, 255)
        .unwrap()
        .save_png(&folder.join("c.png"))
        .unwrap();
    let labels = "picture,family,style,group\na.png,Libertinus Serif,Regular,clean\nb.png,Lato,Regular,clean\nc.png,Libertinus Serif,Regular,blank\n";
    fs::write(folder.join("labels.csv"), labels).unwrap();
    let (model, report) = (home.text("model.letra"), home.text("scores"));
    let json = printed(&letra(&[
        "evaluate",
        &home.text("labelled"),
        "--model",
        &model,
        "--report",
        &report,
        "--json",
    ]));
    let json: Value = serde_json::from_str(&json).unwrap();
    let group = |index: usize, key: &str| json["groups"][index][key].as_f64().unwrap();
    assert_eq!(
        (
            group(1, "pictures"),
            group(1, "known"),
            group(1, "family_top_1")
        ),
        (2.0, 1.0, 1.0)
    );
    assert_eq!((group(0, "unread"), group(0, "family_top_1")), (1.0, 0.0));
    assert!(json["none_auroc"].is_number());
    let page = fs::read_to_string(Path::new(&report).join("index.html")).unwrap();
    assert!(page.contains("no text was found"));
    refused(
        &letra(&["evaluate", &home.text("fonts"), "--model", &model]),
        1,
        &["labels.csv"],
    );
}

/// Runs the command where no file can grow beyond a few kilobytes, as on a full disk.
#[cfg(unix)]
fn without_room(arguments: &[String]) -> std::process::Output {
    Command::new("sh")
        .args(["-c", "trap '' XFSZ; ulimit -f 8; exec \"$0\" \"$@\""])
        .arg(env!("CARGO_BIN_EXE_letra"))
        .args(arguments)
        .output()
        .unwrap()
}

#[cfg(unix)]
#[test]
fn a_training_that_was_stopped_ends_as_one_that_was_not() {
    let home = tempfile::tempdir().unwrap();
    let path = |name: &str| home.path().join(name).display().to_string();
    write_fonts(&home.path().join("fonts"));
    let fonts = path("fonts");
    let learn = |model: &str, threads: &str| {
        [
            "learn",
            &fonts,
            "-o",
            model,
            "--steps",
            "12",
            "--threads",
            threads,
        ]
        .map(String::from)
    };
    printed(&letra(&learn(&path("whole.letra"), "2")));
    let mut child = command()
        .args(learn(&path("parts.letra"), "1"))
        .stderr(Stdio::null())
        .stdout(Stdio::null())
        .spawn()
        .unwrap();
    // The first checkpoint stands before the first step.
    while !home.path().join("parts.letra.checkpoint").exists() {
        sleep(Duration::from_millis(5));
    }
    sleep(Duration::from_millis(700));
    let stopped = Command::new("kill")
        .args(["-TERM", &child.id().to_string()])
        .status();
    assert!(stopped.unwrap().success());
    assert_eq!(
        child.wait().unwrap().code(),
        Some(143),
        "it was over too soon"
    );
    assert!(!home.path().join("parts.letra").exists());
    let mut resumed = learn(&path("parts.letra"), "1").to_vec();
    resumed.push("--resume".into());
    refused(&without_room(&resumed), 1, &["parts.letra", "too large"]);
    let left = fs::read_dir(home.path()).unwrap();
    let mut left: Vec<_> = left.map(|entry| entry.unwrap().file_name()).collect();
    left.sort();
    assert_eq!(left, ["fonts", "parts.letra.checkpoint", "whole.letra"]);
    printed(&letra(&resumed));
    let bytes = |name: &str| fs::read(home.path().join(name)).unwrap();
    assert!(
        bytes("whole.letra") == bytes("parts.letra"),
        "the models differ"
    );
}

#[test]
fn what_cannot_be_learnt_is_refused_before_any_work() {
    let home = tempfile::tempdir().unwrap();
    let empty = home.path().display().to_string();
    refused(&letra(&["learn", &empty]), 1, &["no font file"]);
    fs::write(home.path().join("broken.ttf"), b"not a font").unwrap();
    refused(&letra(&["learn", &empty]), 1, &["no usable font"]);
    refused(&letra(&["learn", &empty, "--minutes", "-1"]), 2, &["-1"]);
    refused(&letra(&["learn", &empty, "--steps", "0"]), 2, &["0 steps"]);
    let fonts = learnt_fonts();
    refused(
        &letra(&[
            "learn",
            &fonts,
            "-o",
            "/nowhere/model.letra",
            "--steps",
            "1",
        ]),
        1,
        &["/nowhere"],
    );
    let resume = home.path().join("none.letra").display().to_string();
    refused(
        &letra(&["learn", &fonts, "-o", &resume, "--steps", "1", "--resume"]),
        1,
        &["none.letra.checkpoint"],
    );
}

fn learnt_fonts() -> String {
    home().text("fonts")
}

#[test]
fn pictures_without_lines_are_refused() {
    let home = home();
    let (model, file) = (home.text("model.letra"), home.text("nothing.png"));
    Picture::blank(300, 200, 200)
        .unwrap()
        .save_png(Path::new(&file))
        .unwrap();
    refused(
        &letra(&["identify", &file, "--model", &model]),
        1,
        &["nothing.png", "no line of text"],
    );
}

#[test]
fn text_that_does_not_stand_upright_is_turned() {
    let home = home();
    let model = home.text("model.letra");
    let straight = Picture::from_file(&home.path("serif.png")).unwrap();
    let answer = |quarters: usize| {
        let file = home.text(&format!("turned{quarters}.png"));
        straight
            .turned(quarters)
            .save_png(Path::new(&file))
            .unwrap();
        let output = letra(&["identify", &file, "--model", &model, "--json"]);
        let answers: Value = serde_json::from_slice(&output.stdout).unwrap();
        answers[0].clone()
    };
    let family = |answer: &Value| answer["typefaces"][0]["candidates"][0]["family"].clone();
    let upright = answer(0);
    assert_eq!(upright["turned"], 0);
    let bounds = &upright["lines"][0]["bounds"];
    for quarters in 1..4 {
        let turned = answer(quarters);
        assert_eq!(turned["turned"], 360 - 90 * quarters);
        assert_eq!(family(&turned), family(&upright));
        // The box is where the line stands in the picture that was given.
        let side = |answer: &Value, side: &str| answer[side].as_f64().unwrap();
        let here = &turned["lines"][0]["bounds"];
        let (width, height) = (straight.width() as f64, straight.height() as f64);
        let left = match quarters {
            1 => height - side(bounds, "bottom"),
            2 => width - side(bounds, "right"),
            _ => side(bounds, "top"),
        };
        assert!((side(here, "left") - left).abs() < 3.0, "{here} {bounds}");
    }
}

#[test]
fn one_letter_gets_a_modest_answer() {
    let home = home();
    let (model, file) = (home.text("model.letra"), home.text("letter.png"));
    line(&Font::built_in()[0], "R")
        .save_png(Path::new(&file))
        .unwrap();
    let answer = printed(&letra(&["identify", &file, "--model", &model]));
    assert!(
        answer.contains("1 line, 1 window read, little to go by"),
        "{answer}"
    );
}

#[test]
fn models_of_another_kind_or_version_are_refused() {
    let home = home();
    let bytes = fs::read(home.path("model.letra")).unwrap();
    let wanted = br#"{\\\"format\\\":1,"#;
    let at = bytes
        .windows(wanted.len())
        .position(|window| window == wanted)
        .expect("the note");
    let mut other = bytes.clone();
    other[at + wanted.len() - 2] = b'7';
    fs::write(home.path("other.letra"), other).unwrap();
    let picture = home.text("serif.png");
    refused(
        &letra(&["identify", &picture, "--model", &home.text("other.letra")]),
        1,
        &["format 7"],
    );
    fs::write(home.path("cut.letra"), &bytes[..bytes.len() / 2]).unwrap();
    refused(
        &letra(&["identify", &picture, "--model", &home.text("cut.letra")]),
        1,
        &["cut.letra"],
    );
    refused(
        &letra(&["enroll", &home.text("cut.letra"), &home.text("fonts")]),
        1,
        &["cut.letra"],
    );
}

/// Runs the command with an instruction set; nothing where this machine has it not.
fn letra_with(instruction_set: &str, arguments: &[&str]) -> Option<String> {
    let mut command = command();
    command.env("LETRA_SIMD", instruction_set).args(arguments);
    let output = command.output().unwrap();
    if output.status.code() == Some(2) {
        refused(&output, 2, &["LETRA_SIMD", instruction_set, "scalar"]);
        return None;
    }
    Some(printed(&output))
}

#[test]
fn the_instruction_set_changes_no_bit_of_an_answer() {
    let home = home();
    let (serif, model) = (home.text("serif.png"), home.text("model.letra"));
    let identify = ["identify", &serif, "--model", &model, "--json"];
    let names = ["avx512", "avx2", "neon", "scalar", "sse9"];
    let answers = names.map(|name| letra_with(name, &identify));
    let there: Vec<_> = answers.iter().flatten().collect();
    assert!(there.windows(2).all(|pair| pair[0] == pair[1]));
    assert!(answers[3].is_some() && answers[4].is_none());
}

/// Without vectors that takes many minutes; networks are trained so in `letra-nn`'s tests.
#[test]
fn the_width_of_vectors_changes_no_bit_of_a_model() {
    let home = home();
    let fonts = home.text("fonts");
    let learnt = |name: &&str| {
        let model = home.text(&format!("{name}.letra"));
        letra_with(name, &["learn", &fonts, "-o", &model, "--steps", "2"])?;
        Some(fs::read(model).unwrap())
    };
    let models: Vec<_> = ["avx512", "avx2", "neon"]
        .iter()
        .filter_map(learnt)
        .collect();
    assert!(models.windows(2).all(|pair| pair[0] == pair[1]));
}
