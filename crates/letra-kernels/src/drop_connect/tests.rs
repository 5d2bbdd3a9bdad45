use super::*;
use crate::noise::Noise;
use crate::simd::tests::on_each_instruction_set;

fn kept(sizes: Sizes, masks: &[u32], sample: usize, row: usize, unit: usize) -> bool {
    let word = sample * sizes.words() + row * sizes.row_words() + unit / BITS;
    masks[word] >> (unit % BITS) & 1 == 1
}

fn close(found: &[f32], wanted: &[f64], what: &str) {
    assert_eq!(found.len(), wanted.len(), "{what}");
    for (found, wanted) in found.iter().zip(wanted) {
        let error = (f64::from(*found) - wanted).abs();
        assert!(
            error < 1e-5 * wanted.abs().max(8.0),
            "{what}: {found} for {wanted}"
        );
    }
}

/// All products against loops that visit every weight of every sample.
#[test]
fn products_are_those_of_plain_loops() {
    on_each_instruction_set(|| {
        let mut noise = Noise::new(1);
        for [samples, inputs, units] in [
            [1, 1, 1],
            [3, 4, 31],
            [2, 5, 32],
            [33, 7, 33],
            [4, 2, 100],
            [65, 3, 5],
        ] {
            let sizes = Sizes { inputs, units };
            let what = format!("{samples} samples, {inputs} → {units}");
            let input = noise.values(samples * inputs);
            let weights = noise.values(inputs * units);
            let bias = noise.values(units);
            let delta = noise.values(samples * units);
            let masks: Vec<u32> = noise
                .values(samples * sizes.words())
                .iter()
                .map(|value| value.to_bits().wrapping_mul(0x9E37_79B9) ^ value.to_bits() << 7)
                .collect();
            let mut output = vec![9.0; samples * units];
            forward(sizes, &input, &weights, Some(&bias), &masks, &mut output);
            let mut input_gradients = vec![9.0; samples * inputs];
            input_gradient(sizes, &delta, &weights, &masks, &mut input_gradients);
            let mut kernel_gradients = vec![0.5; inputs * units];
            kernel_gradient(
                sizes,
                0..inputs,
                &input,
                0..inputs,
                &delta,
                &masks,
                &mut kernel_gradients,
            );
            let mut last_row = vec![0.5; units];
            let last = inputs - 1..inputs;
            let column: Vec<f32> = input
                .iter()
                .copied()
                .skip(last.start)
                .step_by(inputs)
                .collect();
            kernel_gradient(
                sizes,
                last.clone(),
                &column,
                last,
                &delta,
                &masks,
                &mut last_row,
            );
            assert_eq!(last_row, kernel_gradients[(inputs - 1) * units..], "{what}");
            let mut bias_gradients = vec![0.5; units];
            bias_gradient(sizes, &delta, &masks, &mut bias_gradients);

            let mut wanted_output = vec![0.0; samples * units];
            let mut wanted_input = vec![0.0; samples * inputs];
            let mut wanted_kernel = vec![0.5; inputs * units];
            let mut wanted_bias = vec![0.5; units];
            for sample in 0..samples {
                for unit in 0..units {
                    let delta = f64::from(delta[sample * units + unit]);
                    for row in 0..inputs {
                        if kept(sizes, &masks, sample, row, unit) {
                            let x = f64::from(input[sample * inputs + row]);
                            let w = f64::from(weights[row * units + unit]);
                            wanted_output[sample * units + unit] += x * w;
                            wanted_input[sample * inputs + row] += delta * w;
                            wanted_kernel[row * units + unit] += x * delta;
                        }
                    }
                    if kept(sizes, &masks, sample, inputs, unit) {
                        wanted_output[sample * units + unit] += f64::from(bias[unit]);
                        wanted_bias[unit] += delta;
                    }
                }
            }
            close(&output, &wanted_output, &what);
            close(&input_gradients, &wanted_input, &what);
            close(&kernel_gradients, &wanted_kernel, &what);
            close(&bias_gradients, &wanted_bias, &what);
        }
    });
}
