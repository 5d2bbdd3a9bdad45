use super::autoencoder::Coder;
use super::{Autoencoder, Corruption};
use crate::layers::{ActivationFunction, Dense, Flatten, Reshape, TiedDense};
use crate::losses::CrossEntropy;
use crate::network::{IntoPart, Model, Network, Sequential};
use crate::training::{Compile, Fit, History};
use crate::{Dataset, Error, Shape, Targets, Tensor, Trainer};

/// Layers that are trained one after the other, each as the code of an autoencoder of what the one
/// before it gives: greedy layer-wise training (Bengio, Lamblin, Popovici and Larochelle, "Greedy
/// layer-wise training of deep networks", NIPS 2006, section 3), with noise a stacked denoising
/// autoencoder (Vincent, Larochelle, Bengio and Manzagol, ICML 2008).
///
/// [`pretrain`](Self::pretrain) trains them; [`unrolled`](Self::unrolled) gives an autoencoder of all
/// layers, to be trained together; [`into_network`](Self::into_network) an ordinary network with a
/// layer of classes on top, to be trained by labels.
///
/// ```
/// use letra_nn::learners::{Corruption, StackedAutoencoder};
/// use letra_nn::prelude::*;
///
/// let pictures = letra_nn::datasets::rectangles(40, 1)?;
/// let mut stacked = StackedAutoencoder::new([28, 28, 1], [30, 20]).corruption(Corruption::Masking(0.1));
/// stacked.pretrain(&pictures, |_layer| {
///     let compile = Compile::new(Adam::new(0.01)).loss(BinaryCrossEntropy::new()).seed(1);
///     (compile, Fit::epochs(2))
/// })?;
/// let mut network = stacked.into_network(2, 1)?.compile(Compile::new(Adam::new(0.01)).metric(Accuracy))?;
/// network.fit(&pictures, Fit::epochs(2))?;
/// # Ok::<(), letra_nn::Error>(())
/// ```
#[derive(Debug, Clone)]
pub struct StackedAutoencoder {
    input: Shape,
    units: Vec<usize>,
    activation: ActivationFunction,
    output: ActivationFunction,
    corruption: Option<Corruption>,
    tied: bool,
    supervised: Option<PartlySupervised>,
    learnt: Vec<Learnt>,
}

/// Which layers also learn from labels, and how much these count.
#[derive(Debug, Clone, Copy)]
struct PartlySupervised {
    layers: usize,
    weight: f32,
}

/// What a layer has learnt: kernel and bias of its encoder, and of its decoder, whose kernel is the
/// same where they are tied.
#[derive(Debug, Clone)]
struct Learnt {
    kernel: Tensor,
    bias: Tensor,
    back: Option<Tensor>,
    back_bias: Tensor,
}

impl StackedAutoencoder {
    /// Layers of so many units each on inputs of the given shape: sigmoid units, tied weights, no noise.
    pub fn new(input: impl Into<Shape>, units: impl Into<Vec<usize>>) -> Self {
        StackedAutoencoder {
            input: input.into(),
            units: units.into(),
            activation: ActivationFunction::Sigmoid,
            output: ActivationFunction::Sigmoid,
            corruption: None,
            tied: true,
            supervised: None,
            learnt: Vec::new(),
        }
    }

    /// The function of the layers, in both directions.
    pub fn activation(mut self, function: ActivationFunction) -> Self {
        self.activation = function;
        self
    }

    /// The function of what comes out for the input itself; a sigmoid for values from 0 to 1.
    pub fn output(mut self, function: ActivationFunction) -> Self {
        self.output = function;
        self
    }

    /// Corrupts what each layer is given while it is trained. The layers after it are given the codes of
    /// what is not corrupted (Vincent et al. 2008, section 2.4).
    pub fn corruption(mut self, corruption: Corruption) -> Self {
        self.corruption = Some(corruption);
        self
    }

    /// Whether decoders have the kernels of the encoders, transposed.
    pub fn tied(mut self, tied: bool) -> Self {
        self.tied = tied;
        self
    }

    /// Lets the first `layers` layers learn from labels, too, while they are trained one after the other:
    /// classes are told from the code, by cross-entropy times `weight` beside the loss of what comes out
    /// (Bengio et al. 2006, section 5, who do so with the first layer where the inputs say little of the
    /// class).
    pub fn partly_supervised(mut self, layers: usize, weight: f32) -> Self {
        self.supervised = Some(PartlySupervised { layers, weight });
        self
    }

    /// Trains the layers one after the other. `settings` says how, for each by its number from 0: the
    /// loss is that of what comes out, from 0 to 1 for sigmoid units. The targets of `data` are looked at
    /// only where the training is [partly supervised](Self::partly_supervised). What was learnt before is
    /// forgotten. Gives the history of each layer.
    ///
    /// A checkpoint a layer, with [`Fit::resume`], makes a training that was stopped go on to the same
    /// bits.
    ///
    /// # Errors
    /// When there are no layers, the data does not have the input's shape, it has no classes where
    /// labels are asked for, or as [`Trainer::fit`].
    pub fn pretrain<'f>(
        &mut self,
        data: &Dataset,
        mut settings: impl FnMut(usize) -> (Compile, Fit<'f>),
    ) -> Result<Vec<History>, Error> {
        if self.units.is_empty() {
            return Err(Error::configuration("the stack has no layers")
                .with_hint("give the number of units of each"));
        }
        let given = data.inputs();
        if given.shape().get(1..) != Some(self.input.sizes()) {
            let wanted = [&[given.samples()], self.input.sizes()].concat();
            let message = format!(
                "the stack wants inputs of shape {wanted:?} but is given {:?}",
                given.shape()
            );
            return Err(Error::shape(&wanted, given.shape(), message));
        }
        self.learnt.clear();
        let mut inputs = given
            .clone()
            .reshape([given.samples(), self.input.values()])?;
        let mut histories = Vec::new();
        for layer in 0..self.units.len() {
            let (compile, fit) = settings(layer);
            let supervised = self.supervised.filter(|known| layer < known.layers);
            let labels = match supervised {
                None => None,
                Some(_) => Some(classes(data)?),
            };
            let mut trainer = self.layer(layer, inputs.sample_values(), labels, compile)?;
            let mut own = Dataset::unlabelled(inputs)?;
            if labels.is_some() {
                own = own.and_targets(data.targets().clone())?;
            }
            histories.push(trainer.fit(&own, fit)?);
            self.learnt.push(self.learnt_by(&trainer)?);
            let encoder = trainer.subnetwork(&["input"], &["encode"])?;
            inputs = encoder.predict(own.inputs())?;
        }
        Ok(histories)
    }

    /// The autoencoder of one layer, with an output for classes where there are labels.
    fn layer(
        &self,
        layer: usize,
        values: usize,
        classes: Option<usize>,
        compile: Compile,
    ) -> Result<Trainer, Error> {
        let mut model = Model::new();
        let clean = model.input([values]);
        let input = match self.corruption {
            None => clean,
            Some(corruption) => corruption.after(clean, &mut model),
        };
        let encode = Dense::new(self.units[layer]).activation(self.activation);
        let code = model.layer(encode.named("encode"), [input]);
        let function = self.function_back(layer);
        let decoded = match self.tied {
            true => {
                let decode = TiedDense::new("encode", values).activation(function);
                model.layer(decode.named("decode"), [code])
            }
            false => {
                let decode = Dense::new(values).activation(function);
                model.layer(decode.named("decode"), [code])
            }
        };
        match classes.zip(self.supervised) {
            None => model.outputs([decoded]).compile(compile),
            Some((classes, supervised)) => {
                let scores = model.layer(Dense::new(classes).named("scores"), [code]);
                let compile = compile.next_output().loss(CrossEntropy::from_logits());
                let compile = compile.loss_weight(supervised.weight);
                model.outputs([decoded, scores]).compile(compile)
            }
        }
    }

    /// The function of the decoder of a layer: that of the layer whose values it gives back.
    fn function_back(&self, layer: usize) -> ActivationFunction {
        match layer {
            0 => self.output,
            _ => self.activation,
        }
    }

    fn learnt_by(&self, trainer: &Trainer) -> Result<Learnt, Error> {
        let weights = trainer.weights();
        let get = |name: &str| {
            let values = weights.get(name);
            values.ok_or_else(|| Error::data(format!("the layer has no {name}")))
        };
        Ok(Learnt {
            kernel: get("encode/kernel")?,
            bias: get("encode/bias")?,
            back: match self.tied {
                true => None,
                false => Some(get("decode/kernel")?),
            },
            back_bias: get("decode/bias")?,
        })
    }

    /// The encoder's layers, called "encode_1", "encode_2", …, and their parameters.
    fn encoder_layers(&self) -> Result<(Sequential, Vec<(String, Tensor)>), Error> {
        if self.learnt.is_empty() || self.learnt.len() < self.units.len() {
            return Err(Error::configuration("not all layers have learnt something")
                .with_hint("call pretrain first"));
        }
        let mut layers = Sequential::new(self.input.clone());
        if self.input.rank() != 1 {
            layers = layers.add(Flatten);
        }
        let mut parameters = Vec::new();
        for (number, (&units, learnt)) in (1..).zip(self.units.iter().zip(&self.learnt)) {
            let name = format!("encode_{number}");
            parameters.push((format!("{name}/kernel"), learnt.kernel.clone()));
            parameters.push((format!("{name}/bias"), learnt.bias.clone()));
            layers = layers.add(Dense::new(units).activation(self.activation).named(name));
        }
        Ok((layers, parameters))
    }

    /// The decoder's layers, from "decode_…" to "decode_1", and their parameters.
    fn decoder_layers(&self) -> (Sequential, Vec<(String, Tensor)>) {
        let mut layers = Sequential::new([self.units[self.units.len() - 1]]);
        let mut parameters = Vec::new();
        for (layer, learnt) in self.learnt.iter().enumerate().rev() {
            let (name, function) = (format!("decode_{}", layer + 1), self.function_back(layer));
            let values = match layer {
                0 => self.input.values(),
                _ => self.units[layer - 1],
            };
            parameters.push((format!("{name}/bias"), learnt.back_bias.clone()));
            layers = match &learnt.back {
                None => {
                    let encode = format!("encoder/encode_{}", layer + 1);
                    layers.add(
                        TiedDense::new(encode, values)
                            .activation(function)
                            .named(name),
                    )
                }
                Some(kernel) => {
                    parameters.push((format!("{name}/kernel"), kernel.clone()));
                    layers.add(Dense::new(values).activation(function).named(name))
                }
            };
        }
        if self.input.rank() != 1 {
            layers = layers.add(Reshape::new(self.input.clone()));
        }
        (layers, parameters)
    }

    /// An autoencoder of all layers, from the input to the last code and back, with what they have learnt,
    /// to be compiled and trained together.
    ///
    /// # Errors
    /// When they have not been trained.
    pub fn unrolled(&self) -> Result<Autoencoder, Error> {
        let (encoder, parameters) = self.encoder_layers()?;
        let encoder = Coder::of(encoder, "encoder")?.with(parameters);
        let (decoder, parameters) = self.decoder_layers();
        let decoder = Coder::of(decoder, "decoder")?.with(parameters);
        Ok(Autoencoder::of(Ok(encoder), Ok(decoder)))
    }

    /// The network from the input to the last code, on weights of its own.
    ///
    /// # Errors
    /// When the layers have not been trained.
    pub fn encoder(&self) -> Result<Network, Error> {
        let (layers, parameters) = self.encoder_layers()?;
        with_parameters(layers.build(0)?, parameters)
    }

    /// The layers, called "encode_1", "encode_2", …, as an ordinary network, with a linear layer of so
    /// many classes, "scores", on top, whose initial values are drawn by the seed: to be compiled and
    /// trained by labels, with [`CrossEntropy::from_logits`].
    ///
    /// # Errors
    /// When the layers have not been trained, or there are no classes.
    pub fn into_network(self, classes: usize, seed: u64) -> Result<Network, Error> {
        let (layers, parameters) = self.encoder_layers()?;
        let network = layers
            .add(Dense::new(classes).named("scores"))
            .build(seed)?;
        with_parameters(network, parameters)
    }
}

fn with_parameters(network: Network, parameters: Vec<(String, Tensor)>) -> Result<Network, Error> {
    for (name, values) in parameters {
        network.set_parameter(&name, &values)?;
    }
    Ok(network)
}

/// Number of classes of a data set.
fn classes(data: &Dataset) -> Result<usize, Error> {
    match data.targets() {
        Targets::Classes { count, .. } => Ok(*count),
        Targets::Values(_) => Err(Error::data(
            "the training is partly supervised, but the data has no classes",
        )
        .with_hint("give a Dataset::classes, or leave partly_supervised out")),
    }
}
