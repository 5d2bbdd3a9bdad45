//! Layers that are taken over the steps of what they are given, each step as a sample of its own.

use std::collections::HashMap;
use std::sync::Arc;

use super::emit::Emit;
use super::value::Value;
use crate::Shape;
use crate::error::BuildError;
use crate::layers::Layer;
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
    /// Writes the ops of a layer that sees each step of the inputs, all of so many steps, as a sample
    /// of its own; gives what it gives, the steps as first axis.
    pub(crate) fn over_steps(
        &mut self,
        layer: &dyn Layer,
        inputs: &[Value],
        steps: usize,
    ) -> Result<Vec<Value>, BuildError> {
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
        let given = self.layer(layer, inputs);
        let folding = self.foldings.pop();
        let given = given?;
        let known = folding.is_some_and(|folding| {
            let mut given = given.iter();
            given.all(|value| folding.shapes.contains_key(&value.number))
        });
        match known {
            true => Ok(given),
            false => Err(BuildError::configuration(
                "is given a layer that gives a value it did not write",
            )
            .with_hint("let the layer give what its ops give")),
        }
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
