//! Masks: which steps of a value count.

use super::emit::Emit;
use super::op_graph::WholeNumbers;
use super::value::Value;
use crate::error::BuildError;
use crate::ops::{self, LengthMask, SelectSteps, Unfolded};

/// What a layer does with a mask: the note on a sequence of which steps count and which are padding.
///
/// ```
/// use letra_nn::layers::{Dense, Flatten, GlobalAveragePool1d, Layer, MaskUse};
///
/// assert_eq!(Dense::new(2).masking(), MaskUse::Passes);
/// assert_eq!(GlobalAveragePool1d::new().masking(), MaskUse::Uses);
/// assert_eq!(Flatten.masking(), MaskUse::Refuses);
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum MaskUse {
    /// What it gives has the mask of what it is given: it works value by value or step by step. Of
    /// several inputs, a step counts where it does in all that have a mask.
    Passes,
    /// What it writes in [`Layer::emit`](crate::layers::Layer::emit) asks for masks with [`Emit::mask`] and says with
    /// [`Emit::set_mask`] which mask its outputs have; without that they have none.
    Uses,
    /// It cannot tell padding from what counts: a network in which it is given a value with a mask is
    /// not built.
    Refuses,
}

impl Emit<'_> {
    /// The mask of a value `[steps, …]`: a value `[steps]` that is 1 where a step counts and 0 where
    /// it is padding; nothing where all count.
    ///
    /// # Panics
    /// When the value is none of this network's.
    pub fn mask(&self, value: Value) -> Option<Value> {
        let number = match self.foldings.last() {
            Some(folding) => folding.masks.get(&value.number).copied(),
            None => self.graph.masks[value.number],
        };
        number.map(|number| Value { number, ..value })
    }

    /// Says which steps of a value count, or that all do. A mask follows from the network's inputs
    /// alone, without weights.
    ///
    /// # Errors
    /// When the mask is not `[steps]`, as many as the value has, or depends on weights.
    pub fn set_mask(&mut self, value: Value, mask: Option<Value>) -> Result<(), BuildError> {
        self.numbers(&[value])?;
        if let Some(mask) = mask {
            self.numbers(&[mask])?;
            let (shape, steps) = (self.shape(value), self.shape(mask));
            if steps.rank() != 1 || shape.sizes().first() != steps.sizes().first() {
                return Err(BuildError::configuration(format!(
                    "gives {shape} a mask of shape {steps}"
                ))
                .with_hint("a mask has one number a step, the first axis"));
            }
            if self.graph.depends_on_weights(mask.number) {
                return Err(
                    BuildError::configuration("makes a mask of what depends on weights")
                        .with_hint("mask what the network is given, before layers that learn"),
                );
            }
        }
        let mask = mask.map(|mask| mask.number);
        match self.foldings.last_mut() {
            Some(folding) => {
                folding.masks.remove(&value.number);
                folding.masks.extend(mask.map(|mask| (value.number, mask)));
            }
            None => self.graph.masks[value.number] = mask,
        }
        Ok(())
    }

    /// The mask of several values together: a step counts where it does in all that have a mask.
    ///
    /// # Errors
    /// When they have unlike numbers of steps.
    pub fn joined_mask(&mut self, values: &[Value]) -> Result<Option<Value>, BuildError> {
        let mut masks: Vec<Value> = Vec::new();
        for &value in values {
            masks.extend(self.mask(value).filter(|mask| !masks.contains(mask)));
        }
        match masks[..] {
            [] => Ok(None),
            [mask] => Ok(Some(mask)),
            _ => self.op(ops::Multiply, &masks, &[]).map(Some),
        }
    }

    /// The value with `fill` in the place of all that is padding.
    ///
    /// # Errors
    /// When the value has no steps.
    pub(crate) fn fill_padding(&mut self, value: Value, fill: f32) -> Result<Value, BuildError> {
        match self.mask(value) {
            Some(mask) => self.op(SelectSteps { fill }, &[value, mask], &[]),
            None => Ok(value),
        }
    }

    /// Notes that a value holds whole numbers from `least` to `most`, which are checked wherever the
    /// network is given data. It must be one of the network's inputs, perhaps under another shape, or
    /// with its padding set to zero.
    ///
    /// # Errors
    /// When it is something else.
    pub(crate) fn require_whole(
        &mut self,
        value: Value,
        what: &'static str,
        [least, most]: [usize; 2],
    ) -> Result<(), BuildError> {
        let (mut number, mut lengths) = (value.number, None);
        while let Some(node) = self.graph.giver(number) {
            let op = node.op.unfolded();
            if op.is::<SelectSteps>() {
                let of_lengths = self.graph.giver(node.inputs[1]);
                let of_lengths = of_lengths.filter(|node| node.op.unfolded().is::<LengthMask>());
                lengths = of_lengths.map(|node| node.inputs[0]);
            } else if !op.is::<ops::Reshape>() {
                return Err(BuildError::configuration(format!(
                    "wants {what} that the network is given, but reads what a layer computes"
                ))
                .with_hint("let it read an input of the network, at most with Reshape between"));
            }
            number = node.inputs[0];
        }
        self.graph.whole.push(WholeNumbers {
            layer: self.name.to_owned(),
            input: number,
            least,
            most,
            lengths: lengths.filter(|&input| input < self.graph.inputs),
            what,
        });
        Ok(())
    }
}
