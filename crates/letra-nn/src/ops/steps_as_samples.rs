use std::any::Any;
use std::sync::Arc;

use super::{Backward, Forward, Needs, Op, Prepare, UpdateState};
use crate::Shape;
use crate::error::BuildError;

/// An op taken over the first axis of what it is given, each of the `steps` along it as a sample of
/// its own: `[steps, …]` is to the op so many samples `[…]`. Nothing is moved, since the numbers lie
/// in the same order; sums over the batch are over all steps, and random numbers are those of sample
/// number *n* · steps + *t*.
#[derive(Debug, Clone)]
pub(crate) struct StepsAsSamples {
    op: Arc<dyn Op>,
    steps: usize,
    /// What a step of each input looks like.
    inputs: Vec<Shape>,
}

impl StepsAsSamples {
    pub(crate) fn new(op: Arc<dyn Op>, steps: usize, inputs: Vec<Shape>) -> Self {
        StepsAsSamples { op, steps, inputs }
    }

    /// The op.
    pub(crate) fn op(&self) -> &dyn Op {
        &*self.op
    }

    /// Another op over the same steps, with the same inputs.
    pub(crate) fn with(&self, op: Arc<dyn Op>) -> Self {
        let StepsAsSamples { steps, inputs, .. } = self.clone();
        StepsAsSamples { op, steps, inputs }
    }

    pub(crate) fn steps(&self) -> usize {
        self.steps
    }
}

/// What an op is without the steps that it is taken over.
pub(crate) trait Unfolded {
    /// The op that computes.
    fn unfolded(&self) -> &dyn Any;
}

impl Unfolded for dyn Op {
    fn unfolded(&self) -> &dyn Any {
        let own: &dyn Any = self;
        match own.downcast_ref::<StepsAsSamples>() {
            Some(folded) => folded.op().unfolded(),
            None => own,
        }
    }
}

impl Op for StepsAsSamples {
    fn output_shapes(&self, _inputs: &[Shape]) -> Result<Vec<Shape>, BuildError> {
        let shapes = self.op.output_shapes(&self.inputs)?;
        let around = |shape: Shape| Shape::new([&[self.steps], shape.sizes()].concat());
        Ok(shapes.into_iter().map(around).collect())
    }

    fn needs(&self, _inputs: &[Shape]) -> Needs {
        let own = self.op.needs(&self.inputs);
        Needs {
            keep: own.keep.saturating_mul(self.steps),
            // Its rows are values of a step, not of a sample.
            deferred: None,
            ..own
        }
    }

    fn scratch(&self, _inputs: &[Shape], samples: usize) -> usize {
        self.op.scratch(&self.inputs, samples * self.steps)
    }

    fn predicting_scratch(&self, _inputs: &[Shape], samples: usize) -> usize {
        let samples = samples * self.steps;
        self.op.predicting_scratch(&self.inputs, samples)
    }

    fn fewest_samples(&self) -> usize {
        self.op.fewest_samples().div_ceil(self.steps.max(1))
    }

    fn other_multiply_adds(&self, _inputs: &[Shape]) -> u64 {
        let own = self.op.other_multiply_adds(&self.inputs);
        own.saturating_mul(self.steps as u64)
    }

    fn own_numbers(&self) -> u64 {
        self.op.own_numbers()
    }

    fn prepare(&self, pass: &mut Prepare<'_>) {
        self.op.prepare(&mut Prepare {
            weights: pass.weights.iter().copied().collect(),
            prepared: pass.prepared,
            input_shapes: &self.inputs,
        });
    }

    fn forward_sums(&self, pass: &mut Forward<'_>) {
        self.op.forward_sums(&mut self.forward_of_steps(pass));
    }

    fn forward(&self, pass: &mut Forward<'_>) {
        self.op.forward(&mut self.forward_of_steps(pass));
    }

    fn backward_sums(&self, pass: &mut Backward<'_>) {
        self.op.backward_sums(&mut self.backward_of_steps(pass));
    }

    fn backward(&self, pass: &mut Backward<'_>) {
        self.op.backward(&mut self.backward_of_steps(pass));
    }

    fn update_state(&self, pass: &mut UpdateState<'_>) {
        self.op.update_state(&mut UpdateState {
            samples: pass.samples * self.steps,
            step: pass.step,
            sums: pass.sums,
            input_shapes: &self.inputs,
            values: pass.values,
            weights: pass.weights,
        });
    }
}

impl StepsAsSamples {
    fn forward_of_steps<'a>(&'a self, pass: &'a mut Forward<'_>) -> Forward<'a> {
        Forward {
            samples: pass.samples * self.steps,
            first_sample: pass.first_sample * self.steps,
            training: pass.training,
            step: pass.step,
            batch: pass.batch * self.steps,
            sums: pass.sums,
            shard_sums: pass.shard_sums,
            random: pass.random,
            inputs: pass.inputs.iter().copied().collect(),
            input_shapes: &self.inputs,
            outputs: pass
                .outputs
                .iter_mut()
                .map(|output| &mut **output)
                .collect(),
            keep: pass.keep,
            scratch: pass.scratch,
            weights: pass.weights.iter().copied().collect(),
            prepared: pass.prepared,
            sparse: None,
        }
    }

    fn backward_of_steps<'a>(&'a self, pass: &'a mut Backward<'_>) -> Backward<'a> {
        let gradients = pass.output_gradients.iter_mut();
        let input_gradients = pass.input_gradients.iter_mut();
        let weight_gradients = pass.weight_gradients.iter_mut();
        Backward {
            samples: pass.samples * self.steps,
            first_sample: pass.first_sample * self.steps,
            training: pass.training,
            step: pass.step,
            batch: pass.batch * self.steps,
            sums: pass.sums,
            gradient_sums: pass.gradient_sums,
            shard_sums: pass.shard_sums,
            inputs: pass.inputs.iter().copied().collect(),
            input_shapes: &self.inputs,
            outputs: pass.outputs.iter().copied().collect(),
            output_gradients: gradients.map(|gradient| &mut **gradient).collect(),
            input_gradients: input_gradients
                .map(|gradient| gradient.as_deref_mut())
                .collect(),
            weight_gradients: weight_gradients
                .map(|gradient| gradient.as_deref_mut())
                .collect(),
            keep: pass.keep,
            scratch: pass.scratch,
            weights: pass.weights.iter().copied().collect(),
            prepared: pass.prepared,
            sparse: None,
        }
    }
}
