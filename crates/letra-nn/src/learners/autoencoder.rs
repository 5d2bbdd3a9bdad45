use std::borrow::Cow;
use std::ops::{Deref, DerefMut};

use super::Corruption;
use crate::dataset::{Dataset, Inputs, Targets};
use crate::graph::Value;
use crate::layer_graph::{Graph, Layers, Node};
use crate::layers::{
    ActivationFunction, ContractivePenalty, GaussianLatent, Reshape, SparsityPenalty, TiedDense,
};
use crate::network::{IntoPart, Model, Network, Part, Sequential};
use crate::training::{Batches, Compile, Fit, History, Source};
use crate::{Error, Scores, Shape, Tensor, Trainer};

/// An encoder and a decoder that are to give back what goes in (Rumelhart, Hinton and Williams 1986),
/// and what keeps them from learning nothing but that: a code that is smaller than the input, weights
/// that both share, noise, a penalty.
///
/// The encoder takes the input and the decoder the code, each a [`Sequential`], a [`Model`] or a
/// [`Network`] of any layers, with one input and one output. What the decoder gives has the input's
/// shape, and is held to it by the loss of [`Compile`]: [`MeanSquaredError`](crate::losses::MeanSquaredError)
/// for quantities, [`BinaryCrossEntropy`](crate::losses::BinaryCrossEntropy) for values from 0 to 1.
///
/// ```
/// use letra_nn::learners::Autoencoder;
/// use letra_nn::prelude::*;
///
/// let values: Vec<f32> = (0..200 * 8).map(|i| (0.7 * (i / 8) as f32 + 0.5 * (i % 8) as f32).sin()).collect();
/// let waves = Dataset::unlabelled(Tensor::new([200, 8], values)?)?;
///
/// let encoder = Sequential::new([8]).add(Dense::new(2));
/// let decoder = Sequential::new([2]).add(Dense::new(8));
/// let mut autoencoder = Autoencoder::new(encoder, decoder)
///     .compile(Compile::new(Adam::new(0.02)).loss(MeanSquaredError).seed(1))?;
/// autoencoder.fit(&waves, Fit::epochs(40))?;
/// assert!(autoencoder.evaluate(&waves)?.loss < 0.05);
///
/// // Both are networks on the same weights.
/// let codes = autoencoder.encoder().predict(waves.inputs())?;
/// assert_eq!(codes.shape(), [200, 2]);
/// assert_eq!(autoencoder.decoder().predict(&codes)?, autoencoder.predict(waves.inputs())?);
/// # Ok::<(), letra_nn::Error>(())
/// ```
#[derive(Debug)]
pub struct Autoencoder {
    encoder: Result<Coder, Error>,
    decoder: Result<Coder, Error>,
    corruption: Option<Corruption>,
    sparsity: Option<SparsityPenalty>,
    contraction: Option<ContractivePenalty>,
    divergence: Divergence,
}

/// The factor of a variational autoencoder's divergence.
#[derive(Debug, Clone, Copy)]
enum Divergence {
    /// It is none.
    Absent,
    /// One over the number of values of a sample.
    PerValue,
    Factor(f32),
}

/// An encoder or a decoder, with the values of parameters that there are.
#[derive(Debug)]
pub(super) struct Coder {
    graph: Graph,
    parameters: Vec<(String, Tensor)>,
}

impl Coder {
    pub(super) fn of(part: impl IntoPart, name: &str) -> Result<Self, Error> {
        match part.into_part().layers? {
            Layers::Graph(graph, parameters) if graph.inputs.len() == 1 => {
                Ok(Coder { graph, parameters })
            }
            Layers::Graph(graph, _) => Err(Error::build(format!(
                "the {name} of an autoencoder has {} inputs",
                graph.inputs.len()
            ))
            .with_hint("give it one; Masking begins the mask of a sequence without a second")),
            Layers::One(_) => Err(Error::build(format!(
                "the {name} of an autoencoder is a layer, whose input has no shape"
            ))
            .with_hint("put it into a Sequential")),
        }
    }

    /// With values of some parameters, by their names.
    pub(super) fn with(mut self, parameters: Vec<(String, Tensor)>) -> Self {
        self.parameters = parameters;
        self
    }

    fn part(&self, name: &str) -> Part {
        Part {
            name: Some(name.into()),
            layers: Ok(Layers::Graph(self.graph.clone(), self.parameters.clone())),
        }
    }

    fn input(&self) -> Shape {
        self.graph.inputs[0].clone()
    }
}

impl Autoencoder {
    /// An autoencoder of these networks. What is wrong with them is said when it is compiled.
    pub fn new(encoder: impl IntoPart, decoder: impl IntoPart) -> Self {
        Self::of(Coder::of(encoder, "encoder"), Coder::of(decoder, "decoder"))
    }

    /// An autoencoder whose decoder goes back through the layers of the encoder with their kernels,
    /// transposed ([`TiedDense`]), and biases of its own. The encoder is one of
    /// [`Dense`](crate::layers::Dense) layers, perhaps after a [`Flatten`](crate::layers::Flatten); each
    /// layer of the decoder has the function of the one that gave its target, and the last one `output`.
    ///
    /// ```
    /// use letra_nn::learners::Autoencoder;
    /// use letra_nn::prelude::*;
    ///
    /// let encoder = Sequential::new([28, 28, 1])
    ///     .add(Flatten)
    ///     .add(Dense::new(100).sigmoid())
    ///     .add(Dense::new(10).sigmoid());
    /// let compile = Compile::new(Adam::new(0.001)).loss(BinaryCrossEntropy::from_logits());
    /// let tied = Autoencoder::tied(encoder, ActivationFunction::Linear).compile(compile)?;
    /// assert_eq!(tied.output_shape(), [28, 28, 1]);
    /// assert_eq!(tied.summary().parameters, 784 * 100 + 100 * 10 + 10 + 100 + 100 + 784);
    /// # Ok::<(), letra_nn::Error>(())
    /// ```
    pub fn tied(encoder: impl IntoPart, output: ActivationFunction) -> Self {
        match Coder::of(encoder, "encoder") {
            Ok(encoder) => {
                let decoder = way_back(&encoder.graph, output);
                let decoder = decoder.and_then(|decoder| Coder::of(decoder, "decoder"));
                Self::of(Ok(encoder), decoder)
            }
            Err(error) => Self::of(Err(error), Err(Error::build("there is no encoder"))),
        }
    }

    pub(super) fn of(encoder: Result<Coder, Error>, decoder: Result<Coder, Error>) -> Self {
        Autoencoder {
            encoder,
            decoder,
            corruption: None,
            sparsity: None,
            contraction: None,
            divergence: Divergence::Absent,
        }
    }

    /// Corrupts the inputs while training; what comes out is held to them as they were: a denoising
    /// autoencoder (Vincent, Larochelle, Bengio and Manzagol 2008). At rest when predicting.
    pub fn corruption(mut self, corruption: Corruption) -> Self {
        self.corruption = Some(corruption);
        self
    }

    /// Adds a penalty where units of the code, from 0 to 1, are not active as seldom as `target`:
    /// [`SparsityPenalty`], which says what both numbers are.
    pub fn sparse(mut self, target: f32, factor: f32) -> Self {
        self.sparsity = Some(SparsityPenalty::new(target, factor));
        self
    }

    /// Adds a penalty on the squared norm of the code's Jacobian by the input, `factor` times that:
    /// [`ContractivePenalty`]. It is exact for an encoder of one [`Dense`](crate::layers::Dense) layer
    /// with a sigmoid, tanh or no function; of several, it is that of the last.
    pub fn contractive(mut self, factor: f32) -> Self {
        self.contraction = Some(ContractivePenalty::new(factor));
        self
    }

    /// Makes it a variational autoencoder ([`GaussianLatent`]; Kingma and Welling 2014). The encoder
    /// gives 2 *n* values, the means and the logarithms of the variances of a code of *n*; the decoder
    /// takes the code.
    ///
    /// The divergence is divided by the number of values of a sample, as the losses that are means over
    /// them are: with [`BinaryCrossEntropy`](crate::losses::BinaryCrossEntropy), what is made small is
    /// minus the variational bound over that number. [`AutoencoderTrainer::bound`] measures the bound
    /// itself.
    pub fn variational(mut self) -> Self {
        self.divergence = Divergence::PerValue;
        self
    }

    /// As [`Autoencoder::variational`], with another factor of the divergence, 0 or more: 1 for a loss
    /// that is a sum over the values of a sample.
    pub fn variational_by(mut self, factor: f32) -> Self {
        self.divergence = Divergence::Factor(factor);
        self
    }

    /// Checks the networks and the settings and makes the autoencoder ready to train, with initial
    /// values drawn by the seed.
    ///
    /// # Errors
    /// When one of the networks cannot be built or does not have one input and one output, the decoder
    /// does not take what the encoder gives, or gives another shape than the input's, a penalty does not
    /// suit the encoder, or a hyper-parameter is out of its range.
    pub fn compile(self, compile: Compile) -> Result<AutoencoderTrainer, Error> {
        let (encoder, decoder) = (self.encoder?, self.decoder?);
        let input = encoder.input();
        let factor = match self.divergence {
            Divergence::Absent => None,
            Divergence::PerValue => Some(1.0 / input.values().max(1) as f32),
            Divergence::Factor(factor) => Some(factor),
        };
        let coders = Coders {
            encoder,
            decoder,
            latent: factor.map(GaussianLatent::new),
        };

        let mut model = Model::new();
        let clean = model.input(input.clone());
        let corrupted = match self.corruption {
            None => clean,
            Some(corruption) => corruption.after(clean, &mut model),
        };
        let mut code = coders.encode(corrupted, &mut model);
        if let Some(penalty) = self.contraction {
            code = model.layer(penalty.named("contraction"), [code]);
        }
        if let Some(penalty) = self.sparsity {
            code = model.layer(penalty.named("sparsity"), [code]);
        }
        let output = model.layer(coders.decoder.part("decoder"), [code]);
        let trainer = model.outputs([output]).compile(compile)?;
        if trainer.output_shape() != input.sizes() {
            let (wanted, given) = (input.sizes(), trainer.output_shape());
            let message =
                format!("the decoder gives {given:?} but the encoder's input is {wanted:?}");
            return Err(Error::shape(wanted, given, message)
                .with_hint("let the decoder's last layer give the input's shape"));
        }
        coders.on(trainer)
    }
}

/// What an autoencoder consists of, whatever it is trained with.
struct Coders {
    encoder: Coder,
    decoder: Coder,
    latent: Option<GaussianLatent>,
}

impl Coders {
    /// The code of a value of a model.
    fn encode(&self, value: Value, model: &mut Model) -> Value {
        let code = model.layer(self.encoder.part("encoder"), [value]);
        match &self.latent {
            None => code,
            Some(latent) => model.layer(latent.clone().named("code"), [code]),
        }
    }

    /// All networks on the weights of the one that learns.
    fn on(self, trainer: Trainer) -> Result<AutoencoderTrainer, Error> {
        let shape = self.encoder.input();
        let encoding = |write: &dyn Fn(Value, &mut Model) -> Value| {
            let mut model = Model::new();
            let input = model.input(shape.clone());
            let output = write(input, &mut model);
            model.outputs([output]).build_on(&trainer)
        };
        let encoder = encoding(&|input, model| self.encode(input, model))?;
        let mut network = encoding(&|input, model| {
            let code = self.encode(input, model);
            model.layer(self.decoder.part("decoder"), [code])
        })?;
        let moments = match self.latent {
            None => None,
            Some(_) => Some(encoding(&|input, model| {
                model.layer(self.encoder.part("encoder"), [input])
            })?),
        };
        let mut model = Model::new();
        let code = model.input(self.decoder.input());
        let output = model.layer(self.decoder.part("decoder"), [code]);
        let mut decoder = model.outputs([output]).build_on(&trainer)?;
        network.read_as(&trainer);
        decoder.read_as(&trainer);
        Ok(AutoencoderTrainer {
            trainer,
            encoder,
            decoder,
            network,
            moments,
        })
    }
}

/// The layers of an encoder backwards, with their kernels.
fn way_back(encoder: &Graph, output: ActivationFunction) -> Result<Sequential, Error> {
    let ops = encoder.ops()?;
    let refused = |node: &Node| {
        Error::build(format!(
            "layer {} ({}) has no way back with tied weights",
            node.name,
            node.layer.kind()
        ))
        .with_hint("take an encoder of Dense layers, perhaps after Flatten, or give a decoder")
    };
    let given = |node: usize| ops.shapes[ops.layers[node].outputs[0]].clone();
    let before = |node: usize| match node {
        0 => encoder.inputs[0].clone(),
        _ => given(node - 1),
    };
    let mut decoder = Sequential::new(given(encoder.nodes.len() - 1));
    for (index, node) in encoder.nodes.iter().enumerate().rev() {
        let follows = node.inputs == [index] && node.shares.is_none();
        decoder = match node.layer.kind() {
            "dense" if follows => {
                let function = match index.checked_sub(1).map(|index| &encoder.nodes[index]) {
                    Some(node) if node.layer.kind() == "dense" => function_of(node),
                    _ => output,
                };
                let width = before(index).sizes().last().copied().unwrap_or(1);
                let layer = TiedDense::new(format!("encoder/{}", node.name), width);
                decoder.add(layer.activation(function))
            }
            "flatten" if follows => decoder.add(Reshape::new(before(index))),
            _ => return Err(refused(node)),
        };
    }
    Ok(decoder)
}

/// The function of a dense layer.
fn function_of(node: &Node) -> ActivationFunction {
    let configuration = node.layer.configuration();
    let function = serde_json::from_value(configuration["activation"].clone());
    function.unwrap_or(ActivationFunction::Linear)
}

/// An autoencoder that learns: a [`Trainer`] whose targets are its inputs, and the encoder, the decoder
/// and both as networks on the same weights, without noise and penalties.
///
/// Callbacks, checkpoints, [resuming](Fit::resume) and everything else are the trainer's.
/// [`Trainer::save`] writes what learns, noise included; to save what it has learnt, save
/// [`AutoencoderTrainer::network`].
///
/// ```
/// use letra_nn::learners::Autoencoder;
/// use letra_nn::prelude::*;
///
/// let encoder = Sequential::new([4]).add(Dense::new(2));
/// let decoder = Sequential::new([2]).add(Dense::new(4));
/// let autoencoder = Autoencoder::new(encoder, decoder)
///     .compile(Compile::new(Sgd::new(0.1)).loss(MeanSquaredError))?;
/// assert!(autoencoder.encoder().weights().is_same(&autoencoder.decoder().weights()));
/// # Ok::<(), letra_nn::Error>(())
/// ```
pub struct AutoencoderTrainer {
    trainer: Trainer,
    encoder: Network,
    decoder: Network,
    network: Network,
    /// The encoder of a variational one before numbers are drawn.
    pub(super) moments: Option<Network>,
}

impl AutoencoderTrainer {
    /// Trains for some epochs on the inputs of a data set or of a [`Source`], whatever their targets
    /// are. A data set of [`Dataset::unlabelled`] is not copied; validation data has to be of that kind.
    ///
    /// # Errors
    /// As [`Trainer::fit`].
    pub fn fit<'a>(
        &mut self,
        inputs: impl Into<Batches<'a>>,
        fit: Fit<'_>,
    ) -> Result<History, Error> {
        match inputs.into() {
            Batches::Data(data) => {
                let data = to_itself(data)?;
                self.trainer.fit(&*data, fit)
            }
            Batches::Source(source) => self.trainer.fit(&mut ToItself(source), fit),
        }
    }

    /// Loss and metrics of what comes out against the inputs of a data set; nothing is corrupted, and
    /// the code of a variational one is its mean. Penalties are in the loss.
    ///
    /// # Errors
    /// As [`Trainer::evaluate`].
    pub fn evaluate(&self, data: &Dataset) -> Result<Scores, Error> {
        let data = to_itself(data)?;
        self.trainer.evaluate(&data)
    }

    /// What comes out, for all samples of `inputs`.
    ///
    /// # Errors
    /// As [`Network::predict`].
    pub fn predict<'i>(&self, inputs: impl Into<Inputs<'i>>) -> Result<Tensor, Error> {
        self.network.predict(inputs)
    }

    /// The network from the input to the code. Of a variational autoencoder, it gives the means.
    pub fn encoder(&self) -> &Network {
        &self.encoder
    }

    /// The network from a code to what comes out.
    pub fn decoder(&self) -> &Network {
        &self.decoder
    }

    /// Both together.
    pub fn network(&self) -> &Network {
        &self.network
    }

    /// Both together, without what it learns by.
    pub fn into_network(self) -> Network {
        self.network
    }
}

impl Deref for AutoencoderTrainer {
    type Target = Trainer;

    fn deref(&self) -> &Trainer {
        &self.trainer
    }
}

impl DerefMut for AutoencoderTrainer {
    fn deref_mut(&mut self) -> &mut Trainer {
        &mut self.trainer
    }
}

/// Data whose targets are its inputs.
fn to_itself(data: &Dataset) -> Result<Cow<'_, Dataset>, Error> {
    let is_own = matches!(data.targets(), Targets::Values(values) if values == data.inputs());
    if is_own && data.all_targets().count() == 1 {
        return Ok(Cow::Borrowed(data));
    }
    let own = Dataset::unlabelled(data.inputs().clone())?;
    match data.sample_weights() {
        None => Ok(Cow::Owned(own)),
        Some(weights) => own.with_sample_weights(weights.to_vec()).map(Cow::Owned),
    }
}

/// Batches whose targets are their inputs.
struct ToItself<'a>(&'a mut dyn Source);

impl Source for ToItself<'_> {
    fn steps(&self, epoch: usize) -> usize {
        self.0.steps(epoch)
    }

    fn batch(&mut self, step: u64) -> Result<Option<Dataset>, Error> {
        let batch = self.0.batch(step)?;
        batch
            .map(|batch| to_itself(&batch).map(Cow::into_owned))
            .transpose()
    }
}
