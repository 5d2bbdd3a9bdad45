//! Values that are carried from one batch to the next.

use super::emit::Emit;
use super::value::Value;
use crate::Shape;
use crate::error::BuildError;
use crate::shape::MOST_VALUES;

/// A value that stands at the beginning of a batch where another stood at the end of the batch before.
#[derive(Debug, Clone)]
pub(crate) struct Carried {
    /// Layer and value, such as "lstm/h".
    pub(crate) name: String,
    /// The value that a batch begins with: nothing in the graph gives it.
    pub(crate) first: usize,
    /// The value that takes its place in the next batch; the first itself while it is not known.
    pub(crate) next: usize,
}

impl Emit<'_> {
    /// Declares a value that is carried from batch to batch, of this shape for each sample: 0 at first,
    /// and after each batch what [`Emit::carry`] puts in its place. No gradient goes through it. A
    /// trainer carries such values from step to step, a [`Stream`](crate::Stream) from call to call;
    /// whatever else answers begins with zeros.
    ///
    /// # Errors
    /// When the layer has one of this name already, stands in another that takes it over the steps of a
    /// sequence, or the shape holds more than any machine does.
    pub fn carried(
        &mut self,
        name: &'static str,
        shape: impl Into<Shape>,
    ) -> Result<Value, BuildError> {
        let (name, shape) = (format!("{}/{name}", self.name), shape.into());
        if !self.foldings.is_empty() {
            return Err(BuildError::configuration(
                "is given a layer that carries values on, but takes each step for a sample of its own",
            )
            .with_hint("let the layer stand alone, or carry nothing"));
        }
        if self.graph.carried.iter().any(|known| known.name == name) {
            return Err(
                BuildError::configuration(format!("carries two values called {name}"))
                    .with_hint("give each a name of its own"),
            );
        }
        self.check_size(shape.sizes(), MOST_VALUES)?;
        let number = self.graph.shapes.len();
        self.graph.shapes.push(shape);
        self.graph.masks.push(None);
        self.graph.carried.push(Carried {
            name,
            first: number,
            next: number,
        });
        Ok(Value {
            owner: self.owner,
            number,
        })
    }

    /// Says which value takes the place of a carried one in the next batch.
    ///
    /// # Errors
    /// When the first is none that [`Emit::carried`] gave, the other is none that an op gives, or their
    /// shapes differ.
    pub fn carry(&mut self, carried: Value, next: Value) -> Result<(), BuildError> {
        self.numbers(&[carried, next])?;
        let (from, to) = (self.shape(carried).clone(), self.shape(next).clone());
        if from != to {
            return Err(
                BuildError::configuration(format!("carries {to} on where {from} was"))
                    .with_hint("carry a value of the same shape"),
            );
        }
        if self.graph.giver(next.number).is_none() {
            return Err(
                BuildError::configuration("carries on a value that none of its ops gives")
                    .with_hint("carry what an op gives"),
            );
        }
        let mut known = self.graph.carried.iter_mut();
        match known.find(|known| known.first == carried.number) {
            Some(known) => {
                known.next = next.number;
                Ok(())
            }
            None => Err(BuildError::configuration(
                "carries on in the place of a value that is not carried",
            )
            .with_hint("declare it with Emit::carried")),
        }
    }

    /// Whether the layer is written for a [`Stream`](crate::Stream): one that goes through the steps of
    /// a sequence carries on what it knows of the steps before, whatever its settings.
    pub fn streams(&self) -> bool {
        self.graph.streams
    }

    /// An error where a carried value has nothing to take its place.
    pub(super) fn check_carried(&self) -> Result<(), BuildError> {
        let mut known = self.graph.carried.iter();
        match known.find(|known| known.first == known.next) {
            None => Ok(()),
            Some(known) => Err(BuildError::configuration(format!(
                "carries {} but does not say what takes its place",
                known.name
            ))
            .with_hint("say so with Emit::carry")),
        }
    }
}
