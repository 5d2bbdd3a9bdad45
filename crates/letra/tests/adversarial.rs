//! `letra lab adversarial`, small.

mod common;

use std::fs;

use common::tasks::{mean, row, small, timeless};
use common::{letra, npz, refused};

/// Sides of the test's pictures.
const SIDE: usize = 8;
const TRAIN: usize = 120;
const TEST: usize = 40;

/// An npz archive of pictures of a horizontal bar or a vertical one, with the names that Keras gives its arrays.
fn bars() -> Vec<u8> {
    let pictures = |count: usize| {
        let pixel = |place: usize| {
            let (picture, pixel) = (place / (SIDE * SIDE), place % (SIDE * SIDE));
            let along = match picture % 2 {
                0 => pixel / SIDE,
                _ => pixel % SIDE,
            };
            match along.abs_diff(picture / 2 % SIDE) < 2 {
                true => 255,
                false => 0,
            }
        };
        let classes = (0..count).map(|picture| (picture % 2) as u8);
        let pixels: Vec<u8> = (0..count * SIDE * SIDE).map(pixel).collect();
        (pixels, classes.collect::<Vec<u8>>())
    };
    let ((train, train_classes), (test, test_classes)) = (pictures(TRAIN), pictures(TEST));
    npz(&[
        ("x_train", &[TRAIN, SIDE, SIDE], train),
        ("y_train", &[TRAIN], train_classes),
        ("x_test", &[TEST, SIDE, SIDE], test),
        ("y_test", &[TEST], test_classes),
    ])
}

#[test]
fn pairs_draw_glyphs_and_threads_change_nothing() {
    let file = tempfile::NamedTempFile::new().expect("a file");
    fs::write(file.path(), bars()).expect("a file that can be written");
    let data = file.path().to_str().expect("UTF-8");
    let arguments = [
        "adversarial",
        "glyphs",
        "--effort",
        "0.01",
        "--data",
        data,
        "--threads",
    ];
    let (figures, page, _) = small(&[&arguments[..], &["1"]].concat());
    let real = row(&figures, "glyphs", "real");
    for pair in ["dense", "dcgan", "wgan-gp", "told"] {
        let row = row(&figures, "glyphs", pair);
        // Nothing is learnt in so few steps, but all is measured.
        assert!(mean(row, "frechet_distance") > mean(real, "frechet_distance"));
        assert!(mean(row, "parzen_log_likelihood").is_finite(), "{row}");
        for share in ["precision", "recall"] {
            assert!((0.0..=1.0).contains(&mean(row, share)), "{row}");
        }
    }
    let told = mean(row(&figures, "glyphs", "told"), "named_as_told");
    assert!((0.0..=1.0).contains(&told), "{figures}");
    for part in [
        "the same noise, learnt longer",
        "from one glyph to another",
        "nearest to them",
        "Told the class",
        "<svg",
    ] {
        assert!(page.contains(part), "no {part}");
    }
    assert!(page.contains(&format!("--data {data}")));
    let (again, _, _) = small(&[&arguments[..], &["2"]].concat());
    assert_eq!(timeless(figures), timeless(again));
}

#[test]
fn codes_are_held_against_factors() {
    let (figures, page, _) = small(&["adversarial", "factors", "--effort", "0.01"]);
    for network in ["infogan", "vae", "beta-vae"] {
        let row = row(&figures, "factors", network);
        for factor in ["weight", "slant", "size", "width", "lead"] {
            assert!((0.0..=1.0).contains(&mean(row, factor)), "{row}");
        }
    }
    let infogan = row(&figures, "factors", "infogan");
    assert!(mean(infogan, "characters_apart") >= 0.2, "{infogan}");
    assert_eq!(page.matches("one code moved at a time").count(), 3);
}

#[test]
fn drawn_words_are_read() {
    let (figures, page, _) = small(&["adversarial", "text-to-image", "--effort", "0.01"]);
    let fonts = row(&figures, "text-to-image", "fonts");
    assert!(mean(fonts, "characters_read") > 0.8, "{fonts}");
    for network in ["error", "adversarial"] {
        let row = row(&figures, "text-to-image", network);
        for share in [
            "characters_read",
            "words_read",
            "face_recognised",
            "face_judged",
        ] {
            assert!((0.0..=1.0).contains(&mean(row, share)), "{row}");
        }
    }
    for part in ["Words that were never trained on", "Between faces"] {
        assert!(page.contains(part), "no {part}");
    }
}

#[test]
fn what_makes_no_sense_is_refused() {
    let run = |arguments: &[&str]| {
        letra(&[&["lab", "adversarial", "--out", "/nowhere"], arguments].concat())
    };
    refused(&run(&["speaking"]), 2, &["speaking", "glyphs"]);
    refused(&run(&["--effort", "0"]), 2, &["--effort"]);
    refused(&run(&["--pictures", "0"]), 2, &["--pictures"]);
    let folder = tempfile::tempdir().expect("a folder");
    let data = folder.path().to_str().expect("UTF-8");
    refused(&run(&["--data", data]), 1, &["train-images-idx3-ubyte"]);
}
