//! `letra lab unsupervised`, small.

mod common;

use std::fs;
use std::path::Path;

use common::tasks::{SIDE, TEST, TRAIN, archive, bars, mean, row, small, timeless};
use common::{letra, refused};

/// The four files of a set in MNIST's format.
fn idx_files(folder: &Path) {
    for (part, count) in [("train", TRAIN), ("t10k", TEST)] {
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
        let write = |name: &str, bytes: Vec<u8>| {
            fs::write(folder.join(format!("{part}-{name}")), bytes)
                .expect("a file that can be written");
        };
        write("images-idx3-ubyte", images);
        write("labels-idx1-ubyte", labels);
    }
}

#[test]
fn a_machine_learns_what_is_likely_and_threads_change_nothing() {
    let folder = tempfile::tempdir().expect("a folder");
    idx_files(folder.path());
    let data = folder.path().to_str().expect("UTF-8");
    let arguments = [
        "unsupervised",
        "rbm",
        "--effort",
        "3",
        "--data",
        data,
        "--threads",
    ];
    let (figures, page, _) = small(&[&arguments[..], &["1"]].concat());
    for network in ["cd", "pcd"] {
        let row = row(&figures, "rbm", network);
        // Without any knowledge, 100 ln 1/2.
        assert!(mean(row, "test_log_likelihood") > -60.0, "{row}");
        assert!(mean(row, "test_pseudo_likelihood") > -40.0, "{row}");
        assert!(mean(row, "reconstruction_error") < 0.1, "{row}");
        assert_eq!(row["trials"][0]["steps"], 120 * 4, "{row}");
    }
    for part in [
        "CD-1: filters",
        "chains of Gibbs sampling",
        "noise 1",
        "reconstructions",
        "<svg",
    ] {
        assert!(page.contains(part), "no {part}");
    }
    assert!(page.contains(&format!("--data {data}")));
    let (again, _, _) = small(&[&arguments[..], &["2"]].concat());
    assert_eq!(timeless(figures), timeless(again));
}

#[test]
fn a_belief_network_names_pictures_and_draws_some() {
    let folder = tempfile::tempdir().expect("a folder");
    idx_files(folder.path());
    let data = folder.path().to_str().expect("UTF-8");
    let (figures, page, models) = small(&["unsupervised", "belief", "--data", data]);
    for network in ["greedy", "up-down"] {
        let row = row(&figures, "belief", network);
        assert!(mean(row, "test_accuracy") > 0.8, "{row}");
        let named = mean(row, "samples_named_right");
        assert!((0.0..=1.0).contains(&named), "{row}");
    }
    for network in ["fine-tuned", "plain", "judge"] {
        assert!(
            mean(row(&figures, "belief", network), "test_accuracy") >= 0.5,
            "{figures}"
        );
    }
    assert!(page.contains("Drawn after the up-down algorithm"));
    assert_eq!(models.len(), 3);
}

#[test]
fn autoencoders_give_back_mend_and_map() {
    let file = tempfile::NamedTempFile::new().expect("a file");
    fs::write(file.path(), archive(&[SIDE, SIDE], "y_train")).expect("a file that can be written");
    let data = file.path().to_str().expect("UTF-8");
    let (figures, page, _) = small(&[
        "unsupervised",
        "autoencoders",
        "--effort",
        "4",
        "--data",
        data,
    ]);
    let names = [
        "undercomplete",
        "sparse",
        "denoising",
        "contractive",
        "variational",
        "deep",
        "deep-pretrained",
    ];
    for name in names {
        let row = row(&figures, "autoencoders", name);
        // The variance of a pixel that is ink a fifth of the time.
        assert!(mean(row, "reconstruction_error") < 0.17, "{row}");
        assert!(
            (0.0..=1.0).contains(&mean(row, "linear_test_accuracy")),
            "{row}"
        );
    }
    let denoising = row(&figures, "autoencoders", "denoising");
    assert!(
        mean(denoising, "mended_error") < mean(denoising, "error_before_mending"),
        "{denoising}"
    );
    assert_eq!(page.matches("a map of the test pictures").count(), 2 * 3);
    assert!(page.contains("what the decoder draws"));
}

#[test]
fn pre_training_is_measured_by_the_labels_that_follow() {
    let file = tempfile::NamedTempFile::new().expect("a file");
    fs::write(file.path(), archive(&[SIDE, SIDE, 1], "y_train"))
        .expect("a file that can be written");
    let data = file.path().to_str().expect("UTF-8");
    let arguments = [
        "unsupervised",
        "pretraining",
        "--effort",
        "0.1",
        "--pictures",
        "110",
        "--data",
        data,
    ];
    let (figures, page, models) = small(&arguments);
    for start in [
        "none",
        "none-relu",
        "none-cnn",
        "rbm",
        "autoencoder",
        "denoising",
    ] {
        for (count, labelled) in [("5", 10.0), ("10", 20.0), ("50", 100.0), ("all", 110.0)] {
            let row = row(&figures, "pretraining", &format!("{start}-{count}"));
            assert!((0.0..=1.0).contains(&mean(row, "test_error")), "{row}");
            // Of 110 drawn of 120, at least 50 are of each class.
            assert_eq!(mean(row, "labelled_pictures"), labelled, "{row}");
        }
    }
    assert!(
        mean(row(&figures, "pretraining", "none-relu-all"), "test_error") < 0.1,
        "{figures}"
    );
    assert_eq!(figures["rows"].as_array().expect("rows").len(), 24);
    assert_eq!(models.len(), 24);
    assert!(page.contains("Test error by the number of labels a class"));
    assert!(figures["findings"].as_array().expect("findings").len() == 4);
}

#[test]
fn what_nothing_can_be_learnt_from_is_refused() {
    let folder = tempfile::tempdir().expect("a folder");
    let data = folder.path().to_str().expect("UTF-8");
    let run = |arguments: &[&str]| {
        letra(&[&["lab", "unsupervised", "--out", "/nowhere"], arguments].concat())
    };
    refused(&run(&["--data", data]), 1, &["train-images-idx3-ubyte"]);
    idx_files(folder.path());
    let images = folder.path().join("t10k-images-idx3-ubyte");
    let whole = fs::read(&images).expect("a file");
    fs::write(&images, &whole[..whole.len() - 1]).expect("a file that can be written");
    refused(&run(&["--data", data]), 1, &["cut short"]);
    // Of another size than those that are learnt.
    let smaller = [&whole[..8], &[0, 0, 0, 5], &[0, 0, 0, 20], &whole[16..]].concat();
    fs::write(&images, smaller).expect("a file that can be written");
    refused(
        &run(&["--data", data]),
        1,
        &["[40, 5, 20, 1]", "[120, 10, 10, 1]"],
    );

    let file = tempfile::NamedTempFile::new().expect("a file");
    let path = file.path().to_str().expect("UTF-8");
    let npz = |bytes: Vec<u8>, says: &[&str]| {
        fs::write(path, bytes).expect("a file that can be written");
        refused(&run(&["--data", path]), 1, says);
    };
    npz(archive(&[SIDE, SIDE], "other"), &["y_train"]);
    npz(
        archive(&[SIDE * SIDE], "y_train"),
        &["[120, 100]", "[pictures, height, width]"],
    );
    refused(&run(&["--effort", "0"]), 2, &["--effort"]);
    refused(&run(&["--pictures", "0"]), 2, &["--pictures"]);
    refused(&run(&["dreaming"]), 2, &["dreaming"]);
}
