//! `letra lab transfer`, small.

mod common;

use std::fs;
use std::path::Path;

use common::tasks::{mean, row, small, timeless};
use common::{letra, refused};

/// Sides of the test's digits, and of its photograph.
const SIDE: usize = 20;
const PHOTOGRAPH: u32 = 32;

/// Pictures of a horizontal bar or a vertical one, and which it is.
fn bars(count: usize) -> (Vec<u8>, Vec<u8>) {
    let mut pixels = Vec::new();
    for picture in 0..count {
        let (class, line) = (picture % 2, picture / 2 % (SIDE - 2));
        for pixel in 0..SIDE * SIDE {
            let place = if class == 0 {
                pixel / SIDE
            } else {
                pixel % SIDE
            };
            pixels.push(if (line..line + 3).contains(&place) {
                255
            } else {
                0
            });
        }
    }
    let labels = (0..count).map(|picture| (picture % 2) as u8);
    (pixels, labels.collect())
}

/// The four files of a set in MNIST's format, and a photograph that is not even.
fn digits(folder: &Path, photograph: u32) {
    for (part, count) in [("train", 128), ("t10k", 40)] {
        let (pixels, labels) = bars(count);
        let size = |size: usize| (size as u32).to_be_bytes().to_vec();
        let images = [
            vec![0, 0, 8, 3],
            size(count),
            size(SIDE),
            size(SIDE),
            pixels,
        ]
        .concat();
        let labels = [vec![0, 0, 8, 1], size(count), labels].concat();
        for (name, bytes) in [("images-idx3-ubyte", images), ("labels-idx1-ubyte", labels)] {
            fs::write(folder.join(format!("{part}-{name}")), bytes).expect("a file");
        }
    }
    let photographs = folder.join("photographs");
    fs::create_dir(&photographs).expect("a folder");
    let file = fs::File::create(photographs.join("wall.png")).expect("a file");
    let mut encoder = png::Encoder::new(file, photograph, photograph);
    encoder.set_color(png::ColorType::Rgb);
    let pixels: Vec<u8> = (0..3 * photograph * photograph)
        .map(|index| (index * index / 7 % 97) as u8)
        .collect();
    let mut writer = encoder.write_header().expect("a header");
    writer.write_image_data(&pixels).expect("a picture");
}

#[test]
fn digits_over_photographs_are_learnt_by_every_method_and_threads_change_nothing() {
    let folder = tempfile::tempdir().expect("a folder");
    digits(folder.path(), PHOTOGRAPH);
    let data = folder.path().to_str().expect("UTF-8");
    let arguments = [
        "transfer",
        "domains",
        "--effort",
        "0.5",
        "--data",
        data,
        "--threads",
    ];
    let (figures, page, _) = small(&[&arguments[..], &["1"]].concat());
    for setting in ["digits-paper", "digits"] {
        for method in ["source", "dann", "coral", "mmd", "target"] {
            let row = row(&figures, "domains", &format!("{setting}-{method}"));
            for figure in ["source_accuracy", "target_accuracy"] {
                assert!((0.0..=1.0).contains(&mean(row, figure)), "{row}");
            }
            assert!(mean(row, "mean_discrepancy") >= 0.0, "{row}");
            // Two pictures of 64 a step.
            let epochs = if setting == "digits" { 3 } else { 5 };
            assert_eq!(row["trials"][0]["steps"], 2 * epochs, "{row}");
        }
    }
    for part in ["Both domains", "target, test, over epochs", "DANN", "<svg"] {
        assert!(page.contains(part), "no {part}");
    }
    let (again, _, _) = small(&[&arguments[..], &["2"]].concat());
    assert_eq!(timeless(figures), timeless(again));
}

#[test]
fn drawn_lines_and_photographed_ones_are_two_domains() {
    let (figures, page, _) = small(&["transfer", "domains", "--effort", "0.06"]);
    for method in ["source", "dann", "coral", "mmd", "target"] {
        let row = row(&figures, "domains", &format!("lines-{method}"));
        assert!((0.0..=1.0).contains(&mean(row, "target_accuracy")), "{row}");
    }
    assert!(page.contains("Lines: of the target's test pictures"));
}

#[test]
fn a_trained_base_is_measured_beside_random_weights() {
    let (figures, page, models) = small(&["transfer", "pretrained", "--effort", "0.02"]);
    for start in ["scratch", "frozen", "fine-tuned", "gradual", "embedding"] {
        for lines in [3.0, 15.0] {
            let row = row(&figures, "pretrained", &format!("{start}-{lines}"));
            assert!((0.0..=1.0).contains(&mean(row, "test_accuracy")), "{row}");
            assert_eq!(mean(row, "lines"), lines);
        }
    }
    // The recogniser knows these typefaces.
    assert!(mean(row(&figures, "pretrained", "embedding-15"), "test_accuracy") > 0.6);
    assert!(page.contains("training from scratch names"));
    assert_eq!(models.len(), 6, "{models:?}");
}

#[test]
fn each_kind_of_wear_has_its_row() {
    let (figures, page, models) = small(&["transfer", "simulation", "--effort", "0.03"]);
    let mut names = vec!["clean".to_owned(), "all".to_owned()];
    for kind in ["place", "size", "shape", "weight", "noise"] {
        names.extend([format!("only-{kind}"), format!("without-{kind}")]);
    }
    for name in &names {
        let row = row(&figures, "simulation", name);
        assert!((0.0..=1.0).contains(&mean(row, "test_accuracy")), "{row}");
        assert_eq!(row["trials"][0]["steps"], 12, "{row}");
    }
    assert_eq!(models.len(), names.len());
    assert!(page.contains("Pictures of the test"));
}

#[test]
fn what_cannot_be_used_is_refused() {
    let folder = tempfile::tempdir().expect("a folder");
    digits(folder.path(), 8);
    let data = folder.path().to_str().expect("UTF-8");
    let out = tempfile::tempdir().expect("a folder");
    let out = out.path().to_str().expect("UTF-8");
    let lab = |arguments: &[&str], word: &str| {
        let output = letra(&[&["lab", "transfer"], arguments, &["--out", out]].concat());
        refused(&output, 1, &[word]);
    };
    lab(
        &["domains", "--data", data],
        "no photograph has 20 pixels a side",
    );
    fs::write(folder.path().join("photographs/wall.png"), "no picture").expect("a file");
    lab(&["domains", "--data", data], "wall.png");
    fs::remove_file(folder.path().join("photographs/wall.png")).expect("a file");
    lab(&["domains", "--data", data], "holds no PNG files");
    fs::remove_dir(folder.path().join("photographs")).expect("a folder");
    lab(&["simulation", "--data", data], "which characters");
    lab(&["pretrained", "--fonts", data], "fonts");
}
