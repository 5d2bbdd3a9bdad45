//! Recurrent layers: a cell goes through the steps of a sequence and carries its states on.

mod arrays;
mod cell;
mod gru;
mod lstm;
mod sequences;
mod simple_rnn;

use super::{Backward, Forward, Needs, Op, Prepare};
use crate::Shape;
use crate::error::BuildError;
use crate::kernels::dropout;
use crate::kernels::gemm::{Mat, MatMut, gemm};
use crate::kernels::recurrent::{Functions, Recurrence, Steps};

use arrays::{Arrays, Kernel, Sizes, StateGradients, cut};
pub(crate) use cell::Cell;
pub(crate) use gru::Gru;
pub(crate) use lstm::Lstm;
use sequences::{Direction, Sequences};
pub(crate) use simple_rnn::SimpleRnn;

/// A cell over the steps of a sequence, forward and backward through time.
///
/// Inputs: the sequence *x* `[steps, features]`, then its mask `[steps]`, if it has one, then the
/// initial states `[units]`, if they are given. Outputs: the states of all steps `[steps, units]` or the
/// last one `[units]`; then, if they are asked for, the last states `[units]`. Weights: the kernel
/// `[features, gates · units]`, the recurrent kernel `[units, gates · units]` and perhaps the bias.
///
/// A step that is padding leaves the states as they are and costs nothing: steps that count are packed,
/// and sequences sorted by how many they have. What is given of such a step is the output before it, as in
/// Keras, or 0. A sequence of nothing but padding has the initial states for its last ones, and the output 0.
///
/// The input's product with the kernel is one for all steps, and so are the gradients of the weights:
/// with δ the gradients at the gates' pre-activations of all steps, ∂*W* = Σ *x*ᵀ δ,
/// ∂*U* = Σ *h*′ᵀ δ and ∂*b* = Σ δ (Werbos 1990, "Backpropagation through time").
#[derive(Debug, Clone)]
pub(crate) struct Recurrent<C> {
    pub(crate) cell: C,
    pub(crate) settings: Settings,
}

/// What all recurrent layers have in common.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Settings {
    pub(crate) units: usize,
    pub(crate) functions: Functions,
    pub(crate) return_sequences: bool,
    pub(crate) return_state: bool,
    /// From the last step to the first.
    pub(crate) go_backwards: bool,
    /// Whether what is given of each step stands where its input does, although it goes backwards.
    pub(crate) in_order: bool,
    pub(crate) zero_output_for_mask: bool,
    pub(crate) recurrent_dropout: f32,
    /// Whether there is a mask.
    pub(crate) masked: bool,
    /// Whether initial states are given.
    pub(crate) initial_state: bool,
}

/// Steps that a prediction goes through at a time: their memory stays small however long the
/// sequences are.
const STEPS_TOGETHER: usize = 64;

impl<C: Cell> Recurrent<C> {
    fn units(&self) -> usize {
        self.settings.units
    }

    fn has_dropout(&self) -> bool {
        self.settings.recurrent_dropout > 0.0
    }

    /// Numbers of [`Arrays`] for a sample of so many steps.
    fn array_values(&self, steps: usize) -> usize {
        let states = C::STATES + usize::from(self.has_dropout());
        let left: usize = C::LEFT.iter().sum();
        self.units() * (steps * left + (steps + 1) * states + usize::from(self.has_dropout()))
    }

    fn arrays<'a>(
        &self,
        mut values: &'a mut [f32],
        [samples, steps]: [usize; 2],
        dropout: bool,
    ) -> Arrays<'a> {
        let (rows, units) = (samples * steps, self.units());
        let of_states = (rows + samples) * units;
        let values = &mut values;
        let [gates, inner] = C::LEFT.map(|left| cut(values, rows * units * left));
        let second = if C::STATES == 2 { of_states } else { 0 };
        let states = [of_states, second].map(|length| cut(values, length));
        let dropped = if dropout {
            [of_states, samples * units]
        } else {
            [0; 2]
        };
        let [dropped, dropout] = dropped.map(|length| cut(values, length));
        Arrays {
            gates,
            inner,
            states,
            dropped,
            dropout,
        }
    }

    /// Where the mask is among the inputs, and where the states begin.
    fn places(&self) -> (Option<usize>, usize) {
        let mask = self.settings.masked.then_some(1);
        (mask, 1 + usize::from(self.settings.masked))
    }

    fn sequences<'a>(
        &self,
        inputs: &[&'a [f32]],
        shapes: &[Shape],
        samples: usize,
    ) -> Sequences<'a> {
        let direction = Direction {
            backwards: self.settings.go_backwards,
            in_order: self.settings.in_order,
        };
        let mask = self.places().0.map(|place| inputs[place]);
        Sequences::new([samples, shapes[0].sizes()[0]], mask, direction)
    }

    fn recurrence<'a>(
        &self,
        steps: Steps<'a>,
        dropout: &'a [f32],
        dropped: &'a mut [f32],
        initial_gradient: bool,
    ) -> Recurrence<'a> {
        Recurrence {
            steps,
            units: self.units(),
            functions: self.settings.functions,
            dropout,
            dropped,
            initial_gradient,
        }
    }

    /// Draws what the states are multiplied by.
    fn draw_dropout(&self, pass: &Forward<'_>, sequences: &Sequences<'_>, arrays: &mut Arrays<'_>) {
        let (units, rate) = (self.units(), self.settings.recurrent_dropout);
        if arrays.dropout.is_empty() {
            return;
        }
        // Where the words are drawn, the states come later.
        let words: &mut [u32] = bytemuck::cast_slice_mut(&mut arrays.dropped[..2 * units]);
        let (words, ones) = words.split_at_mut(units);
        ones.fill(1.0_f32.to_bits());
        let ones: &[f32] = bytemuck::cast_slice(ones);
        let rows = arrays.dropout.chunks_exact_mut(units);
        for (&sample, row) in sequences.order().iter().zip(rows) {
            pass.random.words(pass.first_sample + sample, words);
            dropout::apply(rate, words, ones, row);
        }
    }

    /// The input's products of some steps.
    fn multiply_input(
        &self,
        pass: &Forward<'_>,
        (rows, input): (usize, &[f32]),
        arrays: &mut Arrays<'_>,
        sequences: usize,
    ) {
        let width = C::GATES * self.units();
        let products = products::<C>(arrays, sequences * self.units());
        let products = &mut products[..rows * width];
        let features = pass.input_shapes[0].sizes()[1];
        gemm(
            rows,
            width,
            features,
            MatMut::row_major(products, width),
            false,
            Mat::row_major(input, features),
            Mat::row_major(pass.weights[KERNEL], width),
        );
    }
}

/// Where the input's products of all steps stand, and later the gradients at the gates: among the gates
/// or, where a cell has none, in the place of its states.
fn products<'a, C: Cell>(arrays: &'a mut Arrays<'_>, initial: usize) -> &'a mut [f32] {
    match C::LEFT[0] {
        0 => &mut arrays.states[0][initial..],
        _ => arrays.gates,
    }
}

const KERNEL: usize = 0;
const RECURRENT_KERNEL: usize = 1;
const BIAS: usize = 2;

impl<C: Cell> Op for Recurrent<C> {
    fn output_shapes(&self, inputs: &[Shape]) -> Result<Vec<Shape>, BuildError> {
        let (_, first_state) = self.places();
        let states = if self.settings.initial_state {
            C::STATES
        } else {
            0
        };
        let [steps, _] = inputs.first().map_or(&[][..], |input| input.sizes())[..] else {
            return Err(BuildError::input(
                "a sequence [steps, features]",
                "add Reshape before it",
            ));
        };
        let units = self.units();
        if inputs.len() != first_state + states {
            let wanted = first_state + states;
            return Err(BuildError::configuration(format!(
                "takes {wanted} inputs but is given {}",
                inputs.len()
            ))
            .with_hint(format!(
                "give the sequence and, if you wish, its {} initial states",
                C::STATES
            )));
        }
        if inputs[first_state..]
            .iter()
            .any(|state| state.sizes() != [units])
        {
            return Err(BuildError::input(
                "initial states of [units]",
                "let what gives them have as many units",
            ));
        }
        let mut outputs = vec![match self.settings.return_sequences {
            true => Shape::from([steps, units]),
            false => Shape::from([units]),
        }];
        if self.settings.return_state {
            outputs.extend(vec![Shape::from([units]); C::STATES]);
        }
        Ok(outputs)
    }

    fn needs(&self, inputs: &[Shape]) -> Needs {
        Needs {
            keep: self.array_values(inputs[0].sizes()[0]),
            prepared: self.cell.prepared(self.units()),
            ..Needs::default()
        }
    }

    fn scratch(&self, inputs: &[Shape], samples: usize) -> usize {
        let (steps, features, units) = (inputs[0].sizes()[0], inputs[0].sizes()[1], self.units());
        samples * (steps * features + units * (steps + 3))
    }

    fn predicting_scratch(&self, inputs: &[Shape], samples: usize) -> usize {
        let together = inputs[0].sizes()[0].min(STEPS_TOGETHER);
        samples * (self.array_values(together) + together * inputs[0].sizes()[1])
    }

    fn fewest_samples(&self) -> usize {
        // Each step reads all of the recurrent kernel.
        16
    }

    fn prepare(&self, pass: &mut Prepare<'_>) {
        let kernel = pass.weights[RECURRENT_KERNEL];
        self.cell.prepare(self.units(), kernel, pass.prepared);
    }

    fn forward(&self, pass: &mut Forward<'_>) {
        let (samples, units) = (pass.samples, self.units());
        let sizes = pass.input_shapes[0].sizes();
        let (steps, features) = (sizes[0], sizes[1]);
        let mut sequences = self.sequences(&pass.inputs, pass.input_shapes, samples);
        let (keep, scratch) = (
            std::mem::take(&mut pass.keep),
            std::mem::take(&mut pass.scratch),
        );
        let mut rest = &mut *scratch;
        let (values, together) = match keep.is_empty() {
            true => {
                let together = steps.min(STEPS_TOGETHER);
                let length = samples * self.array_values(together);
                (cut(&mut rest, length), together)
            }
            false => (keep, steps),
        };
        let dropout = pass.training && self.has_dropout();
        let mut arrays = self.arrays(values, [samples, together], dropout);
        let input = &mut rest[..samples * together * features];
        let (_, first_state) = self.places();
        for (state, values) in arrays.states.iter_mut().take(C::STATES).enumerate() {
            let given = self
                .settings
                .initial_state
                .then(|| pass.inputs[first_state + state]);
            sequences.gather_states(units, given, values);
        }
        self.draw_dropout(pass, &sequences, &mut arrays);
        let kernel = Kernel {
            prepared: pass.prepared,
            bias: pass.weights.get(BIAS).copied().unwrap_or_default(),
        };
        while sequences.next_steps(together) {
            let block = sequences.steps();
            sequences.gather(features, pass.inputs[0], input);
            self.multiply_input(pass, (block.rows(), input), &mut arrays, samples);
            let (dropout, dropped) = (&*arrays.dropout, &mut *arrays.dropped);
            let recurrence = self.recurrence(block, dropout, dropped, false);
            // The arrays lend what the recurrence holds.
            let mut lent = Arrays {
                gates: &mut *arrays.gates,
                inner: &mut *arrays.inner,
                states: arrays.states.each_mut().map(|values| &mut **values),
                dropped: &mut [],
                dropout: &mut [],
            };
            self.cell.forward(recurrence, kernel, &mut lent);
            if self.settings.return_sequences {
                let zero = self.settings.zero_output_for_mask;
                sequences.scatter_outputs(units, arrays.states[0], zero, pass.outputs[0]);
            }
            sequences.finish(|number, last| {
                if together < steps {
                    for values in arrays.states.iter_mut().take(C::STATES) {
                        values.copy_within(last * units..(last + 1) * units, number * units);
                    }
                }
            });
        }
        let last = |number: usize| match together < steps {
            true => number,
            false => sequences.steps().last_state(number),
        };
        let mut outputs = pass.outputs.iter_mut();
        let sequence = outputs.next().expect("an op has an output");
        if !self.settings.return_sequences {
            let row = |number: usize| sequences.last_output(number).and(Some(last(number)));
            sequences.scatter_states(units, arrays.states[0], row, sequence);
        }
        for (output, values) in outputs.zip(&arrays.states) {
            sequences.scatter_states(units, values, |number| Some(last(number)), output);
        }
    }

    fn backward(&self, pass: &mut Backward<'_>) {
        let (samples, units) = (pass.samples, self.units());
        let sizes = pass.input_shapes[0].sizes();
        let (steps, features) = (sizes[0], sizes[1]);
        let mut sequences = self.sequences(&pass.inputs, pass.input_shapes, samples);
        sequences.next_steps(steps);
        let block = sequences.steps();
        let dropout = pass.training && self.has_dropout();
        let mut arrays = self.arrays(pass.keep, [samples, steps], dropout);
        let mut rest = &mut *pass.scratch;
        let mut gradients = StateGradients {
            first: cut(&mut rest, block.states() * units),
            second: cut(&mut rest, samples * units),
            scratch: cut(&mut rest, samples * units),
        };
        let input = &mut rest[..block.rows() * features];
        gradients.first.fill(0.0);
        gradients.second.fill(0.0);
        let mut given = pass.output_gradients.iter();
        let sequence = given.next().expect("an op has an output");
        let zero = self.settings.zero_output_for_mask;
        match self.settings.return_sequences {
            true => sequences.gather_output_gradients(units, sequence, zero, gradients.first),
            false => {
                let row = |number: usize| sequences.last_output(number);
                sequences.add_state_gradients(units, sequence, row, gradients.first);
            }
        }
        if let Some(first) = given.next() {
            let row = |number: usize| Some(block.last_state(number));
            sequences.add_state_gradients(units, first, row, gradients.first);
        }
        if let Some(second) = given.next() {
            sequences.add_state_gradients(units, second, Some, gradients.second);
        }
        let (_, first_state) = self.places();
        let mut states = pass.input_gradients.iter().skip(first_state);
        let initial = states.any(Option::is_some);
        let kernel = Kernel {
            prepared: pass.prepared,
            bias: &[],
        };
        {
            let recurrence = self.recurrence(block, arrays.dropout, &mut [], initial);
            let mut lent = Arrays {
                gates: &mut *arrays.gates,
                inner: &mut *arrays.inner,
                states: arrays.states.each_mut().map(|values| &mut **values),
                dropped: &mut *arrays.dropped,
                dropout: &mut [],
            };
            self.cell
                .backward(recurrence, kernel, &mut lent, &mut gradients);
        }
        let deltas = (C::LEFT[0] == 0).then(|| &gradients.first[samples * units..]);
        let mut of_weights = pass.weight_gradients.iter_mut().map(Option::as_deref_mut);
        let [kernel, recurrent, bias] = [(); 3].map(|()| of_weights.next().flatten());
        let sizes = Sizes {
            steps: block,
            units,
        };
        self.cell
            .recurrent_gradients(sizes, &mut arrays, deltas, [recurrent, bias]);
        let deltas = deltas.unwrap_or(arrays.gates);
        let (rows, width) = (block.rows(), C::GATES * units);
        if let Some(gradient) = kernel {
            sequences.gather(features, pass.inputs[0], input);
            gemm(
                features,
                width,
                rows,
                MatMut::row_major(gradient, width),
                true,
                Mat::transposed(input, features),
                Mat::row_major(deltas, width),
            );
        }
        if let Some(gradient) = &mut pass.input_gradients[0] {
            gemm(
                rows,
                features,
                width,
                MatMut::row_major(input, features),
                false,
                Mat::row_major(deltas, width),
                Mat::transposed(pass.weights[KERNEL], width),
            );
            sequences.scatter(features, input, gradient);
        }
        if let (Some(mask), _) = self.places()
            && let Some(gradient) = &mut pass.input_gradients[mask]
        {
            gradient.fill(0.0);
        }
        let states = [&*gradients.first, gradients.second];
        let of_states = pass.input_gradients.iter_mut().skip(first_state);
        for (gradient, values) in of_states.zip(states) {
            if let Some(gradient) = gradient {
                sequences.scatter_states(units, values, Some, gradient);
            }
        }
    }
}
