//! Learning: that it does, and that it does so alike.

use std::ops::ControlFlow;

use letra_nn::learners::{
    ContrastiveDivergence, Hidden, Rbm, RbmEpoch, RbmFit, RbmTrainer, Visible,
};
use letra_nn::{Dataset, Error, Source, Tensor};

use crate::twin::Noise;

/// Pictures of 4 × 4 with some of their rows, or some of their columns, black.
fn bars(samples: usize) -> Tensor {
    let mut noise = Noise(1);
    let mut values = Vec::new();
    for _ in 0..samples {
        let across = noise.next() > 0.0;
        let on: Vec<bool> = (0..4).map(|_| noise.next() > 0.0).collect();
        values.extend((0..16).map(|i| f32::from(u8::from(on[if across { i / 4 } else { i % 4 }]))));
    }
    Tensor::new([samples, 16], values).unwrap()
}

fn mean_likelihood(rbm: &RbmTrainer, data: &Tensor) -> f64 {
    let log_z = rbm.log_partition().unwrap();
    rbm.log_likelihood(data, log_z).unwrap().iter().sum::<f64>() / data.samples() as f64
}

#[test]
fn every_way_of_learning_raises_the_likelihood() {
    let data = bars(200);
    let ways = [
        (150, ContrastiveDivergence::new(0.1)),
        (
            150,
            ContrastiveDivergence::new(0.1)
                .steps(5)
                .sample_visible(false),
        ),
        (
            150,
            ContrastiveDivergence::new(0.05)
                .momentum(0.8)
                .weight_decay(1e-4),
        ),
        (600, ContrastiveDivergence::new(0.05).persistent(50)),
        (
            600,
            ContrastiveDivergence::new(0.05)
                .persistent(50)
                .fast_weights(0.02, 0.95),
        ),
    ];
    for (epochs, settings) in ways {
        let mut rbm = Rbm::new(16, 16).compile(settings.seed(2)).unwrap();
        let before = mean_likelihood(&rbm, &data);
        rbm.fit(&data, RbmFit::epochs(epochs).batch_size(20))
            .unwrap();
        let after = mean_likelihood(&rbm, &data);
        // Without weights −11.1; of the distribution itself about −3.4.
        assert!(before < -11.0 && after > -8.0, "{before}, then {after}");
    }
}

#[test]
fn gaussian_units_learn_their_variances() {
    // Two clusters, one unit spread thrice as wide as the other.
    let mut noise = Noise(4);
    let mut normal = || (0..12).map(|_| noise.next()).sum::<f64>() / 2.0;
    let values = (0..600).flat_map(|n| {
        let centre = if n % 2 == 0 { 1.0 } else { -1.0 };
        [
            (centre + 0.3 * normal()) as f32,
            (-centre + 0.9 * normal()) as f32,
        ]
    });
    let data = Tensor::new([600, 2], values.collect()).unwrap();
    let settings = ContrastiveDivergence::new(0.02)
        .steps(3)
        .variance_rate(1.0)
        .seed(1);
    let mut rbm = Rbm::new(2, 3)
        .visible(Visible::Gaussian)
        .compile(settings)
        .unwrap();
    let before = mean_likelihood(&rbm, &data);
    rbm.fit(&data, RbmFit::epochs(200).batch_size(50)).unwrap();
    let after = mean_likelihood(&rbm, &data);
    // Of one normal distribution about -3.2, of the clusters themselves -2.22.
    assert!(before < -3.0 && after > -2.5, "{before}, then {after}");
    let variances = rbm.variances().unwrap();
    let [narrow, wide] = [variances.data()[0], variances.data()[1]];
    assert!(
        (0.06..0.14).contains(&narrow) && (0.6..1.0).contains(&wide),
        "{variances:?}"
    );
}

#[test]
fn softmax_groups_and_labels_learn_what_goes_together() {
    let of = |n: usize| -> Vec<f32> {
        let class = n % 3;
        (0..6)
            .map(|i| f32::from(u8::from(i % 3 == class)))
            .chain((0..3).map(|i| f32::from(u8::from(i == class))))
            .collect()
    };
    let data = Tensor::new([60, 9], (0..60).flat_map(of).collect()).unwrap();
    let mut rbm = Rbm::new(6, 6)
        .visible(Visible::Softmax { size: 3 })
        .labels(3)
        .compile(ContrastiveDivergence::new(0.2).seed(1))
        .unwrap();
    rbm.fit(&data, RbmFit::epochs(200).batch_size(10)).unwrap();
    let mut chains = rbm.chains(300, 1).unwrap().clamp_labels(&[2; 300]).unwrap();
    let right = chains
        .steps(100)
        .data()
        .chunks(9)
        .filter(|v| v[2] == 1.0 && v[5] == 1.0)
        .count();
    assert!(right > 250, "{right} of 300");
}

#[test]
fn rectified_units_reconstruct_bars() {
    let data = bars(200);
    let mut rbm = Rbm::new(16, 16)
        .hidden(Hidden::NoisyRectified)
        .compile(ContrastiveDivergence::new(0.05).seed(1))
        .unwrap();
    rbm.fit(&data, RbmFit::epochs(200).batch_size(20)).unwrap();
    assert!(rbm.reconstruction_error(&data).unwrap() < 0.08);
    assert!(
        rbm.transform(&data)
            .unwrap()
            .data()
            .iter()
            .all(|x| *x >= 0.0)
    );
}

#[test]
fn a_sparsity_target_is_reached_and_decay_keeps_weights_small() {
    let data = bars(200);
    let train = |settings: ContrastiveDivergence| {
        let mut rbm = Rbm::new(16, 16).compile(settings.seed(1)).unwrap();
        rbm.fit(&data, RbmFit::epochs(60).batch_size(20)).unwrap();
        rbm
    };
    let activity = |rbm: &RbmTrainer| {
        let features = rbm.transform(&data).unwrap();
        f64::from(features.data().iter().sum::<f32>()) / features.data().len() as f64
    };
    let usual = train(ContrastiveDivergence::new(0.1));
    let sparse = train(ContrastiveDivergence::new(0.1).sparsity(0.1, 2.0, 0.9));
    assert!((activity(&sparse) - 0.1).abs() < 0.05 && activity(&usual) > 0.2);
    let square = |rbm: &RbmTrainer| rbm.kernel().data().iter().map(|w| w * w).sum::<f32>();
    let decayed = train(ContrastiveDivergence::new(0.1).weight_decay(0.01));
    assert!(square(&decayed) < 0.8 * square(&usual));
}

/// All that a step may do.
fn ways() -> Vec<(Rbm, ContrastiveDivergence)> {
    let rbm = Rbm::new(16, 9);
    let gaussian = Rbm::new(14, 9).visible(Visible::Gaussian).labels(2);
    vec![
        (rbm.clone(), ContrastiveDivergence::new(0.1)),
        (
            rbm.clone(),
            ContrastiveDivergence::new(0.1)
                .steps(3)
                .momentum(0.5)
                .sparsity(0.2, 0.1, 0.9),
        ),
        (
            rbm.clone(),
            ContrastiveDivergence::new(0.1)
                .persistent(7)
                .fast_weights(0.1, 0.9)
                .weight_decay(0.01),
        ),
        (
            rbm.clone().hidden(Hidden::NoisyRectified),
            ContrastiveDivergence::new(0.01).sample_visible(false),
        ),
        (
            rbm.clone().hidden(Hidden::Gaussian),
            ContrastiveDivergence::new(0.01).momentum(0.5),
        ),
        // So many chains that products with their states are worked out as such.
        (
            rbm.clone(),
            ContrastiveDivergence::new(0.1).persistent(40).steps(2),
        ),
        (
            gaussian,
            ContrastiveDivergence::new(0.01).persistent(5).momentum(0.5),
        ),
        (
            rbm.visible(Visible::Softmax { size: 2 }),
            ContrastiveDivergence::new(0.1),
        ),
    ]
}

fn data_for(rbm: &Rbm) -> Tensor {
    let machine = rbm.clone().build(0).unwrap();
    machine.chains(50, 3).unwrap().visible().clone()
}

fn bits(rbm: &RbmTrainer) -> Vec<u32> {
    let parts = [
        Some(rbm.kernel()),
        Some(rbm.visible_bias()),
        Some(rbm.hidden_bias()),
        rbm.variances(),
        rbm.persistent_chains(),
    ];
    parts
        .iter()
        .flatten()
        .flat_map(|part| part.data().iter().map(|v| v.to_bits()))
        .collect()
}

#[test]
fn the_number_of_threads_changes_no_bit() {
    for (way, (rbm, settings)) in ways().into_iter().enumerate() {
        let data = data_for(&rbm);
        let train = |threads: usize, seed: u64| {
            let mut trainer = rbm
                .clone()
                .compile(settings.clone().seed(seed).threads(threads))
                .unwrap();
            // The last batch has two samples only.
            let history = trainer
                .fit(&data, RbmFit::epochs(4).batch_size(16))
                .unwrap();
            (bits(&trainer), history)
        };
        let one = train(1, 1);
        for threads in 2..=4 {
            assert_eq!(one, train(threads, 1), "way {way} on {threads} threads");
        }
        assert_ne!(one.0, train(1, 2).0);
    }
}

#[test]
fn a_training_that_is_stopped_and_resumed_has_the_bits_of_one_that_is_not() {
    let folder = tempfile::tempdir().unwrap();
    for (way, (rbm, settings)) in ways().into_iter().enumerate() {
        let data = data_for(&rbm);
        let file = folder.path().join(format!("{way}"));
        let begin = || rbm.clone().compile(settings.clone().seed(1)).unwrap();
        let mut whole = begin();
        let history = whole.fit(&data, RbmFit::epochs(6).batch_size(16)).unwrap();
        begin()
            .fit(&data, RbmFit::epochs(2).batch_size(16).checkpoint(&file))
            .unwrap();
        let mut second = begin();
        let mut stop = |epoch: &RbmEpoch<'_>| -> Result<ControlFlow<()>, Error> {
            Ok(if epoch.number == 4 {
                ControlFlow::Break(())
            } else {
                ControlFlow::Continue(())
            })
        };
        let fit = RbmFit::epochs(6)
            .batch_size(16)
            .resume(&file)
            .checkpoint(&file)
            .callback(&mut stop);
        assert_eq!(second.fit(&data, fit).unwrap().epochs().len(), 4);
        let mut third = begin();
        let again = third
            .fit(&data, RbmFit::epochs(6).batch_size(16).resume(&file))
            .unwrap();
        assert_eq!(history, again, "way {way}");
        assert_eq!(bits(&whole), bits(&third), "way {way}");
    }
}

/// The samples of a tensor, two at a time.
struct Pairs(Tensor, bool);

impl Source for Pairs {
    fn steps(&self, _: usize) -> usize {
        self.0.samples() / 2
    }

    fn batch(&mut self, step: u64) -> Result<Option<Dataset>, Error> {
        let steps = self.0.samples() as u64 / 2;
        if self.1 && step >= steps {
            return Ok(None);
        }
        let first = 2 * (step % steps) as usize;
        let batch = self.0.select(&[first, first + 1]);
        Dataset::values(batch, Tensor::zeros([2, 1])).map(Some)
    }
}

#[test]
fn a_source_teaches_as_its_data_does() {
    let data = bars(40);
    let begin = || {
        Rbm::new(16, 8)
            .compile(ContrastiveDivergence::new(0.1).seed(1))
            .unwrap()
    };
    let (mut from_data, mut from_source) = (begin(), begin());
    from_data
        .fit(&data, RbmFit::epochs(3).batch_size(2).shuffle(false))
        .unwrap();
    from_source
        .fit(&mut Pairs(data.clone(), false), RbmFit::epochs(3))
        .unwrap();
    assert_eq!(bits(&from_data), bits(&from_source));
    let error = begin()
        .fit(&mut Pairs(data, true), RbmFit::epochs(3))
        .unwrap_err();
    assert!(
        error.to_string().contains("no batch for step 20"),
        "{error}"
    );
}

#[test]
fn validation_data_is_measured_as_the_machine_measures_it() {
    let data = bars(40);
    let mut rbm = Rbm::new(16, 8)
        .compile(ContrastiveDivergence::new(0.1))
        .unwrap();
    let history = rbm
        .fit(&data, RbmFit::epochs(2).validation_data(&data))
        .unwrap();
    let last = history.last().unwrap();
    assert_eq!(
        last.val_loss(),
        Some(rbm.reconstruction_error(&data).unwrap())
    );
    let energies = rbm.free_energy(&data).unwrap();
    let mean = energies.iter().sum::<f64>() / 40.0;
    assert_eq!(last.get("val_free_energy"), Some(mean));
    assert_eq!((last.steps(), rbm.taken_steps()), (4, 4));
}

#[test]
fn rate_and_momentum_can_change_on_the_way() {
    let data = bars(40);
    let begin = || {
        Rbm::new(16, 8)
            .compile(ContrastiveDivergence::new(0.1).seed(1))
            .unwrap()
    };
    let (mut changed, mut steady) = (begin(), begin());
    changed.set_momentum(0.5).unwrap();
    changed.fit(&data, RbmFit::epochs(2)).unwrap();
    steady.fit(&data, RbmFit::epochs(2)).unwrap();
    assert_ne!(bits(&changed), bits(&steady));
    steady.set_learning_rate(0.0).unwrap();
    let before = bits(&steady);
    steady.fit(&data, RbmFit::epochs(2)).unwrap();
    assert_eq!(before, bits(&steady));
    assert!(changed.set_momentum(1.0).is_err() && changed.set_learning_rate(-1.0).is_err());
}
