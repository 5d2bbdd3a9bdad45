//! Places where no file can be written or read.

use std::ops::ControlFlow;
use std::path::Path;

use letra_nn::prelude::*;

use super::assert_refused;

fn network() -> Trainer {
    Sequential::new([2])
        .add(Dense::new(2))
        .compile(Compile::new(Sgd::new(0.1)).threads(1))
        .unwrap()
}

fn files(folder: &Path) -> Vec<String> {
    let entries = std::fs::read_dir(folder).unwrap();
    let name = |entry: std::io::Result<std::fs::DirEntry>| {
        entry.unwrap().file_name().into_string().unwrap()
    };
    entries.map(name).collect()
}

#[test]
fn a_missing_folder() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("missing").join("model.letra");
    let result = network().save(&path);
    assert!(matches!(result, Err(Error::Io { .. })));
    assert_refused("a missing folder", result, &["missing", "model.letra"]);
    assert!(files(folder.path()).is_empty());
}

#[test]
fn a_folder_where_the_file_should_be() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("model.letra");
    std::fs::create_dir(&path).unwrap();
    assert_refused("a folder", network().save(&path), &["model.letra"]);
    assert_eq!(files(folder.path()), ["model.letra"]);
    assert!(files(&path).is_empty());
    assert_refused("a folder", Network::load(&path), &["model.letra"]);
}

#[test]
fn a_file_where_the_folder_should_be() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("file");
    std::fs::write(&file, "text").unwrap();
    let result = network().save(file.join("model.letra"));
    assert_refused("a file", result, &["model.letra"]);
    assert_eq!(std::fs::read(&file).unwrap(), b"text");
}

#[test]
fn a_checkpoint_in_a_missing_folder() {
    let folder = tempfile::tempdir().unwrap();
    let mut keeper = Checkpoint::new(folder.path().join("missing").join("checkpoint"));
    let data = Dataset::classes(Tensor::zeros([3, 2]), vec![0, 1, 1], 2).unwrap();
    let fit = Fit::epochs(3).callback(&mut keeper);
    assert_refused("a missing folder", network().fit(&data, fit), &["missing"]);
    assert!(files(folder.path()).is_empty());
}

/// What cannot be written is found out before the first step.
#[test]
fn files_of_callbacks_that_cannot_be_written() {
    struct Steps(usize);
    impl Callback for Steps {
        fn on_step_end(&mut self, _: &Step<'_>) -> Result<ControlFlow<()>, Error> {
            self.0 += 1;
            Ok(ControlFlow::Continue(()))
        }
        fn on_epoch_end(&mut self, _: &Epoch<'_>) -> Result<ControlFlow<()>, Error> {
            Ok(ControlFlow::Continue(()))
        }
    }
    let folder = tempfile::tempdir().unwrap();
    let (missing, file) = (folder.path().join("missing"), folder.path().join("file"));
    std::fs::write(&file, "text").unwrap();
    let data = Dataset::classes(Tensor::zeros([3, 2]), vec![0, 1, 1], 2).unwrap();
    let callbacks: Vec<(&str, Box<dyn Callback>)> = vec![
        (
            "missing",
            Box::new(Checkpoint::new(missing.join("checkpoint"))),
        ),
        ("a folder", Box::new(Checkpoint::new(folder.path()))),
        (
            "missing",
            Box::new(BestWeights::new().save(missing.join("best"))),
        ),
        ("a folder", Box::new(BestWeights::new().save(folder.path()))),
        ("missing", Box::new(CsvLog::new(missing.join("log.csv")))),
        #[cfg(feature = "tensorboard")]
        ("file", Box::new(TensorBoard::new(&file))),
    ];
    for (word, mut callback) in callbacks {
        let mut steps = Steps(0);
        let fit = Fit::epochs(3).validation_data(&data).callback(&mut steps);
        let result = network().fit(&data, fit.callback(&mut *callback));
        assert_refused(word, result, &[word]);
        assert_eq!(steps.0, 0, "{word}");
    }
    assert_eq!(files(folder.path()), ["file"]);
    assert_eq!(std::fs::read(&file).unwrap(), b"text");
}

#[cfg(unix)]
#[test]
fn a_model_behind_a_link_and_one_that_is_read_only() {
    use std::os::unix::fs::{PermissionsExt as _, symlink};
    let folder = tempfile::tempdir().unwrap();
    let (model, link) = (folder.path().join("model"), folder.path().join("link"));
    symlink("model", &link).unwrap();
    network().save(&link).unwrap();
    assert!(link.is_symlink() && Network::load(&model).is_ok());
    let mode = std::fs::Permissions::from_mode(0o444);
    std::fs::set_permissions(&model, mode).unwrap();
    let result = network().save(&link);
    assert!(matches!(result, Err(Error::Io { .. })));
    assert_refused("a read-only model", result, &["link", "read-only"]);
}

#[test]
fn files_that_are_not_there_or_never_end() {
    let folder = tempfile::tempdir().unwrap();
    let result = Network::load(folder.path().join("nothing.letra"));
    assert_refused("no file", result, &["nothing.letra"]);
    for endless in ["/dev/zero", "/dev/urandom"] {
        if Path::new(endless).exists() {
            assert_refused(endless, Network::load(endless), &[endless, "not a file"]);
        }
    }
}

/// A sparse file takes no room on disk, but would in memory.
#[test]
fn a_file_larger_than_what_it_should_hold() {
    const TERABYTE: u64 = 1 << 40;
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("model.letra");
    for what in ["a model and a terabyte", "a terabyte of zeros"] {
        network().save(&path).unwrap();
        let file = std::fs::OpenOptions::new().write(true).open(&path).unwrap();
        if what == "a terabyte of zeros" {
            file.set_len(0).unwrap();
        }
        // Not every file system has room for a file of this length.
        if file.set_len(TERABYTE).is_ok() {
            assert_refused(what, Network::load(&path), &["model.letra", "cut short"]);
        }
    }
}
