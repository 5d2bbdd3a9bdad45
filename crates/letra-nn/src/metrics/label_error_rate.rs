use std::cell::RefCell;

use super::edit_distance::edit_distance_in;
use super::{Direction, Metric, MetricRows, MetricState, Task};
use crate::decoding;

thread_local! {
    /// Labels that a thread reads, and distances, used again for the next sample.
    static ROOM: RefCell<(Vec<u32>, Vec<usize>)> = RefCell::default();
}

/// Label error rate: the [edit distances](super::edit_distance()) between the labels that best paths spell and
/// the targets, over the number of target labels (Graves, Fernández, Gomez and Schmidhuber 2006,
/// section 2.1; Graves 2012, chapter 2). Of letters it is known as the character error rate.
///
/// Both sums go over all samples of the pass, so that a sample counts by its length, and one without
/// labels by what was read into it; a mean over the samples of each one's rate is something else.
/// It is 0 where all is right, and may be more than 1. It takes outputs that were trained by
/// [`Ctc`](crate::losses::Ctc); the blank is the loss's.
///
/// ```
/// # use letra_nn::prelude::*;
/// // Three steps that say 1, blank, 2, where 1, 2 was wanted.
/// let said = Tensor::new([1, 3, 3], vec![0.0, 4.0, 0.0, 4.0, 0.0, 0.0, 0.0, 0.0, 4.0])?;
/// let compile = Compile::new(Sgd::new(0.1)).loss(Ctc::new()).metric(LabelErrorRate);
/// let network = Sequential::new([3, 3]).add(Activation::linear()).compile(compile)?;
/// let data = Dataset::classes(said, Ctc::new().pad(&[[1, 2]])?, 3)?;
/// assert_eq!(network.evaluate(&data)?.metric("label_error_rate"), Some(0.0));
/// # Ok::<(), letra_nn::Error>(())
/// ```
#[derive(Debug, Clone, Copy)]
pub struct LabelErrorRate;

pub(super) fn from_name(name: &str) -> Option<LabelErrorRate> {
    (name == "label_error_rate").then_some(LabelErrorRate)
}

impl Metric for LabelErrorRate {
    fn name(&self) -> String {
        "label_error_rate".into()
    }

    fn direction(&self) -> Direction {
        Direction::Min
    }

    fn takes(&self, task: Task) -> bool {
        matches!(task, Task::Sequences { .. })
    }

    fn needs_only_order(&self, _units: usize, _task: Task) -> bool {
        true
    }

    fn update(&self, rows: &MetricRows<'_>, state: &mut MetricState) {
        let Task::Sequences { blank } = rows.task() else {
            return;
        };
        let [errors, all] = state.sums();
        ROOM.with_borrow_mut(|(found, distances)| {
            for sample in 0..rows.samples() {
                let (predictions, labels) = rows.sequence(sample);
                decoding::spelled(rows.units(), blank, predictions, found);
                let weight = rows.sample_weight(sample);
                *errors += weight * edit_distance_in(found, labels, distances) as f64;
                *all += weight * labels.len() as f64;
            }
        });
    }

    fn result(&self, state: &MetricState) -> f64 {
        state.mean()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn distances_are_added_up_over_all_labels() {
        // Best paths 1 1 0, 0 2 1 and 2 0 2: read as 1, 2 1 and 2 2.
        let mut said = [0.0; 27];
        for (step, class) in [1, 1, 0, 0, 2, 1, 2, 0, 2].into_iter().enumerate() {
            said[step * 3 + class] = 1.0;
        }
        let labels = [1, 2, 2, 0, 0, 0, 2, 2, 0];
        let rows = MetricRows::of_sequences(3, 3, &said, &labels, 0).unwrap();
        assert_eq!(LabelErrorRate.of(&rows), 4.0 / 5.0);
        let weights = [2.0, 0.0, 1.0];
        let weighted = LabelErrorRate.of(&rows.weighted(Some(&weights)));
        assert_eq!(weighted, 4.0 / 8.0);
        let (_, labels) = rows.sequence(1);
        assert!(labels.is_empty());
    }

    #[test]
    fn rows_that_do_not_fit_are_refused() {
        for (samples, units, predictions, labels) in [
            (2, 3, 9, &[1, 2][..]),
            (2, 3, 12, &[1]),
            (0, 3, 12, &[1]),
            (2, 0, 12, &[1, 2]),
            (2, 3, 12, &[1, 3]),
        ] {
            let said = vec![0.0; predictions];
            assert!(MetricRows::of_sequences(samples, units, &said, labels, 0).is_err());
        }
    }
}
