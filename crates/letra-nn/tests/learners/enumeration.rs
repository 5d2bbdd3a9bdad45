//! Energies, likelihoods and the partition function.

use letra_nn::Tensor;
use letra_nn::learners::{AnnealedImportanceSampling, Hidden, Rbm, Visible};

use crate::twin::{Noise, Twin, close, random_machine, rows};

fn countable() -> Vec<(Rbm, Visible)> {
    let softmax = Visible::Softmax { size: 3 };
    vec![
        (Rbm::new(5, 4), Visible::Bernoulli),
        (Rbm::new(4, 3).labels(3), Visible::Bernoulli),
        (Rbm::new(6, 3).visible(softmax), softmax),
        (Rbm::new(6, 2).visible(softmax).labels(2), softmax),
    ]
}

#[test]
fn likelihoods_are_those_of_counting_all_states() {
    for (seed, (rbm, visible)) in countable().into_iter().enumerate() {
        let machine = random_machine(rbm, 1.5, seed as u64);
        let twin = Twin::of(&machine, visible);
        let (probabilities, log_z) = twin.probabilities();
        let found = machine.log_partition().unwrap();
        close("log Z", found, log_z, 1e-6);
        let states = rows(&twin.visible_states());
        let likelihoods = machine.log_likelihood(&states, found).unwrap();
        for (found, wanted) in likelihoods.iter().zip(&probabilities) {
            close("ln P", *found, wanted.ln(), 1e-5);
        }
        // The features are the hidden units' conditional probabilities.
        let features = machine.transform(&states).unwrap();
        for (state, features) in twin
            .visible_states()
            .iter()
            .zip(features.data().chunks(machine.hidden_units()))
        {
            for (j, feature) in features.iter().enumerate() {
                close(
                    "P(h | v)",
                    f64::from(*feature),
                    twin.hidden_probability(state, j),
                    1e-6,
                );
            }
        }
        // Each conditional probability is a ratio of probabilities.
        let pseudo = machine.pseudo_likelihood(&states).unwrap();
        let all = twin.visible_states();
        for (state, pseudo) in all.iter().zip(pseudo) {
            let mut wanted = 0.0;
            for [first, size] in &twin.groups {
                let units = *first..first + size;
                let fits = |other: &Vec<f64>| {
                    (0..state.len()).all(|i| units.contains(&i) || other[i] == state[i])
                };
                let others = all
                    .iter()
                    .zip(&probabilities)
                    .filter(|(other, _)| fits(other));
                let sum: f64 = others.map(|(_, p)| p).sum();
                let own = all.iter().position(|other| other == state).unwrap();
                wanted += (probabilities[own] / sum).ln();
            }
            close("pseudo-likelihood", pseudo, wanted, 1e-5);
        }
    }
}

#[test]
fn the_layer_that_is_counted_changes_nothing() {
    // Of 24 hidden units there are too many states; of 6 visible ones there are not.
    for rbm in [
        Rbm::new(6, 24),
        Rbm::new(6, 24).labels(2),
        Rbm::new(6, 24).visible(Visible::Softmax { size: 3 }),
    ] {
        let wide = random_machine(rbm.clone(), 0.7, 3);
        let visible = match rbm.visible(Visible::Bernoulli) {
            rbm if wide.definition() == &rbm => Visible::Bernoulli,
            _ => Visible::Softmax { size: 3 },
        };
        let twin = Twin::of(&wide, visible);
        let sums = twin.visible_states().into_iter().map(|v| {
            let fields = (0..24).map(|j| {
                twin.hidden_bias[j]
                    + v.iter()
                        .enumerate()
                        .map(|(i, v)| v * twin.kernel[i][j])
                        .sum::<f64>()
            });
            let hidden: f64 = fields.map(|x| (1.0 + x.exp()).ln()).sum();
            (hidden
                + v.iter()
                    .zip(&twin.visible_bias)
                    .map(|(v, a)| v * a)
                    .sum::<f64>())
            .exp()
        });
        close(
            "log Z",
            wide.log_partition().unwrap(),
            sums.sum::<f64>().ln(),
            1e-9,
        );
    }
}

#[test]
fn gaussian_likelihoods_are_those_of_summing_over_a_grid() {
    let machine = random_machine(Rbm::new(2, 3).visible(Visible::Gaussian), 1.0, 5);
    let twin = Twin::of(&machine, Visible::Gaussian);
    let hidden = twin.hidden_states();
    let density = |v: &[f64]| {
        hidden
            .iter()
            .map(|h| (-twin.gaussian_energy(v, h)).exp())
            .sum::<f64>()
    };
    let step = 0.05;
    let points: Vec<f64> = (-240..=240).map(|i| f64::from(i) * step).collect();
    let z: f64 = points
        .iter()
        .flat_map(|x| points.iter().map(move |y| [*x, *y]))
        .map(|v| density(&v))
        .sum();
    let log_z = (z * step * step).ln();
    let found = machine.log_partition().unwrap();
    close("log Z", found, log_z, 1e-6);
    let samples = vec![vec![0.3, -1.0], vec![2.0, 0.5], vec![-1.5, 1.5]];
    let likelihoods = machine.log_likelihood(&rows(&samples), found).unwrap();
    for (sample, found) in samples.iter().zip(likelihoods) {
        close("ln p", found, density(sample).ln() - log_z, 1e-5);
    }
}

#[test]
fn a_noisy_rectified_unit_is_many_bernoulli_units() {
    let copies = 60;
    let few = random_machine(Rbm::new(4, 2).hidden(Hidden::NoisyRectified), 1.5, 2);
    let mut many = Rbm::new(4, 2 * copies).build(0).unwrap();
    let (kernel, bias) = (few.kernel(), few.hidden_bias());
    let repeated: Vec<f32> = kernel
        .data()
        .chunks(2)
        .flat_map(|row| (0..2 * copies).map(|j| row[j / copies]))
        .collect();
    many.set_kernel(&Tensor::new([4, 2 * copies], repeated).unwrap())
        .unwrap();
    let biases = (0..2 * copies).map(|j| bias.data()[j / copies] - 0.5 - (j % copies) as f32);
    many.set_hidden_bias(&Tensor::new([2 * copies], biases.collect()).unwrap())
        .unwrap();
    many.set_visible_bias(&few.visible_bias()).unwrap();
    let twin = Twin::of(&many, Visible::Bernoulli);
    let states = rows(&twin.visible_states());
    let pairs = few
        .free_energy(&states)
        .unwrap()
        .into_iter()
        .zip(many.free_energy(&states).unwrap());
    for (few, many) in pairs {
        close("free energy", few, many, 1e-5);
    }
    // About ln(1 + eˣ) of them are on.
    let on = many.transform(&states).unwrap();
    let features = few.transform(&states).unwrap();
    for (on, x) in on.data().chunks(copies).zip(features.data()) {
        let on: f32 = on.iter().sum();
        assert!(on >= *x - 0.05 && on < *x + 0.75, "{on} of a unit at {x}");
    }
}

#[test]
fn annealed_importance_sampling_is_within_a_tenth_of_a_nat() {
    let softmax = Visible::Softmax { size: 4 };
    let kinds = [
        (Rbm::new(30, 20), 0.35),
        (Rbm::new(24, 12).labels(3), 0.5),
        (Rbm::new(24, 12).visible(softmax), 0.5),
        (Rbm::new(8, 10).visible(Visible::Gaussian), 0.3),
    ];
    for (seed, (rbm, size)) in kinds.into_iter().enumerate() {
        let machine = random_machine(rbm, size, seed as u64);
        let exact = machine.log_partition().unwrap();
        let sampling = AnnealedImportanceSampling::new()
            .chains(100)
            .steps(1000)
            .seed(9);
        let found = machine.estimate_log_partition(&sampling).unwrap();
        assert!(
            (found.value - exact).abs() < 0.1,
            "{seed}: {found:?} for {exact}"
        );
        assert!(found.low < found.value && found.value < found.high);
        let errors = (found.value - exact).abs() / found.standard_error;
        assert!(errors < 5.0, "{seed}: {found:?} for {exact}");
        assert!(found.standard_error < 0.05, "{found:?}");
    }
}

#[test]
fn a_base_model_of_the_data_has_its_means_and_the_same_answer() {
    let machine = random_machine(Rbm::new(12, 6), 1.0, 4);
    let exact = machine.log_partition().unwrap();
    let mut chains = machine.chains(200, 1).unwrap();
    let data = chains.steps(50).clone();
    let usual = AnnealedImportanceSampling::new()
        .chains(100)
        .steps(300)
        .seed(2);
    let based = machine
        .estimate_log_partition(&usual.clone().base(&data))
        .unwrap();
    let plain = machine.estimate_log_partition(&usual).unwrap();
    assert!((based.value - exact).abs() < 0.1 && (plain.value - exact).abs() < 0.1);
    assert_ne!(based.value, plain.value);
    let uneven = usual.inverse_temperatures(
        (1..=400)
            .map(|i| (f64::from(i) / 400.0).sqrt())
            .collect::<Vec<f64>>(),
    );
    let found = machine.estimate_log_partition(&uneven).unwrap();
    assert!((found.value - exact).abs() < 0.1, "{found:?} for {exact}");
}

#[test]
fn flips_of_one_unit_are_scored_as_free_energies_say() {
    let machine = random_machine(Rbm::new(5, 3), 1.0, 8);
    let twin = Twin::of(&machine, Visible::Bernoulli);
    let (probabilities, _) = twin.probabilities();
    let states = twin.visible_states();
    let flips: Vec<usize> = (0..states.len()).map(|sample| sample % 5).collect();
    let scores = machine
        .pseudo_likelihood_of_flips(&rows(&states), &flips)
        .unwrap();
    for (sample, score) in scores.iter().enumerate() {
        let mut other = states[sample].clone();
        other[flips[sample]] = 1.0 - other[flips[sample]];
        let other = states.iter().position(|state| *state == other).unwrap();
        let (own, other) = (probabilities[sample], probabilities[other]);
        close("score", *score, 5.0 * (own / (own + other)).ln(), 1e-5);
    }
}

#[test]
fn a_reconstruction_goes_up_and_down_by_expectations() {
    let machine = random_machine(Rbm::new(5, 3), 1.0, 8);
    let twin = Twin::of(&machine, Visible::Bernoulli);
    let data = Noise(3).tensor(&[4, 5], 0.5);
    let data = Tensor::new([4, 5], data.data().iter().map(|v| v + 0.5).collect()).unwrap();
    let found = machine.reconstruct(&data).unwrap();
    let mut error = 0.0;
    for sample in 0..4 {
        let visible: Vec<f64> = data.sample(sample).iter().map(|v| f64::from(*v)).collect();
        for i in 0..5 {
            let field = twin.visible_bias[i]
                + (0..3)
                    .map(|j| twin.kernel[i][j] * twin.hidden_probability(&visible, j))
                    .sum::<f64>();
            let wanted = 1.0 / (1.0 + (-field).exp());
            close(
                "reconstruction",
                f64::from(found.sample(sample)[i]),
                wanted,
                1e-6,
            );
            error += (wanted - visible[i]) * (wanted - visible[i]) / 20.0;
        }
    }
    close(
        "error",
        machine.reconstruction_error(&data).unwrap(),
        error,
        1e-6,
    );
}

#[test]
fn gaussian_hidden_units_are_what_integrating_them_gives() {
    let machine = random_machine(Rbm::new(3, 2).hidden(Hidden::Gaussian), 1.0, 4);
    let twin = Twin::of(&machine, Visible::Bernoulli);
    let states = twin.visible_states();
    let step = 0.05;
    let points: Vec<f64> = (-200..=200).map(|i| f64::from(i) * step).collect();
    let energies = machine.free_energy(&rows(&states)).unwrap();
    let features = machine.transform(&rows(&states)).unwrap();
    for ((state, energy), features) in states.iter().zip(energies).zip(features.data().chunks(2)) {
        let mut wanted: f64 = state
            .iter()
            .zip(&twin.visible_bias)
            .map(|(v, a)| -v * a)
            .sum();
        for unit in 0..2 {
            let products = state.iter().zip(&twin.kernel).map(|(v, row)| v * row[unit]);
            let field = twin.hidden_bias[unit] + products.sum::<f64>();
            let weight = |h: &f64| (h * field - 0.5 * h * h).exp() * step;
            let sum: f64 = points.iter().map(weight).sum();
            let mean = points.iter().map(|h| h * weight(h)).sum::<f64>() / sum;
            wanted -= sum.ln();
            close("mean", f64::from(features[unit]), mean, 1e-5);
        }
        close("free energy", energy, wanted, 1e-5);
    }
}

#[test]
fn states_of_gaussian_hidden_units_have_variance_one() {
    let machine = random_machine(Rbm::new(1, 1).hidden(Hidden::Gaussian), 0.0, 1);
    let mut chains = machine.chains(4000, 2).unwrap();
    chains.step();
    let states = chains.hidden().data();
    let mean = states.iter().map(|h| f64::from(*h)).sum::<f64>() / 4000.0;
    let square = states.iter().map(|h| f64::from(*h).powi(2)).sum::<f64>() / 4000.0;
    assert!(
        mean.abs() < 0.07 && (square - 1.0).abs() < 0.1,
        "{mean} {square}"
    );
}
