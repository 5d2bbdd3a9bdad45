use crate::shape::{MOST_PARAMETERS, holds_at_most};
use crate::targets::{TargetRows, Task, target_class, units};
use crate::{Error, Shape, Tensor};

/// What a network is to say about each sample.
///
/// ```
/// use letra_nn::prelude::*;
///
/// let inputs = Tensor::zeros([2, 3]);
/// let labels = Targets::Classes { labels: vec![0, 1], count: 2 };
/// let data = Dataset::values(inputs, Tensor::zeros([2, 1]))?.and_targets(labels)?;
/// assert_eq!(data.all_targets().count(), 2);
/// # Ok::<(), letra_nn::Error>(())
/// ```
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub enum Targets {
    /// One class a sample or, where the output has several axes, one for each of a sample's places,
    /// such as steps or pixels; for [`Ctc`](crate::losses::Ctc), the labels of each sample, filled up to
    /// as many.
    Classes {
        /// Class of each sample, or of each place, sample by sample and row-major; from 0 to
        /// `count` − 1.
        labels: Vec<u32>,
        /// Number of classes.
        count: usize,
    },
    /// Values to reach, of the output's shape for each sample: one-hot classes, probabilities,
    /// answers to questions, 0 or 1, or quantities.
    Values(Tensor),
}

/// Samples and their targets: what `fit` and `evaluate` take.
///
/// ```
/// use letra_nn::prelude::*;
///
/// let inputs = Tensor::new([3, 2], vec![0.0, 0.1, 1.0, 1.1, 2.0, 2.1])?;
/// let data = Dataset::classes(inputs, vec![0, 1, 0], 2)?;
/// let (train, test) = (data.select(&[0, 2]), data.select(&[1]));
/// assert_eq!((train.samples(), test.inputs().data()), (2, &[1.0, 1.1][..]));
/// # Ok::<(), letra_nn::Error>(())
/// ```
#[derive(Debug, Clone, PartialEq)]
pub struct Dataset {
    inputs: Tensor,
    targets: Targets,
    /// Further inputs, for networks with several.
    other_inputs: Vec<Tensor>,
    /// Further targets, for networks with several outputs.
    other_targets: Vec<Targets>,
    /// How much each sample counts in the loss, or each place of a sample, such as a step, as many for
    /// each sample, one sample after the other; all alike where there are none.
    pub(crate) sample_weights: Option<Vec<f32>>,
}

impl Targets {
    /// Whether one unit is to tell two classes apart: their labels are then its targets, 0 or 1.
    pub(crate) fn are_values_of(&self, units: usize) -> bool {
        matches!(self, Targets::Classes { count: 2, .. } if units == 1)
    }

    /// Labels of one of `samples` samples.
    pub(crate) fn labels_each(&self, samples: usize) -> usize {
        match self {
            Targets::Classes { labels, .. } => labels.len() / samples.max(1),
            Targets::Values(_) => 0,
        }
    }
}

/// The inputs of a network: a tensor, or several of them with a row a sample each.
///
/// ```
/// use letra_nn::prelude::*;
///
/// let mut model = Model::new();
/// let (left, right) = (model.input([2]), model.input([3]));
/// let both = model.layer(Concatenate, [left, right]);
/// let network = model.outputs([both]).build(0)?;
/// // Several inputs are given as an array of tensors.
/// let given = network.predict(&[Tensor::zeros([4, 2]), Tensor::zeros([4, 3])])?;
/// assert_eq!(given.shape(), [4, 5]);
/// # Ok::<(), letra_nn::Error>(())
/// ```
#[derive(Debug, Clone, Copy)]
pub struct Inputs<'a> {
    first: &'a Tensor,
    others: &'a [Tensor],
}

impl<'a> Inputs<'a> {
    pub(crate) fn of(first: &'a Tensor, others: &'a [Tensor]) -> Self {
        Inputs { first, others }
    }

    /// Number of tensors.
    pub fn count(&self) -> usize {
        1 + self.others.len()
    }

    /// Number of samples.
    pub fn samples(&self) -> usize {
        self.first.samples()
    }

    /// The tensor of input `index`.
    ///
    /// # Panics
    /// When there is no such input.
    pub fn get(&self, index: usize) -> &'a Tensor {
        match index {
            0 => self.first,
            _ => &self.others[index - 1],
        }
    }
}

impl<'a> From<&'a Tensor> for Inputs<'a> {
    fn from(first: &'a Tensor) -> Self {
        Inputs { first, others: &[] }
    }
}

impl<'a> From<&'a Dataset> for Inputs<'a> {
    fn from(data: &'a Dataset) -> Self {
        Inputs {
            first: &data.inputs,
            others: &data.other_inputs,
        }
    }
}

impl<'a, const N: usize> From<&'a [Tensor; N]> for Inputs<'a> {
    fn from(tensors: &'a [Tensor; N]) -> Self {
        const { assert!(N > 0, "a network has at least one input") };
        Inputs {
            first: &tensors[0],
            others: &tensors[1..],
        }
    }
}

impl Dataset {
    /// Samples with targets of either kind; [`Dataset::classes`] and [`Dataset::values`] are shorter.
    ///
    /// # Errors
    /// As theirs.
    pub fn new(inputs: Tensor, targets: Targets) -> Result<Self, Error> {
        let data = Dataset {
            inputs,
            targets,
            other_inputs: Vec::new(),
            other_targets: Vec::new(),
            sample_weights: None,
        };
        data.check().map(|()| data)
    }

    /// Samples with a class each or, for an output with several axes, a class for each of a
    /// sample's places: steps, or pixels row by row. The labels of a sample's places stand together.
    ///
    /// # Errors
    /// When there is not the same number of labels for each sample, or a label is not below
    /// `count`.
    pub fn classes(inputs: Tensor, labels: Vec<u32>, count: usize) -> Result<Self, Error> {
        Dataset::new(inputs, Targets::Classes { labels, count })
    }

    /// Samples with target values each, `[samples, …]` with the output's shape; a last axis of one
    /// value may be left out.
    ///
    /// # Errors
    /// When `values` has more or fewer rows than there are samples.
    pub fn values(inputs: Tensor, values: Tensor) -> Result<Self, Error> {
        Dataset::new(inputs, Targets::Values(values))
    }

    /// Samples without targets of another kind: each is its own, as an autoencoder takes them.
    ///
    /// ```
    /// use letra_nn::prelude::*;
    ///
    /// let data = Dataset::unlabelled(Tensor::new([2, 1], vec![3.0, 5.0])?)?;
    /// assert_eq!(data.targets(), &Targets::Values(data.inputs().clone()));
    /// # Ok::<(), letra_nn::Error>(())
    /// ```
    ///
    /// # Errors
    /// None; it has one for the sake of the other ways to make a set.
    pub fn unlabelled(inputs: Tensor) -> Result<Self, Error> {
        let values = inputs.clone();
        Dataset::values(inputs, values)
    }

    /// Puts other inputs, `[samples, …]`, in the place of the first ones: the same samples standardised,
    /// say, or as another network sees them.
    ///
    /// # Errors
    /// When there is another number of samples.
    ///
    /// ```
    /// use letra_nn::prelude::*;
    ///
    /// let data = Dataset::classes(Tensor::new([2, 1], vec![3.0, 5.0])?, vec![0, 1], 2)?;
    /// let halves: Vec<f32> = data.inputs().data().iter().map(|x| x / 2.0).collect();
    /// let data = data.with_inputs(Tensor::new([2, 1], halves)?)?;
    /// assert_eq!(data.inputs().data(), [1.5, 2.5]);
    /// # Ok::<(), letra_nn::Error>(())
    /// ```
    pub fn with_inputs(mut self, inputs: Tensor) -> Result<Self, Error> {
        self.inputs = inputs;
        self.check().map(|()| self)
    }

    /// Puts other targets in the place of the first ones.
    ///
    /// # Errors
    /// When there are more or fewer than samples, or a label is out of range.
    pub fn with_targets(mut self, targets: Targets) -> Result<Self, Error> {
        self.targets = targets;
        self.check().map(|()| self)
    }

    /// Adds a further input, `[samples, …]`, for a network with several.
    ///
    /// # Errors
    /// When it has another number of samples.
    pub fn and_input(mut self, input: Tensor) -> Result<Self, Error> {
        self.other_inputs.push(input);
        self.check().map(|()| self)
    }

    /// Adds a further target of each sample, for a network with several outputs.
    ///
    /// # Errors
    /// When there are more or fewer than samples, or a label is out of range.
    pub fn and_targets(mut self, targets: Targets) -> Result<Self, Error> {
        self.other_targets.push(targets);
        self.check().map(|()| self)
    }

    /// The inputs, `[samples, …]`: the first ones, where the network has several.
    pub fn inputs(&self) -> &Tensor {
        &self.inputs
    }

    /// The inputs, `[samples, …]`, for each input of the network.
    pub fn all_inputs(&self) -> impl Iterator<Item = &Tensor> {
        std::iter::once(&self.inputs).chain(&self.other_inputs)
    }

    /// The target of each sample: for the first output, where the network has several.
    pub fn targets(&self) -> &Targets {
        &self.targets
    }

    /// All targets, one for each output of the network.
    pub fn all_targets(&self) -> impl Iterator<Item = &Targets> {
        std::iter::once(&self.targets).chain(&self.other_targets)
    }

    /// Lets each sample count with a weight of its own: the loss of a batch is then
    /// Σ *w* *l* / samples, as in Keras, so that weights of mean 1 keep its size. Metrics are
    /// not weighted. Where an output has several axes, there may also be a weight for each of its
    /// places, such as steps, `[samples, places]` row-major; a place whose weight is 0 is not looked at.
    ///
    /// # Errors
    /// When there are not as many weights for each sample, or one is negative or no number.
    pub fn with_sample_weights(mut self, weights: Vec<f32>) -> Result<Self, Error> {
        self.sample_weights = Some(weights);
        self.check().map(|()| self)
    }

    /// How much each sample counts in the loss, where [`Dataset::with_sample_weights`] says so.
    pub fn sample_weights(&self) -> Option<&[f32]> {
        self.sample_weights.as_deref()
    }

    /// Whether there is one target a sample and every label has a class.
    fn check(&self) -> Result<(), Error> {
        if let Some(weights) = &self.sample_weights {
            let samples = self.inputs.samples();
            let each = each(weights.len(), samples).max(1);
            let rows = match weights.len() == each * samples {
                true => samples,
                false => weights.len(),
            };
            check_rows(&self.inputs, rows, "sample weights")?;
            if let Some(place) = weights.iter().position(|&weight| !is_weight(weight)) {
                return Err(Error::data(format!(
                    "sample {} has the weight {}",
                    place / each,
                    weights[place]
                ))
                .with_hint("give each sample one from 0 up"));
            }
        }
        for input in &self.other_inputs {
            check_rows(&self.inputs, input.samples(), "samples of another input")?;
        }
        self.all_targets().try_for_each(|targets| match targets {
            Targets::Classes { labels, count } => {
                let samples = self.inputs.samples();
                // As many for each sample as for the others; none at all are none.
                let each = each(labels.len(), samples).max(1);
                let rows = match labels.len() == each * samples {
                    true => samples,
                    false => labels.len(),
                };
                check_rows(&self.inputs, rows, "labels")?;
                check_labels(labels, *count)
            }
            Targets::Values(values) => {
                check_rows(&self.inputs, values.samples(), "rows of target values")
            }
        })
    }

    /// The first sample that holds a value that is not a number, if there is one.
    pub(crate) fn check_finite(&self) -> Result<(), Error> {
        let targets = self.all_targets().filter_map(|targets| match targets {
            Targets::Classes { .. } => None,
            Targets::Values(values) => Some(("the targets of sample", values)),
        });
        let inputs = self.all_inputs();
        for (what, tensor) in inputs.map(|input| ("sample", input)).chain(targets) {
            let mut values = tensor.data().iter();
            if let Some(index) = values.position(|value| !value.is_finite()) {
                let sample = index / tensor.sample_values();
                return Err(
                    Error::data(format!("{what} {sample} holds {}", tensor.data()[index]))
                        .with_hint("leave it out or mend it"),
                );
            }
        }
        Ok(())
    }

    /// The weight of each sample, or each of its places, where a class counts `weights[class]` times:
    /// that, times the own weight of the sample or the place. `task` says what the loss takes the first
    /// output for, of which a sample has the given shape.
    ///
    /// # Errors
    /// When there are more or fewer weights than classes, one is negative or no number, or the
    /// samples have no class.
    pub(crate) fn class_weighted(
        &self,
        weights: &[f32],
        task: Task,
        output: &Shape,
    ) -> Result<Vec<f32>, Error> {
        let units = units(output);
        let rows = self.one_class_each(task, units)?;
        let classes = match &self.targets {
            Targets::Classes { count, .. } => *count,
            Targets::Values(_) => units.max(2),
        };
        if weights.len() != classes {
            return Err(Error::configuration(format!(
                "there are {} class weights for {classes} classes",
                weights.len()
            ))
            .with_hint("give one a class"));
        }
        if let Some(class) = weights.iter().position(|&weight| !is_weight(weight)) {
            return Err(Error::configuration(format!(
                "class {class} has the weight {}",
                weights[class]
            ))
            .with_hint("give each class one from 0 up"));
        }
        let class = |row: usize| match rows {
            TargetRows::Values(values) if units == 1 => usize::from(values[row] > 0.0),
            _ => target_class(classes, rows, row),
        };
        // Rows of a sample, and how many of its own weights there are for them.
        let places = output.values() / units.max(1);
        let own = self.sample_weights.as_deref();
        let each = own.map_or(1, |own| each(own.len(), self.samples())).max(1);
        if !places.is_multiple_of(each) {
            return Err(Error::data(format!(
                "there are {each} weights a sample for {places} places"
            ))
            .with_hint("give one a sample, or one a place"));
        }
        let own = |row: usize| own.map_or(1.0, |own| own[row * each / places]);
        Ok((0..self.samples() * places)
            .map(|row| own(row) * weights[class(row)])
            .collect())
    }

    /// The targets, where each sample, or each of its places, has one class.
    fn one_class_each(&self, task: Task, units: usize) -> Result<TargetRows<'_>, Error> {
        let refused = |what: &str| {
            let message = format!("class weights want a class for each sample, but {what}");
            let hint = "weigh the samples themselves by Dataset::with_sample_weights";
            Err(Error::configuration(message).with_hint(hint))
        };
        if matches!(task, Task::Sequences { .. }) {
            return refused("the loss is given labels of a sequence for each");
        }
        match &self.targets {
            Targets::Classes { labels, .. } => Ok(TargetRows::Classes(labels)),
            Targets::Values(_) if units > 1 && matches!(task, Task::Labels { .. }) => {
                refused("the loss asks a question for each output")
            }
            Targets::Values(values) => {
                let known = |value: &&f32| [-1.0, 0.0, 1.0].contains(*value);
                match values.data().iter().find(|value| !known(value)) {
                    Some(value) if units == 1 => {
                        refused(&format!("one has the target {value}, neither 0 nor 1"))
                    }
                    _ => Ok(TargetRows::Values(values.data())),
                }
            }
        }
    }

    /// Number of samples.
    pub fn samples(&self) -> usize {
        self.inputs.samples()
    }

    /// The first samples, and the last ones, which are this share of all, from 0 to 1; as Keras has it,
    /// the number of the first is rounded down.
    ///
    /// # Errors
    /// When one of the parts would have no samples.
    pub fn split(&self, share: f64) -> Result<(Dataset, Dataset), Error> {
        let samples = self.samples();
        let first = (samples as f64 * (1.0 - share)).floor() as usize;
        if !(share > 0.0 && share < 1.0) || first == 0 || first == samples {
            return Err(Error::data(format!(
                "a share of {share} of {samples} samples leaves one part empty"
            ))
            .with_hint("choose one between 0 and 1, such as 0.2, or give more samples"));
        }
        let indices: Vec<usize> = (0..samples).collect();
        let (first, last) = indices.split_at(first);
        Ok((self.select(first), self.select(last)))
    }

    /// The samples with the given indices, in that order.
    ///
    /// # Panics
    /// When an index has no sample.
    pub fn select(&self, indices: &[usize]) -> Dataset {
        let select = |targets: &Targets| match targets {
            Targets::Classes { labels, count } => Targets::Classes {
                labels: {
                    let each = targets.labels_each(self.samples());
                    let labels = |&index: &usize| &labels[index * each..(index + 1) * each];
                    indices.iter().flat_map(labels).copied().collect()
                },
                count: *count,
            },
            Targets::Values(values) => Targets::Values(values.select(indices)),
        };
        let others = self.other_inputs.iter();
        Dataset {
            inputs: self.inputs.select(indices),
            targets: select(&self.targets),
            other_inputs: others.map(|input| input.select(indices)).collect(),
            other_targets: self.other_targets.iter().map(select).collect(),
            sample_weights: self.sample_weights.as_ref().map(|weights| {
                let each = each(weights.len(), self.samples());
                let of = |&index: &usize| &weights[index * each..(index + 1) * each];
                indices.iter().flat_map(of).copied().collect()
            }),
        }
    }
}

/// The one-hot encoding of classes: row *i* is 1 at `labels[i]` and 0 elsewhere;
/// shape `[labels.len(), count]`.
///
/// # Errors
/// When a label is not below `count`.
pub fn one_hot(labels: &[u32], count: usize) -> Result<Tensor, Error> {
    check_labels(labels, count)?;
    if !holds_at_most(&[labels.len(), count], MOST_PARAMETERS) {
        return Err(Error::data(format!(
            "{} rows of {count} values do not fit into memory",
            labels.len()
        ))
        .with_hint("leave the labels as they are: Dataset::classes takes them"));
    }
    let mut rows = Tensor::zeros([labels.len(), count]);
    for (row, &label) in rows.data_mut().chunks_exact_mut(count.max(1)).zip(labels) {
        row[label as usize] = 1.0;
    }
    Ok(rows)
}

/// How many there are for each sample, where each has as many.
fn each(numbers: usize, samples: usize) -> usize {
    numbers.checked_div(samples).unwrap_or(0)
}

fn is_weight(weight: f32) -> bool {
    weight >= 0.0 && weight.is_finite()
}

fn check_rows(inputs: &Tensor, rows: usize, what: &str) -> Result<(), Error> {
    if inputs.shape().is_empty() {
        return Err(Error::data("the inputs have no axes")
            .with_hint("the first axis must count the samples"));
    }
    if inputs.samples() != rows {
        return Err(Error::data(format!(
            "{} samples came with {rows} {what}",
            inputs.samples()
        ))
        .with_hint("give one a sample"));
    }
    Ok(())
}

fn check_labels(labels: &[u32], count: usize) -> Result<(), Error> {
    match labels.iter().position(|&label| label as usize >= count) {
        Some(index) => Err(Error::data(format!(
            "label {} of sample {index} is out of range",
            labels[index]
        ))
        .with_hint(format!(
            "with {count} classes, labels go from 0 to {}",
            count.saturating_sub(1)
        ))),
        None => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rows_that_do_not_fit_into_memory_are_refused() {
        for count in [usize::MAX, 1 << 40] {
            let error = one_hot(&[1], count).unwrap_err().to_string();
            assert!(error.contains(&count.to_string()), "{error}");
        }
    }

    #[test]
    fn one_hot_puts_a_one_at_the_label() {
        let rows = one_hot(&[2, 0], 3).unwrap();
        assert_eq!(rows.shape(), [2, 3]);
        assert_eq!(rows.data(), [0., 0., 1., 1., 0., 0.]);
    }

    #[test]
    fn labels_out_of_range_and_missing_labels_are_refused() {
        let error = one_hot(&[0, 5], 5).unwrap_err().to_string();
        assert!(error.contains("label 5 of sample 1"), "{error}");
        let error = Dataset::classes(Tensor::zeros([3, 2]), vec![0, 1], 2).unwrap_err();
        assert!(error.to_string().contains("3 samples came with 2 labels"));
        assert!(Dataset::values(Tensor::zeros([3, 2]), Tensor::zeros([2, 1])).is_err());
    }
}
