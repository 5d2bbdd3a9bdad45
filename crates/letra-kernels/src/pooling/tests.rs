use super::*;
use crate::noise::Noise;
use crate::simd::tests::{bits, on_each_instruction_set};

/// The cells that each window counts, in the order of the output: places in the input of one
/// sample, and numbers within the window.
fn cells(pooling: &Pooling) -> Vec<Vec<(usize, usize)>> {
    let mut windows = Vec::new();
    for i in 0..pooling.output_height() {
        for j in 0..pooling.output_width() {
            for c in 0..pooling.channels {
                let mut cells = Vec::new();
                for u in 0..pooling.window[0] {
                    for v in 0..pooling.window[1] {
                        let y = (i * pooling.stride[0] + u).wrapping_sub(pooling.padding.top);
                        let x = (j * pooling.stride[1] + v).wrapping_sub(pooling.padding.left);
                        if y < pooling.height && x < pooling.width {
                            let at = (y * pooling.width + x) * pooling.channels + c;
                            cells.push((at, u * pooling.window[1] + v));
                        }
                    }
                }
                windows.push(cells);
            }
        }
    }
    windows
}

/// The winner of each window, the first of equals.
fn winners(pooling: &Pooling, input: &[f64]) -> Vec<(usize, usize)> {
    let winner = |cells: Vec<(usize, usize)>| {
        let mut cells = cells.into_iter();
        let first = cells.next().expect("a window holds a cell");
        cells.fold(first, |best, cell| match input[cell.0] > input[best.0] {
            true => cell,
            false => best,
        })
    };
    cells(pooling).into_iter().map(winner).collect()
}

fn forward_twin(pooling: &Pooling, input: &[f64]) -> Vec<f64> {
    let winners = winners(pooling, input);
    winners.iter().map(|&(at, _)| input[at]).collect()
}

fn backward_twin(pooling: &Pooling, input: &[f64], output_gradient: &[f64]) -> Vec<f64> {
    let mut gradient = vec![0.0; input.len()];
    for ((at, _), g) in winners(pooling, input).into_iter().zip(output_gradient) {
        gradient[at] += g;
    }
    gradient
}

fn random_pooling(noise: &mut Noise) -> Pooling {
    let window = [noise.between(1, 4), noise.between(1, 4)];
    Pooling {
        height: noise.between(window[0], 12),
        width: noise.between(window[1], 12),
        channels: noise.between(1, 19),
        window,
        stride: [noise.between(1, 5), noise.between(1, 5)],
        padding: {
            let [rows, columns] = window.map(|size| [(); 2].map(|()| noise.between(0, size - 1)));
            Padding2::new(rows, columns)
        },
    }
}

fn wide(values: &[f32]) -> Vec<f64> {
    values.iter().map(|&value| f64::from(value)).collect()
}

#[test]
fn twin_gradient_agrees_with_finite_differences() {
    let mut noise = Noise::new(1);
    for _ in 0..50 {
        let pooling = random_pooling(&mut noise);
        let input = wide(&noise.values(pooling.input_len()));
        let weights = wide(&noise.values(pooling.output_len()));
        let loss = |input: &[f64]| -> f64 {
            let output = forward_twin(&pooling, input);
            output
                .iter()
                .zip(&weights)
                .map(|(output, weight)| output * weight)
                .sum()
        };
        let gradient = backward_twin(&pooling, &input, &weights);
        for _ in 0..20 {
            let at = noise.between(0, input.len() - 1);
            let mut moved = input.clone();
            moved[at] += 1e-8;
            let above = loss(&moved);
            moved[at] -= 2e-8;
            let found = (above - loss(&moved)) / 2e-8;
            assert!((found - gradient[at]).abs() < 1e-6, "{pooling:?}");
        }
    }
}

#[test]
fn agrees_with_twin_over_random_shapes() {
    let mut noise = Noise::new(2);
    for round in 0..300 {
        let pooling = random_pooling(&mut noise);
        let samples = noise.between(1, 3);
        let mut input = noise.values(samples * pooling.input_len());
        if round % 2 == 0 {
            input
                .iter_mut()
                .for_each(|value| *value = (*value * 2.0).round());
        }
        let output_gradient = noise.values(samples * pooling.output_len());
        let mut output = vec![f32::NAN; output_gradient.len()];
        let mut codes = vec![f32::NAN; output_gradient.len()];
        let mut input_gradient = vec![f32::NAN; input.len()];
        pooling.forward_max(samples, &input, &mut output, Some(&mut codes));
        pooling.backward_max(samples, &output_gradient, &codes, &mut input_gradient);
        let mut uncoded = vec![f32::NAN; output_gradient.len()];
        pooling.forward_max(samples, &input, &mut uncoded, None);
        assert_eq!(output, uncoded);
        for sample in 0..samples {
            let outputs = sample * pooling.output_len()..(sample + 1) * pooling.output_len();
            let inputs = sample * pooling.input_len()..(sample + 1) * pooling.input_len();
            let wide_input = wide(&input[inputs.clone()]);
            assert_eq!(
                wide(&output[outputs.clone()]),
                forward_twin(&pooling, &wide_input)
            );
            let want: Vec<f32> = winners(&pooling, &wide_input)
                .iter()
                .map(|&(_, code)| code as f32)
                .collect();
            assert_eq!(codes[outputs.clone()], want, "{pooling:?}");
            let want = backward_twin(&pooling, &wide_input, &wide(&output_gradient[outputs]));
            for (&fast, want) in input_gradient[inputs].iter().zip(want) {
                assert!((f64::from(fast) - want).abs() < 1e-5, "{pooling:?}");
            }
        }
    }
}

#[test]
fn not_a_number_is_not_hidden() {
    let pooling = Pooling {
        height: 2,
        width: 2,
        channels: 1,
        window: [2, 2],
        stride: [2, 2],
        padding: Padding2::default(),
    };
    for at in 0..4 {
        let mut input = [1.0, 2.0, 3.0, 4.0];
        input[at] = f32::NAN;
        let mut output = [0.0];
        pooling.forward_max(1, &input, &mut output, None);
        assert!(output[0].is_nan(), "cell {at}");
    }
}

#[test]
fn average_agrees_with_twin_over_random_shapes() {
    let mut noise = Noise::new(3);
    for round in 0..200 {
        let mut pooling = random_pooling(&mut noise);
        if round % 4 == 0 {
            pooling.window = [pooling.height, pooling.width];
            pooling.padding = Padding2::default();
        }
        let samples = noise.between(1, 3);
        let input = noise.values(samples * pooling.input_len());
        let output_gradient = noise.values(samples * pooling.output_len());
        let windows = cells(&pooling);
        on_each_instruction_set(|| {
            let mut output = vec![f32::NAN; output_gradient.len()];
            let mut input_gradient = vec![f32::NAN; input.len()];
            pooling.forward_average(samples, &input, &mut output);
            pooling.backward_average(samples, &output_gradient, &mut input_gradient);
            for sample in 0..samples {
                let input = &input[sample * pooling.input_len()..];
                let outputs = sample * pooling.output_len()..;
                let mut want = vec![0.0; pooling.input_len()];
                let results = output[outputs.clone()]
                    .iter()
                    .zip(&output_gradient[outputs]);
                for (cells, (&found, &gradient)) in windows.iter().zip(results) {
                    let sum: f64 = cells.iter().map(|&(cell, _)| f64::from(input[cell])).sum();
                    let mean = sum / cells.len() as f64;
                    assert!((f64::from(found) - mean).abs() < 1e-6, "{pooling:?}");
                    for &(cell, _) in cells {
                        want[cell] += f64::from(gradient) / cells.len() as f64;
                    }
                }
                let found = &input_gradient[sample * pooling.input_len()..];
                for (&found, want) in found.iter().zip(want) {
                    assert!((f64::from(found) - want).abs() < 1e-5, "{pooling:?}");
                }
            }
            [output, input_gradient].map(|values| bits(&values))
        });
    }
}
