use std::cell::RefCell;

use serde::{Deserialize, Serialize};

use super::{Loss, LossRows, TargetRows, Task};
use crate::dataset::Targets;
use crate::kernels::ctc::{self, Room};
use crate::layers::ActivationFunction;
use crate::targets::before_blank;
use crate::{Error, Shape};

thread_local! {
    /// What a sequence needs, used again for the next that the thread takes.
    static ROOM: RefCell<Room> = RefCell::default();
}

/// Connectionist temporal classification: −ln *p*(labels | steps), the mean over the samples, where
/// nobody says which step has which label (Graves, Fernández, Gomez and Schmidhuber 2006).
///
/// The network gives logits `[steps, classes]`, of which one class is the **blank** that says nothing; a
/// softmax over the classes is part of the loss. A path names a class a step; it spells the labels that
/// are left when equal neighbours are made one and blanks are left out. The probability of the labels is
/// the sum over all paths that spell them, which the forward–backward algorithm gives (eqs. 5 to 16).
/// The gradient at a logit is *y* less the probability of its class at that step, given the labels.
///
/// Targets are classes: a row of labels a sample, of any length, with blanks after its last label up to
/// the longest's, as [`Ctc::pad`] gives them, and `Dataset::classes` takes them. A sample may have no
/// labels. Equal labels beside each other need a blank between them: a sample can have no more labels
/// and such pairs together than there are steps.
///
/// Where a sequence has padding, only the steps that are none count, however many there are; then the
/// labels are held to their number, too.
///
/// It is Keras's `CTC`, whose blank is class 0. PyTorch's mean also divides each sample's loss by its
/// number of labels.
///
/// Predictions are probabilities of the classes a step; [`decoding`](crate::decoding) makes labels of
/// them, and [`LabelErrorRate`](crate::metrics::LabelErrorRate) says how many are wrong.
///
/// ```
/// use letra_nn::decoding::{BestPath, labels};
/// use letra_nn::prelude::*;
///
/// // Six steps; two samples, of two labels and of one, in steps that only the network finds.
/// let steps = [[0.0, 1.0, 0.0, 0.0, 2.0, 0.0], [0.0, 0.0, 0.0, 1.0, 1.0, 0.0]];
/// let inputs = Tensor::new([2, 6, 1], steps.concat())?;
/// let words = [vec![1, 2], vec![1]];
/// let data = Dataset::classes(inputs, Ctc::new().pad(&words)?, 3)?;
/// let mut network = Sequential::new([6, 1])
///     .add(Dense::new(8).tanh())
///     .add(Dense::new(3))
///     .compile(Compile::new(Adam::new(0.1)).loss(Ctc::new()).metric(LabelErrorRate).seed(1))?;
/// network.fit(&data, Fit::epochs(100))?;
/// assert_eq!(network.evaluate(&data)?.metric("label_error_rate"), Some(0.0));
/// let said = network.predict(&data)?;
/// assert_eq!(labels(&BestPath::new().decode(3, &said.data()[..18])?), words[0]);
/// # Ok::<(), letra_nn::Error>(())
/// ```
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Ctc {
    blank: u32,
}

impl Ctc {
    /// Where class 0 is the blank, as in Keras.
    pub fn new() -> Self {
        Ctc { blank: 0 }
    }

    /// The class that says nothing, and that rows of labels are filled up with; 0 at first. PyTorch's
    /// `blank`, and the `mask_index` of Keras's `ctc_loss`.
    pub fn blank(mut self, blank: u32) -> Self {
        self.blank = blank;
        self
    }

    /// Labels of several sequences as the loss takes them: `[sequences, most labels]`, row-major, each
    /// row filled up with blanks. The longest has at least one, so that there is a row each.
    ///
    /// # Errors
    /// When a sequence holds the blank, or there are more labels than memory holds.
    pub fn pad(&self, sequences: &[impl AsRef<[u32]>]) -> Result<Vec<u32>, Error> {
        let lengths = sequences.iter().map(|labels| labels.as_ref().len());
        let most = lengths.max().unwrap_or(0).max(1);
        let all = sequences.len().checked_mul(most);
        let mut padded = Vec::new();
        if all.is_none_or(|all| padded.try_reserve_exact(all).is_err()) {
            return Err(Error::data(format!(
                "{} sequences of up to {most} labels do not fit into memory",
                sequences.len()
            ))
            .with_hint("give fewer at a time"));
        }
        for (number, labels) in sequences.iter().enumerate() {
            let labels = labels.as_ref();
            if labels.contains(&self.blank) {
                return Err(Error::data(format!(
                    "sequence {number} holds {}, the blank",
                    self.blank
                ))
                .with_hint("give the labels alone: the loss puts the blanks between them"));
            }
            padded.extend_from_slice(labels);
            padded.resize((number + 1) * most, self.blank);
        }
        Ok(padded)
    }

    /// The loss of one sample, and its gradient; `mask` says which steps are padding.
    fn sample(
        &self,
        units: usize,
        output: &[f32],
        labels: &[u32],
        mask: Option<&[f32]>,
        scale: f32,
        gradient: &mut [f32],
    ) -> f64 {
        let steps = output.len() / units;
        let counts = |step: &usize| mask.is_none_or(|mask| mask[*step] != 0.0);
        let counted = (0..steps).filter(counts).count();
        if (0..counted).all(|step| counts(&step)) {
            // All padding is at the end.
            let (own, padding) = gradient.split_at_mut(counted * units);
            padding.fill(0.0);
            return self.of_steps(units, &output[..own.len()], labels, scale, own);
        }
        let row = |step: usize| step * units..(step + 1) * units;
        let rows = (0..steps).filter(counts);
        let together: Vec<f32> = rows
            .clone()
            .flat_map(|step| &output[row(step)])
            .copied()
            .collect();
        let mut gradients = vec![0.0; together.len()];
        let loss = self.of_steps(units, &together, labels, scale, &mut gradients);
        gradient.fill(0.0);
        for (step, own) in rows.zip(gradients.chunks_exact(units)) {
            gradient[row(step)].copy_from_slice(own);
        }
        loss
    }

    /// The same of steps that all count.
    fn of_steps(
        &self,
        units: usize,
        output: &[f32],
        labels: &[u32],
        scale: f32,
        gradient: &mut [f32],
    ) -> f64 {
        let labels = before_blank(labels, self.blank);
        ROOM.with_borrow_mut(|room| {
            ctc::loss_and_gradient(units, output, labels, self.blank, scale, room, gradient)
        })
    }

    /// Refuses a row of labels that the steps cannot spell.
    fn check_row(&self, sample: usize, row: &[u32], steps: usize) -> Result<(), Error> {
        let labels = before_blank(row, self.blank);
        if row[labels.len()..].iter().any(|&label| label != self.blank) {
            return Err(Error::data(format!(
                "the labels of sample {sample} have a blank, {}, before another label",
                self.blank
            ))
            .with_hint("fill up the row after its last label, as Ctc::pad does"));
        }
        let fewest = ctc::fewest_steps(labels);
        match fewest <= steps {
            true => Ok(()),
            false => Err(Error::data(format!(
                "sample {sample} has {} labels, which need {fewest} steps, with a blank between equal \
                 ones, but the network gives {steps}",
                labels.len()
            ))
            .with_hint("let the network keep more steps, or leave the sample out")),
        }
    }
}

impl Loss for Ctc {
    named!("ctc");

    fn check(&self, units: usize, targets: &Targets) -> Result<(), Error> {
        if self.blank as usize >= units || units < 2 {
            return Err(Error::configuration(format!(
                "the blank of Ctc is class {}, but the network has {units} outputs a step",
                self.blank
            ))
            .with_hint("give the last layer a unit for each label and one for the blank"));
        }
        match targets {
            Targets::Classes { count, .. } if *count == units => Ok(()),
            Targets::Classes { count, .. } => Err(Error::data(format!(
                "the network has {units} outputs a step but the data has {count} classes"
            ))
            .with_hint(format!(
                "make the last layer Dense::new({count}), the blank counted as a class"
            ))),
            Targets::Values(_) => Err(Error::data("Ctc wants labels but is given target values")
                .with_hint("give them by Dataset::classes, filled up by Ctc::pad")),
        }
    }

    fn check_shape(&self, output: &Shape, samples: usize, targets: &Targets) -> Result<(), Error> {
        let (&[steps, _], Targets::Classes { labels, .. }) = (output.sizes(), targets) else {
            return Err(Error::data(format!(
                "Ctc wants an output of shape [steps, classes] a sample, but the network gives {output}"
            ))
            .with_hint("let the last layers keep one axis of steps, as Dense does"));
        };
        let most = targets.labels_each(samples).max(1);
        let mut rows = labels.chunks(most).enumerate();
        rows.try_for_each(|(sample, row)| self.check_row(sample, row, steps))
    }

    fn check_lengths(&self, targets: &Targets, steps: &[u32]) -> Result<(), Error> {
        let Targets::Classes { labels, .. } = targets else {
            return Ok(());
        };
        let most = targets.labels_each(steps.len()).max(1);
        let mut rows = labels.chunks(most).zip(steps).enumerate();
        rows.try_for_each(|(sample, (row, &steps))| self.check_row(sample, row, steps as usize))
    }

    fn task(&self) -> Task {
        Task::Sequences { blank: self.blank }
    }

    fn scale(&self, rows: usize, _units: usize) -> f32 {
        1.0 / rows as f32
    }

    fn batch_scale(&self, samples: usize, _rows: usize, units: usize) -> f32 {
        self.scale(samples, units)
    }

    /// Of one sample, whose steps the rows are.
    fn evaluate(
        &self,
        units: usize,
        output: &[f32],
        targets: TargetRows<'_>,
        scale: f32,
        gradient: &mut [f32],
    ) -> f64 {
        let rows = LossRows {
            samples: 1,
            units,
            output,
            targets,
            weights: None,
            mask: None,
        };
        self.evaluate_samples(&rows, scale, gradient)
    }

    fn evaluate_weighted(
        &self,
        units: usize,
        output: &[f32],
        targets: TargetRows<'_>,
        weights: &[f32],
        scale: f32,
        gradient: &mut [f32],
    ) -> f64 {
        let rows = LossRows {
            samples: weights.len(),
            units,
            output,
            targets,
            weights: Some(weights),
            mask: None,
        };
        self.evaluate_samples(&rows, scale, gradient)
    }

    fn evaluate_samples(&self, rows: &LossRows<'_>, scale: f32, gradient: &mut [f32]) -> f64 {
        let TargetRows::Classes(labels) = rows.targets else {
            unreachable!("check() refuses values");
        };
        let each = |all: usize| all / rows.samples.max(1);
        let (values, most, steps) = (
            each(rows.output.len()),
            each(labels.len()),
            each(rows.output.len()) / rows.units,
        );
        let mut loss = 0.0;
        for sample in 0..rows.samples {
            let own = sample * values..(sample + 1) * values;
            let (output, gradient) = (&rows.output[own.clone()], &mut gradient[own]);
            let weight = rows.weight(sample);
            if weight == 0.0 {
                gradient.fill(0.0);
                continue;
            }
            let labels = &labels[sample * most..(sample + 1) * most];
            let mask = rows
                .mask
                .map(|mask| &mask[sample * steps..(sample + 1) * steps]);
            let own = self.sample(rows.units, output, labels, mask, scale * weight, gradient);
            loss += f64::from(weight) * own;
        }
        loss
    }

    fn output_function(&self) -> ActivationFunction {
        ActivationFunction::Softmax
    }
}
