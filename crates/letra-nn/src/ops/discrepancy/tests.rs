//! Twins that a student can read, and gradients against differences.

use proptest::prelude::*;

use super::*;
use crate::random::{Domain, Random};

fn rows(count: usize, units: usize, place: usize) -> Vec<f64> {
    let random = Random::new(3, Domain::Data, place, 0);
    let values = random.normal(0, count * units).into_iter();
    values
        .map(|value| f64::from(value) + 0.3 * place as f64)
        .collect()
}

/// The covariance of rows, entry by entry.
fn covariance(rows: &[f64], units: usize) -> Vec<f64> {
    let count = rows.len() / units;
    let mean =
        |unit: usize| (0..count).map(|row| rows[row * units + unit]).sum::<f64>() / count as f64;
    let mut matrix = vec![0.0; units * units];
    for first in 0..units {
        for second in 0..units {
            let term = |row: usize| {
                (rows[row * units + first] - mean(first))
                    * (rows[row * units + second] - mean(second))
            };
            let sum: f64 = (0..count).map(term).sum();
            matrix[first * units + second] = sum / (count as f64 - 1.0);
        }
    }
    matrix
}

/// Sun and Saenko 2016, eqs. 1 to 3, as they are written.
fn covariance_twin(sets: Sets<'_>) -> f64 {
    let [source, target] = [sets.source, sets.target].map(|rows| covariance(rows, sets.units));
    let squares = source.iter().zip(&target).map(|(s, t)| (s - t) * (s - t));
    squares.sum::<f64>() / (4 * sets.units * sets.units) as f64
}

/// Gretton et al. 2012, eq. 5, as it is written, with five kernels.
fn kernel_twin(sets: Sets<'_>, width: Option<f64>) -> f64 {
    let split = |rows: &[f64]| -> Vec<Vec<f64>> {
        rows.chunks_exact(sets.units).map(<[f64]>::to_vec).collect()
    };
    let (source, target) = (split(sets.source), split(sets.target));
    let square =
        |x: &[f64], y: &[f64]| x.iter().zip(y).map(|(x, y)| (x - y) * (x - y)).sum::<f64>();
    let all: Vec<&Vec<f64>> = source.iter().chain(&target).collect();
    let mut distances = Vec::new();
    for (index, x) in all.iter().enumerate() {
        distances.extend(all[index + 1..].iter().map(|y| square(x, y)));
    }
    let gamma = width.unwrap_or(distances.iter().sum::<f64>() / distances.len() as f64);
    let kernel = |x: &[f64], y: &[f64]| {
        let widths = [-2, -1, 0, 1, 2].map(|u| gamma * 2.0_f64.powi(u));
        widths
            .map(|width| (-square(x, y) / width).exp())
            .iter()
            .sum::<f64>()
            / 5.0
    };
    let mean = |first: &[Vec<f64>], second: &[Vec<f64>]| {
        let pairs = first
            .iter()
            .flat_map(|x| second.iter().map(move |y| (x, y)));
        let sum: f64 = pairs.map(|(x, y)| kernel(x, y)).sum();
        sum / (first.len() * second.len()) as f64
    };
    mean(&source, &source) - 2.0 * mean(&source, &target) + mean(&target, &target)
}

/// Holds the gradient by each value of both sets to differences.
fn check_gradient(measure: Measure, source: &[f64], target: &[f64], units: usize) {
    let mut both = [source.to_vec(), target.to_vec()];
    let distance = |both: &[Vec<f64>; 2]| {
        measure.distance(Sets {
            units,
            source: &both[0],
            target: &both[1],
        })
    };
    let mut found = vec![0.0; units];
    for (number, side) in SIDES.into_iter().enumerate() {
        for place in 0..both[number].len() {
            let sets = Sets {
                units,
                source: &both[0],
                target: &both[1],
            };
            measure.of(sets).gradient(side, place / units, &mut found);
            let formula = found[place % units];
            let value = both[number][place];
            let mut at = |by: f64| {
                both[number][place] = value + by;
                distance(&both)
            };
            let h = 1e-4;
            let slope = (8.0 * (at(h) - at(-h)) - (at(2.0 * h) - at(-2.0 * h))) / (12.0 * h);
            both[number][place] = value;
            assert!(
                (formula - slope).abs() < 1e-8,
                "{measure:?}, {side:?}, value {place}: {formula} by formula, {slope} by differences"
            );
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]

    #[test]
    fn both_are_their_twins_and_have_the_gradients_of_differences(
        sizes in (2usize..7, 2usize..7, 1usize..10)
    ) {
        let (n, m, units) = sizes;
        let (source, target) = (rows(n, units, 0), rows(m, units, 1));
        let sets = Sets { units, source: &source, target: &target };
        let near = |found: f64, twin: f64| (found - twin).abs() < 1e-11 * (1.0 + twin.abs());
        prop_assert!(near(Measure::Covariances.distance(sets), covariance_twin(sets)));
        prop_assert!(near(Measure::KernelMeans(None).distance(sets), kernel_twin(sets, None)));
        let fixed = Measure::KernelMeans(Some(1.5));
        prop_assert!(near(fixed.distance(sets), kernel_twin(sets, Some(1.5))));
        check_gradient(Measure::Covariances, &source, &target, units);
        check_gradient(fixed, &source, &target, units);
    }
}

#[test]
fn equal_sets_are_not_apart_and_what_is_no_number_shows() {
    let set = rows(5, 3, 0);
    let one = vec![1.0; 15];
    let broken = [vec![f64::NAN], vec![0.0; 14]].concat();
    for measure in [Measure::Covariances, Measure::KernelMeans(None)] {
        let distance = |source: &[f64], target: &[f64]| {
            measure.distance(Sets {
                units: 3,
                source,
                target,
            })
        };
        assert!(distance(&set, &set).abs() < 1e-12, "{measure:?}");
        assert_eq!(distance(&one, &one), 0.0, "{measure:?}");
        assert!(distance(&broken, &set).is_nan(), "{measure:?}");
        assert!(distance(&set, &broken).is_nan(), "{measure:?}");
    }
}
