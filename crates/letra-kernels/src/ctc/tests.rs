//! The loss beside the sum over all paths, counted one by one, and beside closed forms.

use super::*;
use crate::noise::Noise;

/// What a path spells: equal neighbours made one, blanks left out.
fn spelled(path: &[u32], blank: u32) -> Vec<u32> {
    let mut path = path.to_vec();
    path.dedup();
    path.retain(|&symbol| symbol != blank);
    path
}

/// −ln of the sum over all paths that spell the labels.
fn twin(classes: usize, logits: &[f64], labels: &[u32], blank: u32) -> f64 {
    let steps = logits.len() / classes;
    let mut probabilities = Vec::new();
    for row in logits.chunks_exact(classes) {
        let total: f64 = row.iter().map(|z| z.exp()).sum();
        probabilities.extend(row.iter().map(|z| z.exp() / total));
    }
    let mut likelihood = 0.0;
    for number in 0..classes.pow(steps as u32) {
        let symbol = |step: usize| (number / classes.pow(step as u32) % classes) as u32;
        let path: Vec<u32> = (0..steps).map(symbol).collect();
        if spelled(&path, blank) == labels {
            let values = path.iter().enumerate();
            likelihood += values
                .map(|(step, &symbol)| probabilities[step * classes + symbol as usize])
                .product::<f64>();
        }
    }
    -likelihood.ln()
}

fn kernel(classes: usize, logits: &[f32], labels: &[u32], blank: u32) -> (f64, Vec<f32>) {
    let mut gradient = vec![0.0; logits.len()];
    let room = &mut Room::default();
    let loss = loss_and_gradient(classes, logits, labels, blank, 1.0, room, &mut gradient);
    (loss, gradient)
}

/// Labels that `steps` can spell, often with repeats.
fn labels(classes: usize, blank: u32, steps: usize, noise: &mut Noise) -> Vec<u32> {
    let mut labels = Vec::new();
    for _ in 0..noise.between(0, steps) {
        let label = noise.between(0, classes - 1) as u32;
        labels.push(label);
        if label == blank || fewest_steps(&labels) > steps {
            labels.pop();
        }
    }
    labels
}

#[test]
fn the_loss_is_the_sum_over_all_paths_and_its_gradient_the_difference() {
    let mut noise = Noise::new(41);
    for _ in 0..200 {
        let (steps, classes) = (noise.between(1, 6), noise.between(2, 4));
        let blank = noise.between(0, classes - 1) as u32;
        let labels = labels(classes, blank, steps, &mut noise);
        let logits = noise.values(steps * classes);
        let logits: Vec<f32> = logits.iter().map(|z| 3.0 * z).collect();
        let (loss, gradient) = kernel(classes, &logits, &labels, blank);
        let mut doubles: Vec<f64> = logits.iter().copied().map(f64::from).collect();
        let wanted = twin(classes, &doubles, &labels, blank);
        let what = format!("{labels:?} in {steps} steps of {classes}, blank {blank}");
        assert!((loss - wanted).abs() < 1e-10, "{what}: {loss}, {wanted}");
        for place in 0..doubles.len() {
            let own = doubles[place];
            let mut moved = |by: f64| {
                doubles[place] = own + by;
                twin(classes, &doubles, &labels, blank)
            };
            let measured = (moved(1e-6) - moved(-1e-6)) / 2e-6;
            doubles[place] = own;
            let found = f64::from(gradient[place]);
            assert!(
                (found - measured).abs() < 1e-6,
                "{what}: {found}, {measured}"
            );
        }
    }
}

/// Of the paths of T steps C(T + L − r, 2L) spell L labels of which r are as the one before: a choice of
/// where states begin.
#[test]
fn thousands_of_steps_do_not_underflow() {
    let ln_factorial = |n: usize| libm::lgamma(n as f64 + 1.0);
    for (steps, classes, labels) in [
        (3000, 5, (0..200).map(|i| 1 + i % 4).collect::<Vec<u32>>()),
        (2000, 80, vec![7; 300]),
        (1000, 3, Vec::new()),
        (1, 3, vec![2]),
    ] {
        let (loss, gradient) = kernel(classes, &vec![0.5; steps * classes], &labels, 0);
        let repeats = fewest_steps(&labels) - labels.len();
        let (all, chosen) = (steps + labels.len() - repeats, 2 * labels.len());
        let ways = ln_factorial(all) - ln_factorial(chosen) - ln_factorial(all - chosen);
        let wanted = steps as f64 * (classes as f64).ln() - ways;
        assert!((loss / wanted - 1.0).abs() < 1e-11, "{loss}, {wanted}");
        // Each row's sums to 0.
        for row in gradient.chunks_exact(classes) {
            assert!(row.iter().sum::<f32>().abs() < 1e-5, "{row:?}");
        }
    }
}

#[test]
fn the_way_that_is_left_counts_however_improbable() {
    // Every step says blank so loudly that the label's share is less than any number holds.
    let logits: Vec<f32> = [1000.0, -1000.0, 0.0].repeat(5);
    let (loss, gradient) = kernel(3, &logits, &[1], 0);
    assert!((loss - (2000.0 - 5f64.ln())).abs() < 1e-9, "{loss}");
    for row in gradient.chunks_exact(3) {
        assert!(
            (row[0] - 0.2).abs() < 1e-6 && (row[1] + 0.2).abs() < 1e-6,
            "{row:?}"
        );
    }
}

#[test]
fn one_room_serves_sequences_of_any_size() {
    let mut noise = Noise::new(42);
    let room = &mut Room::default();
    for _ in 0..50 {
        let (steps, classes) = (noise.between(1, 30), noise.between(2, 9));
        let labels = labels(classes, 1, steps, &mut noise);
        let logits = noise.values(steps * classes);
        let mut gradient = vec![0.0; logits.len()];
        let loss = loss_and_gradient(classes, &logits, &labels, 1, 0.5, room, &mut gradient);
        let (alone, unscaled) = kernel(classes, &logits, &labels, 1);
        assert_eq!(loss.to_bits(), alone.to_bits());
        let half: Vec<f32> = unscaled.iter().map(|gradient| 0.5 * gradient).collect();
        assert_eq!(gradient, half);
    }
}

#[test]
fn what_cannot_be_spelled_and_what_is_no_number_shows() {
    let (loss, gradient) = kernel(3, &[0.0; 6], &[1, 1], 0);
    assert_eq!(loss, f64::INFINITY);
    assert!(gradient.iter().all(|gradient| gradient.is_nan()));
    for bad in [f32::NAN, f32::INFINITY] {
        for place in 0..12 {
            let mut logits = [0.0; 12];
            logits[place] = bad;
            let (loss, gradient) = kernel(3, &logits, &[1, 2], 0);
            assert!(loss.is_nan(), "{bad} at {place} gives {loss}");
            assert!(gradient.iter().all(|gradient| gradient.is_nan()));
        }
    }
    // A symbol that is ruled out, without harm to the others.
    let (loss, gradient) = kernel(3, &[0.0, 0.0, f32::NEG_INFINITY], &[1], 0);
    assert!((loss - 2f64.ln()).abs() < 1e-12);
    assert_eq!(gradient, [0.5, -0.5, 0.0]);
}

#[test]
fn repeats_need_a_blank_between() {
    assert_eq!(fewest_steps(&[]), 0);
    assert_eq!(fewest_steps(&[1, 2, 1]), 3);
    assert_eq!(fewest_steps(&[1, 1, 1, 2, 2]), 8);
}
