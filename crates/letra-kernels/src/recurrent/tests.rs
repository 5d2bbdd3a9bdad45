mod cells;

use pulp::WithSimd;

use super::lanes::{Lanes, apply};
use super::*;
use crate::noise::Noise;
use crate::simd::dispatch;
use crate::simd::tests::{bits, on_each_instruction_set};

/// Lengths of sequences, the longest first; some have no step at all.
fn random_lengths(sequences: usize, most: usize, noise: &mut Noise) -> Vec<usize> {
    let mut lengths: Vec<usize> = (0..sequences).map(|_| noise.between(0, most)).collect();
    lengths.sort_by_key(|&length| most - length);
    lengths
}

#[test]
fn steps_lie_one_after_another_and_states_behind_the_initial_ones() {
    let mut noise = Noise::new(1);
    for _ in 0..200 {
        let sequences = noise.between(1, 9);
        let lengths = random_lengths(sequences, 7, &mut noise);
        let steps = Steps { lengths: &lengths };
        let mut row = 0;
        // The row of the state that each sequence is in.
        let mut state: Vec<usize> = (0..sequences).collect();
        let all: Vec<Step> = steps.forward().collect();
        assert_eq!(all.len(), lengths[0]);
        for (number, step) in all.iter().enumerate() {
            let active: Vec<usize> = (0..sequences).filter(|&s| lengths[s] > number).collect();
            assert_eq!(step.rows, row..row + active.len());
            for (place, &sequence) in active.iter().enumerate() {
                assert_eq!(step.before.start + place, state[sequence]);
                state[sequence] = step.after.start + place;
                assert_eq!(step.after.start + place, sequences + row + place);
            }
            row += active.len();
        }
        assert_eq!([steps.rows(), steps.states()], [row, sequences + row]);
        for (sequence, state) in state.into_iter().enumerate() {
            assert_eq!(steps.last_state(sequence), state, "{lengths:?}");
        }
        let mut back: Vec<Step> = steps.backward().collect();
        back.reverse();
        assert_eq!(back, all, "{lengths:?}");
        let (mut rows, mut pairs) = (0, Vec::new());
        for (run, first) in steps.runs() {
            assert_eq!(run.start, rows);
            rows = run.end;
            pairs.extend(run.enumerate().map(|(place, row)| (row, first + place)));
        }
        let wanted = all
            .iter()
            .flat_map(|step| step.rows.clone().zip(step.before.clone()));
        assert_eq!(pairs, wanted.collect::<Vec<_>>(), "{lengths:?}");
    }
}

/// Writes products `[rows, gates · units]`.
struct Put<'a> {
    gates: usize,
    units: usize,
    values: &'a mut [f32],
}

impl<S: Simd> Then<S> for Put<'_> {
    #[inline(always)]
    fn row(&mut self, panel: Panel, index: usize, sums: &[f32; MOST_COLUMNS]) {
        let row = row_mut(self.values, index, self.gates * self.units);
        for gate in 0..self.gates {
            row[gate * self.units + panel.first..][..panel.width]
                .copy_from_slice(&sums[gate * panel.width..][..panel.width]);
        }
    }
}

struct Multiply<'a> {
    panels: Panels,
    packed: &'a [f32],
    rows: (usize, usize),
    left: &'a [f32],
    then: Put<'a>,
}

impl WithSimd for Multiply<'_> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(self, simd: S) {
        let Multiply {
            panels,
            packed,
            rows,
            left,
            then,
        } = self;
        panels.multiply(simd, packed, rows, left, then);
    }
}

#[test]
fn panels_multiply_as_plain_loops_do() {
    let mut noise = Noise::new(2);
    for round in 0..120 {
        let gates = noise.between(1, 4);
        let mut units = [1, 2, 15, 16, 17, 33, 64, 65, 100][noise.between(0, 8)];
        let depth = [1, 2, 3, 16, 17, 100, 0][if round == 0 { 6 } else { noise.between(0, 5) }];
        if round == 1 {
            units = 0;
        }
        let rows = noise.between(0, 14);
        let stride = depth + noise.between(0, 3);
        let (matrix, left) = (
            noise.values(depth * gates * units),
            noise.values(rows * stride),
        );
        let panels = Panels::new(depth, gates, units);
        let width = gates * units;
        let mut packed = vec![f32::NAN; panels.packed()];
        panels.pack(|row, column| matrix[row * width + column], &mut packed);
        on_each_instruction_set(|| {
            let mut values = vec![f32::NAN; rows * width];
            let multiply = |rows: usize, left: &[f32], values: &mut [f32]| {
                dispatch(Multiply {
                    panels,
                    packed: &packed,
                    rows: (rows, stride),
                    left,
                    then: Put {
                        gates,
                        units,
                        values,
                    },
                });
            };
            multiply(rows, &left, &mut values);
            for (row, values) in values.chunks_exact(width.max(1)).enumerate() {
                let left = &left[row * stride..];
                for (column, &value) in values.iter().enumerate() {
                    let products = (0..depth)
                        .map(|p| f64::from(left[p]) * f64::from(matrix[p * width + column]));
                    let wanted: f64 = products.sum();
                    assert!((f64::from(value) - wanted).abs() < 1e-5, "{value} {wanted}");
                }
                // Alone it has the same bits.
                let mut alone = vec![f32::NAN; width];
                multiply(1, left, &mut alone);
                assert_eq!(bits(&alone), bits(values));
            }
            bits(&values)
        });
    }
}

/// What is no number, or infinite, shows in every product that has it for a factor.
#[test]
fn products_hide_nothing() {
    for bad in [f32::NAN, f32::INFINITY] {
        for (row, column) in [(0, 0), (2, 16), (2, 20)] {
            let panels = Panels::new(3, 1, 21);
            let mut packed = vec![0.0; panels.packed()];
            let entry = |r: usize, c: usize| if (r, c) == (row, column) { bad } else { 0.0 };
            panels.pack(entry, &mut packed);
            on_each_instruction_set(|| {
                let mut values = vec![0.0; 2 * 21];
                dispatch(Multiply {
                    panels,
                    packed: &packed,
                    rows: (2, 3),
                    left: &[0.0; 6],
                    then: Put {
                        gates: 1,
                        units: 21,
                        values: &mut values,
                    },
                });
                for (place, value) in values.iter().enumerate() {
                    assert_eq!(value.is_nan(), place % 21 == column, "{place}");
                }
                bits(&values)
            });
        }
    }
}

struct Apply(ActivationKind, Lanes);

impl WithSimd for Apply {
    type Output = Lanes;

    #[inline(always)]
    fn with_simd<S: Simd>(self, _: S) -> Lanes {
        apply::<S>(self.0, self.1)
    }
}

/// The largest error in units in the last place over values of every size and both signs, and where it
/// is.
fn largest_error(kind: ActivationKind, function: fn(f64) -> f64, least: f64) -> (f64, f32) {
    let mut worst = (0.0, 0.0);
    let positive = (0..f32::INFINITY.to_bits()).step_by(if cfg!(miri) { 1 << 24 } else { 997 });
    let values: Vec<f32> = positive.map(f32::from_bits).collect();
    for sign in [1.0, -1.0] {
        for values in values.chunks_exact(crate::simd::LANES) {
            let lanes: Lanes = values.try_into().unwrap();
            let lanes = lanes.map(|value| value * sign);
            for (found, x) in dispatch(Apply(kind, lanes)).into_iter().zip(lanes) {
                let wanted = function(f64::from(x));
                if wanted.abs() < least {
                    continue;
                }
                let (_, next) = (wanted as f32, f32::from_bits((wanted as f32).to_bits() + 1));
                let unit = (f64::from(next) - f64::from(wanted as f32)).abs();
                let error = (f64::from(found) - wanted).abs() / unit;
                if error.is_nan() || error > worst.0 {
                    worst = (error, x);
                }
            }
        }
    }
    worst
}

#[test]
fn the_sigmoid_is_within_units_in_the_last_place() {
    let (error, x) = largest_error(ActivationKind::Sigmoid, |x| 1.0 / (1.0 + (-x).exp()), 1e-37);
    assert!(error <= 3.0, "{error} at {x}");
}

#[test]
fn tanh_is_within_units_in_the_last_place() {
    let (error, x) = largest_error(ActivationKind::Tanh, f64::tanh, 0.0);
    assert!(error <= 3.0, "{error} at {x}");
}

#[test]
fn functions_of_what_is_far_or_no_number() {
    let far = [
        0.0,
        -0.0,
        1e-45,
        -1e-45,
        87.0,
        -87.0,
        88.0,
        -88.0,
        1e30,
        -1e30,
        f32::MAX,
        f32::MIN,
        f32::INFINITY,
        f32::NEG_INFINITY,
        f32::NAN,
        -f32::NAN,
    ];
    on_each_instruction_set(|| {
        let sigmoids = dispatch(Apply(ActivationKind::Sigmoid, far));
        let tangents = dispatch(Apply(ActivationKind::Tanh, far));
        for ((x, sigmoid), tanh) in far.iter().zip(sigmoids).zip(tangents) {
            let wanted = 1.0 / (1.0 + (-f64::from(*x)).exp());
            match x.is_nan() {
                true => assert!(sigmoid.is_nan() && tanh.is_nan()),
                false => {
                    assert!((f64::from(sigmoid) - wanted).abs() < 1e-7, "{x}: {sigmoid}");
                    let wanted = f64::from(*x).tanh();
                    assert!((f64::from(tanh) - wanted).abs() < 1e-7, "{x}: {tanh}");
                    assert_eq!(tanh.is_sign_negative(), x.is_sign_negative());
                }
            }
        }
        [bits(&sigmoids), bits(&tangents)]
    });
}

/// The functions have the same bits on each instruction set.
#[test]
fn functions_have_the_same_bits_everywhere() {
    let mut noise = Noise::new(3);
    for scale in [1e-6, 0.1, 1.0, 10.0, 100.0] {
        for _ in 0..200 {
            let values: Lanes = noise.values(16).try_into().unwrap();
            let values = values.map(|value| value * scale);
            for kind in [
                ActivationKind::Sigmoid,
                ActivationKind::Tanh,
                ActivationKind::Elu,
                ActivationKind::Relu,
                ActivationKind::Softplus,
            ] {
                on_each_instruction_set(|| bits(&dispatch(Apply(kind, values))));
            }
        }
    }
}
