//! vSGD on the noisy quadratics of its first paper.

use letra_nn::optimizers::{Optimizer, SLOTS, Update};
use letra_nn::prelude::*;
use letra_nn::random::{Domain, Random};

/// f = ½ h (θ − c)² of Schaul, Zhang and LeCun (arXiv 1206.1106), c normal around 0 with
/// deviation σ: a step sees the gradient h (θ + σ ε), ε standard normal.
#[derive(Debug, Clone, Copy)]
struct Quadratic {
    h: f32,
    sigma: f32,
    start: f32,
}

const QUADRATICS: [Quadratic; 6] = [
    Quadratic::new(1.0, 1.0, 10.0),
    Quadratic::new(10.0, 1.0, 10.0),
    Quadratic::new(0.1, 1.0, 10.0),
    Quadratic::new(1.0, 3.0, 10.0),
    Quadratic::new(1.0, 1.0, 1.0),
    Quadratic::new(10.0, 0.1, 1.0),
];

/// Runs of one quadratic, each a value of one parameter.
const RUNS: usize = 2000;
/// Steps that only measure, and those that descend.
const SLOW_START: u64 = 10;
const STEPS: u64 = 600;

/// Where the curvature comes from.
#[derive(Debug, Clone, Copy)]
enum Curvature {
    /// It is given, as the diagonal Hessian of 1206.1106; outliers count like all others.
    Given,
    /// Finite differences, and outliers count for less (arXiv 1301.3764).
    Differences,
}

/// What the runs did in one step after the slow start.
struct Step {
    /// Mean of their rates.
    rate: f64,
    /// Mean square of their distances before it.
    square: f64,
}

impl Quadratic {
    const fn new(h: f32, sigma: f32, start: f32) -> Self {
        Quadratic { h, sigma, start }
    }

    fn noise(self, step: u64) -> Vec<f32> {
        let noise = Random::new(7, Domain::Layer, 0, step).normal(0, RUNS);
        noise.into_iter().map(|value| self.sigma * value).collect()
    }

    fn gradients(self, at: &[f32], noise: &[f32]) -> Vec<f32> {
        let values = at.iter().zip(noise);
        values.map(|(at, noise)| self.h * (at + noise)).collect()
    }

    /// The rate that makes the expected loss after the next step least, where the mean square
    /// distance is `square`.
    fn best_rate(self, square: f64) -> f64 {
        square / (square + f64::from(self.sigma).powi(2)) / f64::from(self.h)
    }

    /// The best rates when each was taken from the start: the best of all schedules, which must
    /// know h, σ and the distance.
    fn best_schedule(self) -> impl Iterator<Item = f64> {
        let mut square = f64::from(self.start).powi(2);
        std::iter::repeat_with(move || {
            let rate = self.best_rate(square);
            square *= 1.0 - rate * f64::from(self.h);
            rate
        })
    }

    /// vSGD with its own settings: what it did in each step, and where the runs ended.
    fn run(self, curvature: Curvature) -> (Vec<Step>, Vec<f32>) {
        let optimizer = match curvature {
            Curvature::Given => Vsgd::new().detect_outliers(false),
            Curvature::Differences => Vsgd::new(),
        };
        let mut slots: Vec<_> = optimizer.slots().iter().map(|_| vec![0.0; RUNS]).collect();
        let (mut at, mut steps) = (vec![self.start; RUNS], Vec::new());
        for step in 0..SLOW_START + STEPS {
            let noise = self.noise(step);
            let gradients = self.gradients(&at, &noise);
            let (before, mut displaced) = (at.clone(), vec![0.0; RUNS]);
            let now = update(step, &mut at, &gradients, [&[], &[]], &mut slots);
            optimizer.displace(now, &mut displaced);
            let there = match curvature {
                Curvature::Differences => self.gradients(&displaced, &noise),
                Curvature::Given => {
                    let values = gradients.iter().zip(&displaced).zip(&before);
                    values
                        .map(|((g, to), from)| g + self.h * (to - from))
                        .collect()
                }
            };
            let probe = [&displaced[..], &there];
            optimizer.update(update(step, &mut at, &gradients, probe, &mut slots));
            let taken = before.iter().zip(&at).zip(&gradients);
            let taken = taken.map(|((before, after), g)| f64::from((before - after) / g));
            let squares = before.iter().map(|value| f64::from(*value).powi(2));
            if step < SLOW_START {
                assert_eq!(before, at);
                continue;
            }
            steps.push(Step {
                rate: taken.sum::<f64>() / RUNS as f64,
                square: squares.sum::<f64>() / RUNS as f64,
            });
        }
        (steps, at)
    }
}

/// "Follows the optimal rate" in this sense: at every step after the slow start the mean rate of
/// the runs is within a factor of two of the best schedule's. vSGD is told neither h nor σ nor
/// the distance, and has no rate to choose.
#[test]
fn vsgd_follows_the_best_schedule_within_a_factor_of_two() {
    for quadratic in QUADRATICS {
        for curvature in [Curvature::Given, Curvature::Differences] {
            let (steps, _) = quadratic.run(curvature);
            let best = quadratic.best_schedule();
            for (number, (step, best)) in steps.iter().zip(best).enumerate() {
                let ratio = step.rate / best;
                assert!(
                    (0.5..2.0).contains(&ratio),
                    "{quadratic:?}, {curvature:?}, step {number}: {ratio}"
                );
            }
        }
    }
}

/// Of the best rate where the runs are themselves it takes less: they lie farther out than the
/// best schedule's, and cannot know it. A factor of two does not hold in this sense: the ratio
/// goes from 0.9 down to 0.3, and to 0.38 in the long run.
#[test]
fn vsgd_is_within_a_factor_of_four_of_the_best_rate_for_its_own_distances() {
    for quadratic in QUADRATICS {
        for curvature in [Curvature::Given, Curvature::Differences] {
            for (number, step) in quadratic.run(curvature).0.iter().enumerate() {
                let ratio = step.rate / quadratic.best_rate(step.square);
                assert!(
                    (0.25..1.0).contains(&ratio),
                    "{quadratic:?}, {curvature:?}, step {number}: {ratio}"
                );
            }
        }
    }
}

#[test]
fn vsgd_comes_closer_than_any_fixed_rate() {
    for quadratic in QUADRATICS {
        let reached = median_square(&quadratic.run(Curvature::Differences).1);
        for rate in [1.0, 0.3, 0.1, 0.03, 0.01] {
            let mut at = vec![quadratic.start; RUNS];
            for step in 0..SLOW_START + STEPS {
                let gradients = quadratic.gradients(&at, &quadratic.noise(step));
                for (at, gradient) in at.iter_mut().zip(gradients) {
                    *at -= rate / quadratic.h * gradient;
                }
            }
            let other = median_square(&at);
            assert!(
                reached < other,
                "{quadratic:?}: {reached}, rate {rate} {other}"
            );
        }
    }
}

fn median_square(values: &[f32]) -> f32 {
    let mut squares: Vec<f32> = values.iter().map(|value| value * value).collect();
    squares.sort_by(f32::total_cmp);
    squares[squares.len() / 2]
}

fn update<'a>(
    step: u64,
    parameters: &'a mut [f32],
    gradients: &'a [f32],
    probe: [&'a [f32]; 2],
    state: &'a mut [Vec<f32>],
) -> Update<'a> {
    let mut slots: [&mut [f32]; SLOTS] = Default::default();
    for (slot, values) in slots.iter_mut().zip(state) {
        *slot = values;
    }
    let mut update = Update::new(1.0, parameters, gradients);
    (update.step, update.probe, update.slots) = (step, probe, slots);
    update
}
