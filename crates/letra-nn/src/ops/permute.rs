use super::{Backward, Forward, Op, single_input};
use crate::Shape;
use crate::error::BuildError;

/// The axes of each sample in another order: output axis *i* is input axis `order[i]`. The gradient
/// goes back the same way.
#[derive(Debug, Clone)]
pub(crate) struct Permute {
    output: Shape,
    /// The axes of the output, as steps in the input.
    there: Vec<Axis>,
    /// The axes of the input, as steps in the output.
    back: Vec<Axis>,
}

/// An axis: its size, and how far apart its neighbours lie in what is read.
#[derive(Debug, Clone, Copy)]
struct Axis {
    size: usize,
    stride: usize,
}

/// The axes of an array, outermost first.
fn axes(sizes: &[usize]) -> Vec<Axis> {
    let mut stride = 1;
    let mut axes: Vec<Axis> = Vec::with_capacity(sizes.len());
    for &size in sizes.iter().rev() {
        axes.push(Axis { size, stride });
        stride *= size;
    }
    axes.reverse();
    axes
}

/// Those along which there is anywhere to go, so that there are few.
fn long(axes: impl IntoIterator<Item = Axis>) -> Vec<Axis> {
    axes.into_iter().filter(|axis| axis.size > 1).collect()
}

impl Permute {
    /// Of samples of this shape; `order` holds each of its axes once, counted from 0.
    pub(crate) fn new(input: &Shape, order: &[usize]) -> Self {
        let sizes: Vec<usize> = order.iter().map(|&axis| input.sizes()[axis]).collect();
        let (inputs, outputs) = (axes(input.sizes()), axes(&sizes));
        let mut back = inputs.clone();
        for (place, &axis) in order.iter().enumerate() {
            back[axis].stride = outputs[place].stride;
        }
        Permute {
            output: sizes.into(),
            there: long(order.iter().map(|&axis| inputs[axis])),
            back: long(back),
        }
    }
}

/// Reads values along the axes, from place `start` on.
fn gather(axes: &[Axis], from: &[f32], start: usize, to: &mut [f32]) {
    match *axes {
        [] => to[0] = from[start],
        [Axis { stride: 1, .. }] => to.copy_from_slice(&from[start..][..to.len()]),
        [Axis { stride, .. }] => {
            for (value, from) in to.iter_mut().zip(from[start..].iter().step_by(stride)) {
                *value = *from;
            }
        }
        [Axis { size, stride }, ref inner @ ..] => {
            let parts = to.chunks_exact_mut(to.len() / size);
            for (place, part) in parts.enumerate() {
                gather(inner, from, start + place * stride, part);
            }
        }
    }
}

/// Does so sample by sample.
fn gather_samples(axes: &[Axis], values: usize, from: &[f32], to: &mut [f32]) {
    for (from, to) in from.chunks_exact(values).zip(to.chunks_exact_mut(values)) {
        gather(axes, from, 0, to);
    }
}

impl Op for Permute {
    fn output_shapes(&self, inputs: &[Shape]) -> Result<Vec<Shape>, BuildError> {
        single_input(inputs)?;
        Ok(vec![self.output.clone()])
    }

    fn forward(&self, pass: &mut Forward<'_>) {
        let values = self.output.values();
        gather_samples(&self.there, values, pass.inputs[0], pass.outputs[0]);
    }

    fn backward(&self, pass: &mut Backward<'_>) {
        if let Some(input_gradient) = &mut pass.input_gradients[0] {
            let (values, gradient) = (self.output.values(), &*pass.output_gradients[0]);
            gather_samples(&self.back, values, gradient, input_gradient);
        }
    }
}
