//! What a machine learns by is the gradient of the likelihood.

use letra_nn::Tensor;
use letra_nn::learners::{BoltzmannMachine, ContrastiveDivergence, Rbm, Visible};

use crate::twin::{Twin, close, random_machine, rows};

/// The gradient of the mean ln P of data, by all parameters in their order: ⟨·⟩ of the data less ⟨·⟩ of
/// the model, by counting all states.
fn counted(twin: &Twin, visible: Visible, data: &[Vec<f64>]) -> Vec<f64> {
    let samples = data.len() as f64;
    let mut gradient = Vec::new();
    let data = data.iter().map(|v| (v.clone(), 1.0 / samples));
    let (width, units) = (twin.visible_bias.len(), twin.hidden_bias.len());
    let statistics = |of: &mut dyn Iterator<Item = (Vec<f64>, f64)>| {
        let mut sums = vec![0.0; width * units + width + units + width];
        for (v, weight) in of {
            let h: Vec<f64> = (0..units).map(|j| twin.hidden_probability(&v, j)).collect();
            for i in 0..width {
                let seen = v[i] / twin.variances[i];
                for j in 0..units {
                    sums[i * units + j] += weight * seen * h[j];
                }
                sums[width * units + i] += weight * seen;
                let distance = v[i] - twin.visible_bias[i];
                let field: f64 = (0..units).map(|j| twin.kernel[i][j] * h[j]).sum();
                sums[width * units + width + units + i] +=
                    weight * (0.5 * distance * distance - v[i] * field) / twin.variances[i];
            }
            for j in 0..units {
                sums[width * units + width + j] += weight * h[j];
            }
        }
        sums
    };
    let positive = statistics(&mut data.into_iter());
    let negative = match visible {
        Visible::Gaussian => {
            let step = 0.05;
            let hidden = twin.hidden_states();
            let points: Vec<f64> = (-200..=200).map(|i| f64::from(i) * step).collect();
            let grid: Vec<(Vec<f64>, f64)> = points
                .iter()
                .flat_map(|x| points.iter().map(move |y| vec![*x, *y]))
                .map(|v| {
                    let density = hidden
                        .iter()
                        .map(|h| (-twin.gaussian_energy(&v, h)).exp())
                        .sum();
                    (v, density)
                })
                .collect();
            let z: f64 = grid.iter().map(|(_, density)| density).sum();
            statistics(&mut grid.into_iter().map(|(v, density)| (v, density / z)))
        }
        _ => statistics(
            &mut twin
                .visible_states()
                .into_iter()
                .zip(twin.probabilities().0),
        ),
    };
    let count = match visible {
        Visible::Gaussian => positive.len(),
        _ => positive.len() - width,
    };
    gradient.extend(
        positive
            .iter()
            .zip(&negative)
            .map(|(a, b)| a - b)
            .take(count),
    );
    gradient
}

/// All parameters in their order; of Gaussian units the logarithms of the variances.
fn parameters(machine: &BoltzmannMachine) -> Vec<f64> {
    let parts = [
        machine.kernel(),
        machine.visible_bias(),
        machine.hidden_bias(),
    ];
    let mut all: Vec<f64> = parts
        .iter()
        .flat_map(|part| part.data().iter().map(|v| f64::from(*v)))
        .collect();
    all.extend(
        machine
            .variances()
            .iter()
            .flat_map(|v| v.data().iter().map(|v| f64::from(*v).ln())),
    );
    all
}

fn with_parameters(machine: &BoltzmannMachine, all: &[f64]) -> BoltzmannMachine {
    let mut machine = machine.clone();
    let (width, units) = (machine.visible_units(), machine.hidden_units());
    let tensor = |shape: &[usize], values: &[f64]| {
        Tensor::new(shape, values.iter().map(|v| *v as f32).collect()).unwrap()
    };
    let (kernel, rest) = all.split_at(width * units);
    let (visible, rest) = rest.split_at(width);
    let (hidden, logs) = rest.split_at(units);
    machine
        .set_kernel(&tensor(&[width, units], kernel))
        .unwrap();
    machine
        .set_visible_bias(&tensor(&[width], visible))
        .unwrap();
    machine.set_hidden_bias(&tensor(&[units], hidden)).unwrap();
    if !logs.is_empty() {
        let variances: Vec<f64> = logs.iter().map(|log| log.exp()).collect();
        machine
            .set_variances(&tensor(&[width], &variances))
            .unwrap();
    }
    machine
}

fn kinds() -> Vec<(Rbm, Visible, Vec<Vec<f64>>)> {
    let softmax = Visible::Softmax { size: 3 };
    vec![
        (
            Rbm::new(4, 3),
            Visible::Bernoulli,
            vec![
                vec![1.0, 0.0, 1.0, 1.0],
                vec![0.0, 0.0, 1.0, 0.0],
                vec![0.3, 0.9, 0.0, 0.5],
            ],
        ),
        (
            Rbm::new(3, 2).labels(2),
            Visible::Bernoulli,
            vec![vec![1.0, 0.0, 1.0, 1.0, 0.0], vec![0.0, 0.0, 1.0, 0.0, 1.0]],
        ),
        (
            Rbm::new(6, 2).visible(softmax),
            softmax,
            vec![
                vec![1.0, 0.0, 0.0, 0.0, 0.0, 1.0],
                vec![0.0, 1.0, 0.0, 1.0, 0.0, 0.0],
            ],
        ),
        (
            Rbm::new(2, 3).visible(Visible::Gaussian),
            Visible::Gaussian,
            vec![vec![1.0, -0.5], vec![0.2, 1.3], vec![-1.0, 0.1]],
        ),
    ]
}

#[test]
fn the_gradient_by_counting_is_that_of_finite_differences() {
    for (seed, (rbm, visible, data)) in kinds().into_iter().enumerate() {
        let machine = random_machine(rbm, 0.8, seed as u64);
        let wanted = counted(&Twin::of(&machine, visible), visible, &data);
        let samples = rows(&data);
        let mean = |all: &[f64]| {
            let machine = with_parameters(&machine, all);
            let log_z = machine.log_partition().unwrap();
            machine
                .log_likelihood(&samples, log_z)
                .unwrap()
                .iter()
                .sum::<f64>()
                / data.len() as f64
        };
        let start = parameters(&machine);
        assert_eq!(start.len(), wanted.len());
        let step = 1.0 / 16.0;
        for place in 0..start.len() {
            let moved = |by: f64| {
                let mut all = start.clone();
                all[place] += by;
                mean(&all)
            };
            // Of fourth order: parameters are in single precision, and steps must be large.
            let found = (8.0 * (moved(step) - moved(-step))
                - (moved(2.0 * step) - moved(-2.0 * step)))
                / (12.0 * step);
            close(
                &format!("kind {seed}, parameter {place}"),
                found,
                wanted[place],
                2e-4,
            );
        }
    }
}

/// With chains that have gone far, a step goes along the gradient of the likelihood.
#[test]
fn a_step_of_many_far_chains_is_the_gradient() {
    const COPIES: usize = 20_000;
    for (seed, (rbm, visible, data)) in kinds().into_iter().enumerate() {
        let machine = random_machine(rbm, 0.8, seed as u64);
        let wanted = counted(&Twin::of(&machine, visible), visible, &data);
        let batch: Vec<Vec<f64>> = data
            .iter()
            .cycle()
            .take(COPIES / data.len() * data.len())
            .cloned()
            .collect();
        let batch = rows(&batch);
        for persistent in [0, 15_000] {
            let settings = ContrastiveDivergence::new(1.0)
                .steps(30)
                .persistent(persistent)
                .variance_rate(1.0)
                .seed(3);
            let before = parameters(&machine);
            let mut trainer = machine.clone().compile(settings).unwrap();
            trainer.train_on_batch(&batch).unwrap();
            let after = parameters(&trainer);
            for (place, wanted) in wanted.iter().enumerate() {
                let found = after[place] - before[place];
                // Standard errors of a mean of states are 0.004 at most, of squares of Gaussian ones some more.
                let room = if visible == Visible::Gaussian {
                    0.06
                } else {
                    0.02
                };
                assert!(
                    (found - wanted).abs() < room,
                    "kind {seed}, {persistent} chains, parameter {place}: {found} for {wanted}"
                );
            }
        }
    }
}
