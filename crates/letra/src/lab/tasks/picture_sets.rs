//! Sets of pictures in other formats than the seminar's.

use std::path::{Path, PathBuf};

use letra_nn::prelude::*;
use letra_type::{NamedArray, read_arrays};

use crate::failure::Failure;
use crate::networks::Task;

/// Pictures to learn and to test.
#[derive(Debug)]
pub(in crate::lab) struct PictureSet {
    pub(in crate::lab) train: Dataset,
    pub(in crate::lab) test: Dataset,
}

impl PictureSet {
    /// What a network needs to know to learn them.
    pub(in crate::lab) fn shape(&self) -> Task {
        let shape = self.train.inputs().shape();
        let classes = match self.train.targets() {
            Targets::Classes { count, .. } => *count,
            _ => 0,
        };
        Task {
            height: shape[1],
            width: shape[2],
            classes,
        }
    }
}

const HINT: &str = "name a folder with train-images-idx3-ubyte, train-labels-idx1-ubyte, t10k-images-idx3-ubyte and \
                    t10k-labels-idx1-ubyte, each perhaps with .gz; or an npz file of x_train, y_train, x_test and \
                    y_test, bytes [pictures, height, width] and whole numbers from 0";

/// The most classes.
const MOST_CLASSES: usize = 256;

/// Reads the pictures of a folder of IDX files or of an npz file with names as Keras's; nothing where it is a file
/// in the seminar's format.
pub(in crate::lab) fn read(path: &Path) -> Result<Option<PictureSet>, Failure> {
    let wrong = |message: String| Failure::new(format!("{}: {message}", path.display())).hint(HINT);
    let name = path.file_name().map(|name| name.to_string_lossy());
    let is_idx =
        name.is_some_and(|name| name.contains("idx1-ubyte") || name.contains("idx3-ubyte"));
    let [train, test] = if path.is_dir() {
        idx_files(path)?
    } else if is_idx {
        idx_files(path.parent().unwrap_or(Path::new(".")))?
    } else {
        match of_arrays(path)? {
            Some(parts) => parts,
            None => return Ok(None),
        }
    };
    let shape = train.inputs().shape();
    if shape.len() != 4 || shape[1] < 2 || shape[2] < 2 {
        return Err(wrong(format!(
            "it holds arrays of shape {shape:?}, no pictures"
        )));
    }
    if test.inputs().shape()[1..] != shape[1..] {
        let other = test.inputs().shape();
        return Err(wrong(format!(
            "pictures of shape {shape:?} to learn and {other:?} to test"
        )));
    }
    let all = [&train, &test]
        .into_iter()
        .flat_map(|part| part.inputs().data());
    if let Some(ink) = all.into_iter().find(|ink| !(0.0..=1.0).contains(*ink)) {
        return Err(wrong(format!("a pixel of {ink}, where bytes are wanted")));
    }
    let largest = |part: &Dataset| super::lots::labels(part).iter().copied().max();
    let (Some(classes), Some(tested)) = (largest(&train), largest(&test)) else {
        return Err(wrong(
            "it holds no pictures to learn, or none to test".into(),
        ));
    };
    if classes == 0 || tested > classes {
        return Err(wrong(format!(
            "classes to {classes} to learn and to {tested} to test"
        )));
    }
    let count = classes as usize + 1;
    let narrowed = |part: Dataset| {
        let labels = super::lots::labels(&part).to_vec();
        part.with_targets(Targets::Classes { labels, count })
            .map_err(|error| Failure::network("the pictures", &error))
    };
    Ok(Some(PictureSet {
        train: narrowed(train)?,
        test: narrowed(test)?,
    }))
}

/// The two parts of a folder in MNIST's format.
fn idx_files(folder: &Path) -> Result<[Dataset; 2], Failure> {
    let file = |names: [String; 2]| -> Result<PathBuf, Failure> {
        let endings = ["", ".gz"];
        let mut candidates = (names.iter())
            .flat_map(|name| endings.map(|ending| folder.join(format!("{name}{ending}"))));
        candidates.find(|path| path.is_file()).ok_or_else(|| {
            let message = format!(
                "{} has neither {} nor that with .gz",
                folder.display(),
                names[0]
            );
            Failure::new(message).hint(HINT)
        })
    };
    let part = |name: &str| {
        let of = |what: &str, axes: usize| {
            file([
                format!("{name}-{what}-idx{axes}-ubyte"),
                format!("{name}-{what}.idx{axes}-ubyte"),
            ])
        };
        let (pictures, labels) = (of("images", 3)?, of("labels", 1)?);
        Dataset::read_idx(&pictures, labels, MOST_CLASSES)
            .map_err(|error| Failure::network("the pictures cannot be learnt", &error))
    };
    Ok([part("train")?, part("t10k")?])
}

/// The two parts of an npz file; nothing where it has not their names.
fn of_arrays(file: &Path) -> Result<Option<[Dataset; 2]>, Failure> {
    // Where it is no such file, the reader of the seminar's format says what is wrong with it.
    let Ok(arrays) = read_arrays(file) else {
        return Ok(None);
    };
    let named = |name: &str| arrays.iter().find(|array| array.name == name);
    if named("x_train").is_none() {
        return Ok(None);
    }
    let wrong = |message: String| Failure::new(format!("{}: {message}", file.display())).hint(HINT);
    let part = |names: [&str; 2]| {
        let [x, y] = names.map(named);
        let missing = |name: &str| wrong(format!("it has no array {name}"));
        let x = x.ok_or_else(|| missing(names[0]))?;
        let y = y.ok_or_else(|| missing(names[1]))?;
        labelled(x, y).map_err(&wrong)
    };
    Ok(Some([
        part(["x_train", "y_train"])?,
        part(["x_test", "y_test"])?,
    ]))
}

fn labelled(x: &NamedArray, y: &NamedArray) -> Result<Dataset, String> {
    let shape = match x.shape[..] {
        [count, height, width] | [count, height, width, 1] => [count, height, width, 1],
        _ => {
            return Err(format!(
                "{} has the shape {:?}, not [pictures, height, width]",
                x.name, x.shape
            ));
        }
    };
    if y.values.len() != shape[0] {
        return Err(format!(
            "{} has {} labels for {} pictures",
            y.name,
            y.values.len(),
            shape[0]
        ));
    }
    let label =
        |&value: &f32| match value >= 0.0 && value.fract() == 0.0 && value < MOST_CLASSES as f32 {
            true => Ok(value as u32),
            false => Err(format!("{} has the class {value}", y.name)),
        };
    let labels = y.values.iter().map(label).collect::<Result<_, _>>()?;
    let full = if x.are_bytes { 255.0 } else { 1.0 };
    let ink = x.values.iter().map(|ink| ink / full).collect();
    Tensor::new(shape, ink)
        .and_then(|pictures| Dataset::classes(pictures, labels, MOST_CLASSES))
        .map_err(|error| error.to_string())
}
