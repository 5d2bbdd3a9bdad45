//! Eight Gaussians on a ring (Metz, Poole, Pfau and Sohl-Dickstein 2017, section 3.2.1): a generator that
//! has settled on a few of them is told from one that covers all.

use std::f32::consts::TAU;

use letra_nn::learners::{Adversarial, AdversarialFit, AdversarialObjective};
use letra_nn::prelude::*;
use letra_nn::random::{Domain, Random};

const MODES: usize = 8;
const DEVIATION: f32 = 0.1;

fn centre(mode: usize) -> [f32; 2] {
    let angle = TAU * mode as f32 / MODES as f32;
    [2.0 * angle.cos(), 2.0 * angle.sin()]
}

fn ring(samples: usize) -> Dataset {
    let random = Random::new(11, Domain::Data, 0, 0);
    let point = |sample: usize| {
        let normal = random.normal(sample, 2);
        let [x, y] = centre(sample % MODES);
        [x + DEVIATION * normal[0], y + DEVIATION * normal[1]]
    };
    let points = (0..samples).flat_map(point).collect();
    Dataset::unlabelled(Tensor::new([samples, 2], points).unwrap()).unwrap()
}

/// Samples of a thousand that lie near each of the eight.
fn near(samples: &Tensor) -> [usize; MODES] {
    let mut counts = [0; MODES];
    for point in samples.data().chunks_exact(2) {
        for (mode, count) in counts.iter_mut().enumerate() {
            let [x, y] = centre(mode);
            let distance = (point[0] - x).hypot(point[1] - y);
            *count += usize::from(distance < 4.0 * DEVIATION);
        }
    }
    counts
}

fn generator() -> Sequential {
    let wide = || {
        Dense::new(64)
            .relu()
            .kernel_initializer(Initializer::he_normal())
    };
    Sequential::new([4])
        .add(wide())
        .add(wide())
        .add(Dense::new(2))
}

fn discriminator() -> Sequential {
    let wide = || Dense::new(64).kernel_initializer(Initializer::he_normal());
    Sequential::new([2])
        .add(wide())
        .add(LeakyRelu::new(0.2))
        .add(wide())
        .add(LeakyRelu::new(0.2))
        .add(Dense::new(1))
}

fn spectral() -> Sequential {
    let wide = || SpectralNormalization::new(Dense::new(64));
    Sequential::new([2])
        .add(wide())
        .add(LeakyRelu::new(0.2))
        .add(wide())
        .add(LeakyRelu::new(0.2))
        .add(SpectralNormalization::new(Dense::new(1)))
}

/// Holds what a pair has learnt to the ring: each of the eight has its share of samples nearby.
fn covers(pair: Adversarial, [generator, discriminator]: [f32; 2], beta: f32, epochs: usize) {
    let compile = |rate: f32| Compile::new(Adam::new(rate).betas(beta, 0.999)).seed(1);
    let mut pair = pair
        .average(0.99)
        .compile(compile(generator), compile(discriminator))
        .unwrap();
    pair.fit(&ring(2048), AdversarialFit::epochs(epochs).batch_size(128))
        .unwrap();
    let counts = near(&pair.sample(1000, 5).unwrap());
    assert!(counts.iter().all(|count| *count >= 25), "{counts:?}");
    assert!(counts.iter().sum::<usize>() >= 450, "{counts:?}");
}

fn pair(objective: AdversarialObjective) -> Adversarial {
    Adversarial::new(generator(), discriminator()).objective(objective)
}

#[test]
fn the_non_saturating_game_covers_all() {
    let pair = pair(AdversarialObjective::NonSaturating).gradient_penalty(0.1);
    covers(pair, [1e-3, 1e-3], 0.5, 150);
}

#[test]
fn the_minimax_game_covers_all() {
    let pair = pair(AdversarialObjective::Minimax).gradient_penalty(0.1);
    covers(pair, [1e-3, 1e-3], 0.5, 150);
}

#[test]
fn least_squares_cover_all() {
    let pair = Adversarial::new(generator(), spectral());
    let pair = pair.objective(AdversarialObjective::LeastSquares);
    covers(pair, [5e-4, 2e-3], 0.5, 250);
}

#[test]
fn the_hinge_covers_all() {
    let pair = Adversarial::new(generator(), spectral()).objective(AdversarialObjective::Hinge);
    covers(pair, [5e-4, 2e-3], 0.5, 250);
}

#[test]
fn a_wasserstein_pair_with_a_gradient_penalty_covers_all() {
    let pair = pair(AdversarialObjective::Wasserstein)
        .gradient_penalty(1.0)
        .discriminator_steps(5);
    covers(pair, [1e-3, 1e-3], 0.5, 400);
}

#[test]
fn a_wasserstein_pair_with_clipped_weights_covers_all() {
    let pair = pair(AdversarialObjective::Wasserstein)
        .clip_weights(0.05)
        .discriminator_steps(5);
    covers(pair, [1e-3, 1e-3], 0.0, 400);
}
