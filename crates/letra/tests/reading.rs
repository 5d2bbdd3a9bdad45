//! Reading from end to end: the text of pictures, and learning to read.

mod common;

use std::fs;
use std::path::Path;
use std::process::Stdio;

use common::{command, letra, line_of_text, printed, refused};
use letra_nn::metrics::edit_distance;
use letra_type::{Font, Picture, draw_line};
use serde_json::Value;

/// The picture of the README, and the beginning of what it says.
fn page() -> String {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR"));
    folder
        .join("../../docs/pictures/page.png")
        .display()
        .to_string()
}

const HEADING: &str = "The keeper of small harbours";

#[test]
fn a_page_is_read_line_by_line() {
    let said = printed(&letra(&["read", &page()]));
    let lines: Vec<&str> = said.lines().collect();
    assert_eq!((lines.len(), lines[0]), (6, HEADING), "{said}");
    assert!(
        lines[1].starts_with("On the third of March the ferry did not come."),
        "{said}"
    );
    assert!(
        lines[4].contains("Wind NW 7, ferry late, tea with Mrs. Ottesen"),
        "{said}"
    );
    let input = fs::File::open(page()).unwrap();
    let output = command()
        .args(["read", "-"])
        .stdin(Stdio::from(input))
        .output();
    assert_eq!(printed(&output.unwrap()), said);
}

#[test]
fn words_have_their_places_and_how_sure_they_are() {
    let said = printed(&letra(&["read", "--json", &page()]));
    let answers: Value = serde_json::from_str(&said).unwrap();
    let lines = answers[0]["lines"].as_array().unwrap();
    assert_eq!((lines.len(), &lines[0]["text"]), (6, &Value::from(HEADING)));
    for line in lines {
        let number = |of: &Value, name: &str| of[name].as_f64().unwrap();
        let words = line["words"].as_array().unwrap();
        let texts: Vec<&str> = words
            .iter()
            .map(|word| word["text"].as_str().unwrap())
            .collect();
        assert_eq!(texts.join(" "), line["text"]);
        let mut end = number(&line["bounds"], "left") - 3.0;
        for word in words {
            let (left, right) = (
                number(&word["bounds"], "left"),
                number(&word["bounds"], "right"),
            );
            assert!(end <= left && left < right, "{line:#}");
            end = right;
            assert!((0.3..=1.0).contains(&number(word, "confidence")), "{word}");
        }
        assert!(
            (end - number(&line["bounds"], "right")).abs() < 5.0,
            "{line:#}"
        );
    }
}

/// A white picture with a line in some built-in fonts each, dark on light or light on dark.
fn drawn(texts: &[&str], light_on_dark: bool) -> Picture {
    let (ink, ground) = if light_on_dark { (250, 30) } else { (0, 255) };
    let mut picture = Picture::blank(900, 30 + 80 * texts.len(), ground).unwrap();
    let fonts = Font::built_in();
    for (number, text) in texts.iter().enumerate() {
        let font = &fonts[number % fonts.len()];
        let place = (30.0, 60.0 + 80.0 * number as f32);
        draw_line(&mut picture, font, text, 40.0, place, ink).unwrap();
    }
    picture
}

#[test]
fn typefaces_languages_figures_and_both_polarities_are_read() {
    let folder = tempfile::tempdir().unwrap();
    let texts = [
        "Der Müller füttert fünf Gänse",
        "Łódka płynie wąską rzeką",
        "Invoice 4711: 1,250.75 due 3/12",
        "Où êtes-vous, Hélène ?",
        "QUIET VILLAGE",
    ];
    for light_on_dark in [false, true] {
        let file = folder.path().join("picture.png");
        drawn(&texts, light_on_dark).save_png(&file).unwrap();
        let said = printed(&letra(&["read", file.to_str().unwrap()]));
        let lines: Vec<&str> = said.lines().collect();
        assert_eq!(lines.len(), texts.len(), "{said}");
        for (line, text) in lines.iter().zip(texts) {
            // A letter of a line may be wrong: no reader is perfect.
            let right = line
                .chars()
                .zip(text.chars())
                .filter(|(one, other)| one == other);
            assert!(
                right.count() + 2 >= text.chars().count(),
                "{line:?} for {text:?}"
            );
        }
    }
}

#[test]
fn a_long_line_is_read_to_its_end() {
    let folder = tempfile::tempdir().unwrap();
    let text = "seven kinds of rye bread stood on the long table by the window of the mill \
                and nobody knew which of them had been baked by the youngest of the brothers";
    let file = folder.path().join("long.png");
    line_of_text(&Font::built_in()[0], text)
        .save_png(&file)
        .unwrap();
    assert_eq!(
        printed(&letra(&["read", file.to_str().unwrap()])).trim(),
        text
    );
}

#[test]
fn what_cannot_be_read_is_said_and_the_others_are_read() {
    let folder = tempfile::tempdir().unwrap();
    let blank = folder.path().join("blank.png");
    Picture::blank(200, 100, 255)
        .unwrap()
        .save_png(&blank)
        .unwrap();
    let blank = blank.to_str().unwrap();
    refused(
        &letra(&["read", blank]),
        1,
        &["blank.png", "no line of text"],
    );
    refused(&letra(&["read", "nowhere.png"]), 1, &["nowhere.png"]);
    let output = letra(&["read", blank, &page()]);
    assert_eq!(output.status.code(), Some(1));
    assert!(String::from_utf8_lossy(&output.stdout).contains(HEADING));
    let output = letra(&["read", "--json", blank, &page()]);
    let answers: Value = serde_json::from_slice(&output.stdout).unwrap();
    assert!(
        answers[0]["error"]
            .as_str()
            .unwrap()
            .contains("no line of text")
    );
    assert_eq!(answers[1]["lines"][0]["text"], HEADING);
    let other = Path::new(env!("CARGO_MANIFEST_DIR")).join("models/libre.letra");
    let other = other.to_str().unwrap();
    refused(
        &letra(&["read", "--model", other, &page()]),
        1,
        &["libre.letra", "does not read"],
    );
    let reader = other.replace("libre", "reader");
    refused(
        &letra(&["identify", "--model", &reader, &page()]),
        1,
        &["reader.letra"],
    );
}

#[test]
fn a_reader_is_learnt_to_the_same_bits_stopped_or_not_on_any_number_of_threads() {
    let folder = tempfile::tempdir().unwrap();
    let fonts = folder.path().join("fonts");
    fs::create_dir(&fonts).unwrap();
    for (index, bytes) in typst_assets::fonts().take(3).enumerate() {
        fs::write(fonts.join(format!("{index}.otf")), bytes).unwrap();
    }
    let fonts = fonts.to_str().unwrap();
    let learn = |name: &str, more: &[&str]| {
        let model = folder.path().join(name);
        let mut arguments = vec!["learn-to-read", fonts, "-o", model.to_str().unwrap()];
        arguments.extend(more);
        (letra(&arguments), model)
    };
    let (output, one) = learn("one.letra", &["--steps", "3", "--threads", "1"]);
    assert!(printed(&output).contains("3 steps"));
    let (output, two) = learn("two.letra", &["--steps", "3", "--threads", "2"]);
    printed(&output);
    let (one, two) = (fs::read(one).unwrap(), fs::read(two).unwrap());
    assert!(one == two && one.len() < 3 << 20);
    refused(&learn("none.letra", &["--steps", "0"]).0, 2, &["0 steps"]);
    refused(&learn("one.letra", &["--resume"]).0, 1, &["cannot resume"]);
    // After three steps it reads nothing that it could call text.
    let one = folder.path().join("one.letra");
    refused(
        &letra(&["read", "--model", one.to_str().unwrap(), &page()]),
        1,
        &["no line of text"],
    );
}

/// A page of so many lines in a family that the model knows and that is built in, some words of some lines in bold.
fn page_with_bold(lines: usize, is_bold: impl Fn(usize, usize) -> bool) -> Picture {
    let face = |style: &str| {
        typst_assets::fonts()
            .filter_map(|bytes| Font::from_bytes("font", bytes, 0).ok())
            .find(|font| font.family() == "DejaVu Sans Mono" && font.style() == style)
            .unwrap()
    };
    let (book, bold) = (face("Book"), face("Bold"));
    let mut picture = Picture::blank(1400, 80 + 70 * lines, 255).unwrap();
    let words = [
        "The", "old", "mill", "by", "the", "river", "turned", "slowly",
    ];
    for line in 0..lines {
        let (mut left, baseline) = (30.0, 70.0 * (line + 1) as f32);
        for (number, word) in words.iter().enumerate() {
            let font = if is_bold(line, number) { &bold } else { &book };
            draw_line(&mut picture, font, word, 40.0, (left, baseline), 0).unwrap();
            left += letra_type::line_width(font, &format!("{word} "), 40.0);
        }
    }
    picture
}

#[test]
fn words_in_another_style_than_their_line_are_named() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("bold.png");
    let file = path.to_str().unwrap();
    // Of so many lines only the most doubtful ones are looked at word by word.
    for lines in [1, 40] {
        let is_bold = |line, word| line % 17 == 0 && word == 6;
        let picture = page_with_bold(lines, is_bold);
        picture.save_png(&path).unwrap();
        let said = printed(&letra(&["identify", file]));
        assert!(
            said.contains("The word \u{201c}turned\u{201d} in line 1 is Bold")
                || lines == 1 && said.contains("The word \u{201c}turned\u{201d} is Bold"),
            "{said}"
        );
        let said = printed(&letra(&["identify", "--json", file]));
        let answers: Value = serde_json::from_str(&said).unwrap();
        let read = answers[0]["lines"].as_array().unwrap();
        assert_eq!(read.len(), lines);
        for (line, read) in read.iter().enumerate() {
            for (number, word) in read["words"].as_array().unwrap().iter().enumerate() {
                assert_eq!(word["stands_out"], is_bold(line, number), "{word}");
            }
        }
    }
}

#[test]
fn a_finder_is_learnt_to_the_same_bits_on_any_number_of_threads() {
    let folder = tempfile::tempdir().unwrap();
    let (fonts, grounds) = (folder.path().join("fonts"), folder.path().join("grounds"));
    fs::create_dir(&fonts).unwrap();
    fs::create_dir(&grounds).unwrap();
    for (index, bytes) in typst_assets::fonts().take(2).enumerate() {
        fs::write(fonts.join(format!("{index}.otf")), bytes).unwrap();
    }
    let (fonts, grounds) = (fonts.to_str().unwrap(), grounds.to_str().unwrap());
    let learn = |name: &str, more: &[&str]| {
        let model = folder.path().join(name);
        let mut arguments = vec!["learn-to-find", fonts, "-o", model.to_str().unwrap()];
        arguments.extend(more);
        (letra(&arguments), model)
    };
    let backgrounds = ["--backgrounds", grounds];
    let steps = ["--steps", "2", "--threads"];
    let (output, _) = learn("none.letra", &[&backgrounds[..], &steps, &["1"]].concat());
    refused(&output, 1, &["holds no photograph"]);
    let ground = Picture::new(300, 300, (0..90_000).map(|at| (at / 353) as u8).collect()).unwrap();
    ground
        .save_png(&Path::new(grounds).join("ground.png"))
        .unwrap();
    let (output, one) = learn("one.letra", &[&backgrounds[..], &steps, &["1"]].concat());
    assert!(printed(&output).contains("1 photographs, 2 steps"));
    let (output, two) = learn("two.letra", &[&backgrounds[..], &steps, &["2"]].concat());
    printed(&output);
    let (one, two) = (fs::read(one).unwrap(), fs::read(two).unwrap());
    assert!(one == two && one.len() < 400 << 10, "{}", one.len());
}

/// Text turned by any angle reads as upright text does.
#[test]
fn a_line_at_any_angle_is_read() {
    let folder = tempfile::tempdir().unwrap();
    let font = Font::built_in().swap_remove(0);
    let mut picture = Picture::blank(700, 700, 250).unwrap();
    draw_line(
        &mut picture,
        &font,
        "Seven kinds of rye",
        56.0,
        (120.0, 360.0),
        20,
    )
    .unwrap();
    for degrees in [35.0_f32, 118.0] {
        let (sin, cos) = degrees.to_radians().sin_cos();
        let level = |at: usize| {
            let (x, y) = ((at % 700) as f32 - 350.0, (at / 700) as f32 - 350.0);
            let (u, v) = (x * cos + y * sin + 350.0, y * cos - x * sin + 350.0);
            let inside = (0.0..699.0).contains(&u) && (0.0..699.0).contains(&v);
            if !inside {
                return 250;
            }
            let at = |u: usize, v: usize| f32::from(picture.pixels()[v * 700 + u]);
            let (left, top) = (u as usize, v as usize);
            let upper = at(left, top) + (at(left + 1, top) - at(left, top)) * u.fract();
            let lower = at(left, top + 1) + (at(left + 1, top + 1) - at(left, top + 1)) * u.fract();
            (upper + (lower - upper) * v.fract()) as u8
        };
        let turned = Picture::new(700, 700, (0..700 * 700).map(level).collect()).unwrap();
        let file = folder.path().join("turned.png");
        turned.save_png(&file).unwrap();
        let said = printed(&letra(&["read", file.to_str().unwrap()]));
        // The finder's idea of the direction may be off by some degrees.
        let letters = |text: &str| text.chars().collect::<Vec<_>>();
        let wrong = edit_distance(&letters(said.trim()), &letters("Seven kinds of rye"));
        assert!(wrong <= 4, "{degrees}: {said:?}");
    }
}
