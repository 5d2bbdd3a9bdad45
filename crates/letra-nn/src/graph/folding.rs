//! Layers that are taken over the steps of what they are given, each step as a sample of its own.

use std::collections::HashMap;
use std::sync::Arc;

use super::emit::Emit;
use super::value::Value;
use crate::Shape;
use crate::error::BuildError;
use crate::ops::{Op, StepsAsSamples};

/// What a layer sees whose samples are the steps of another's.
#[derive(Debug, Clone)]
pub(super) struct Folding {
    /// Steps of a sample.
    pub(super) steps: usize,
    /// Shapes of a step of the values that the layer knows.
    pub(super) shapes: HashMap<usize, Shape>,
    /// Their masks, which are inside a step.
    pub(super) masks: HashMap<usize, usize>,
}

impl Emit<'_> {
    /// From here on, each step of some values, all of so many steps, is a sample of its own, until
    /// [`Emit::unfold`].
    pub(crate) fn fold(&mut self, inputs: &[Value], steps: usize) {
        let inside = |value: &Value| {
            let sizes = self.shape(*value).sizes();
            (value.number, Shape::new(&sizes[1.min(sizes.len())..]))
        };
        let shapes = inputs.iter().map(inside).collect();
        self.foldings.push(Folding {
            steps,
            shapes,
            masks: HashMap::new(),
        });
    }

    /// Goes back to what the steps are steps of, with what was computed of each.
    ///
    /// # Errors
    /// When a value is none that was, or has a mask inside a step.
    pub(crate) fn unfold(&mut self, outputs: &[Value]) -> Result<(), BuildError> {
        let Some(folding) = self.foldings.pop() else {
            return Ok(());
        };
        for value in outputs {
            if !folding.shapes.contains_key(&value.number) {
                return Err(BuildError::configuration(
                    "is given a layer that gives a value it did not write",
                )
                .with_hint("let the layer give what its ops give"));
            }
            if folding.masks.contains_key(&value.number) {
                return Err(BuildError::configuration(
                    "is given a layer that makes a mask of each step, which no sequence has",
                )
                .with_hint("mask whole steps, before it"));
            }
        }
        Ok(())
    }

    /// An op that was given values of these shapes and gives others, as it stands in the graph: over
    /// the steps of all layers around. Notes the shapes that each of them sees.
    pub(super) fn folded(
        &mut self,
        op: Arc<dyn Op>,
        inputs: &[Shape],
        outputs: &[usize],
        mut shapes: Vec<Shape>,
    ) -> (Arc<dyn Op>, Vec<Shape>) {
        let (mut op, mut inputs) = (op, inputs.to_vec());
        for folding in self.foldings.iter_mut().rev() {
            let known = outputs.iter().copied().zip(shapes.iter().cloned());
            folding.shapes.extend(known);
            op = Arc::new(StepsAsSamples::new(op, folding.steps, inputs.clone()));
            let around = |shape: &Shape| Shape::new([&[folding.steps], shape.sizes()].concat());
            inputs = inputs.iter().map(around).collect();
            shapes = shapes.iter().map(around).collect();
        }
        (op, shapes)
    }
}
