//! The cells as a whole; that they compute what they should, double-precision twins of the layers tell.

use super::super::{gru, lstm, simple_rnn};
use super::*;
use gru::Reset;

#[derive(Debug, Clone, Copy, PartialEq)]
enum Kind {
    Lstm,
    Gru(Reset),
    Simple,
}

const KINDS: [Kind; 4] = [
    Kind::Lstm,
    Kind::Gru(Reset::After),
    Kind::Gru(Reset::Before),
    Kind::Simple,
];

const FUNCTIONS: Functions = Functions {
    activation: ActivationKind::Tanh,
    recurrent_activation: ActivationKind::Sigmoid,
};

impl Kind {
    fn gates(self) -> usize {
        match self {
            Kind::Lstm => 4,
            Kind::Gru(_) => 3,
            Kind::Simple => 1,
        }
    }
}

/// All that a cell is given.
#[derive(Clone)]
struct Given {
    kind: Kind,
    units: usize,
    lengths: Vec<usize>,
    kernel: Vec<f32>,
    /// `[rows, gates · units]`
    products: Vec<f32>,
    /// Initial states, and gradients of all states.
    states: [Vec<f32>; 2],
    gradients: [Vec<f32>; 2],
    dropout: Vec<f32>,
    bias: Vec<f32>,
}

impl Given {
    fn new(kind: Kind, units: usize, lengths: &[usize], dropped: bool, noise: &mut Noise) -> Self {
        let (sequences, rows) = (lengths.len(), lengths.iter().sum::<usize>());
        let mut values = |count: usize| noise.values(count);
        Given {
            kind,
            units,
            lengths: lengths.to_vec(),
            kernel: values(units * kind.gates() * units),
            products: values(rows * kind.gates() * units),
            states: [(); 2].map(|()| values(sequences * units)),
            gradients: [(sequences + rows) * units, sequences * units].map(&mut values),
            dropout: match dropped {
                true => values(sequences * units),
                false => Vec::new(),
            },
            bias: values(6 * units),
        }
    }

    fn packed(&self, panels: Panels, entry: impl Fn(usize, usize) -> f32) -> Vec<f32> {
        let mut packed = vec![0.0; panels.packed()];
        panels.pack(entry, &mut packed);
        packed
    }

    /// The states of each sequence after its steps, in their order, and the gradients at the gates and of
    /// the initial states.
    fn run(&self) -> [Vec<f32>; 4] {
        let Given { kind, units, .. } = *self;
        let steps = Steps {
            lengths: &self.lengths,
        };
        let (sequences, rows, width) = (steps.sequences(), steps.rows(), kind.gates() * units);
        let at = |row: usize, column: usize| self.kernel[row * width + column];
        let states = |initial: &[f32]| [initial, &vec![f32::NAN; rows * units]].concat();
        let [mut hidden, mut cell] = [states(&self.states[0]), states(&self.states[1])];
        let mut dropped = vec![f32::NAN; (sequences + rows) * units];
        let mut gates = self.products.clone();
        let mut inner = vec![f32::NAN; rows * units];
        let [mut first, mut second] = self.gradients.clone();
        let mut scratch = vec![f32::NAN; sequences * units];
        let dropout = &self.dropout[..];
        fn recurrence<'a>(
            steps: Steps<'a>,
            units: usize,
            dropout: &'a [f32],
            dropped: &'a mut [f32],
        ) -> Recurrence<'a> {
            Recurrence {
                steps,
                units,
                functions: FUNCTIONS,
                dropout,
                dropped,
                initial_gradient: true,
            }
        }
        let forward = recurrence(steps, units, dropout, &mut dropped);
        let backward = recurrence(steps, units, dropout, &mut []);
        match kind {
            Kind::Lstm => {
                let kernel = self.packed(Panels::new(units, 4, units), at);
                lstm::forward(lstm::Forward {
                    recurrence: forward,
                    kernel: &kernel,
                    bias: &self.bias[..width],
                    gates: &mut gates,
                    hidden: &mut hidden,
                    cell: &mut cell,
                    squashed: &mut inner,
                });
                let panels = Panels::new(width, 1, units);
                let kernel = self.packed(panels, |row, column| at(column, row));
                lstm::backward(lstm::Backward {
                    recurrence: backward,
                    kernel: &kernel,
                    gates: &mut gates,
                    cell: &cell,
                    squashed: &inner,
                    hidden_gradient: &mut first,
                    cell_gradient: &mut second,
                });
            }
            Kind::Gru(reset) => {
                let [panels, candidate] = reset.panels(units);
                let late = |row: usize, column: usize| at(row, 2 * units + column);
                let kernels = [self.packed(panels, at), self.packed(candidate, late)];
                gru::forward(gru::Forward {
                    recurrence: forward,
                    reset,
                    kernel: [&kernels[0], &kernels[1]],
                    bias: match reset {
                        Reset::After => &self.bias,
                        Reset::Before => &self.bias[..width],
                    },
                    gates: &mut gates,
                    inner: &mut inner,
                    hidden: &mut hidden,
                });
                let [panels, candidate] = reset.transposed_panels(units);
                let kernels = [
                    self.packed(panels, |row, column| at(column, row)),
                    self.packed(candidate, |row, column| late(column, row)),
                ];
                gru::backward(gru::Backward {
                    recurrence: backward,
                    reset,
                    kernel: [&kernels[0], &kernels[1]],
                    gates: &mut gates,
                    inner: &mut inner,
                    hidden: &hidden,
                    hidden_gradient: &mut first,
                    scratch: &mut scratch,
                });
            }
            Kind::Simple => {
                hidden[sequences * units..].copy_from_slice(&self.products);
                let kernel = self.packed(Panels::new(units, 1, units), at);
                simple_rnn::forward(simple_rnn::Forward {
                    recurrence: forward,
                    kernel: &kernel,
                    bias: &self.bias[..units],
                    hidden: &mut hidden,
                });
                let panels = Panels::new(units, 1, units);
                let kernel = self.packed(panels, |row, column| at(column, row));
                simple_rnn::backward(simple_rnn::Backward {
                    recurrence: backward,
                    kernel: &kernel,
                    hidden: &hidden,
                    hidden_gradient: &mut first,
                });
                gates = first[sequences * units..].to_vec();
            }
        }
        first.truncate(sequences * units);
        [hidden, gates, first, second]
    }
}

#[test]
fn cells_have_the_same_bits_everywhere() {
    let mut noise = Noise::new(4);
    for kind in KINDS {
        for units in [1, 2, 16, 17, 33, 70] {
            for dropped in [false, true] {
                let sequences = noise.between(1, 13);
                let lengths = random_lengths(sequences, 5, &mut noise);
                let given = Given::new(kind, units, &lengths, dropped, &mut noise);
                on_each_instruction_set(|| {
                    let found = given.run();
                    let numbers = found.iter().flatten().all(|value| value.is_finite());
                    assert!(numbers, "{kind:?}, {units} units, {lengths:?}");
                    found.map(|values| bits(&values))
                });
            }
        }
    }
}

/// What a sequence computes does not depend on those beside it.
#[test]
fn a_sequence_alone_has_the_same_bits() {
    let mut noise = Noise::new(5);
    for kind in KINDS {
        for units in [3, 16, 37] {
            let lengths = [6, 4, 4, 1, 0];
            let all = Given::new(kind, units, &lengths, true, &mut noise);
            let [hidden, gates, first, _] = all.run();
            let steps = Steps { lengths: &lengths };
            for (sequence, &length) in lengths.iter().enumerate() {
                let rows = |values: &[f32], width: usize, rows: &[usize]| {
                    let rows = rows.iter().map(|&place| row(values, place, width).to_vec());
                    rows.collect::<Vec<_>>().concat()
                };
                let own: Vec<usize> = steps
                    .forward()
                    .take(length)
                    .map(|s| s.rows.start + sequence)
                    .collect();
                let mut states = vec![sequence];
                states.extend(own.iter().map(|row| lengths.len() + row));
                let width = kind.gates() * units;
                let alone = Given {
                    lengths: vec![length],
                    products: rows(&all.products, width, &own),
                    states: all
                        .states
                        .each_ref()
                        .map(|state| rows(state, units, &[sequence])),
                    gradients: [
                        rows(&all.gradients[0], units, &states),
                        rows(&all.gradients[1], units, &[sequence]),
                    ],
                    dropout: rows(&all.dropout, units, &[sequence]),
                    ..all.clone()
                };
                let found = alone.run();
                let what = format!("{kind:?}, {units} units, sequence {sequence}");
                assert_eq!(
                    bits(&found[0]),
                    bits(&rows(&hidden, units, &states)),
                    "{what}"
                );
                assert_eq!(bits(&found[1]), bits(&rows(&gates, width, &own)), "{what}");
                assert_eq!(
                    bits(&found[2]),
                    bits(&rows(&first, units, &[sequence])),
                    "{what}"
                );
            }
        }
    }
}

/// What is no number shows in the states of its sequence, from its step on, and in the gradients before
/// it; other sequences have nothing of it.
#[test]
fn cells_hide_nothing() {
    let mut noise = Noise::new(6);
    let (units, lengths) = (17, [4, 3, 1]);
    let steps = Steps { lengths: &lengths };
    let all: Vec<Step> = steps.forward().collect();
    for kind in KINDS {
        let given = Given::new(kind, units, &lengths, false, &mut noise);
        let width = kind.gates() * units;
        let is_bad = |values: &[f32]| values.iter().any(|value| value.is_nan());
        // In the product of an input: sequence 1 in its second step.
        let mut bad = given.clone();
        let place = all[1].rows.start + 1;
        bad.products[place * width + 5] = f32::NAN;
        on_each_instruction_set(|| {
            let [hidden, gates, ..] = bad.run();
            for (number, step) in all.iter().enumerate() {
                for (sequence, state) in step.after.clone().enumerate() {
                    let touched = sequence == 1 && number >= 1;
                    let found = is_bad(row(&hidden, state, units));
                    assert_eq!(
                        found, touched,
                        "{kind:?}, step {number}, sequence {sequence}"
                    );
                    let found = is_bad(row(&gates, step.rows.start + sequence, width));
                    assert!(
                        found || !touched,
                        "{kind:?}, step {number}, sequence {sequence}"
                    );
                }
            }
            bits(&hidden)
        });
        // In an initial state, the recurrent kernel and a gradient.
        let mut bad = [given.clone(), given.clone(), given.clone()];
        bad[0].states[0][2 * units + 16] = f32::NAN;
        bad[1].kernel[3] = f32::NAN;
        bad[2].gradients[0][steps.last_state(0) * units + 2] = f32::NAN;
        on_each_instruction_set(|| {
            let [initial, kernel, gradient] = bad.each_ref().map(Given::run);
            assert!(is_bad(row(&initial[0], steps.last_state(2), units)));
            assert!(is_bad(&kernel[0]) && is_bad(&kernel[2]));
            assert!(is_bad(row(&gradient[2], 0, units)));
            assert!(!is_bad(row(&gradient[2], 1, units)));
            bits(&kernel[0])
        });
    }
}
