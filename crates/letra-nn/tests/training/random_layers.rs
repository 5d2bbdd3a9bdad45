//! Layers that change their input at random while training: what their numbers are like, and
//! that they rest otherwise.

use std::f64::consts::{PI, TAU};

use letra_nn::prelude::*;

const SIZE: usize = 33;
/// Row and column of the middle.
const MIDDLE: usize = 16;
const SAMPLES: usize = 3000;

fn compiled(network: Sequential, seed: u64) -> Trainer {
    let compile = Compile::new(Sgd::new(0.0)).loss(SumSquaredError).seed(seed);
    network.compile(compile).unwrap()
}

fn batch(inputs: Tensor) -> Dataset {
    let targets = Tensor::zeros(inputs.shape());
    Dataset::values(inputs, targets).unwrap()
}

/// Pictures whose two channels hold the column and the row of each pixel: what a pixel of
/// a moved one shows is where it came from.
fn maps(samples: usize) -> Dataset {
    let pixel = |place: usize| [(place % SIZE) as f32, (place / SIZE % SIZE) as f32];
    let values = (0..samples * SIZE * SIZE).flat_map(pixel).collect();
    batch(Tensor::new([samples, SIZE, SIZE, 2], values).unwrap())
}

/// Where the pixel in a column and row of each picture came from.
fn origins(network: &Trainer, batch: &Dataset, [column, row]: [usize; 2]) -> Vec<[f64; 2]> {
    let seen = network.back_propagate(batch).unwrap();
    let (_, output) = seen.outputs.last().unwrap();
    let pictures = output.data().chunks_exact(SIZE * SIZE * 2);
    let of_picture = |picture: &[f32]| {
        let at = 2 * (row * SIZE + column);
        [picture[at], picture[at + 1]].map(f64::from)
    };
    pictures.map(of_picture).collect()
}

/// Fails unless the numbers are as if drawn uniformly from a range: their ends, their mean
/// and their variance, within four standard errors.
fn assert_uniform(what: &str, numbers: &[f64], low: f64, high: f64) {
    let count = numbers.len() as f64;
    let width = high - low;
    let mean = numbers.iter().sum::<f64>() / count;
    let variance = numbers.iter().map(|n| (n - mean).powi(2)).sum::<f64>() / count;
    let most = numbers
        .iter()
        .fold(f64::NEG_INFINITY, |most, n| most.max(*n));
    let least = numbers.iter().fold(f64::INFINITY, |least, n| least.min(*n));
    let slack = 1e-4 * width.max(1.0);
    assert!(
        low - slack <= least && most <= high + slack,
        "{what}: {least} to {most}"
    );
    assert!(
        least < low + 0.01 * width && most > high - 0.01 * width,
        "{what}: {least} to {most}"
    );
    let error = width / (12.0 * count).sqrt();
    assert!(
        (mean - 0.5 * (low + high)).abs() < 4.0 * error,
        "{what}: mean {mean}"
    );
    // The variance of (u − ½)² is 1/180.
    let (wanted, error) = (width * width / 12.0, width * width / (180.0 * count).sqrt());
    assert!(
        (variance - wanted).abs() < 4.0 * error,
        "{what}: variance {variance}"
    );
}

/// Fails unless two lists of numbers have nothing to do with each other.
fn assert_independent(one: &[f64], other: &[f64]) {
    let mean = |values: &[f64]| values.iter().sum::<f64>() / values.len() as f64;
    let (m, n) = (mean(one), mean(other));
    let products = |a: &[f64], m: f64, b: &[f64], n: f64| -> f64 {
        a.iter().zip(b).map(|(a, b)| (a - m) * (b - n)).sum()
    };
    let scale = products(one, m, one, m) * products(other, n, other, n);
    let correlation = products(one, m, other, n) / scale.sqrt();
    assert!(
        correlation.abs() < 4.0 / (one.len() as f64).sqrt(),
        "{correlation}"
    );
}

#[test]
fn shifts_are_uniform_and_independent() {
    let layer = RandomTranslation::new([-0.1, 0.3], 0.2);
    let network = compiled(Sequential::new([SIZE, SIZE, 2]).add(layer), 1);
    let origins = origins(&network, &maps(SAMPLES), [MIDDLE, MIDDLE]);
    let share = |axis: usize| -> Vec<f64> {
        let shifts = origins.iter().map(|origin| MIDDLE as f64 - origin[axis]);
        shifts.map(|shift| shift / SIZE as f64).collect()
    };
    let (right, down) = (share(0), share(1));
    assert_uniform("down", &down, -0.1, 0.3);
    assert_uniform("right", &right, -0.2, 0.2);
    assert_independent(&right, &down);
    assert_independent(&down[1..], &down[..SAMPLES - 1]);
}

#[test]
fn angles_are_uniform() {
    let layer = RandomRotation::new(0.5);
    let network = compiled(Sequential::new([SIZE, SIZE, 2]).add(layer), 2);
    let angles: Vec<f64> = origins(&network, &maps(SAMPLES), [MIDDLE + 9, MIDDLE])
        .into_iter()
        .map(|[x, y]| {
            let [u, v] = [x - MIDDLE as f64, y - MIDDLE as f64];
            assert!((u.hypot(v) - 9.0).abs() < 1e-3, "the distance stays");
            v.atan2(u)
        })
        .collect();
    assert_uniform("angle", &angles, -PI, PI);
}

#[test]
fn zooms_are_uniform_with_and_without_proportions() {
    let zooms = |layer: RandomZoom| -> [Vec<f64>; 2] {
        let network = compiled(Sequential::new([SIZE, SIZE, 2]).add(layer), 3);
        let origins = origins(&network, &maps(SAMPLES), [MIDDLE + 8, MIDDLE + 8]);
        [0, 1].map(|axis| {
            let away = origins.iter().map(|origin| origin[axis] - MIDDLE as f64);
            away.map(|away| away / 8.0 - 1.0).collect()
        })
    };
    let [width, height] = zooms(RandomZoom::new([-0.5, 0.25]));
    assert_uniform("height", &height, -0.5, 0.25);
    for (width, height) in width.iter().zip(&height) {
        assert!((width - height).abs() < 1e-5, "proportions stay");
    }
    let [width, height] = zooms(RandomZoom::new(0.3).width_factor([0.0, 0.9]));
    assert_uniform("height", &height, -0.3, 0.3);
    assert_uniform("width", &width, 0.0, 0.9);
    assert_independent(&width, &height);
}

#[test]
fn a_shift_by_whole_pixels_moves_ink_exactly() {
    let picture: Vec<f32> = (0..32 * 16).map(|i| ((i * 31) % 17) as f32 / 3.0).collect();
    let data = batch(Tensor::new([1, 32, 16, 1], picture.clone()).unwrap());
    for (down, right) in [(3, 5), (-2, 0), (0, -15), (31, 1)] {
        let exactly = |pixels: i32, size: f32| [pixels as f32 / size; 2];
        let layer = RandomTranslation::new(exactly(down, 32.0), exactly(right, 16.0))
            .fill_mode(FillMode::Constant(0.0));
        let network = compiled(Sequential::new([32, 16, 1]).add(layer), 4);
        let seen = network.back_propagate(&data).unwrap();
        for (place, &found) in seen.outputs[0].1.data().iter().enumerate() {
            let (y, x) = (place as i32 / 16 - down, place as i32 % 16 - right);
            let inside = (0..32).contains(&y) && (0..16).contains(&x);
            let wanted = if inside {
                picture[(y * 16 + x) as usize]
            } else {
                0.0
            };
            assert_eq!(found, wanted, "{down} down, {right} right");
        }
    }
}

#[test]
fn a_quarter_turn_is_counter_clockwise() {
    let values = vec![1.0, 2.0, 3.0, 4.0];
    let data = batch(Tensor::new([1, 2, 2, 1], values).unwrap());
    let network = Sequential::new([2, 2, 1]).add(RandomRotation::new([0.25, 0.25]));
    let seen = compiled(network, 5).back_propagate(&data).unwrap();
    for (found, wanted) in seen.outputs[0].1.data().iter().zip([2.0, 4.0, 1.0, 3.0]) {
        assert!((found - wanted).abs() < 1e-5, "{found} for {wanted}");
    }
}

/// Fused in training, the movements draw the numbers that each draws on its own. On pictures
/// that show where a pixel came from, resampling once or thrice is the same.
#[test]
fn movements_in_a_row_draw_the_numbers_of_each() {
    let network = Sequential::new([SIZE, SIZE, 2])
        .add(RandomTranslation::new(0.1, 0.1))
        .add(RandomRotation::new(0.02))
        .add(RandomZoom::new(0.1))
        .add(Flatten)
        .add(
            Dense::new(1)
                .use_bias(false)
                .kernel_initializer(Initializer::zeros()),
        );
    let compile = Compile::new(Sgd::new(1.0)).loss(SumSquaredError).seed(6);
    let mut network = network.compile(compile).unwrap();
    let data = Dataset::values(
        maps(1).inputs().clone(),
        Tensor::new([1, 1], vec![0.5]).unwrap(),
    )
    .unwrap();
    let shown = network.back_propagate(&data).unwrap().outputs[2].1.clone();
    network.train_on_batch(&data).unwrap();
    // From weights of 0 and with a target of ½, a step adds the input itself.
    let trained = network.parameter("dense/kernel").unwrap();
    let [x, y] = [
        shown.data()[2 * (MIDDLE * SIZE + MIDDLE)],
        shown.data()[2 * (MIDDLE * SIZE + MIDDLE) + 1],
    ];
    assert!(
        (x - MIDDLE as f32).abs() > 0.1 && (y - MIDDLE as f32).abs() > 0.1,
        "it moved"
    );
    for row in MIDDLE - 5..MIDDLE + 5 {
        for at in 2 * (row * SIZE + MIDDLE - 5)..2 * (row * SIZE + MIDDLE + 5) {
            let (trained, shown) = (trained.data()[at], shown.data()[at]);
            assert!(
                (trained - shown).abs() < 1e-3,
                "{trained} where {shown} was shown"
            );
        }
    }
}

/// Each layer alone, after a shape that all of them take.
fn layers() -> Vec<(&'static str, Sequential)> {
    let pictures = || Sequential::new([SIZE, SIZE, 2]);
    vec![
        (
            "translation",
            pictures().add(RandomTranslation::new(0.2, 0.2)),
        ),
        ("rotation", pictures().add(RandomRotation::new(0.2))),
        ("zoom", pictures().add(RandomZoom::new(0.2))),
        ("flip", pictures().add(RandomFlip::new())),
        ("contrast", pictures().add(RandomContrast::new(0.2))),
        ("noise", pictures().add(GaussianNoise::new(0.2))),
        ("dropout", pictures().add(SpatialDropout2d::new(0.5))),
    ]
}

#[test]
fn they_rest_when_predicting_and_come_back_from_a_file() {
    let data = maps(3);
    let folder = tempfile::tempdir().unwrap();
    for (what, layer) in layers() {
        let network = compiled(layer, 7);
        assert_eq!(
            network.predict(data.inputs()).unwrap(),
            *data.inputs(),
            "{what}"
        );
        let path = folder.path().join(format!("{what}.letra"));
        network.save(&path).unwrap();
        let loaded = Trainer::load(&path).unwrap();
        assert_eq!(loaded.summary(), network.summary(), "{what}");
        let shown = |network: &Trainer| network.back_propagate(&data).unwrap().outputs[0].1.clone();
        assert_eq!(shown(&loaded), shown(&network), "{what}");
        assert_ne!(shown(&loaded), *data.inputs(), "{what}");
    }
}

#[test]
fn numbers_differ_from_sample_to_sample_step_to_step_and_seed_to_seed() {
    let data = maps(12);
    for (what, layer) in layers() {
        let shown = |network: &Trainer| {
            let seen = network.back_propagate(&data).unwrap();
            seen.outputs[0].1.data().to_vec()
        };
        let mut network = compiled(layer.clone(), 8);
        let first = shown(&network);
        let pictures: Vec<&[f32]> = first.chunks_exact(SIZE * SIZE * 2).collect();
        assert!(
            pictures.iter().any(|picture| *picture != pictures[0]),
            "{what}"
        );
        assert_eq!(first, shown(&network), "{what}: looking changes nothing");
        assert_ne!(first, shown(&compiled(layer, 9)), "{what}: another seed");
        network.train_on_batch(&data).unwrap();
        assert_ne!(first, shown(&network), "{what}: another step");
    }
}

#[test]
fn noise_is_normal() {
    const COUNT: usize = 200_000;
    let network = compiled(
        Sequential::new([COUNT / 10]).add(GaussianNoise::new(0.25)),
        10,
    );
    let data = batch(Tensor::new([10, COUNT / 10], vec![1.0; COUNT]).unwrap());
    let seen = network.back_propagate(&data).unwrap();
    let numbers: Vec<f64> = seen.outputs[0]
        .1
        .data()
        .iter()
        .map(|y| (f64::from(*y) - 1.0) / 0.25)
        .collect();
    let moment = |power: i32| numbers.iter().map(|n| n.powi(power)).sum::<f64>() / COUNT as f64;
    // Four standard errors: the variances of n, n², n³ and n⁴ are 1, 2, 15 and 96.
    let within = |found: f64, wanted: f64, variance: f64| {
        let error = (variance / COUNT as f64).sqrt();
        assert!(
            (found - wanted).abs() < 4.0 * error,
            "{found} for {wanted} ± {error}"
        );
    };
    within(moment(1), 0.0, 1.0);
    within(moment(2), 1.0, 2.0);
    within(moment(3), 0.0, 15.0);
    within(moment(4), 3.0, 96.0);
    let beyond = numbers.iter().filter(|n| n.abs() > 2.0).count() as f64 / COUNT as f64;
    within(beyond, 0.045_500_26, 0.0455 * 0.9545);
    assert_independent(&numbers[1..], &numbers[..COUNT - 1]);
}

#[test]
fn whole_channels_are_dropped_and_their_gradients_with_them() {
    const CHANNELS: usize = 50;
    let shape = [5, 4, CHANNELS];
    for rate in [0.0, 0.2, 0.75] {
        let network = Sequential::new(shape)
            .add(Activation::linear())
            .add(SpatialDropout2d::new(rate));
        let network = compiled(network, 11);
        let values = (0..200 * 20 * CHANNELS)
            .map(|i| 1.0 + (i % 7) as f32)
            .collect();
        let data = batch(Tensor::new([200, 5, 4, CHANNELS], values).unwrap());
        let seen = network.back_propagate(&data).unwrap();
        let (output, back) = (
            seen.outputs[1].1.data(),
            seen.pre_activation_gradients[0].1.data(),
        );
        let scale = 1.0 / (1.0 - rate);
        let mut kept = 0;
        let sample = 20 * CHANNELS;
        for first in (0..output.len()).step_by(sample) {
            for channel in 0..CHANNELS {
                let factor = if output[first + channel] == 0.0 {
                    0.0
                } else {
                    scale
                };
                kept += usize::from(factor > 0.0);
                for at in (first + channel..first + sample).step_by(CHANNELS) {
                    let wanted = data.inputs().data()[at] * factor;
                    assert!((output[at] - wanted).abs() <= 1e-5 * wanted);
                    // The gradient of Σ y² is 2 y, times the factor that made y.
                    assert!((back[at] - 2.0 * wanted * factor).abs() <= 1e-4 * back[at].abs());
                }
            }
        }
        let (count, rate) = (200.0 * CHANNELS as f64, f64::from(rate));
        let spread = 4.0 * (rate * (1.0 - rate) / count).sqrt();
        let share = kept as f64 / count;
        assert!((share - (1.0 - rate)).abs() <= spread, "{rate}: {share}");
    }
}

#[test]
fn contrast_is_uniform_and_keeps_the_mean() {
    let layer = RandomContrast::new([-0.75, 0.5]);
    let network = compiled(Sequential::new([4, 2, 1]).add(layer), 12);
    let picture = [100.0, 110.0, 90.0, 105.0, 95.0, 100.0, 80.0, 120.0];
    let data = batch(Tensor::new([SAMPLES, 4, 2, 1], picture.repeat(SAMPLES)).unwrap());
    let seen = network.back_propagate(&data).unwrap();
    let factors: Vec<f64> = seen.outputs[0]
        .1
        .data()
        .chunks_exact(8)
        .map(|changed| {
            let mean = changed.iter().sum::<f32>() / 8.0;
            assert!((mean - 100.0).abs() < 1e-3, "{mean}");
            f64::from(changed[7] - changed[6]) / 40.0 - 1.0
        })
        .collect();
    assert_uniform("contrast", &factors, -0.75, 0.5);
}

/// A turn by up to a full one, as a check of the angle's unit.
#[test]
fn a_factor_of_one_is_a_full_turn() {
    let angle = |factor: f32| {
        let layer = RandomRotation::new([factor, factor]);
        let network = compiled(Sequential::new([SIZE, SIZE, 2]).add(layer), 13);
        let [x, y] = origins(&network, &maps(1), [MIDDLE + 9, MIDDLE])[0];
        (y - MIDDLE as f64).atan2(x - MIDDLE as f64)
    };
    assert!(angle(1.0).abs() < 1e-4);
    assert!((angle(0.125) - TAU / 8.0).abs() < 1e-4);
}

/// A picture of 4 × 6 pixels mirrored left and right, top and bottom, in any combination.
fn flipped(picture: &[f32], [down, right]: [bool; 2]) -> Vec<f32> {
    let place = |pixel: usize| {
        let (row, column) = (pixel / 6, pixel % 6);
        let row = if down { 3 - row } else { row };
        6 * row + if right { 5 - column } else { column }
    };
    (0..24).map(|pixel| picture[place(pixel)]).collect()
}

const WAYS: [[bool; 2]; 4] = [[false, false], [false, true], [true, false], [true, true]];

/// Each way for as many pictures as any other, whose gradients go back the same way; no pixel is
/// mixed with another.
#[test]
fn flips_mirror_exactly_and_each_way_is_as_likely() {
    for (layer, ways) in [
        (RandomFlip::new(), &[0, 1, 2, 3][..]),
        (RandomFlip::horizontal(), &[0, 1]),
        (RandomFlip::vertical(), &[0, 2]),
    ] {
        let picture: Vec<f32> = (0..24).map(|pixel| (pixel * pixel) as f32 / 7.0).collect();
        let network = Sequential::new([4, 6, 1]).add(Activation::linear());
        let network = compiled(network.add(layer), 14);
        let inputs = Tensor::new([SAMPLES, 4, 6, 1], picture.repeat(SAMPLES)).unwrap();
        let targets = Tensor::new([SAMPLES, 4, 6, 1], picture.repeat(SAMPLES)).unwrap();
        let data = Dataset::values(inputs, targets).unwrap();
        let seen = network.back_propagate(&data).unwrap();
        let mut counts = [0; 4];
        for sample in 0..SAMPLES {
            let shown = seen.outputs[1].1.sample(sample);
            let of_way = |way: &[bool; 2]| flipped(&picture, *way) == shown;
            let way = WAYS.iter().position(of_way).expect("it is mirrored");
            counts[way] += 1;
            let slopes: Vec<f32> = shown
                .iter()
                .zip(&picture)
                .map(|(y, t)| 2.0 * (y - t))
                .collect();
            let back = seen.pre_activation_gradients[0].1.sample(sample);
            assert_eq!(back, flipped(&slopes, WAYS[way]));
        }
        let share = SAMPLES as f64 / ways.len() as f64;
        for (way, count) in counts.into_iter().enumerate() {
            let wanted = if ways.contains(&way) { share } else { 0.0 };
            let error = (wanted * (1.0 - wanted / SAMPLES as f64)).sqrt();
            let found = f64::from(count);
            assert!(
                (found - wanted).abs() <= 4.0 * error,
                "way {way}: {found} of {wanted}"
            );
        }
    }
}
