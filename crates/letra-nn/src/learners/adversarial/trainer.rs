use rayon::prelude::*;

use super::networks::{DISCRIMINATOR, GENERATOR};
use super::objective::softplus;
use super::{AdversarialFit, Noise, Settings, conditions, fit};
use crate::buffer::Buffer;
use crate::dataset::{Dataset, Inputs, Targets};
use crate::random::{Domain, Random};
use crate::training::{Batches, History, warn_of_slow_kernels};
use crate::{Error, Network, Shape, Tensor, Trainer};

/// Streams of noise: of the discriminator's steps, of the generator's, and of what is asked for.
#[derive(Clone, Copy)]
enum For {
    Discriminator,
    Generator,
    Asked,
}

/// How far after those of noise the streams of codes lie.
const CODES: usize = 8;

/// A generator and a discriminator that learn: [`Adversarial`](super::Adversarial), compiled.
///
/// Generator and discriminator are networks on the weights that learn, to ask, look into and save; their
/// layers' names begin with "generator/" and "discriminator/".
///
/// ```
/// use letra_nn::learners::{Adversarial, AdversarialFit};
/// use letra_nn::prelude::*;
///
/// // A generator of one of two classes, told which by a label one-hot.
/// let network = |first: usize, last: usize| {
///     let mut model = Model::new();
///     let (value, label) = (model.input([first]), model.input([2]));
///     let both = model.layer(Concatenate, [value, label]);
///     let hidden = model.layer(Dense::new(8).relu(), [both]);
///     let output = model.layer(Dense::new(last), [hidden]);
///     model.outputs([output])
/// };
/// let mut pair = Adversarial::new(network(3, 1), network(1, 1))
///     .compile(Compile::new(Adam::new(0.01)).seed(1), Compile::new(Adam::new(0.01)))?;
/// let values = Tensor::new([4, 1], vec![-1.0, 1.0, -1.1, 0.9])?;
/// let data = Dataset::classes(values, vec![0, 1, 0, 1], 2)?;
/// pair.fit(&data, AdversarialFit::epochs(2))?;
/// let of_the_second = one_hot(&[1, 1, 1], 2)?;
/// assert_eq!(pair.sample_of(&[of_the_second], 7)?.shape(), [3, 1]);
/// # Ok::<(), letra_nn::Error>(())
/// ```
pub struct AdversarialTrainer {
    pub(super) settings: Settings,
    pub(super) seed: u64,
    pub(super) generator_learner: Trainer,
    pub(super) discriminator_learner: Trainer,
    generator: Network,
    discriminator: Network,
    pub(super) averaged: Option<Network>,
    /// From samples to what is said of their codes.
    information: Option<Network>,
    /// A layer that goes by the batch, if there is one.
    by_batch: Option<String>,
}

/// What both lost by before a step.
///
/// ```
/// use letra_nn::learners::Adversarial;
/// use letra_nn::prelude::*;
///
/// let generator = Sequential::new([3]).add(Dense::new(2));
/// let discriminator = Sequential::new([2]).add(Dense::new(1));
/// let mut pair = Adversarial::new(generator, discriminator)
///     .compile(Compile::new(Sgd::new(0.01)), Compile::new(Sgd::new(0.01)))?;
/// let batch = Dataset::unlabelled(Tensor::zeros([4, 2]))?;
/// let scores = pair.train_on_batch(&batch)?;
/// assert!((scores.discriminator_loss - scores.real_loss - scores.generated_loss).abs() < 1e-6);
/// # Ok::<(), letra_nn::Error>(())
/// ```
#[derive(Debug, Clone, Copy, PartialEq)]
#[non_exhaustive]
pub struct AdversarialScores {
    /// All of the discriminator's, its penalties included.
    pub discriminator_loss: f64,
    /// Its part for real samples.
    pub real_loss: f64,
    /// Its part for generated ones.
    pub generated_loss: f64,
    /// The mean of (‖∂*d* / ∂*x̂*‖ − 1)², where there is a gradient penalty, without its factor.
    pub gradient_penalty: Option<f64>,
    /// All of the generator's, where it took a step.
    pub generator_loss: Option<f64>,
    /// What the codes of the discriminator's step cost, where there is an information term, without its
    /// weight.
    pub information_loss: Option<f64>,
    /// How far what the generator made was from the batch, where there is a reconstruction term and it
    /// took a step, without its weight.
    pub reconstruction_loss: Option<f64>,
}

impl AdversarialTrainer {
    pub(super) fn new(
        settings: Settings,
        seed: u64,
        [generator_learner, discriminator_learner]: [Trainer; 2],
        [generator, discriminator]: [Network; 2],
        information: Option<Network>,
        by_batch: Option<String>,
    ) -> Self {
        AdversarialTrainer {
            averaged: settings.average.map(|_| generator.clone()),
            settings,
            seed,
            generator_learner,
            discriminator_learner,
            generator,
            discriminator,
            information,
            by_batch,
        }
    }

    /// The generator as it is now, on the weights that learn.
    pub fn generator(&self) -> &Network {
        &self.generator
    }

    /// The discriminator as it is now, on the weights that learn.
    pub fn discriminator(&self) -> &Network {
        &self.discriminator
    }

    /// The generator with weights averaged over its steps, where they [are](super::Adversarial::average).
    pub fn averaged_generator(&self) -> Option<&Network> {
        self.averaged.as_ref()
    }

    /// What the head of an [information term](super::Adversarial::information) says of samples, a network
    /// on the weights that learn: `[samples, codes]`, of a categorical code a logit for each of its values,
    /// of a continuous one its mean. It takes what the discriminator takes, conditions only where the head's
    /// features go by them.
    pub fn information(&self) -> Option<&Network> {
        self.information.as_ref()
    }

    /// Steps that the discriminator and the generator have taken.
    pub fn taken_steps(&self) -> [u64; 2] {
        [
            self.discriminator_learner.steps(),
            self.generator_learner.steps(),
        ]
    }

    /// Learns from a data set or a source of batches. Their inputs are the samples and, after them,
    /// conditions; where the networks take one condition and the data has no further input, its targets are
    /// that: classes one-hot, or as numbers where the networks take one value, and values as they are.
    /// Otherwise targets have no say.
    ///
    /// The history has the discriminator's loss as "loss", and "real_loss", "generated_loss",
    /// "generator_loss" and "gradient_penalty" beside it. Where numbers cease to be numbers, the weights
    /// are those of before.
    ///
    /// # Errors
    /// When the data does not fit the networks, a batch of one sample meets a batch normalisation, a loss is
    /// no longer a number, a source gives no batch, a callback fails, or a file cannot be written or read.
    pub fn fit<'e>(
        &mut self,
        data: impl Into<Batches<'e>>,
        fit: AdversarialFit<'_>,
    ) -> Result<History, Error> {
        warn_of_slow_kernels();
        let (data, workers) = (data.into(), self.generator.workers());
        workers.install_training(|| fit::run(self, data, fit))
    }

    /// One step of the discriminator on a batch and, if it is the generator's turn, one of that.
    ///
    /// # Errors
    /// As [`AdversarialTrainer::fit`]; the network whose loss is no number is as it was before.
    pub fn train_on_batch(&mut self, batch: &Dataset) -> Result<AdversarialScores, Error> {
        self.check_batch(batch)?;
        let conditions = conditions::of(batch, self.conditions())?;
        let workers = self.generator.workers();
        workers.install(|| self.step(batch.inputs(), &conditions))
    }

    fn step(
        &mut self,
        samples: &Tensor,
        conditions: &[Tensor],
    ) -> Result<AdversarialScores, Error> {
        let count = samples.samples();
        let number = self.discriminator_learner.steps();
        let noise = self.draw_noise(count, For::Discriminator, number);
        let codes = self.codes_of(&noise)?;
        let inputs = [samples.clone(), noise];
        // The codes' loss comes last.
        let held = codes.map(|codes| (2 + usize::from(self.settings.penalty.is_some()), codes));
        let learner = &mut self.discriminator_learner;
        let batch = batch(learner, inputs, conditions, held)?;
        let scores = learner.train_on_batch(&batch)?;
        if let Some(limit) = self.settings.clip {
            self.clip(limit);
        }
        let generators = (number + 1).is_multiple_of(self.settings.discriminator_steps as u64);
        let generator = match generators {
            true => Some(self.generator_step(samples, conditions)?),
            false => None,
        };
        let part = |index: usize| scores.metrics.get(index).map(|(_, loss)| *loss);
        let settings = &self.settings;
        let mut further = 2..;
        let mut further =
            |is_there: bool| is_there.then(|| further.next()).flatten().and_then(part);
        Ok(AdversarialScores {
            discriminator_loss: scores.loss,
            real_loss: part(0).unwrap_or(f64::NAN),
            generated_loss: part(1).unwrap_or(f64::NAN),
            gradient_penalty: further(settings.penalty.is_some()),
            information_loss: further(settings.information.is_some()),
            generator_loss: generator.map(|[loss, _]| loss),
            reconstruction_loss: generator
                .filter(|_| settings.reconstruction.is_some())
                .map(|[_, distance]| distance),
        })
    }

    /// The codes that an information term has in some noise.
    fn codes_of(&self, noise: &Tensor) -> Result<Option<Tensor>, Error> {
        let information = self.settings.information.as_ref();
        information.map(|term| term.codes_of(noise)).transpose()
    }

    /// Gives the loss, and the last part of it.
    fn generator_step(
        &mut self,
        samples: &Tensor,
        conditions: &[Tensor],
    ) -> Result<[f64; 2], Error> {
        let number = self.generator_learner.steps();
        let noise = self.draw_noise(samples.samples(), For::Generator, number);
        let codes = self.codes_of(&noise)?.map(|codes| (1, codes));
        let targets = self.settings.reconstruction.map(|_| {
            let before = 1 + usize::from(codes.is_some());
            (before, samples.clone())
        });
        let held = codes.into_iter().chain(targets);
        let learner = &mut self.generator_learner;
        let batch = batch(learner, [noise], conditions, held)?;
        let scores = learner.train_on_batch(&batch)?;
        if let (Some(averaged), Some(decay)) = (&self.averaged, self.settings.average) {
            average(averaged, &self.generator, decay);
        }
        let last = scores.metrics.last().map_or(scores.loss, |(_, loss)| *loss);
        Ok([scores.loss, last])
    }

    /// Brings the discriminator's parameters back to a magnitude.
    fn clip(&self, limit: f32) {
        let known = self.discriminator.ops().weights.iter();
        let ranges: Vec<_> = known
            .filter(|known| known.trainable())
            .map(|known| known.range())
            .collect();
        self.discriminator.weights().change(|all, _| {
            for range in ranges {
                let values = all[range].iter_mut();
                values.for_each(|value| *value = value.clamp(-limit, limit));
            }
        });
    }

    /// Refuses a batch that does not fit.
    pub(super) fn check_batch(&self, batch: &Dataset) -> Result<(), Error> {
        self.check_samples(batch.inputs())?;
        match batch.samples() {
            0 => Err(Error::data("the batch is empty").with_hint("give at least one sample")),
            samples => self.check_count(samples),
        }
    }

    /// Refuses samples of another shape.
    pub(super) fn check_samples(&self, samples: &Tensor) -> Result<(), Error> {
        let wanted = &self.discriminator.input_shapes()[0];
        let given = samples.shape().get(1..).unwrap_or_default();
        match given == wanted.sizes() {
            true => Ok(()),
            false => {
                let message = format!("the discriminator takes {wanted} but a sample is {given:?}");
                Err(Error::shape(wanted.sizes(), given, message)
                    .with_hint("give samples of the shape that the generator gives"))
            }
        }
    }

    /// Refuses a batch of one sample where a layer goes by the batch.
    pub(super) fn check_count(&self, samples: usize) -> Result<(), Error> {
        match &self.by_batch {
            Some(layer) if samples == 1 => Err(Error::data(format!(
                "a batch of 1 sample meets the batch normalisation {layer}, which would take it for all there is"
            ))
            .with_hint("choose a batch size that leaves no batch of 1, or LayerNormalization")),
            _ => Ok(()),
        }
    }

    /// Shapes of the conditions that both networks take.
    pub(super) fn conditions(&self) -> &[Shape] {
        &self.generator.input_shapes()[1..]
    }

    /// Noise for so many samples, as the generator takes it, codes included: a function of the seed alone.
    pub fn noise(&self, samples: usize, seed: u64) -> Tensor {
        let random = Random::new(seed, Domain::Noise, For::Asked as usize, 0);
        self.noise_of(samples, random)
    }

    fn draw_noise(&self, samples: usize, purpose: For, step: u64) -> Tensor {
        self.noise_of(
            samples,
            Random::new(self.seed, Domain::Noise, purpose as usize, step),
        )
    }

    fn noise_of(&self, samples: usize, random: Random) -> Tensor {
        let shape = &self.generator.input_shapes()[0];
        let mut noise = Tensor::zeros([&[samples], shape.sizes()].concat());
        let values = shape.values();
        let kind = self.settings.noise;
        let information = self.settings.information.as_ref();
        let fill = |(sample, noise): (usize, &mut [f32])| {
            let drawn = match kind {
                Noise::Normal => random.normal(sample, values),
                Noise::Uniform => random.uniform(sample, values),
            };
            for (noise, drawn) in noise.iter_mut().zip(drawn) {
                *noise = match kind {
                    Noise::Normal => drawn,
                    Noise::Uniform => 2.0 * drawn - 1.0,
                };
            }
            if let Some(information) = information {
                information.draw(random.of_following_op(CODES), sample, noise);
            }
        };
        let samples = noise.data_mut().par_chunks_exact_mut(values.max(1));
        let workers = self.generator.workers();
        workers.install(|| samples.enumerate().for_each(fill));
        noise
    }

    /// So many samples that the generator makes of noise drawn by the seed; of an averaged one, that one.
    ///
    /// # Errors
    /// When the generator takes conditions.
    pub fn sample(&self, samples: usize, seed: u64) -> Result<Tensor, Error> {
        self.generate(&self.noise(samples, seed), &[])
    }

    /// A sample for each of these conditions, of noise drawn by the seed: a tensor `[samples, …]` for each
    /// input after the first.
    ///
    /// # Errors
    /// When the conditions do not fit.
    pub fn sample_of(&self, conditions: &[Tensor], seed: u64) -> Result<Tensor, Error> {
        let samples = conditions.first().map_or(0, Tensor::samples);
        self.generate(&self.noise(samples, seed), conditions)
    }

    /// What the generator, the averaged one where there is one, makes of this noise under these conditions.
    ///
    /// # Errors
    /// When noise or conditions do not have the generator's shapes.
    pub fn generate(&self, noise: &Tensor, conditions: &[Tensor]) -> Result<Tensor, Error> {
        conditions::check(conditions, self.conditions(), noise.samples())?;
        let generator = self.averaged.as_ref().unwrap_or(&self.generator);
        generator.predict(Inputs::of(noise, conditions))
    }

    /// The value of the game of Goodfellow et al. 2014, eq. 1, on this data and as many generated samples, of
    /// noise drawn by the seed: V = E log σ(*d*(*x*)) + E log (1 − σ(*d*(G(*z*)))), in nats. Where both
    /// distributions are the same, a discriminator at its best has −log 4 (their theorem 1).
    ///
    /// # Errors
    /// When the data does not fit the networks.
    pub fn game_value(&self, data: &Dataset, seed: u64) -> Result<f64, Error> {
        self.check_samples(data.inputs())?;
        let conditions = conditions::of(data, self.conditions())?;
        let noise = self.noise(data.samples(), seed);
        let generated = self.generator.predict(Inputs::of(&noise, &conditions))?;
        let scores =
            |samples: &Tensor| self.discriminator.predict(Inputs::of(samples, &conditions));
        let mean = |scores: Tensor, sign: f64| {
            let logarithms = scores
                .data()
                .iter()
                .map(|&d| -softplus(sign * f64::from(d)));
            logarithms.sum::<f64>() / scores.data().len().max(1) as f64
        };
        Ok(mean(scores(data.inputs())?, -1.0) + mean(scores(&generated)?, 1.0))
    }

    /// All that learning changes, to go back to.
    pub(super) fn snapshot(&self) -> Snapshot {
        let slots = |trainer: &Trainer| {
            let slots = trainer.optimizer_state().map(|(_, slot)| slot.clone());
            (slots.collect(), trainer.steps())
        };
        Snapshot {
            weights: self.generator.weights().now().all.clone(),
            averaged: self
                .averaged
                .as_ref()
                .map(|network| network.weights().now().all.clone()),
            optimizers: [
                slots(&self.generator_learner),
                slots(&self.discriminator_learner),
            ],
        }
    }

    /// Goes back to where a snapshot was taken.
    pub(super) fn restore(&mut self, snapshot: Snapshot) {
        let set = |network: &Network, values: &Buffer| {
            network
                .weights()
                .change(|all, _| all.copy_from_slice(values));
        };
        set(&self.generator, &snapshot.weights);
        if let (Some(network), Some(values)) = (&self.averaged, &snapshot.averaged) {
            set(network, values);
        }
        let [generator, discriminator] = snapshot.optimizers;
        self.generator_learner
            .set_optimizer_state(generator.0, generator.1);
        self.discriminator_learner
            .set_optimizer_state(discriminator.0, discriminator.1);
    }

    /// Whether all weights and the average are numbers.
    pub(super) fn is_finite(&self) -> bool {
        let networks = std::iter::once(&self.generator).chain(&self.averaged);
        let mut values = networks.map(|network| network.weights().now());
        values.all(|values| values.all.iter().all(|value| value.is_finite()))
    }
}

/// What [`AdversarialTrainer::snapshot`] takes.
pub(super) struct Snapshot {
    pub(super) weights: Buffer,
    pub(super) averaged: Option<Buffer>,
    /// Arrays and steps of the generator's and of the discriminator's.
    pub(super) optimizers: [(Vec<Buffer>, u64); 2],
}

/// Moves averaged weights a little towards those that learn; what layers have of their own is taken over.
fn average(averaged: &Network, generator: &Network, decay: f32) {
    let now = generator.weights().now();
    averaged.weights().change(|all, _| {
        for known in &generator.ops().weights {
            let both = all[known.range()].iter_mut().zip(now.of(known.range()));
            match known.state {
                true => both.for_each(|(mean, value)| *mean = *value),
                false => {
                    both.for_each(|(mean, value)| *mean = decay * *mean + (1.0 - decay) * value)
                }
            }
        }
    });
}

/// A batch of these inputs and conditions. `held` has the targets of outputs, by their number, whose losses
/// need some.
fn batch<const N: usize>(
    trainer: &Trainer,
    inputs: [Tensor; N],
    conditions: &[Tensor],
    held: impl IntoIterator<Item = (usize, Tensor)>,
) -> Result<Dataset, Error> {
    let mut inputs = inputs.into_iter().chain(conditions.iter().cloned());
    let first = inputs
        .next()
        .ok_or_else(|| Error::data("there are no inputs"))?;
    let samples = first.samples();
    let shapes = trainer.output_shapes();
    let mut targets: Vec<Option<Tensor>> = vec![None; shapes.len()];
    for (output, target) in held {
        targets[output] = Some(target);
    }
    let nothing = |shape: &Shape| Tensor::zeros([&[samples], shape.sizes()].concat());
    let mut targets = shapes
        .iter()
        .zip(targets)
        .map(|(shape, target)| target.unwrap_or_else(|| nothing(shape)));
    let target = targets
        .next()
        .ok_or_else(|| Error::data("there are no outputs"))?;
    let mut batch = Dataset::values(first, target)?;
    for input in inputs {
        batch = batch.and_input(input)?;
    }
    for target in targets {
        batch = batch.and_targets(Targets::Values(target))?;
    }
    Ok(batch)
}

impl std::fmt::Debug for AdversarialTrainer {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter
            .debug_struct("AdversarialTrainer")
            .field("settings", &self.settings)
            .field(GENERATOR, &self.generator.input_shapes())
            .field(DISCRIMINATOR, &self.discriminator.input_shapes())
            .finish_non_exhaustive()
    }
}
