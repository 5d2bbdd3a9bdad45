//! One seed gives one result, on any number of threads and after a stop.

use std::ops::ControlFlow;

use letra_nn::learners::{
    Adversarial, AdversarialEpoch, AdversarialFit, AdversarialObjective, AdversarialTrainer,
};
use letra_nn::prelude::*;
use letra_nn::random::{Domain, Random};

fn data(samples: usize) -> Dataset {
    let random = Random::new(1, Domain::Data, 0, 0);
    let values = (0..samples).flat_map(|sample| random.normal(sample, 6 * 6));
    let pictures = Tensor::new([samples, 6, 6, 1], values.collect()).unwrap();
    Dataset::unlabelled(pictures).unwrap()
}

/// With all that draws, averages and remembers.
fn pair(threads: usize, seed: u64) -> AdversarialTrainer {
    let generator = Sequential::new([3])
        .add(Dense::new(3 * 3 * 4))
        .add(BatchNormalization::new())
        .add(Activation::relu())
        .add(Reshape::new([3, 3, 4]))
        .add(Conv2dTranspose::new(1, 3).stride(2).same().tanh());
    let discriminator = Sequential::new([6, 6, 1])
        .add(SpectralNormalization::new(
            Conv2d::new(4, 3).stride(2).same(),
        ))
        .add(LayerNormalization::new())
        .add(LeakyRelu::new(0.2))
        .add(Flatten)
        .add(Dense::new(1));
    let compile = || Compile::new(Adam::new(0.01)).seed(seed).threads(threads);
    Adversarial::new(generator, discriminator)
        .objective(AdversarialObjective::Wasserstein)
        .gradient_penalty(10.0)
        .discriminator_steps(2)
        .average(0.9)
        .compile(compile(), compile())
        .unwrap()
}

fn values(pair: &AdversarialTrainer) -> Vec<Vec<f32>> {
    let networks = [
        pair.generator(),
        pair.discriminator(),
        pair.averaged_generator().unwrap(),
    ];
    let parameters = networks
        .into_iter()
        .flat_map(|network| network.parameters());
    parameters.map(|known| known.values).collect()
}

#[test]
fn threads_change_no_bit() {
    let data = data(50);
    let [one, two, three] = [1, 2, 3].map(|threads| {
        let mut pair = pair(threads, 4);
        let fit = AdversarialFit::epochs(2).batch_size(16);
        let history = pair.fit(&data, fit).unwrap();
        (values(&pair), history, pair.sample(3, 1).unwrap())
    });
    assert_eq!(one, two);
    assert_eq!(one, three);
    let mut other = pair(1, 5);
    other
        .fit(&data, AdversarialFit::epochs(2).batch_size(16))
        .unwrap();
    assert_ne!(one.0, values(&other));
}

#[test]
fn a_stopped_training_goes_on_as_if_it_had_not_been() {
    // Three steps an epoch, so that the generator's turn does not end with it.
    let data = data(44);
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("pair.safetensors");
    let fit = |epochs| AdversarialFit::epochs(epochs).batch_size(16);
    let mut whole = pair(2, 4);
    let history = whole.fit(&data, fit(5)).unwrap();

    let mut stops = |epoch: &AdversarialEpoch<'_>| -> Result<ControlFlow<()>, Error> {
        Ok(match epoch.number {
            3 => ControlFlow::Break(()),
            _ => ControlFlow::Continue(()),
        })
    };
    let mut stopped = pair(2, 4);
    stopped
        .fit(&data, fit(5).checkpoint(&path).callback(&mut stops))
        .unwrap();
    let mut resumed = pair(1, 4);
    let again = resumed
        .fit(&data, fit(5).resume(&path).checkpoint(&path))
        .unwrap();
    assert_eq!(history, again);
    assert_eq!(values(&whole), values(&resumed));
    assert_eq!(whole.taken_steps(), resumed.taken_steps());

    // Of a training that is over, nothing is left to do.
    let mut over = pair(1, 4);
    assert_eq!(over.fit(&data, fit(5).resume(&path)).unwrap(), history);
    assert_eq!(values(&whole), values(&over));

    let mut other = pair(1, 5);
    let error = other.fit(&data, fit(5).resume(&path)).unwrap_err();
    assert!(
        error.to_string().contains("other networks, settings"),
        "{error}"
    );
    let error = pair(1, 4).fit(&data, AdversarialFit::epochs(5).batch_size(8).resume(&path));
    assert!(error.is_err());
}

#[test]
fn a_damaged_checkpoint_is_refused_and_changes_nothing() {
    let data = data(32);
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("pair.safetensors");
    let fit = |epochs| AdversarialFit::epochs(epochs).batch_size(16);
    pair(1, 4).fit(&data, fit(1).checkpoint(&path)).unwrap();
    let bytes = std::fs::read(&path).unwrap();
    for end in [0, 7, bytes.len() / 2, bytes.len() - 1] {
        std::fs::write(&path, &bytes[..end]).unwrap();
        let mut own = pair(1, 4);
        let before = values(&own);
        assert!(own.fit(&data, fit(2).resume(&path)).is_err(), "{end} bytes");
        assert_eq!(before, values(&own));
    }
}

/// Batches that follow from the number of the step.
struct Drawn;

impl Source for Drawn {
    fn steps(&self, _epoch: usize) -> usize {
        3
    }

    fn batch(&mut self, step: u64) -> Result<Option<Dataset>, Error> {
        let values = Random::new(6, Domain::Data, 1, step).normal(0, 8 * 36);
        Dataset::unlabelled(Tensor::new([8, 6, 6, 1], values)?).map(Some)
    }
}

#[test]
fn a_source_resumes_by_the_number_of_its_step() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("pair.safetensors");
    let mut whole = pair(1, 4);
    let history = whole.fit(&mut Drawn, AdversarialFit::epochs(3)).unwrap();
    pair(1, 4)
        .fit(&mut Drawn, AdversarialFit::epochs(1).checkpoint(&path))
        .unwrap();
    let mut resumed = pair(1, 4);
    let again = resumed
        .fit(&mut Drawn, AdversarialFit::epochs(3).resume(&path))
        .unwrap();
    assert_eq!((history, values(&whole)), (again, values(&resumed)));
}
