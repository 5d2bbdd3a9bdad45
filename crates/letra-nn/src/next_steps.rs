//! A long series, laid out for networks that say what comes next.

use crate::dataset::Dataset;
use crate::shape::{MOST_PARAMETERS, holds_at_most};
use crate::{Error, Tensor};

impl Dataset {
    /// A long series of values, `[length, …]`, laid out for a network that says after each step what the
    /// next is, and carries its states from batch to batch: targets are the inputs of one step later.
    ///
    /// The series is cut into `batch` parts of one length, which go on side by side: a batch is a
    /// window of `steps` steps of each, and row *i* of the next batch begins where this row *i* ends.
    /// So [`Fit::batch_size`](crate::training::Fit::batch_size) must be `batch`. What fills no window at
    /// the end is left out. Of samples `[steps, …]` there are `batch` · windows.
    ///
    /// ```
    /// use letra_nn::prelude::*;
    ///
    /// let series = Tensor::new([9, 1], (0..9).map(|i| i as f32).collect())?;
    /// let data = Dataset::next_step_values(&series, 2, 2)?;
    /// // Two parts, 0 to 3 and 4 to 7, of two windows each.
    /// assert_eq!(data.inputs().shape(), [4, 2, 1]);
    /// assert_eq!(data.inputs().data(), [0.0, 1.0, 4.0, 5.0, 2.0, 3.0, 6.0, 7.0]);
    /// let Targets::Values(targets) = data.targets() else { unreachable!() };
    /// assert_eq!(targets.data(), [1.0, 2.0, 5.0, 6.0, 3.0, 4.0, 7.0, 8.0]);
    /// # Ok::<(), letra_nn::Error>(())
    /// ```
    ///
    /// # Errors
    /// When `batch` or `steps` is 0, or the series is too short for one window of each part and the step
    /// after it.
    pub fn next_step_values(series: &Tensor, batch: usize, steps: usize) -> Result<Self, Error> {
        if series.shape().len() < 2 {
            return Err(
                Error::data(format!("the series has shape {:?}", series.shape()))
                    .with_hint("give it as [length, features], of one feature as [length, 1]"),
            );
        }
        let windows = Windows::new(series.samples(), batch, steps)?;
        let (step, width) = (&series.shape()[1..], series.sample_values());
        let shape = [&[windows.count(), steps], step].concat();
        let data = series.data();
        let cut = |shift: usize| {
            let starts = windows.starts().map(|start| (start + shift) * width);
            let values = starts.flat_map(|start| &data[start..start + steps * width]);
            Tensor::new(shape.clone(), values.copied().collect())
        };
        Dataset::values(cut(0)?, cut(1)?)
    }

    /// As [`Dataset::next_step_values`], of classes below `count`, such as the characters of a text by
    /// their numbers: inputs `[samples, steps]`, which an [`Embedding`](crate::layers::Embedding) reads,
    /// and a class for each step.
    ///
    /// ```
    /// use letra_nn::prelude::*;
    ///
    /// let text: Vec<u32> = "abcabcabc".bytes().map(|letter| u32::from(letter - b'a')).collect();
    /// let data = Dataset::next_step_classes(&text, 3, 2, 4)?;
    /// assert_eq!(data.inputs().data(), [0.0, 1.0, 2.0, 0.0, 1.0, 2.0, 0.0, 1.0]);
    /// # Ok::<(), letra_nn::Error>(())
    /// ```
    ///
    /// # Errors
    /// As [`Dataset::next_step_values`]; a class is not below `count`.
    pub fn next_step_classes(
        series: &[u32],
        count: usize,
        batch: usize,
        steps: usize,
    ) -> Result<Self, Error> {
        let windows = Windows::new(series.len(), batch, steps)?;
        let cut = |shift: usize| -> Vec<u32> {
            let starts = windows.starts().map(|start| start + shift);
            let classes = starts.flat_map(|start| &series[start..start + steps]);
            classes.copied().collect()
        };
        // Not all classes of the inputs are among the targets.
        if let Some(place) = series.iter().position(|&class| class as usize >= count) {
            return Err(Error::data(format!(
                "step {place} of the series has the class {}",
                series[place]
            ))
            .with_hint(format!(
                "of {count} classes, numbers go from 0 to {}",
                count.saturating_sub(1)
            )));
        }
        let inputs = Tensor::from_integers([windows.count(), steps], &cut(0))?;
        Dataset::classes(inputs, cut(1), count)
    }
}

/// Windows of the parallel parts of a series.
struct Windows {
    batch: usize,
    steps: usize,
    /// Windows of each part.
    each: usize,
}

impl Windows {
    fn new(length: usize, batch: usize, steps: usize) -> Result<Self, Error> {
        let fits = holds_at_most(&[batch, steps], MOST_PARAMETERS);
        if batch == 0 || steps == 0 || !fits || length <= batch * steps {
            return Err(Error::data(format!(
                "a series of {length} steps does not make {batch} parts of windows of {steps} steps"
            ))
            .with_hint(
                "give at least batch · steps + 1 steps, a batch of at least 1 and windows of at least 1",
            ));
        }
        Ok(Windows {
            each: (length - 1) / (batch * steps),
            batch,
            steps,
        })
    }

    fn count(&self) -> usize {
        self.batch * self.each
    }

    /// Where the windows begin, batch by batch.
    fn starts(&self) -> impl Iterator<Item = usize> {
        let (batch, steps, each) = (self.batch, self.steps, self.each);
        (0..each).flat_map(move |window| (0..batch).map(move |part| (part * each + window) * steps))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Targets;

    #[test]
    fn rows_of_successive_batches_go_on_with_each_other() {
        let series: Vec<u32> = (0..50).collect();
        let data = Dataset::next_step_classes(&series, 50, 3, 4).unwrap();
        assert_eq!(data.samples(), 3 * 4);
        let Targets::Classes { labels, .. } = data.targets() else {
            panic!("{data:?}");
        };
        for sample in 0..data.samples() {
            let inputs = data.inputs().sample(sample);
            let next = &labels[4 * sample..4 * (sample + 1)];
            assert!(
                inputs
                    .iter()
                    .zip(next)
                    .all(|(now, &next)| now + 1.0 == next as f32)
            );
            if sample >= 3 {
                assert_eq!(data.inputs().sample(sample - 3)[3] + 1.0, inputs[0]);
            }
        }
    }

    #[test]
    fn too_short_a_series_is_refused() {
        assert!(Dataset::next_step_classes(&[0; 13], 1, 3, 4).is_ok());
        for (length, batch, steps) in [
            (12, 3, 4),
            (13, 0, 4),
            (13, 3, 0),
            (13, usize::MAX, 2),
            (0, 1, 1),
        ] {
            let error = Dataset::next_step_classes(&vec![0; length], 1, batch, steps);
            let error = error.unwrap_err().to_string();
            assert!(error.contains("batch · steps + 1"), "{error}");
        }
        let error = Dataset::next_step_classes(&[0, 7, 0], 2, 1, 1).unwrap_err();
        assert!(
            error
                .to_string()
                .contains("step 1 of the series has the class 7"),
            "{error}"
        );
        assert!(Dataset::next_step_values(&Tensor::zeros([9]), 2, 2).is_err());
    }
}
