//! Layers: one file each, holding all there is to know about it.

mod convolving;
mod window;

use std::any::Any;
use std::fmt::Debug;
use std::ops::Range;

use crate::error::BuildError;
use crate::plan::pass::{Backward, Forward, ParameterGradient, Prepare, UpdateState};
use crate::{Initializer, KernelDemands, Shape};

/// Declares the layers: a line each, `file: Type`. The file's name is the layer's name
/// in saved models and the stem of its automatic name.
macro_rules! layers {
    ($($file:ident: $layer:ident,)*) => {
        $(mod $file; pub use $file::$layer;)*

        /// The layer of the given kind with a saved configuration.
        pub(crate) fn from_configuration(
            kind: &str,
            configuration: serde_json::Value,
        ) -> Result<Box<dyn Layer>, String> {
            match kind {
                $(stringify!($file) => serde_json::from_value::<$layer>(configuration)
                    .map(|layer| Box::new(layer) as Box<dyn Layer>)
                    .map_err(|error| format!("its configuration cannot be read: {error}")),)*
                _ => Err(format!(
                    "this version of letra has no layer named \"{kind}\"; it knows {}",
                    [$(stringify!($file)),*].join(", ")
                )),
            }
        }
    };
}

/// Declares the functions that may stand behind a layer's linear map.
macro_rules! activation_settings {
    ($layer:ty) => {
        impl $layer {
            /// Puts a function behind the linear map.
            pub fn activation(mut self, function: ActivationFunction) -> Self {
                self.activation = function;
                self
            }

            /// Rectified linear: max(0, z).
            pub fn relu(self) -> Self {
                self.activation(ActivationFunction::Relu)
            }

            /// Logistic sigmoid: 1 / (1 + e⁻ᶻ).
            pub fn sigmoid(self) -> Self {
                self.activation(ActivationFunction::Sigmoid)
            }

            /// Hyperbolic tangent.
            pub fn tanh(self) -> Self {
                self.activation(ActivationFunction::Tanh)
            }

            /// Softmax over the last axis.
            pub fn softmax(self) -> Self {
                self.activation(ActivationFunction::Softmax)
            }
        }
    };
}

/// Declares the settings that all layers around a linear map share: the function behind
/// it, the initial values of its kernel and bias, what is demanded of the kernel, and
/// whether there is a bias.
macro_rules! linear_map_settings {
    ($layer:ty) => {
        activation_settings!($layer);
        kernel_settings!($layer);
    };
}

/// Declares the settings of a kernel and its bias.
macro_rules! kernel_settings {
    ($layer:ty) => {
        impl $layer {
            /// Initial values of the kernel.
            pub fn kernel_initializer(mut self, initializer: Initializer) -> Self {
                self.kernel_initializer = initializer;
                self
            }

            /// Initial values of the bias.
            pub fn bias_initializer(mut self, initializer: Initializer) -> Self {
                self.bias_initializer = initializer;
                self
            }

            /// A penalty on the kernel that is added to the loss.
            pub fn kernel_regularizer(mut self, regularizer: crate::Regularizer) -> Self {
                self.demands = self.demands.regularizer(regularizer);
                self
            }

            /// A limit that the kernel is brought back to after every step.
            pub fn kernel_constraint(mut self, constraint: crate::Constraint) -> Self {
                self.demands = self.demands.constraint(constraint);
                self
            }

            /// Whether a bias is added.
            pub fn use_bias(mut self, use_bias: bool) -> Self {
                self.use_bias = use_bias;
                self
            }
        }
    };
}

/// Declares the settings of layers whose kernel slides over a picture: padding, stride and
/// dilation rate.
macro_rules! sliding_settings {
    ($layer:ty) => {
        impl $layer {
            /// No padding: the output is smaller than the input.
            pub fn valid(mut self) -> Self {
                self.padding = Padding::Valid;
                self
            }

            /// Padding that keeps the size, for stride 1.
            pub fn same(mut self) -> Self {
                self.padding = Padding::Same;
                self
            }

            /// Rows of zeros above and below, columns of zeros left and right.
            pub fn padding(mut self, around: impl Into<Window>) -> Self {
                self.padding = Padding::Explicit(around.into().0);
                self
            }

            /// Steps from one position to the next.
            pub fn stride(mut self, stride: impl Into<Window>) -> Self {
                self.stride = stride.into();
                self
            }

            /// Distance between the cells that a kernel looks at, down and right. Only one of
            /// stride and dilation rate may be above 1.
            pub fn dilation_rate(mut self, rate: impl Into<Window>) -> Self {
                self.dilation_rate = rate.into();
                self
            }
        }
    };
}

/// Declares the settings of a normalisation with a learned scale and offset.
macro_rules! normalisation_settings {
    ($layer:ty) => {
        impl $layer {
            /// What is added to the variance, above 0.
            pub fn epsilon(mut self, epsilon: f32) -> Self {
                self.epsilon = epsilon;
                self
            }

            /// Whether β is added.
            pub fn center(mut self, center: bool) -> Self {
                self.center = center;
                self
            }

            /// Whether γ multiplies.
            pub fn scale(mut self, scale: bool) -> Self {
                self.scale = scale;
                self
            }

            /// Initial values of γ.
            pub fn gamma_initializer(mut self, initializer: Initializer) -> Self {
                self.gamma_initializer = initializer;
                self
            }

            /// Initial values of β.
            pub fn beta_initializer(mut self, initializer: Initializer) -> Self {
                self.beta_initializer = initializer;
                self
            }
        }
    };
}

layers! {
    activation: Activation,
    add: Add,
    annealed_dropout: AnnealedDropout,
    average_pooling1d: AveragePool1d,
    average_pooling2d: AveragePool2d,
    batch_normalization: BatchNormalization,
    concatenate: Concatenate,
    conv1d: Conv1d,
    conv2d: Conv2d,
    conv2d_transpose: Conv2dTranspose,
    cosine: Cosine,
    cropping2d: Cropping2d,
    dense: Dense,
    depthwise_conv2d: DepthwiseConv2d,
    drop_connect: DropConnect,
    dropout: Dropout,
    elu: Elu,
    flatten: Flatten,
    gaussian_noise: GaussianNoise,
    global_average_pooling1d: GlobalAveragePool1d,
    global_average_pooling2d: GlobalAveragePool2d,
    global_max_pooling1d: GlobalMaxPool1d,
    global_max_pooling2d: GlobalMaxPool2d,
    layer_normalization: LayerNormalization,
    leaky_relu: LeakyRelu,
    max_pooling1d: MaxPool1d,
    max_pooling2d: MaxPool2d,
    maxout: Maxout,
    maxout_conv2d: MaxoutConv2d,
    multiply: Multiply,
    prelu: PRelu,
    random_contrast: RandomContrast,
    random_fourier_features: RandomFourierFeatures,
    random_rotation: RandomRotation,
    random_translation: RandomTranslation,
    random_zoom: RandomZoom,
    reshape: Reshape,
    separable_conv2d: SeparableConv2d,
    spatial_dropout2d: SpatialDropout2d,
    standout: Standout,
    up_sampling2d: UpSampling2d,
    zero_padding2d: ZeroPadding2d,
}

mod pieces;
mod resampling;

pub use crate::kernels::activation::ActivationKind as ActivationFunction;
pub use crate::kernels::resampling::FillMode;
pub use resampling::Factor;
pub(crate) use window::picture;
pub use window::{Edges, Padding, Window};

/// A layer: its configuration, its shape rule, and its two passes.
///
/// A layer has no state of its own. Parameters, what forward keeps for backward, and
/// scratch space are declared in [`Layer::build`] and handed to the passes.
pub trait Layer: Any + Debug + Send + Sync {
    /// Name of the layer's kind, the same as its file's: the stem of automatic names.
    fn kind(&self) -> &'static str;

    /// The configuration as it is saved.
    fn configuration(&self) -> serde_json::Value;

    /// The shape rule: checks the configuration and the inputs, declares what the layer
    /// needs, and returns the shape of the output.
    ///
    /// # Errors
    /// When the configuration makes no sense or an input does not fit.
    fn build(&self, inputs: &[Shape], build: &mut Build) -> Result<Shape, BuildError>;

    /// Brings parameters into the form the passes like best; called once a step.
    fn prepare(&self, _pass: &mut Prepare<'_>) {}

    /// What a shard adds to the sums over the batch, in a layer that asked for them with
    /// [`Build::whole_batch`]: called while training, before any shard goes through
    /// forward, where the sums over all shards are in [`Forward::sums`]. Writes to
    /// [`Forward::shard_sums`], which are zero at first; there is no output yet.
    fn forward_sums(&self, _pass: &mut Forward<'_>) {}

    /// The output of a shard (some samples of the batch) from its inputs.
    fn forward(&self, pass: &mut Forward<'_>);

    /// What a shard adds to the sums over the batch that backward asks for, as
    /// [`Layer::forward_sums`] does for forward. Reads the gradient of the output and
    /// writes to [`Backward::shard_sums`]; nobody asks for gradients of the inputs yet.
    fn backward_sums(&self, _pass: &mut Backward<'_>) {}

    /// Given the gradient of the output, adds to the parameters' gradients and writes the
    /// inputs'. May overwrite the output's gradient, which on return is the gradient at
    /// the pre-activation of layers that have one.
    fn backward(&self, pass: &mut Backward<'_>);

    /// Whether the passes can be given the layer's only input as what is not zero in it, by
    /// [`Forward::sparse_input`] and its like, when it is the network's.
    fn takes_sparse_input(&self) -> bool {
        false
    }

    /// Gives some rows of the gradient of a large parameter, from some shards' inputs and
    /// the gradients at their pre-activations. Only called where [`Build::defer`] was, and
    /// [`Backward::deferred`] told backward to leave that gradient out.
    fn parameter_gradient(&self, _pass: &mut ParameterGradient<'_>) {}

    /// Changes the layer's own values, declared with [`Build::state`]; called once a step
    /// of training, after all shards have gone forward and backward.
    fn update_state(&self, _pass: &mut UpdateState<'_>) {}

    /// One layer that does the work of this one and of `next` together, if there is one.
    fn fuse(&self, _next: &dyn Layer) -> Option<Box<dyn Layer>> {
        None
    }
}

/// One parameter or state of a layer.
#[derive(Debug, Clone)]
pub(crate) struct ParameterDeclaration {
    pub(crate) name: &'static str,
    pub(crate) shape: Vec<usize>,
    pub(crate) initializer: Initializer,
    pub(crate) fans: [usize; 2],
    pub(crate) demands: KernelDemands,
    pub(crate) state: bool,
}

/// What a layer declares it needs while it is built.
#[derive(Default)]
pub struct Build {
    pub(crate) parameters: Vec<ParameterDeclaration>,
    pub(crate) keep: usize,
    pub(crate) prepared: usize,
    pub(crate) scratch: Option<Box<dyn Fn(usize) -> usize + Send + Sync>>,
    pub(crate) view: bool,
    pub(crate) deferred: Option<usize>,
    /// Sums over the batch that forward and backward ask for.
    pub(crate) whole_batch: Option<[usize; 2]>,
    pub(crate) built: Option<Box<dyn Any + Send + Sync>>,
    pub(crate) frozen: bool,
}

impl Build {
    /// Whether the layer is frozen: training leaves its parameters as they are, and it
    /// should leave its own values, too.
    pub fn frozen(&self) -> bool {
        self.frozen
    }

    /// Declares a parameter; parameters are numbered in the order of declaration.
    ///
    /// `fans` are the numbers of inputs and outputs that a unit is connected to.
    ///
    /// # Errors
    /// When the initializer's numbers make no sense.
    pub fn parameter(
        &mut self,
        name: &'static str,
        shape: impl Into<Vec<usize>>,
        initializer: Initializer,
        fans: [usize; 2],
    ) -> Result<(), BuildError> {
        initializer.check().map_err(BuildError::Configuration)?;
        self.parameters.push(ParameterDeclaration {
            name,
            shape: shape.into(),
            initializer,
            fans,
            demands: KernelDemands::default(),
            state: false,
        });
        Ok(())
    }

    /// As [`Build::demand`], for a kernel whose last axis is not that of the units, so that it
    /// can have no limit on their norms.
    pub(crate) fn demand_penalty(&mut self, demands: KernelDemands) -> Result<(), BuildError> {
        if demands.kernel_constraint.is_some() {
            return Err(BuildError::configuration(
                "has a largest norm, which is for dense layers and plain convolutions only: use a regularizer",
            ));
        }
        self.demand(demands)
    }

    /// Declares values that belong to the network and are saved with it, but that no
    /// optimizer touches, such as moving averages; numbered on their own in the order of
    /// declaration. [`Layer::update_state`] may change them once a step.
    ///
    /// # Errors
    /// When the initializer's numbers make no sense.
    pub fn state(
        &mut self,
        name: &'static str,
        shape: impl Into<Vec<usize>>,
        initializer: Initializer,
    ) -> Result<(), BuildError> {
        initializer.check().map_err(BuildError::Configuration)?;
        let shape = shape.into();
        let values = shape
            .iter()
            .fold(1, |product: usize, &size| product.saturating_mul(size));
        self.parameters.push(ParameterDeclaration {
            name,
            shape,
            initializer,
            fans: [values, values],
            demands: KernelDemands::default(),
            state: true,
        });
        Ok(())
    }

    /// Says what is demanded of the parameter that was declared last: a penalty, a limit.
    ///
    /// # Errors
    /// When a number is out of its range.
    pub fn demand(&mut self, demands: KernelDemands) -> Result<(), BuildError> {
        demands.check().map_err(BuildError::Configuration)?;
        if let Some(parameter) = self.parameters.last_mut() {
            parameter.demands = demands;
        }
        Ok(())
    }

    /// Asks for `values` numbers a sample that forward writes and backward reads.
    pub fn keep(&mut self, values: usize) {
        self.keep = values;
    }

    /// Asks for `values` numbers that [`Layer::prepare`] writes once a step.
    pub fn prepared(&mut self, values: usize) {
        self.prepared = values;
    }

    /// Asks for scratch space: numbers needed for a shard of the given number of samples.
    pub fn scratch(&mut self, values: impl Fn(usize) -> usize + Send + Sync + 'static) {
        self.scratch = Some(Box::new(values));
    }

    /// Leaves something that the passes get back by its type, made once for the shapes at
    /// hand.
    pub fn built(&mut self, built: impl Any + Send + Sync) {
        self.built = Some(Box::new(built));
    }

    /// Says that the output is the input under another shape: a plan may leave out both
    /// passes, which copy.
    pub fn view(&mut self) {
        self.view = true;
    }

    /// Says that the layer looks at the whole batch while training: forward is to be given
    /// `forward` sums over it, and backward `backward` sums, which
    /// [`Layer::forward_sums`] and [`Layer::backward_sums`] collect shard by shard. All
    /// of the batch then passes this layer before any of it goes on.
    pub fn whole_batch(&mut self, forward: usize, backward: usize) {
        self.whole_batch = Some([forward, backward]);
    }

    /// Says that the gradient of parameter `index` may be left out of backward and
    /// computed for the whole batch at once, a few rows at a time.
    pub fn defer(&mut self, index: usize) {
        self.deferred = Some(index);
    }
}

/// The single input of a layer that takes one.
pub(crate) fn single_input(inputs: &[Shape]) -> Result<&Shape, BuildError> {
    match inputs {
        [input] => Ok(input),
        _ => Err(BuildError::configuration(format!(
            "takes one input but is given {}",
            inputs.len()
        ))),
    }
}

/// The shape of the inputs of a layer that joins at least two of one shape.
pub(crate) fn one_shape(inputs: &[Shape]) -> Result<&Shape, BuildError> {
    match inputs {
        [] | [_] => Err(BuildError::configuration(format!(
            "joins values but is given {}: give it at least 2",
            inputs.len()
        ))),
        [first, others @ ..] if others.iter().all(|other| other == first) => Ok(first),
        _ => Err(BuildError::input(
            "inputs of one shape",
            "make them equal, with a layer before it",
        )),
    }
}

/// Range of sample `index` in a buffer with `values` numbers a sample.
pub(crate) fn sample_range(index: usize, values: usize) -> Range<usize> {
    index * values..(index + 1) * values
}
