use letra_nn::layers::Merge;

use super::{Gradients, Recurred, Twin};

/// Two recurrent layers over one sequence, and what both give put together. Its input is the sequence
/// and perhaps the initial states, those of the first layer first; its output what is put together, then
/// the states that are given, those of the first layer first.
pub(crate) struct Both {
    pub(crate) forward: Recurred,
    pub(crate) backward: Recurred,
    pub(crate) merge: Merge,
}

impl Both {
    fn each(&self) -> [&Recurred; 2] {
        [&self.forward, &self.backward]
    }

    /// What each of the two is given.
    fn inputs(&self, input: &[f64]) -> [Vec<f64>; 2] {
        let (sequence, states) = input.split_at(self.forward.steps * self.forward.features);
        let (first, second) = states.split_at(states.len() / 2);
        [first, second].map(|states| [sequence, states].concat())
    }

    fn parameters_of<'a>(&self, parameters: &'a [Vec<f64>]) -> [&'a [Vec<f64>]; 2] {
        let (first, second) = parameters.split_at(parameters.len() / 2);
        [first, second]
    }

    /// Outputs of the two, each with its states.
    fn outputs(&self, input: &[f64], parameters: &[Vec<f64>]) -> [Vec<f64>; 2] {
        let ([first, second], parameters) = (self.inputs(input), self.parameters_of(parameters));
        [
            self.forward.forward(&first, parameters[0]),
            self.backward.forward(&second, parameters[1]),
        ]
    }

    /// Values of an output, without states.
    fn values(&self) -> usize {
        match self.forward.return_sequences {
            true => self.forward.steps * self.forward.units,
            false => self.forward.units,
        }
    }
}

impl Twin for Both {
    fn parameters(&self) -> Vec<usize> {
        self.each().map(|layer| layer.parameters()).concat()
    }

    fn forward(&self, input: &[f64], parameters: &[Vec<f64>]) -> Vec<f64> {
        let [one, other] = self.outputs(input, parameters);
        let (units, values) = (self.forward.units, self.values());
        let (one, first_states) = one.split_at(values);
        let (other, second_states) = other.split_at(values);
        let both = one.iter().zip(other);
        let merged: Vec<f64> = match self.merge {
            Merge::Concatenate => {
                let rows = one.chunks(units).zip(other.chunks(units));
                rows.flat_map(|(one, other)| [one, other].concat())
                    .collect()
            }
            Merge::Sum => both.map(|(a, b)| a + b).collect(),
            Merge::Average => both.map(|(a, b)| (a + b) / 2.0).collect(),
            Merge::Multiply => both.map(|(a, b)| a * b).collect(),
            _ => [one, other].concat(),
        };
        [&merged, first_states, second_states].concat()
    }

    fn backward(&self, input: &[f64], parameters: &[Vec<f64>], gradient: &[f64]) -> Gradients {
        let outputs = self.outputs(input, parameters);
        let (units, values) = (self.forward.units, self.values());
        let merged = match self.merge {
            Merge::Concatenate | Merge::Apart => 2 * values,
            _ => values,
        };
        let (gradient, of_states) = gradient.split_at(merged);
        let by = |factors: &[f64]| -> Vec<f64> {
            let both = gradient.iter().zip(factors);
            both.map(|(gradient, factor)| gradient * factor).collect()
        };
        let of_outputs: [Vec<f64>; 2] = match self.merge {
            Merge::Concatenate => [0, units].map(|first| {
                let rows = gradient.chunks(2 * units);
                rows.flat_map(|row| row[first..first + units].to_vec())
                    .collect()
            }),
            Merge::Sum => [gradient.to_vec(), gradient.to_vec()],
            Merge::Average => [by(&vec![0.5; values]), by(&vec![0.5; values])],
            Merge::Multiply => [by(&outputs[1][..values]), by(&outputs[0][..values])],
            _ => [gradient[..values].to_vec(), gradient[values..].to_vec()],
        };
        let half = of_states.len() / 2;
        let (inputs, parameters) = (self.inputs(input), self.parameters_of(parameters));
        let sequence = self.forward.steps * self.forward.features;
        let mut gradients = Gradients {
            input: vec![0.0; sequence],
            parameters: Vec::new(),
        };
        for (number, layer) in self.each().into_iter().enumerate() {
            let of_states = &of_states[number * half..][..half];
            let upstream = [&of_outputs[number], of_states].concat();
            let found = layer.backward(&inputs[number], parameters[number], &upstream);
            for (sum, value) in gradients.input.iter_mut().zip(&found.input[..sequence]) {
                *sum += value;
            }
            gradients.input.extend(&found.input[sequence..]);
            gradients.parameters.extend(found.parameters);
        }
        gradients
    }
}
