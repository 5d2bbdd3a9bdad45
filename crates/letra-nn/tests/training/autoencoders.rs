//! Autoencoders: what they learn, the same bits again, and networks on the same weights.

use letra_nn::learners::{
    Autoencoder, AutoencoderTrainer, Corruption, Likelihood, StackedAutoencoder,
};
use letra_nn::prelude::*;

use super::data::{bytes, quadrants};

fn compile(threads: usize) -> Compile {
    Compile::new(Adam::new(0.01))
        .loss(MeanSquaredError)
        .seed(5)
        .threads(threads)
}

fn encoder(units: usize) -> Sequential {
    Sequential::new([8, 8, 1])
        .add(Flatten)
        .add(Dense::new(units).sigmoid())
}

fn decoder(units: usize) -> Sequential {
    Sequential::new([units])
        .add(Dense::new(64))
        .add(Reshape::new([8, 8, 1]))
}

/// One of each kind.
fn kinds() -> Vec<(&'static str, Autoencoder)> {
    let dense = || Autoencoder::new(encoder(19), decoder(19));
    vec![
        ("undercomplete", dense()),
        (
            "tied, masking",
            Autoencoder::tied(
                encoder(19).add(Dense::new(7).tanh()),
                ActivationFunction::Linear,
            )
            .corruption(Corruption::Masking(0.2)),
        ),
        (
            "sparse, salt and pepper",
            dense()
                .sparse(0.1, 0.01)
                .corruption(Corruption::SaltAndPepper(0.1)),
        ),
        (
            "contractive, Gaussian",
            dense()
                .contractive(0.01)
                .corruption(Corruption::Gaussian(0.1)),
        ),
        (
            "variational",
            Autoencoder::new(encoder(20).add(Dense::new(12)), decoder(6)).variational(),
        ),
        (
            "convolutional",
            Autoencoder::new(
                Sequential::new([8, 8, 1]).add(Conv2d::new(3, 3).stride(2).same().relu()),
                Sequential::new([4, 4, 3]).add(Conv2dTranspose::new(1, 3).stride(2).same()),
            ),
        ),
        (
            "recurrent",
            Autoencoder::new(
                Sequential::new([8, 8, 1])
                    .add(Reshape::new([8, 8]))
                    .add(Lstm::new(9)),
                Sequential::new([9])
                    .add(RepeatVector::new(8))
                    .add(Gru::new(9).return_sequences(true))
                    .add(TimeDistributed::new(Dense::new(8)))
                    .add(Reshape::new([8, 8, 1])),
            ),
        ),
    ]
}

fn fit<'a>(epochs: usize) -> Fit<'a> {
    Fit::epochs(epochs).batch_size(24)
}

#[test]
fn each_kind_learns_the_same_bits_on_any_number_of_threads() {
    let data = quadrants(100);
    for (place, (name, _)) in kinds().into_iter().enumerate() {
        let trained = |threads: usize| {
            let mut trainer = kind_at(place).compile(compile(threads)).unwrap();
            let history = trainer.fit(&data, fit(3)).unwrap();
            (bytes(&trainer), history)
        };
        let (one, history) = trained(1);
        let losses: Vec<f64> = history.epochs().iter().map(|epoch| epoch.loss()).collect();
        assert!(losses[2] < losses[0], "{name}: {losses:?}");
        for threads in 2..=3 {
            let (other, again) = trained(threads);
            assert!(
                one == other && history == again,
                "{name} on {threads} threads"
            );
        }
    }
}

#[test]
fn each_kind_resumes_to_the_same_bits() {
    let data = quadrants(60);
    for (place, (name, kind)) in kinds().into_iter().enumerate() {
        let folder = tempfile::tempdir().unwrap();
        let checkpoint = folder.path().join("checkpoint");
        let mut whole = kind.compile(compile(2)).unwrap();
        whole.fit(&data, fit(4)).unwrap();
        let mut keeper = Checkpoint::new(&checkpoint);
        let mut first = kind_at(place).compile(compile(1)).unwrap();
        first.fit(&data, fit(2).callback(&mut keeper)).unwrap();
        let mut resumed = kind_at(place).compile(compile(3)).unwrap();
        resumed.fit(&data, fit(4).resume(&checkpoint)).unwrap();
        assert!(bytes(&whole) == bytes(&resumed), "{name}");
    }
}

fn kind_at(place: usize) -> Autoencoder {
    kinds().into_iter().nth(place).unwrap().1
}

#[test]
fn encoder_decoder_and_both_are_networks_on_the_same_weights() {
    let data = quadrants(40);
    for (name, kind) in kinds() {
        let mut trainer = kind.compile(compile(2)).unwrap();
        trainer.fit(&data, fit(1)).unwrap();
        let weights = trainer.weights();
        for network in [trainer.encoder(), trainer.decoder(), trainer.network()] {
            assert!(network.weights().is_same(&weights), "{name}");
        }
        let codes = trainer.encoder().predict(data.inputs()).unwrap();
        let both = trainer.predict(data.inputs()).unwrap();
        assert_eq!(trainer.decoder().predict(&codes).unwrap(), both, "{name}");
        assert_eq!((**trainer).predict(data.inputs()).unwrap(), both, "{name}");
        let folder = tempfile::tempdir().unwrap();
        for (file, network) in [("whole", trainer.network()), ("decoder", trainer.decoder())] {
            let path = folder.path().join(file);
            network.save(&path).unwrap();
            let given = if file == "whole" {
                data.inputs()
            } else {
                &codes
            };
            let loaded = Network::load(&path).unwrap();
            assert_eq!(loaded.predict(given).unwrap(), both, "{name}");
        }
        let path = folder.path().join("trainer");
        trainer.save(&path).unwrap();
        assert!(
            bytes(&Trainer::load(&path).unwrap()) == bytes(&trainer),
            "{name}"
        );
    }
}

/// Pictures of which a third of the pixels are lost, as another seed than the training's says.
fn noisy(pictures: &Tensor) -> Tensor {
    let network = Sequential::new([8, 8, 1]).add(MaskingNoise::new(0.33));
    // What masking leaves, from its gradients: of 0 where it was lost.
    let mut trainer = network.compile(compile(1).seed(77)).unwrap();
    let ones = Tensor::new(pictures.shape().to_vec(), vec![1.0; pictures.data().len()]).unwrap();
    let (_, kept) = trainer.backward(pictures, &[ones]).unwrap();
    let values = pictures
        .data()
        .iter()
        .zip(kept[0].data())
        .map(|(x, kept)| x * kept);
    Tensor::new(pictures.shape().to_vec(), values.collect()).unwrap()
}

fn distance(one: &Tensor, other: &Tensor) -> f64 {
    let pairs = one.data().iter().zip(other.data());
    pairs.map(|(a, b)| f64::from(a - b).powi(2)).sum::<f64>() / one.data().len() as f64
}

#[test]
fn a_denoiser_mends_what_was_lost() {
    let data = quadrants(400);
    let (train, test) = data.split(0.25).unwrap();
    let lost = noisy(test.inputs());
    let mended = |corruption: Option<Corruption>| {
        let mut autoencoder = Autoencoder::new(encoder(40), decoder(40));
        if let Some(corruption) = corruption {
            autoencoder = autoencoder.corruption(corruption);
        }
        let mut trainer = autoencoder.compile(compile(2)).unwrap();
        trainer.fit(&train, fit(60)).unwrap();
        distance(&trainer.predict(&lost).unwrap(), test.inputs())
    };
    let identity = distance(&lost, test.inputs());
    let denoiser = mended(Some(Corruption::Masking(0.33)));
    let plain = mended(None);
    assert!(denoiser < 0.5 * identity, "{denoiser} for {identity}");
    assert!(denoiser < plain, "{denoiser} for {plain} without noise");
}

#[test]
fn a_sparsity_target_is_met() {
    let data = quadrants(200);
    let activity = |autoencoder: Autoencoder| {
        let mut trainer = autoencoder.compile(compile(2)).unwrap();
        trainer.fit(&data, fit(60)).unwrap();
        let codes = trainer.encoder().predict(data.inputs()).unwrap();
        f64::from(codes.data().iter().sum::<f32>()) / codes.data().len() as f64
    };
    let sparse = activity(Autoencoder::new(encoder(30), decoder(30)).sparse(0.05, 0.5));
    let plain = activity(Autoencoder::new(encoder(30), decoder(30)));
    assert!(
        (sparse - 0.05).abs() < 0.02 && plain > 0.2,
        "{sparse}, {plain} without"
    );
}

#[test]
fn a_contraction_makes_the_jacobian_small() {
    let data = quadrants(200);
    let moved = |autoencoder: Autoencoder| {
        let mut trainer = autoencoder.compile(compile(2)).unwrap();
        trainer.fit(&data, fit(40)).unwrap();
        let nudged = data.inputs().data().iter().enumerate();
        let nudged = nudged.map(|(place, x)| x + if place % 3 == 0 { 0.02 } else { -0.01 });
        let nudged = Tensor::new([200, 8, 8, 1], nudged.collect()).unwrap();
        let encoder = trainer.encoder();
        distance(
            &encoder.predict(&nudged).unwrap(),
            &encoder.predict(data.inputs()).unwrap(),
        )
    };
    let contractive = moved(Autoencoder::new(encoder(30), decoder(30)).contractive(0.1));
    let plain = moved(Autoencoder::new(encoder(30), decoder(30)));
    assert!(contractive < 0.5 * plain, "{contractive}, {plain} without");
}

/// A code of one number and two values: x = w z + b + n, with z ~ N(0, 1) and n ~ N(0, v): then x is
/// normal, log p(x) has a closed form, and so has the distribution of z given x.
struct LinearGaussian {
    w: [f64; 2],
    b: [f64; 2],
    v: f64,
}

impl LinearGaussian {
    /// log N(x; b, w wᵀ + v I), by the determinant and inverse of a 2 × 2 matrix.
    fn log_likelihood(&self, x: [f64; 2]) -> f64 {
        let [p, q] = self.w;
        let [a, c, d] = [p * p + self.v, p * q, q * q + self.v];
        let determinant = a * d - c * c;
        let [r, s] = [x[0] - self.b[0], x[1] - self.b[1]];
        let square = (d * r * r - 2.0 * c * r * s + a * s * s) / determinant;
        -0.5 * (square + determinant.ln()) - std::f64::consts::TAU.ln()
    }

    /// An autoencoder whose decoder is this model, and whose encoder gives the mean of z given x, and its
    /// variance times a factor.
    fn autoencoder(&self, factor: f64) -> AutoencoderTrainer {
        let encoder = Sequential::new([2]).add(Dense::new(2));
        let decoder = Sequential::new([1]).add(Dense::new(2));
        let trainer = Autoencoder::new(encoder, decoder)
            .variational()
            .compile(compile(2))
            .unwrap();
        let precision = 1.0 + (self.w[0].powi(2) + self.w[1].powi(2)) / self.v;
        let slope = self.w.map(|w| w / self.v / precision);
        let offset = -(slope[0] * self.b[0] + slope[1] * self.b[1]);
        let set = |name: &str, shape: &[usize], values: &[f64]| {
            let values = values.iter().map(|&value| value as f32).collect();
            let values = Tensor::new(shape.to_vec(), values).unwrap();
            trainer.set_parameter(name, &values).unwrap();
        };
        set(
            "encoder/dense/kernel",
            &[2, 2],
            &[slope[0], 0.0, slope[1], 0.0],
        );
        set(
            "encoder/dense/bias",
            &[2],
            &[offset, (factor / precision).ln()],
        );
        set("decoder/dense/kernel", &[1, 2], &self.w);
        set("decoder/dense/bias", &[2], &self.b);
        trainer
    }
}

#[test]
fn the_bound_is_the_likelihood_where_the_code_is_what_it_should_be_and_below_it_elsewhere() {
    let model = LinearGaussian {
        w: [0.8, -0.5],
        b: [0.3, 0.1],
        v: 0.4,
    };
    let points = [[0.5, 0.2], [-1.0, 0.9], [1.4, -0.6]];
    let exact = points.iter().map(|&x| model.log_likelihood(x)).sum::<f64>() / 3.0;
    let inputs: Vec<f32> = points.iter().flatten().map(|&value| value as f32).collect();
    let inputs = Tensor::new([3, 2], inputs).unwrap();
    let bound = |factor: f64| {
        let likelihood = Likelihood::Gaussian { variance: 0.4 };
        model
            .autoencoder(factor)
            .bound(&inputs, likelihood, 4000, 1)
            .unwrap()
    };
    assert!(
        (bound(1.0) - exact).abs() < 0.02,
        "{} for {exact}",
        bound(1.0)
    );
    for factor in [0.2_f64, 3.0] {
        // Below by KL(N(m, f s) ‖ N(m, s)) = ½ (f − 1 − log f).
        let below = 0.5 * (factor - 1.0 - factor.ln());
        let found = bound(factor);
        assert!(
            (exact - found - below).abs() < 0.05,
            "{found} for {exact} − {below}"
        );
    }
}

/// Of Bernoulli values, the exact likelihood is an integral over one code, here a sum over a fine grid.
#[test]
fn a_bernoulli_bound_is_below_the_likelihood_and_training_raises_it() {
    let patterns: [[f32; 4]; 2] = [[1.0, 1.0, 0.0, 0.0], [0.0, 0.0, 1.0, 1.0]];
    let values = (0..64).flat_map(|sample| patterns[sample % 2]).collect();
    let data = Dataset::unlabelled(Tensor::new([64, 4], values).unwrap()).unwrap();
    let encoder = Sequential::new([4])
        .add(Dense::new(8).tanh())
        .add(Dense::new(2));
    let decoder = Sequential::new([1])
        .add(Dense::new(8).tanh())
        .add(Dense::new(4));
    let settings = Compile::new(Adam::new(0.02))
        .loss(BinaryCrossEntropy::from_logits())
        .seed(2);
    let mut trainer = Autoencoder::new(encoder, decoder)
        .variational()
        .compile(settings)
        .unwrap();
    let bound = |trainer: &AutoencoderTrainer| {
        trainer
            .bound(data.inputs(), Likelihood::Bernoulli, 400, 3)
            .unwrap()
    };
    let exact = |trainer: &AutoencoderTrainer| {
        let grid: Vec<f32> = (-600..=600).map(|step| step as f32 / 100.0).collect();
        let codes = Tensor::new([grid.len(), 1], grid.clone()).unwrap();
        let given = trainer.decoder().predict(&codes).unwrap();
        let log = |pattern: &[f32; 4]| {
            let terms = grid.iter().enumerate().map(|(place, &z)| {
                let prior = (-0.5 * f64::from(z * z)).exp() / std::f64::consts::TAU.sqrt();
                let likelihood = given
                    .sample(place)
                    .iter()
                    .zip(pattern)
                    .map(|(&p, &x)| f64::from(if x == 1.0 { p } else { 1.0 - p }));
                0.01 * prior * likelihood.product::<f64>()
            });
            terms.sum::<f64>().ln()
        };
        patterns.iter().map(log).sum::<f64>() / 2.0
    };
    let before = bound(&trainer);
    assert!(before < exact(&trainer) + 0.02);
    trainer.fit(&data, Fit::epochs(150).batch_size(32)).unwrap();
    let after = bound(&trainer);
    assert!(
        after < exact(&trainer) + 0.02,
        "{after}, {}",
        exact(&trainer)
    );
    // Chance is 4 log 2 = 2.77 nats, and the best log 2 = 0.69.
    assert!(
        after > before + 0.8 && after > -1.6,
        "{before}, then {after}"
    );
}

/// Never the same pictures again.
struct Drawn;

impl Source for Drawn {
    fn steps(&self, _epoch: usize) -> usize {
        4
    }

    fn batch(&mut self, step: u64) -> Result<Option<Dataset>, Error> {
        let all = quadrants(200);
        let start = (step as usize * 32) % 160;
        Ok(Some(all.select(&(start..start + 32).collect::<Vec<_>>())))
    }
}

#[test]
fn a_source_and_labelled_or_weighted_data_are_learnt_from_as_well() {
    let make = || {
        Autoencoder::new(encoder(8), decoder(8))
            .compile(compile(2))
            .unwrap()
    };
    let history = make().fit(&mut Drawn, Fit::epochs(5)).unwrap();
    assert!(history.epochs()[4].loss() < history.epochs()[0].loss());
    let labelled = quadrants(40);
    let unlabelled = Dataset::unlabelled(labelled.inputs().clone()).unwrap();
    let (mut one, mut other) = (make(), make());
    one.fit(&labelled, fit(2).validation_data(&unlabelled))
        .unwrap();
    other.fit(&unlabelled, fit(2)).unwrap();
    assert!(bytes(&one) == bytes(&other));
    assert_eq!(
        one.evaluate(&labelled).unwrap(),
        one.evaluate(&unlabelled).unwrap()
    );
    let mut weighted = make();
    let weights = labelled.with_sample_weights(vec![0.5; 40]).unwrap();
    weighted.fit(&weights, fit(2)).unwrap();
    assert!(bytes(&weighted) != bytes(&one));
}

fn stack(tied: bool) -> StackedAutoencoder {
    StackedAutoencoder::new([8, 8, 1], [24, 12, 6])
        .corruption(Corruption::Masking(0.1))
        .tied(tied)
}

fn layerwise<'a>(threads: usize, epochs: usize) -> impl FnMut(usize) -> (Compile, Fit<'a>) {
    move |layer| {
        let compile = Compile::new(Adam::new(0.02))
            .loss(BinaryCrossEntropy::new())
            .seed(layer as u64)
            .threads(threads);
        (compile, fit(epochs))
    }
}

#[test]
fn layers_are_trained_one_after_the_other_then_together_then_by_labels() {
    let data = quadrants(200);
    for tied in [true, false] {
        let mut stacked = stack(tied);
        assert!(stacked.unrolled().is_err());
        let histories = stacked.pretrain(&data, layerwise(2, 15)).unwrap();
        assert_eq!(histories.len(), 3);
        for history in &histories {
            assert!(history.epochs()[14].loss() < history.epochs()[0].loss());
        }
        let codes = stacked.encoder().unwrap().predict(data.inputs()).unwrap();
        let settings = Compile::new(Adam::new(0.01))
            .loss(BinaryCrossEntropy::new())
            .seed(9);
        let mut unrolled = stacked.unrolled().unwrap().compile(settings).unwrap();
        assert_eq!(unrolled.encoder().predict(data.inputs()).unwrap(), codes);
        let before = unrolled.evaluate(&data).unwrap().loss;
        unrolled.fit(&data, fit(15)).unwrap();
        let after = unrolled.evaluate(&data).unwrap().loss;
        assert!(after < before, "{after} after {before}");

        let network = stacked.into_network(4, 1).unwrap();
        let part = network.subnetwork(&["input"], &["encode_3"]).unwrap();
        assert_eq!(part.predict(data.inputs()).unwrap(), codes);
        let mut network = network
            .compile(Compile::new(Adam::new(0.02)).metric(Accuracy))
            .unwrap();
        network.fit(&data, fit(25)).unwrap();
        assert!(network.evaluate(&data).unwrap().metric("accuracy") > Some(0.95));
    }
}

#[test]
fn layers_that_learn_from_labels_too_say_more_of_the_class() {
    let data = quadrants(120);
    let told = |stacked: StackedAutoencoder| {
        let mut stacked = stacked;
        stacked.pretrain(&data, layerwise(1, 8)).unwrap();
        // A linear layer on the codes as they are.
        let mut network = stacked.into_network(4, 1).unwrap();
        network.freeze("encode_1").unwrap();
        let mut network = network
            .compile(Compile::new(Adam::new(0.02)).metric(Accuracy))
            .unwrap();
        network.fit(&data, fit(10)).unwrap();
        network.evaluate(&data).unwrap().loss
    };
    let one = || StackedAutoencoder::new([8, 8, 1], [6]);
    let (plain, supervised) = (told(one()), told(one().partly_supervised(1, 1.0)));
    assert!(supervised < plain, "{supervised}, {plain} without labels");
}

#[test]
fn a_stack_has_the_same_bits_on_any_number_of_threads_and_resumed() {
    let data = quadrants(60);
    let trained = |settings: &mut dyn FnMut(usize) -> (Compile, Fit<'static>)| {
        let mut stacked = stack(true).partly_supervised(1, 0.5);
        stacked.pretrain(&data, settings).unwrap();
        let weights = stacked.into_network(4, 1).unwrap().weights();
        let names: Vec<String> = weights.names().map(str::to_owned).collect();
        names
            .iter()
            .map(|name| weights.get(name).unwrap())
            .collect::<Vec<_>>()
    };
    let one = trained(&mut layerwise(1, 4));
    for threads in 2..=3 {
        assert_eq!(one, trained(&mut layerwise(threads, 4)));
    }
    let folder = tempfile::tempdir().unwrap();
    let path = |layer: usize| folder.path().join(format!("layer {layer}"));
    // Stopped in the second layer.
    let mut keepers: Vec<Checkpoint> = (0..2).map(|layer| Checkpoint::new(path(layer))).collect();
    let mut left = keepers.iter_mut();
    let mut stopped = stack(true).partly_supervised(1, 0.5);
    stopped
        .pretrain(&data, |layer| {
            let (compile, _) = layerwise(1, 4)(layer);
            match left.next() {
                Some(keeper) => (compile, fit([4, 2][layer]).callback(keeper)),
                None => (compile, fit(1)),
            }
        })
        .unwrap();
    let resumed = trained(&mut |layer| {
        let (compile, fit) = layerwise(2, 4)(layer);
        (compile, fit.resume(path(layer)))
    });
    assert_eq!(one, resumed);
}
