use super::*;
use crate::noise::Noise;
use crate::simd::tests::on_each_instruction_set;

fn assert_close(found: &[f32], wanted: &[f64]) {
    assert_eq!(found.len(), wanted.len());
    for (found, wanted) in found.iter().zip(wanted) {
        assert!(
            (f64::from(*found) - wanted).abs() < 1e-5,
            "{found} {wanted}"
        );
    }
}

#[test]
fn frames_fill_and_cut() {
    let mut noise = Noise::new(1);
    for _ in 0..100 {
        let inner = [noise.between(1, 5), noise.between(1, 5)];
        let [top, bottom, left, right] = [(); 4].map(|()| noise.between(0, 3));
        let (channels, samples) = (noise.between(1, 4), noise.between(1, 3));
        let outer = [top + inner[0] + bottom, left + inner[1] + right, channels];
        let frame = Frame {
            outer,
            inner,
            corner: [top, left],
        };
        let small = noise.values(samples * inner[0] * inner[1] * channels);
        let mut large = vec![f32::NAN; samples * outer[0] * outer[1] * channels];
        frame.fill(&small, &mut large);
        for (at, &value) in large.iter().enumerate() {
            let (cell, channel) = (at / channels, at % channels);
            let (y, x) = (cell / outer[1] % outer[0], cell % outer[1]);
            let sample = cell / outer[1] / outer[0];
            let inside = (top..top + inner[0]).contains(&y) && (left..left + inner[1]).contains(&x);
            let wanted = match inside {
                true => {
                    let row = sample * inner[0] + y - top;
                    small[(row * inner[1] + x - left) * channels + channel]
                }
                false => 0.0,
            };
            assert_eq!(value, wanted);
        }
        let mut back = vec![f32::NAN; small.len()];
        frame.cut(&large, &mut back);
        assert_eq!(back, small);
    }
}

/// Weights of the inputs of an axis for one of its outputs.
fn weights(size: usize, times: usize, output: usize, method: Method) -> Vec<f64> {
    let mut weights = vec![0.0; size];
    if method == Method::Nearest {
        weights[output / times] = 1.0;
        return weights;
    }
    let place = ((output as f64 + 0.5) / times as f64 - 0.5).clamp(0.0, (size - 1) as f64);
    let low = place.floor() as usize;
    weights[low] += 1.0 - place.fract();
    weights[(low + 1).min(size - 1)] += place.fract();
    weights
}

#[test]
fn larger_pictures_agree_with_their_twin() {
    let mut noise = Noise::new(2);
    for round in 0..120 {
        let [height, width] = [noise.between(1, 6), noise.between(1, 6)];
        let times = [noise.between(1, 4), noise.between(1, 4)];
        let (channels, samples) = (noise.between(1, 19), noise.between(1, 3));
        let method = [Method::Nearest, Method::Bilinear][round % 2];
        let input = noise.values(samples * height * width * channels);
        let gradient = noise.values(input.len() * times[0] * times[1]);
        let mut wanted = vec![0.0; gradient.len()];
        let mut wanted_gradient = vec![0.0; input.len()];
        let [larger_height, larger_width] = [height * times[0], width * times[1]];
        for sample in 0..samples {
            for i in 0..larger_height {
                let rows = weights(height, times[0], i, method);
                for j in 0..larger_width {
                    let columns = weights(width, times[1], j, method);
                    for c in 0..channels {
                        let row = sample * larger_height + i;
                        let to = (row * larger_width + j) * channels + c;
                        for (y, row) in rows.iter().enumerate() {
                            for (x, column) in columns.iter().enumerate() {
                                let from = ((sample * height + y) * width + x) * channels + c;
                                wanted[to] += row * column * f64::from(input[from]);
                                wanted_gradient[from] += row * column * f64::from(gradient[to]);
                            }
                        }
                    }
                }
            }
        }
        on_each_instruction_set(|| {
            let mut output = vec![f32::NAN; gradient.len()];
            let mut input_gradient = vec![f32::NAN; input.len()];
            let plan = Interpolation::new([height, width, channels], times, method);
            let mut line = vec![f32::NAN; plan.line_len()];
            plan.forward(&input, &mut output, &mut line);
            line.fill(f32::NAN);
            plan.backward(&gradient, &mut input_gradient, &mut line);
            assert_close(&output, &wanted);
            assert_close(&input_gradient, &wanted_gradient);
        });
    }
}
