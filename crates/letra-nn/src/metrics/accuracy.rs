use super::binary_accuracy::add_binary;
use super::{Direction, Metric, MetricRows, MetricState, Task, check_questions};
use crate::Error;
use crate::dataset::Targets;
use crate::targets::largest;

/// Share of right answers; what an answer is follows from the output and the loss, as in Keras.
///
/// | output | the answer is right where |
/// |---|---|
/// | one value | it is above 0.5 (for [`Hinge`](crate::losses::Hinge), 0), or not, as its target is |
/// | several, with [`BinaryCrossEntropy`](crate::losses::BinaryCrossEntropy) or `Hinge`: labels | the same, counted for each value |
/// | several, with any other loss: classes | the largest is that of the class |
///
/// Where the output has several axes, there is an answer for each of its places, such as steps or
/// pixels. It sees predictions, probabilities where the loss takes logits.
///
/// ```
/// # use letra_nn::prelude::*;
/// // As they are, both predictions for the first sample are wrong, and one for the second.
/// let said = Tensor::new([2, 2], vec![0.2, 0.9, 0.6, 0.8])?;
/// let data = Dataset::values(said, Tensor::new([2, 2], vec![1.0, 0.0, 1.0, 0.0])?)?;
/// let compile = Compile::new(Sgd::new(0.1)).loss(BinaryCrossEntropy::new()).metric(Accuracy);
/// let network = Sequential::new([2]).add(Activation::linear()).compile(compile)?;
/// assert_eq!(network.evaluate(&data)?.metric("accuracy"), Some(0.25));
/// # Ok::<(), letra_nn::Error>(())
/// ```
#[derive(Debug, Clone, Copy)]
pub struct Accuracy;

pub(super) fn from_name(name: &str) -> Option<Accuracy> {
    (name == "accuracy").then_some(Accuracy)
}

impl Metric for Accuracy {
    fn name(&self) -> String {
        "accuracy".into()
    }

    fn direction(&self) -> Direction {
        Direction::Max
    }

    fn check(&self, units: usize, task: Task, targets: &Targets) -> Result<(), Error> {
        check_questions("accuracy", units, task, targets)
    }

    fn needs_only_order(&self, units: usize, task: Task) -> bool {
        task.decision(units) == Task::Classes
    }

    fn update(&self, rows: &MetricRows<'_>, state: &mut MetricState) {
        match rows.decision() {
            Task::Labels { threshold } => add_binary(rows, threshold, state),
            _ if rows.are_weighted() => rows.add_mean(state, |row| {
                f64::from(rows.predicted_class(row) == rows.target_class(row))
            }),
            _ => {
                let predictions = rows.predictions().chunks_exact(rows.units()).enumerate();
                let hits =
                    predictions.filter(|(row, values)| largest(values) == rows.target_class(*row));
                let [sum, weights] = state.sums();
                *sum += hits.count() as f64;
                *weights += rows.count() as f64;
            }
        }
    }

    fn result(&self, state: &MetricState) -> f64 {
        state.mean()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::metrics::TargetRows;

    fn of(units: usize, output: &[f32], targets: TargetRows<'_>, task: Task) -> f64 {
        Accuracy.of(&MetricRows::new(units, output, targets, task).unwrap())
    }

    #[test]
    fn counts_hits_for_labels_and_for_one_hot_rows() {
        let output = [0.1, 0.9, 0.8, 0.2, 0.3, 0.7];
        let labels = TargetRows::Classes(&[1, 1, 1]);
        assert_eq!(of(2, &output, labels, Task::Classes), 2.0 / 3.0);
        let rows = TargetRows::Values(&[0.0, 1.0, 1.0, 0.0, 1.0, 0.0]);
        assert_eq!(of(2, &output, rows, Task::Classes), 2.0 / 3.0);
        assert_eq!(of(2, &output, rows, Task::Values), 2.0 / 3.0);
    }

    #[test]
    fn one_value_and_each_label_is_held_to_the_threshold() {
        let output = [0.1, 0.9, 0.8, 0.5];
        let targets = TargetRows::Values(&[0.0, 1.0, 0.0, 0.0]);
        assert_eq!(of(1, &output, targets, Task::Values), 0.75);
        let question = Task::Labels { threshold: 0.5 };
        assert_eq!(of(1, &output, targets, question), 0.75);
        assert_eq!(of(2, &output, targets, question), 0.75);
        let margins = [-0.1, 0.4, -2.0, 3.0];
        let signs = TargetRows::Values(&[-1.0, 1.0, 1.0, 1.0]);
        assert_eq!(
            of(1, &margins, signs, Task::Labels { threshold: 0.0 }),
            0.75
        );
    }
}
