//! The file that windows come from.

use std::path::Path;

use letra_nn::prelude::*;
use letra_nn::random::{Domain, Random};
use letra_type::{NamedArray, read_arrays};

use crate::failure::Failure;
use crate::report::numbers::thousands;

/// The share of the windows that is kept for the test where the file names none for it.
const TEST_SHARE: f64 = 0.25;

/// The most classes.
const MOST_CLASSES: usize = 10_000;

/// Windows of sensor data and what class each is of.
#[derive(Debug)]
pub(in super::super) struct Windows {
    steps: usize,
    channels: usize,
    classes: usize,
    /// Those that are learnt, or all.
    train: Labelled,
    /// Those that are tested, where the file says so.
    test: Option<Labelled>,
}

/// Some windows.
#[derive(Debug)]
struct Labelled {
    /// `[windows, steps, channels]`, 0 after the end of each.
    values: Tensor,
    /// How many steps of each there are.
    lengths: Vec<usize>,
    labels: Vec<u32>,
}

const HINT: &str = "write it with numpy.savez(FILE, x_train=…, y_train=…, x_test=…, y_test=…): float32 [windows, \
                    steps, channels], steps after the end of a window NaN, and whole numbers from 0; or without \
                    the last two";

/// Reads windows from an npz file; nothing where it holds pictures.
pub(in super::super) fn read(file: &Path) -> Result<Option<Windows>, Failure> {
    let arrays = match read_arrays(file) {
        Ok(arrays) => arrays,
        // Where it is no file of windows, the reader of pictures says what is wrong with it.
        Err(letra_type::Error::Array { array, .. }) if array == "arr_0" || array == "arr_1" => {
            return Ok(None);
        }
        Err(error) => return Err(error.into()),
    };
    let named = |names: [&str; 2]| {
        let mut arrays = arrays.iter();
        arrays.find(|array| names.contains(&array.name.as_str()))
    };
    let wrong = |message: String| Failure::new(format!("{}: {message}", file.display())).hint(HINT);
    let Some(x) = named(["x_train", "arr_0"]) else {
        return Err(wrong("it has no array x_train".into()));
    };
    if x.are_bytes && x.name == "arr_0" {
        return Ok(None);
    }
    let y = named(["y_train", "arr_1"]).ok_or_else(|| wrong("it has no array y_train".into()))?;
    let train = labelled(x, y).map_err(&wrong)?;
    let test = match (named(["x_test", ""]), named(["y_test", ""])) {
        (Some(x), Some(y)) => Some(labelled(x, y).map_err(&wrong)?),
        (None, None) => None,
        _ => return Err(wrong("it has only one of x_test and y_test".into())),
    };
    if let Some(test) = &test
        && test.values.shape()[1..] != train.values.shape()[1..]
    {
        return Err(wrong(format!(
            "windows of x_test have the shape {:?} and those of x_train {:?}",
            &test.values.shape()[1..],
            &train.values.shape()[1..]
        )));
    }
    let classes = train
        .labels
        .iter()
        .max()
        .map_or(0, |&label| label as usize + 1);
    if classes < 2 {
        return Err(wrong("all windows are of one class".into()));
    }
    let tested = test.iter().flat_map(|test| &test.labels);
    if let Some(label) = tested.into_iter().find(|&&label| label as usize >= classes) {
        return Err(wrong(format!(
            "y_test has the class {label}, and y_train none above {}",
            classes - 1
        )));
    }
    if test.is_none() && train.labels.len() < 8 {
        return Err(wrong(format!(
            "{} windows are too few to learn and to test",
            train.labels.len()
        )));
    }
    Ok(Some(Windows {
        steps: train.values.shape()[1],
        channels: train.values.shape()[2],
        classes,
        train,
        test,
    }))
}

fn labelled(x: &NamedArray, y: &NamedArray) -> Result<Labelled, String> {
    let &[count, steps, channels] = &x.shape[..] else {
        return Err(format!(
            "{} has the shape {:?}, not [windows, steps, channels]",
            x.name, x.shape
        ));
    };
    if count == 0 || steps == 0 || channels == 0 {
        return Err(format!("{} has the shape {:?}, no values", x.name, x.shape));
    }
    if y.shape[..] != [count] {
        return Err(format!(
            "{} has the shape {:?} for {count} windows",
            y.name, y.shape
        ));
    }
    let label = |(index, &label): (usize, &f32)| {
        let is_class = label.fract() == 0.0 && (0.0..MOST_CLASSES as f32).contains(&label);
        match is_class {
            true => Ok(label as u32),
            false => Err(format!(
                "{} has {label} for window {index}, no class",
                y.name
            )),
        }
    };
    let labels: Vec<u32> = y
        .values
        .iter()
        .enumerate()
        .map(label)
        .collect::<Result<_, _>>()?;
    let mut values = x.values.clone();
    let mut lengths = Vec::with_capacity(count);
    for (index, window) in values.chunks_exact_mut(steps * channels).enumerate() {
        let is_padding = |step: &[f32]| step.iter().all(|value| value.is_nan());
        let padding = window
            .chunks_exact(channels)
            .rev()
            .take_while(|step| is_padding(step));
        let length = steps - padding.count();
        if length == 0 {
            return Err(format!("window {index} of {} has no steps", x.name));
        }
        let (there, after) = window.split_at_mut(length * channels);
        if let Some(place) = there.iter().position(|value| !value.is_finite()) {
            return Err(format!(
                "{} has {} in step {}, channel {} of window {index}",
                x.name,
                there[place],
                place / channels,
                place % channels
            ));
        }
        after.fill(0.0);
        lengths.push(length);
    }
    let values = Tensor::new(x.shape.clone(), values).map_err(|error| error.to_string())?;
    Ok(Labelled {
        values,
        lengths,
        labels,
    })
}

impl Labelled {
    fn dataset(&self, classes: usize) -> Result<Dataset, Error> {
        let targets = Targets::Classes {
            labels: self.labels.clone(),
            count: classes,
        };
        Sequences::new(self.values.clone(), &self.lengths)?.with_targets(targets)
    }
}

impl Windows {
    /// Steps of the longest window, and channels.
    pub(in super::super) fn shape(&self) -> [usize; 2] {
        [self.steps, self.channels]
    }

    /// How many classes there are.
    pub(in super::super) fn classes(&self) -> usize {
        self.classes
    }

    /// What is learnt and what is tested: as the file says, or a quarter drawn by the seed.
    pub(in super::super) fn parts(&self, seed: u64) -> Result<[Dataset; 2], Error> {
        let all = self.train.dataset(self.classes)?;
        if let Some(test) = &self.test {
            return Ok([all, test.dataset(self.classes)?]);
        }
        let order = Random::new(seed, Domain::Shuffle, 1, 0).permutation(all.samples());
        let tested = ((order.len() as f64 * TEST_SHARE).round() as usize).max(1);
        let (test, train) = order.split_at(tested);
        Ok([all.select(train), all.select(test)])
    }

    /// Mean and variance of each channel over the steps of the training windows.
    pub(in super::super) fn moments(&self) -> (Vec<f32>, Vec<f32>) {
        let mut sums = vec![[0.0_f64; 2]; self.channels];
        let mut count = 0.0_f64;
        for (index, &length) in self.train.lengths.iter().enumerate() {
            let steps = &self.train.values.sample(index)[..length * self.channels];
            for step in steps.chunks_exact(self.channels) {
                for (sums, &value) in sums.iter_mut().zip(step) {
                    sums[0] += f64::from(value);
                    sums[1] += f64::from(value).powi(2);
                }
            }
            count += length as f64;
        }
        let mean = |sums: &[f64; 2]| sums[0] / count;
        let variance = |sums: &[f64; 2]| (sums[1] / count - mean(sums).powi(2)).max(0.0);
        (
            sums.iter().map(|sums| mean(sums) as f32).collect(),
            sums.iter().map(|sums| variance(sums) as f32).collect(),
        )
    }

    /// What there is, in a sentence.
    pub(in super::super) fn in_words(&self) -> String {
        let count = |windows: &Labelled| thousands(windows.labels.len() as u64);
        let test = match &self.test {
            Some(test) => format!("{} to test", count(test)),
            None => "of which a quarter, drawn by the seed, is kept for the test".into(),
        };
        let shortest = self.train.lengths.iter().min().copied().unwrap_or(0);
        let steps = match shortest == self.steps {
            true => self.steps.to_string(),
            false => format!("{shortest} to {}", self.steps),
        };
        format!(
            "{} windows to learn, {test}: {steps} steps of {} channels, {} classes.",
            count(&self.train),
            self.channels,
            self.classes
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn array(name: &str, shape: &[usize], values: Vec<f32>) -> NamedArray {
        NamedArray {
            name: name.into(),
            shape: shape.into(),
            values,
            are_bytes: false,
        }
    }

    #[test]
    fn steps_that_are_no_numbers_at_the_end_are_padding() {
        let nan = f32::NAN;
        let x = array(
            "x",
            &[2, 3, 2],
            vec![1.0, 2.0, 3.0, 4.0, nan, nan, 5.0, 6.0, 7.0, 8.0, 9.0, 10.0],
        );
        let y = array("y", &[2], vec![0.0, 1.0]);
        let windows = labelled(&x, &y).unwrap();
        assert_eq!(windows.lengths, [2, 3]);
        assert_eq!(windows.values.sample(0), [1.0, 2.0, 3.0, 4.0, 0.0, 0.0]);
        // A hole in the middle is none.
        let x = array("x", &[1, 2, 1], vec![nan, 1.0]);
        let y = array("y", &[1], vec![0.0]);
        assert!(
            labelled(&x, &y)
                .unwrap_err()
                .contains("NaN in step 0, channel 0 of window 0")
        );
        let x = array("x", &[1, 2, 1], vec![nan, nan]);
        assert!(labelled(&x, &y).unwrap_err().contains("no steps"));
    }

    #[test]
    fn labels_are_whole_numbers_one_a_window() {
        let x = array("x", &[1, 2, 1], vec![1.0, 1.0]);
        for (shape, values) in [
            (&[2][..], vec![0.0, 1.0]),
            (&[1], vec![0.5]),
            (&[1], vec![-1.0]),
        ] {
            assert!(labelled(&x, &array("y", shape, values)).is_err());
        }
    }

    #[test]
    fn moments_are_over_the_steps_that_are_there() {
        let x = array("x", &[2, 2, 1], vec![1.0, f32::NAN, 3.0, 5.0]);
        let train = labelled(&x, &array("y", &[2], vec![0.0, 1.0])).unwrap();
        let windows = Windows {
            steps: 2,
            channels: 1,
            classes: 2,
            train,
            test: None,
        };
        let (mean, variance) = windows.moments();
        assert_eq!(mean, [3.0]);
        assert!((variance[0] - 8.0 / 3.0).abs() < 1e-6);
    }
}
