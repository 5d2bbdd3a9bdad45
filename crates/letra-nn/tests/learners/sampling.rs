//! Chains, and the moments of what they draw.

use letra_nn::Tensor;
use letra_nn::learners::{Hidden, Rbm, Visible};

use crate::twin::{Twin, random_machine};

#[test]
fn chains_have_the_moments_of_counting_all_states() {
    let softmax = Visible::Softmax { size: 3 };
    let kinds = [
        (Rbm::new(5, 4), Visible::Bernoulli),
        (Rbm::new(3, 3).labels(3), Visible::Bernoulli),
        (Rbm::new(6, 3).visible(softmax), softmax),
    ];
    for (seed, (rbm, visible)) in kinds.into_iter().enumerate() {
        let machine = random_machine(rbm, 1.2, seed as u64);
        let twin = Twin::of(&machine, visible);
        let (probabilities, _) = twin.probabilities();
        let states = twin.visible_states();
        const CHAINS: usize = 20_000;
        let mut chains = machine.chains(CHAINS, 5).unwrap();
        chains.steps(60);
        let width = machine.visible_units();
        // Four standard errors.
        let room = 4.0 * 0.5 / (CHAINS as f64).sqrt();
        let mean = |f: &dyn Fn(&[f32]) -> f64| {
            chains.visible().data().chunks(width).map(f).sum::<f64>() / CHAINS as f64
        };
        for i in 0..width {
            for k in i..width {
                let wanted: f64 = states
                    .iter()
                    .zip(&probabilities)
                    .map(|(v, p)| p * v[i] * v[k])
                    .sum();
                let found = mean(&|v| f64::from(v[i] * v[k]));
                assert!(
                    (found - wanted).abs() < room,
                    "⟨v{i} v{k}⟩ {found} for {wanted}"
                );
            }
        }
        chains.step();
        for j in 0..machine.hidden_units() {
            let wanted: f64 = states
                .iter()
                .zip(&probabilities)
                .map(|(v, p)| p * twin.hidden_probability(v, j))
                .sum();
            let on: f32 = chains
                .hidden()
                .data()
                .iter()
                .skip(j)
                .step_by(machine.hidden_units())
                .sum();
            assert!((f64::from(on) / CHAINS as f64 - wanted).abs() < room);
        }
    }
}

#[test]
fn gaussian_chains_have_the_moments_of_the_mixture() {
    let machine = random_machine(Rbm::new(3, 3).visible(Visible::Gaussian), 1.0, 1);
    let twin = Twin::of(&machine, Visible::Gaussian);
    // Given h, vᵢ is normal about aᵢ + Σ Wᵢⱼ hⱼ; P(h) has the integral over v in closed form.
    let hidden = twin.hidden_states();
    let mean = |h: &[f64], i: usize| {
        twin.visible_bias[i]
            + h.iter()
                .enumerate()
                .map(|(j, h)| twin.kernel[i][j] * h)
                .sum::<f64>()
    };
    let weight = |h: &Vec<f64>| {
        let squares = (0..3).map(|i| {
            (mean(h, i).powi(2) - twin.visible_bias[i].powi(2)) / (2.0 * twin.variances[i])
        });
        (squares.sum::<f64>()
            + h.iter()
                .zip(&twin.hidden_bias)
                .map(|(h, b)| h * b)
                .sum::<f64>())
        .exp()
    };
    let z: f64 = hidden.iter().map(weight).sum();
    const CHAINS: usize = 20_000;
    let mut chains = machine.chains(CHAINS, 2).unwrap();
    let drawn = chains.steps(60);
    for i in 0..3 {
        let first: f64 = hidden.iter().map(|h| weight(h) / z * mean(h, i)).sum();
        let second: f64 = hidden
            .iter()
            .map(|h| weight(h) / z * (mean(h, i).powi(2) + twin.variances[i]))
            .sum();
        let values: Vec<f64> = drawn
            .data()
            .iter()
            .skip(i)
            .step_by(3)
            .map(|v| f64::from(*v))
            .collect();
        let found = values.iter().sum::<f64>() / CHAINS as f64;
        let square = values.iter().map(|v| v * v).sum::<f64>() / CHAINS as f64;
        assert!((found - first).abs() < 0.06, "{found} for {first}");
        assert!((square - second).abs() < 0.15, "{square} for {second}");
    }
}

#[test]
fn clamped_units_stay_and_the_others_follow_them() {
    let machine = random_machine(Rbm::new(4, 4).labels(2), 1.5, 7);
    let twin = Twin::of(&machine, Visible::Bernoulli);
    let (probabilities, _) = twin.probabilities();
    let states = twin.visible_states();
    const CHAINS: usize = 10_000;
    let mut chains = machine
        .chains(CHAINS, 1)
        .unwrap()
        .clamp_labels(&vec![1; CHAINS])
        .unwrap();
    let drawn = chains.steps(60);
    assert!(drawn.data().chunks(6).all(|v| v[4..] == [0.0, 1.0]));
    let with_label: f64 = states
        .iter()
        .zip(&probabilities)
        .filter(|(v, _)| v[5] == 1.0)
        .map(|(_, p)| p)
        .sum();
    for i in 0..4 {
        let both: f64 = states
            .iter()
            .zip(&probabilities)
            .map(|(v, p)| p * v[i] * v[5])
            .sum();
        let found = drawn.data().chunks(6).map(|v| f64::from(v[i])).sum::<f64>() / CHAINS as f64;
        assert!((found - both / with_label).abs() < 0.02);
    }
    assert!(machine.chains(2, 0).unwrap().clamp([6]).is_err());
    assert!(machine.chains(2, 0).unwrap().clamp_labels(&[0]).is_err());
    assert!(machine.chains(2, 0).unwrap().clamp_labels(&[0, 2]).is_err());
}

#[test]
fn a_chain_goes_its_way_whatever_others_there_are_and_however_many_threads() {
    for hidden in [Hidden::Bernoulli, Hidden::NoisyRectified, Hidden::Gaussian] {
        let machine = random_machine(Rbm::new(20, 10).hidden(hidden), 0.5, 1);
        let many = machine.chains(100, 4).unwrap().steps(7).clone();
        let few = machine.chains(3, 4).unwrap().steps(7).clone();
        assert_eq!(few.data(), &many.data()[..60]);
        let other = machine.chains(3, 5).unwrap().steps(7).clone();
        assert_ne!(few, other);
    }
    let data = Tensor::zeros([2, 20]);
    let machine = random_machine(Rbm::new(20, 10), 0.5, 1);
    let from_data = machine.chains_from(&data, 4).unwrap();
    assert_eq!(from_data.visible(), &data);
}
