//! `letra lab adversarial`: what deceives networks, what mends it, and text made sharp again.

mod common;

use std::fs;

use common::tasks::{SIDE, archive, mean, row, small, timeless};
use common::{letra, refused};

#[test]
fn attacks_deceive_and_menders_mend_and_threads_change_nothing() {
    let file = tempfile::NamedTempFile::new().expect("a file");
    fs::write(file.path(), archive(&[SIDE, SIDE], "y_train")).expect("a file that can be written");
    let data = file.path().to_str().expect("UTF-8");
    let arguments = [
        "adversarial",
        "perturbations",
        "--effort",
        "0.2",
        "--epsilon",
        "0.25",
        "--data",
        data,
        "--threads",
    ];
    let (figures, page, models) = small(&[&arguments[..], &["1"]].concat());
    let of = |defence: &str, name: &str| mean(row(&figures, "perturbations", defence), name);
    assert!(of("cnn-undefended", "clean_accuracy") > 0.9, "{figures}");
    assert!(
        of("cnn-undefended", "pgd_accuracy") < of("cnn-undefended", "clean_accuracy"),
        "{figures}"
    );
    // What is black or white to begin with is what it was once it is rounded.
    for attack in ["fgsm_accuracy", "pgd_accuracy"] {
        let mended = of("cnn-rounded", attack);
        assert_eq!(mended, of("cnn-undefended", "clean_accuracy"), "{figures}");
    }
    assert_eq!(of("cnn-rounded", "share_of_clean"), 1.0);
    for defence in [
        "cnn-trained-fgsm",
        "cnn-trained-pgd",
        "cnn-defense-gan",
        "cnn-ape-gan",
        "logistic-undefended",
        "feed-forward-keras-ape-gan",
        "cnn-keras-ape-gan",
    ] {
        for name in ["clean_accuracy", "fgsm_accuracy", "pgd_accuracy"] {
            assert!((0.0..=1.0).contains(&of(defence, name)), "{figures}");
        }
    }
    assert_eq!(figures["rows"].as_array().expect("rows").len(), 12);
    assert_eq!(models.len(), 4);
    assert!(page.contains("--epsilon 0.25") && page.contains("Attacked and mended"));
    let (again, _, _) = small(&[&arguments[..], &["2"]].concat());
    assert_eq!(timeless(figures), timeless(again));
}

#[test]
fn small_text_is_enlarged_and_worn_text_cleaned() {
    let (figures, page, models) = small(&[
        "adversarial",
        "super-resolution",
        "denoising",
        "--effort",
        "0.005",
        "--lines",
        "1",
    ]);
    for method in [
        "small",
        "bicubic-2",
        "srresnet-2",
        "srgan-2",
        "drawn-2",
        "bicubic-4",
        "srresnet-4",
        "srgan-4",
        "drawn-4",
    ] {
        let row = row(&figures, "super-resolution", method);
        for height in ["6px", "8px", "10px", "12px"] {
            for name in ["family", "characters"] {
                let share = mean(row, &format!("{name}_{height}"));
                assert!((0.0..=1.0).contains(&share), "{row}");
            }
        }
    }
    let drawn = row(&figures, "super-resolution", "drawn-4");
    assert!(mean(drawn, "characters_12px") > 0.9, "{drawn}");
    for method in ["bicubic-2", "srresnet-4", "srgan-4"] {
        let row = row(&figures, "super-resolution", method);
        assert!(mean(row, "psnr") > 5.0 && mean(row, "ssim") < 1.0, "{row}");
    }
    for method in ["worn", "autoencoder", "residual", "adversarial", "clean"] {
        let row = row(&figures, "denoising", method);
        for origin in ["screenshots", "scans", "photographs"] {
            let share = mean(row, &format!("family_{origin}"));
            assert!((0.0..=1.0).contains(&share), "{row}");
        }
    }
    let clean = row(&figures, "denoising", "clean");
    assert!(mean(clean, "characters_scans") > 0.9, "{clean}");
    assert_eq!(models.len(), 4 + 2);
    assert!(page.contains("Capitals of 8 pixels") && page.contains("A line of the scans"));
}

#[test]
fn what_cannot_be_done_is_refused() {
    let run = |arguments: &[&str]| {
        letra(&[&["lab", "adversarial", "--out", "/nowhere"], arguments].concat())
    };
    refused(&run(&["--epsilon", "1.5"]), 2, &["--epsilon", "0 to 1"]);
    refused(&run(&["--lines", "0"]), 2, &["--lines"]);
    refused(&run(&["forging"]), 2, &["forging"]);
    let folder = tempfile::tempdir().expect("a folder");
    let empty = folder.path().to_str().expect("UTF-8");
    let out = folder.path().join("report");
    let out = out.to_str().expect("UTF-8");
    let output = letra(&[
        "lab",
        "adversarial",
        "super-resolution",
        "--fonts",
        empty,
        "--out",
        out,
    ]);
    refused(&output, 1, &["no font"]);
}
