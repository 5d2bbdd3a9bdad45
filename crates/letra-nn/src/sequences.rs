//! Sequences of unlike lengths, padded to one.

use crate::dataset::{Dataset, Inputs, Targets};
use crate::shape::{MOST_PARAMETERS, holds_at_most};
use crate::{Error, Tensor};

/// Sequences of unlike lengths, padded to one, and how long each is: what a network that begins with
/// [`Sequential::sequences`](crate::Sequential::sequences) takes for its inputs.
///
/// ```
/// use letra_nn::prelude::*;
///
/// let [short, long] = [vec![1.0, 2.0], vec![3.0, 4.0, 5.0, 6.0]];
/// let sequences = Sequences::pad(&[Tensor::new([1, 2], short)?, Tensor::new([2, 2], long)?])?;
/// assert_eq!(sequences.values().shape(), [2, 2, 2]);
/// assert_eq!(sequences.values().data(), [1.0, 2.0, 0.0, 0.0, 3.0, 4.0, 5.0, 6.0]);
/// assert_eq!(sequences.lengths().data(), [1.0, 2.0]);
/// # Ok::<(), letra_nn::Error>(())
/// ```
#[derive(Debug, Clone, PartialEq)]
pub struct Sequences {
    values: Tensor,
    /// One tensor, so that it stands where a network's further inputs do.
    lengths: [Tensor; 1],
}

/// Which end of a sequence is padded or cut.
///
/// ```
/// # use letra_nn::prelude::*;
/// let sequences = [Tensor::new([1], vec![7.0])?, Tensor::new([3], vec![1.0, 2.0, 3.0])?];
/// let padded = Pad::new().maxlen(2).padding(End::Pre).truncating(End::Pre).values(&sequences)?;
/// assert_eq!(padded.data(), [0.0, 7.0, 2.0, 3.0]);
/// # Ok::<(), letra_nn::Error>(())
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum End {
    /// The first steps.
    Pre,
    /// The last steps.
    Post,
}

/// How sequences are padded, as Keras's `pad_sequences` does it; but the usual end of both is the last,
/// as lengths ask for it, where Keras's is the first.
///
/// ```
/// # use letra_nn::prelude::*;
/// let sequences = [Tensor::new([1], vec![7.0])?, Tensor::new([3], vec![1.0, 2.0, 3.0])?];
/// let padded = Pad::new().maxlen(4).value(-1.0).values(&sequences)?;
/// assert_eq!(padded.data(), [7.0, -1.0, -1.0, -1.0, 1.0, 2.0, 3.0, -1.0]);
/// # Ok::<(), letra_nn::Error>(())
/// ```
#[derive(Debug, Clone, Copy)]
pub struct Pad {
    maxlen: Option<usize>,
    padding: End,
    truncating: Option<End>,
    value: f32,
}

impl Pad {
    /// To the length of the longest, with zeros after the last step; nothing is cut.
    pub fn new() -> Self {
        Pad {
            maxlen: None,
            padding: End::Post,
            truncating: None,
            value: 0.0,
        }
    }

    /// Steps of all.
    pub fn maxlen(mut self, maxlen: usize) -> Self {
        self.maxlen = Some(maxlen);
        self
    }

    /// Which end is cut from sequences that are longer than `maxlen`; where this is not said, such a
    /// sequence is an error.
    pub fn truncating(mut self, truncating: End) -> Self {
        self.truncating = Some(truncating);
        self
    }

    settings! {
        /// Where the padding is.
        padding: End,
        /// What it consists of.
        value: f32,
    }

    /// The sequences, each `[its steps, …]`, as one tensor `[sequences, steps, …]`.
    ///
    /// # Errors
    /// When there are none, one has no steps or is too long, or they have unlike features.
    pub fn values(&self, sequences: &[Tensor]) -> Result<Tensor, Error> {
        let steps = self.steps(sequences)?;
        let features = &sequences[0].shape()[1..];
        let shape = [&[sequences.len(), steps], features].concat();
        if !holds_at_most(&shape, MOST_PARAMETERS) {
            return Err(Error::data(format!(
                "sequences of shape {shape:?} do not fit into memory"
            ))
            .with_hint("cut the longest by maxlen and truncating"));
        }
        let width: usize = features.iter().product();
        let mut values = vec![self.value; shape.iter().product()];
        for (row, sequence) in values.chunks_exact_mut(steps * width).zip(sequences) {
            let length = sequence.samples().min(steps);
            let first = match self.truncating {
                Some(End::Pre) => sequence.samples() - length,
                _ => 0,
            };
            let place = match self.padding {
                End::Pre => steps - length,
                End::Post => 0,
            };
            row[place * width..(place + length) * width]
                .copy_from_slice(&sequence.data()[first * width..(first + length) * width]);
        }
        Tensor::new(shape, values)
    }

    /// Steps of all, where the sequences go together.
    fn steps(&self, sequences: &[Tensor]) -> Result<usize, Error> {
        let Some(first) = sequences.first() else {
            return Err(Error::data("there are no sequences").with_hint("give at least one"));
        };
        let features = first.shape().get(1..).unwrap_or_default();
        for (index, sequence) in sequences.iter().enumerate() {
            let steps = sequence.shape().first().copied().unwrap_or(0);
            if steps == 0 {
                return Err(
                    Error::data(format!("sequence {index} has no steps")).with_hint("leave it out")
                );
            }
            if sequence.shape()[1..] != *features || features.contains(&0) {
                return Err(Error::data(format!(
                    "a step of sequence {index} has shape {:?} but one of sequence 0 has {features:?}",
                    &sequence.shape()[1..]
                ))
                .with_hint("give all of them steps of one shape"));
            }
            match self.maxlen {
                Some(maxlen) if steps > maxlen && self.truncating.is_none() => {
                    return Err(Error::data(format!(
                        "sequence {index} has {steps} steps, more than {maxlen}"
                    ))
                    .with_hint("raise maxlen, or say with truncating which end is to be cut"));
                }
                _ => {}
            }
        }
        let longest = sequences.iter().map(Tensor::samples).max();
        match self.maxlen.or(longest) {
            None | Some(0) => Err(Error::data("sequences are to be padded to 0 steps")
                .with_hint("give maxlen at least 1")),
            Some(steps) => Ok(steps),
        }
    }
}

impl Default for Pad {
    fn default() -> Self {
        Pad::new()
    }
}

impl Sequences {
    /// Pads sequences, each `[its steps, …]`, to the longest of them: of shape
    /// `[sequences, steps, …]`, with their lengths.
    ///
    /// # Errors
    /// When there are none, one has no steps, or they have unlike features.
    pub fn pad(sequences: &[Tensor]) -> Result<Self, Error> {
        Self::padded(sequences, Pad::new())
    }

    /// As [`Sequences::pad`], to so many steps, those of the network.
    ///
    /// # Errors
    /// As [`Sequences::pad`]; one is longer.
    pub fn pad_to(sequences: &[Tensor], steps: usize) -> Result<Self, Error> {
        Self::padded(sequences, Pad::new().maxlen(steps))
    }

    /// As [`Sequences::pad`], with settings of one's own; the padding comes last, since it is the first
    /// steps that lengths count.
    ///
    /// # Errors
    /// As [`Sequences::pad`]; one is too long, or the padding is to come first.
    pub fn padded(sequences: &[Tensor], pad: Pad) -> Result<Self, Error> {
        if pad.padding == End::Pre {
            return Err(Error::configuration(
                "sequences with lengths are padded before their first step",
            )
            .with_hint("pad them after the last, or take Pad::values and Masking"));
        }
        let values = pad.values(sequences)?;
        let steps = values.shape()[1];
        let lengths = sequences
            .iter()
            .map(|sequence| sequence.samples().min(steps));
        let lengths = lengths.map(|length| length as f32).collect();
        Ok(Sequences {
            lengths: [Tensor::new([sequences.len(), 1], lengths)?],
            values,
        })
    }

    /// As [`Sequences::pad_to`], of whole numbers, such as those of characters that an
    /// [`Embedding`](crate::layers::Embedding) reads: values `[sequences, steps]`.
    ///
    /// # Errors
    /// As [`Sequences::pad_to`]; a number is beyond what single precision tells apart.
    pub fn of_integers(sequences: &[Vec<u32>], steps: usize) -> Result<Self, Error> {
        let tensor = |numbers: &Vec<u32>| Tensor::from_integers([numbers.len()], numbers);
        let sequences: Vec<Tensor> = sequences.iter().map(tensor).collect::<Result<_, _>>()?;
        Self::pad_to(&sequences, steps)
    }

    /// Sequences that are padded already, `[sequences, steps, …]`, with a length each; what comes after
    /// it is padding, whatever it holds.
    ///
    /// # Errors
    /// When there are more or fewer lengths, or one is 0 or beyond the steps.
    pub fn new(values: Tensor, lengths: &[usize]) -> Result<Self, Error> {
        let &[samples, steps, ..] = values.shape() else {
            return Err(Error::data(format!(
                "sequences of shape {:?} have no steps",
                values.shape()
            ))
            .with_hint("give them as [sequences, steps, …]"));
        };
        if samples != lengths.len() {
            return Err(Error::data(format!(
                "{samples} sequences came with {} lengths",
                lengths.len()
            ))
            .with_hint("give one a sequence"));
        }
        if let Some(index) = lengths
            .iter()
            .position(|length| !(1..=steps).contains(length))
        {
            return Err(Error::data(format!(
                "sequence {index} has length {} of {steps} steps",
                lengths[index]
            ))
            .with_hint("give each at least 1 and at most all steps"));
        }
        let lengths = lengths.iter().map(|&length| length as f32).collect();
        Ok(Sequences {
            lengths: [Tensor::new([samples, 1], lengths)?],
            values,
        })
    }

    /// The padded sequences, `[sequences, steps, …]`.
    pub fn values(&self) -> &Tensor {
        &self.values
    }

    /// Their lengths, `[sequences, 1]`.
    pub fn lengths(&self) -> &Tensor {
        &self.lengths[0]
    }

    /// The values and the lengths: the first two inputs of a data set.
    pub fn into_inputs(self) -> [Tensor; 2] {
        let [lengths] = self.lengths;
        [self.values, lengths]
    }

    /// A data set of the sequences and the targets of each: a class, or values, or one or the other for
    /// each step.
    ///
    /// # Errors
    /// When there are more or fewer targets than sequences, or a label is out of range.
    pub fn with_targets(self, targets: Targets) -> Result<Dataset, Error> {
        let [inputs, lengths] = self.into_inputs();
        Dataset::new(inputs, targets)?.and_input(lengths)
    }

    /// Number of sequences.
    pub fn samples(&self) -> usize {
        self.values.samples()
    }
}

impl<'a> From<&'a Sequences> for Inputs<'a> {
    fn from(sequences: &'a Sequences) -> Self {
        Inputs::of(&sequences.values, &sequences.lengths)
    }
}
