use letra_nn::layers::ActivationFunction;

use super::{Activated, Gradients, Twin};

/// Which recurrent layer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Cell {
    Lstm,
    /// With the reset gate after the product with the recurrent kernel, or before it.
    Gru {
        reset_after: bool,
    },
    SimpleRnn,
}

impl Cell {
    pub(crate) fn gates(self) -> usize {
        match self {
            Cell::Lstm => 4,
            Cell::Gru { .. } => 3,
            Cell::SimpleRnn => 1,
        }
    }

    pub(crate) fn states(self) -> usize {
        match self {
            Cell::Lstm => 2,
            _ => 1,
        }
    }
}

/// A recurrent layer over one sequence, a step after the other. Its input is the sequence
/// `[steps, features]` and, where there are such, the initial states, one after the other; its output is
/// that of all steps or of the last one and, where they are given, the states after it.
#[derive(Debug, Clone)]
pub(crate) struct Recurred {
    pub(crate) cell: Cell,
    pub(crate) steps: usize,
    pub(crate) features: usize,
    pub(crate) units: usize,
    pub(crate) bias: bool,
    pub(crate) activation: ActivationFunction,
    pub(crate) recurrent_activation: ActivationFunction,
    pub(crate) return_sequences: bool,
    pub(crate) return_state: bool,
    pub(crate) go_backwards: bool,
    /// Whether outputs stand where inputs do, although it goes backwards.
    pub(crate) in_order: bool,
    pub(crate) zero_output_for_mask: bool,
    pub(crate) initial_state: bool,
    /// Which steps count.
    pub(crate) mask: Vec<bool>,
    /// What the features, and the state before the recurrent kernel reads it, are multiplied by in each
    /// step.
    pub(crate) dropout: [Vec<f64>; 2],
}

/// What a step has computed.
struct Step {
    /// Its place in the sequence, and that of its output.
    input: usize,
    /// x and h as the kernels read them.
    read: [Vec<f64>; 2],
    /// The states before it.
    before: Vec<Vec<f64>>,
    /// Pre-activations of the gates.
    sums: Vec<f64>,
    /// The gates.
    gates: Vec<f64>,
    /// Of the GRU, what the state adds to the candidate before the reset gate (reset after), or the state
    /// behind that gate.
    inner: Vec<f64>,
    /// The states after it.
    after: Vec<Vec<f64>>,
}

fn times(a: &[f64], b: &[f64]) -> Vec<f64> {
    a.iter().zip(b).map(|(a, b)| a * b).collect()
}

fn add(to: &mut [f64], values: &[f64]) {
    for (to, value) in to.iter_mut().zip(values) {
        *to += value;
    }
}

/// Columns `columns` of x W, with W `[inputs, width]`.
fn product(x: &[f64], kernel: &[f64], width: usize, columns: std::ops::Range<usize>) -> Vec<f64> {
    let mut sums = vec![0.0; columns.len()];
    for (i, x) in x.iter().enumerate() {
        for (sum, column) in sums.iter_mut().zip(columns.clone()) {
            *sum += x * kernel[i * width + column];
        }
    }
    sums
}

/// The gradients that the gradients of x W make: of W, to which they are added, and of x.
fn product_backward(
    x: &[f64],
    kernel: &[f64],
    (width, first): (usize, usize),
    gradient: &[f64],
    of_kernel: &mut [f64],
) -> Vec<f64> {
    let mut of_x = vec![0.0; x.len()];
    for (i, x) in x.iter().enumerate() {
        for (k, gradient) in gradient.iter().enumerate() {
            let place = i * width + first + k;
            of_kernel[place] += x * gradient;
            of_x[i] += kernel[place] * gradient;
        }
    }
    of_x
}

impl Recurred {
    fn width(&self) -> usize {
        self.cell.gates() * self.units
    }

    fn apply(&self, function: ActivationFunction, sums: &[f64]) -> Vec<f64> {
        let channels = 1;
        Activated { function, channels }.forward(sums, &[])
    }

    /// The gradients at the pre-activations.
    fn slope(&self, function: ActivationFunction, sums: &[f64], gradient: &[f64]) -> Vec<f64> {
        let channels = 1;
        Activated { function, channels }
            .backward(sums, &[], gradient)
            .input
    }

    /// The steps in the order in which the layer goes.
    fn order(&self) -> Vec<usize> {
        match self.go_backwards {
            true => (0..self.steps).rev().collect(),
            false => (0..self.steps).collect(),
        }
    }

    fn initial(&self, input: &[f64]) -> Vec<Vec<f64>> {
        let zeros = vec![0.0; self.cell.states() * self.units];
        let states = match self.initial_state {
            true => &input[self.steps * self.features..],
            false => &zeros[..],
        };
        states.chunks(self.units).map(<[f64]>::to_vec).collect()
    }

    /// The biases, of the inputs and of the state.
    fn biases(&self, parameters: &[Vec<f64>]) -> [Vec<f64>; 2] {
        let width = self.width();
        let mut biases = [vec![0.0; width], vec![0.0; width]];
        if self.bias {
            for (bias, values) in biases.iter_mut().zip(parameters[2].chunks(width)) {
                bias.copy_from_slice(values);
            }
        }
        biases
    }

    fn step(
        &self,
        place: usize,
        x: &[f64],
        before: Vec<Vec<f64>>,
        parameters: &[Vec<f64>],
    ) -> Step {
        let (units, width) = (self.units, self.width());
        let [bias, of_state] = self.biases(parameters);
        let read = [
            times(x, &self.dropout[0]),
            times(&before[0], &self.dropout[1]),
        ];
        let mut sums = product(&read[0], &parameters[0], width, 0..width);
        add(&mut sums, &bias);
        let (activation, gate) = (self.activation, self.recurrent_activation);
        let mut inner = Vec::new();
        let (gates, after) = match self.cell {
            Cell::SimpleRnn => {
                add(
                    &mut sums,
                    &product(&read[1], &parameters[1], width, 0..width),
                );
                let state = self.apply(activation, &sums);
                (state.clone(), vec![state])
            }
            Cell::Lstm => {
                add(
                    &mut sums,
                    &product(&read[1], &parameters[1], width, 0..width),
                );
                let functions = [gate, gate, activation, gate];
                let gates = functions.iter().zip(sums.chunks(units));
                let gates: Vec<Vec<f64>> = gates.map(|(&f, sums)| self.apply(f, sums)).collect();
                let mut cell = times(&gates[1], &before[1]);
                add(&mut cell, &times(&gates[0], &gates[2]));
                let hidden = times(&gates[3], &self.apply(activation, &cell));
                (gates.concat(), vec![hidden, cell])
            }
            Cell::Gru { reset_after } => {
                let mut products = product(&read[1], &parameters[1], width, 0..2 * units);
                add(&mut products, &of_state);
                add(&mut sums[..2 * units], &products);
                let mut gates = self.apply(gate, &sums[..2 * units]);
                let candidate = 2 * units..width;
                let reset = &gates[units..];
                let added = if reset_after {
                    inner = product(&read[1], &parameters[1], width, candidate);
                    add(&mut inner, &of_state[2 * units..]);
                    times(reset, &inner)
                } else {
                    inner = times(reset, &read[1]);
                    product(&inner, &parameters[1], width, candidate)
                };
                add(&mut sums[2 * units..], &added);
                gates.extend(self.apply(activation, &sums[2 * units..]));
                let state = (0..units)
                    .map(|k| gates[k] * before[0][k] + (1.0 - gates[k]) * gates[2 * units + k]);
                let state: Vec<f64> = state.collect();
                (gates, vec![state])
            }
        };
        Step {
            input: place,
            read,
            before,
            sums,
            gates,
            inner,
            after,
        }
    }

    /// The steps that count, in the order in which the layer goes.
    fn run(&self, input: &[f64], parameters: &[Vec<f64>]) -> Vec<Step> {
        let mut states = self.initial(input);
        let mut steps = Vec::new();
        for place in self.order() {
            if self.mask[place] {
                let x = &input[place * self.features..][..self.features];
                let step = self.step(place, x, states, parameters);
                states = step.after.clone();
                steps.push(step);
            }
        }
        steps
    }

    /// Which step's state each output is, by its number among those that count.
    fn outputs(&self) -> Vec<Option<usize>> {
        let mut outputs = vec![None; self.steps];
        let (mut counted, mut last) = (0, None);
        for (number, place) in self.order().into_iter().enumerate() {
            let counts = self.mask[place];
            if counts {
                last = Some(counted);
                counted += 1;
            }
            let output = if self.in_order { place } else { number };
            outputs[output] = last.filter(|_| counts || !self.zero_output_for_mask);
        }
        match self.return_sequences {
            true => outputs,
            false => vec![last],
        }
    }

    /// From the gradients of the states after a step to those of the states before it. Adds to those of
    /// the parameters and of the input.
    fn step_backward(
        &self,
        step: &Step,
        after: &[Vec<f64>],
        parameters: &[Vec<f64>],
        gradients: &mut Gradients,
    ) -> Vec<Vec<f64>> {
        let (units, width) = (self.units, self.width());
        let (activation, gate) = (self.activation, self.recurrent_activation);
        let mut before: Vec<Vec<f64>> = vec![vec![0.0; units]; self.cell.states()];
        let gates: Vec<&[f64]> = step.gates.chunks(units).collect();
        let sums: Vec<&[f64]> = step.sums.chunks(units).collect();
        // Of the sums, of what the state adds to them, and of the state as it was read.
        let (deltas, of_products, mut read) = match self.cell {
            Cell::SimpleRnn => {
                let deltas = self.slope(activation, sums[0], &after[0]);
                (deltas.clone(), deltas, vec![0.0; units])
            }
            Cell::Lstm => {
                let squashed = self.apply(activation, &step.after[1]);
                let mut cell = after[1].clone();
                let of_squashed = times(&after[0], gates[3]);
                add(
                    &mut cell,
                    &self.slope(activation, &step.after[1], &of_squashed),
                );
                before[1] = times(&cell, gates[1]);
                let deltas = [
                    self.slope(gate, sums[0], &times(&cell, gates[2])),
                    self.slope(gate, sums[1], &times(&cell, &step.before[1])),
                    self.slope(activation, sums[2], &times(&cell, gates[0])),
                    self.slope(gate, sums[3], &times(&after[0], &squashed)),
                ]
                .concat();
                (deltas.clone(), deltas, vec![0.0; units])
            }
            Cell::Gru { reset_after } => {
                let of_update = (0..units).map(|k| after[0][k] * (step.before[0][k] - gates[2][k]));
                let of_update: Vec<f64> = of_update.collect();
                let of_candidate = (0..units).map(|k| after[0][k] * (1.0 - gates[0][k]));
                let of_candidate: Vec<f64> = of_candidate.collect();
                before[0] = times(&after[0], gates[0]);
                let update = self.slope(gate, sums[0], &of_update);
                let candidate = self.slope(activation, sums[2], &of_candidate);
                if reset_after {
                    let reset = self.slope(gate, sums[1], &times(&candidate, &step.inner));
                    let of_inner = times(&candidate, gates[1]);
                    let deltas = [&update[..], &reset, &candidate].concat();
                    (
                        deltas,
                        [&update[..], &reset, &of_inner].concat(),
                        vec![0.0; units],
                    )
                } else {
                    let place = (width, 2 * units);
                    let of_kernel = &mut gradients.parameters[1];
                    let of_inner =
                        product_backward(&step.inner, &parameters[1], place, &candidate, of_kernel);
                    let reset = self.slope(gate, sums[1], &times(&of_inner, &step.read[1]));
                    let deltas = [&update[..], &reset, &candidate].concat();
                    let of_products = [&update[..], &reset].concat();
                    (deltas, of_products, times(&of_inner, gates[1]))
                }
            }
        };
        let of_kernel = &mut gradients.parameters[1];
        let place = (width, 0);
        add(
            &mut read,
            &product_backward(
                &step.read[1],
                &parameters[1],
                place,
                &of_products,
                of_kernel,
            ),
        );
        add(&mut before[0], &times(&read, &self.dropout[1]));
        let of_kernel = &mut gradients.parameters[0];
        let x = product_backward(&step.read[0], &parameters[0], place, &deltas, of_kernel);
        let place = step.input * self.features;
        add(&mut gradients.input[place..], &times(&x, &self.dropout[0]));
        if self.bias {
            let biases = gradients.parameters[2].chunks_mut(width);
            for (bias, deltas) in biases.zip([&deltas, &of_products]) {
                add(bias, deltas);
            }
        }
        before
    }
}

impl Twin for Recurred {
    fn parameters(&self) -> Vec<usize> {
        let width = self.width();
        let mut parameters = vec![self.features * width, self.units * width];
        if self.bias {
            let biases = match self.cell {
                Cell::Gru { reset_after: true } => 2,
                _ => 1,
            };
            parameters.push(biases * width);
        }
        parameters
    }

    fn forward(&self, input: &[f64], parameters: &[Vec<f64>]) -> Vec<f64> {
        let steps = self.run(input, parameters);
        let mut output = Vec::new();
        for state in self.outputs() {
            match state {
                Some(number) => output.extend(&steps[number].after[0]),
                None => output.extend(vec![0.0; self.units]),
            }
        }
        if self.return_state {
            match steps.last() {
                Some(step) => output.extend(step.after.concat()),
                None => output.extend(self.initial(input).concat()),
            }
        }
        output
    }

    fn backward(&self, input: &[f64], parameters: &[Vec<f64>], gradient: &[f64]) -> Gradients {
        let (steps, units) = (self.run(input, parameters), self.units);
        let zeros = |length: usize| vec![0.0; length];
        let mut gradients = Gradients {
            input: zeros(input.len()),
            parameters: self.parameters().into_iter().map(zeros).collect(),
        };
        // Of the first state after each step, by the outputs.
        let mut given = vec![zeros(units); steps.len()];
        let outputs = self.outputs();
        for (state, gradient) in outputs.iter().zip(gradient.chunks(units)) {
            if let Some(number) = state {
                add(&mut given[*number], gradient);
            }
        }
        let mut states = vec![zeros(units); self.cell.states()];
        if self.return_state {
            let given = gradient[outputs.len() * units..].chunks(units);
            states = given.map(<[f64]>::to_vec).collect();
        }
        for (step, given) in steps.iter().zip(&given).rev() {
            add(&mut states[0], given);
            states = self.step_backward(step, &states, parameters, &mut gradients);
        }
        if self.initial_state {
            gradients.input[self.steps * self.features..].copy_from_slice(&states.concat());
        }
        gradients
    }
}
