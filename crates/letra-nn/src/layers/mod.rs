//! Layers: what a user configures, one file each. A layer computes nothing: it says which
//! [ops](crate::ops) do its work.
#![doc = ""]
#![doc = include_str!("list.md")]

use std::any::Any;
use std::fmt::Debug;

use crate::error::BuildError;

/// Declares the functions that may come after a layer's linear map.
macro_rules! activation_settings {
    ($layer:ty) => {
        impl $layer {
            /// Puts a function after the linear map.
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

/// Declares the settings that all layers around a linear map share: the function after
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
            pub fn kernel_initializer(mut self, initializer: crate::Initializer) -> Self {
                self.parameters.kernel_initializer = initializer;
                self
            }

            /// Initial values of the bias.
            pub fn bias_initializer(mut self, initializer: crate::Initializer) -> Self {
                self.parameters.bias_initializer = initializer;
                self
            }

            /// A penalty on the kernel that is added to the loss.
            pub fn kernel_regularizer(mut self, regularizer: crate::Regularizer) -> Self {
                self.parameters.demands.kernel_regularizer = Some(regularizer);
                self
            }

            /// A penalty on the bias that is added to the loss.
            pub fn bias_regularizer(mut self, regularizer: crate::Regularizer) -> Self {
                self.parameters.bias_regularizer = Some(regularizer);
                self
            }

            /// A penalty on what the layer gives that is added to the loss: summed over the
            /// values of a sample, the mean over the samples.
            pub fn activity_regularizer(mut self, regularizer: crate::Regularizer) -> Self {
                self.parameters.activity_regularizer = Some(regularizer);
                self
            }

            /// A limit that the kernel is brought back to after every step.
            pub fn kernel_constraint(mut self, constraint: crate::Constraint) -> Self {
                self.parameters.demands.kernel_constraint = Some(constraint);
                self
            }

            /// A limit that the bias is brought back to after every step.
            pub fn bias_constraint(mut self, constraint: crate::Constraint) -> Self {
                self.parameters.bias_constraint = Some(constraint);
                self
            }

            /// Whether a bias is added.
            pub fn use_bias(mut self, use_bias: bool) -> Self {
                self.parameters.use_bias = use_bias;
                self
            }
        }
    };
}

/// Declares the settings that all recurrent layers share.
macro_rules! recurrent_settings {
    ($layer:ty, $kind:literal, $masking:expr) => {
        impl $layer {
            /// The function of the state, tanh unless told otherwise. A recurrent layer can have each
            /// whose derivative follows from its output: not softmax, GELU or SiLU.
            pub fn activation(mut self, function: ActivationFunction) -> Self {
                self.recurrent.activation = function;
                self
            }

            /// Whether a bias is added.
            pub fn use_bias(mut self, use_bias: bool) -> Self {
                self.recurrent.use_bias = use_bias;
                self
            }

            /// Whether the output is that of all steps, `[steps, units]`, and not of the last one alone,
            /// `[units]`.
            pub fn return_sequences(mut self, return_sequences: bool) -> Self {
                self.recurrent.return_sequences = return_sequences;
                self
            }

            /// Whether the states after the last step are further outputs, each `[units]`.
            pub fn return_state(mut self, return_state: bool) -> Self {
                self.recurrent.return_state = return_state;
                self
            }

            /// Whether it goes from the last step to the first; outputs come in the order in which it
            /// goes.
            pub fn go_backwards(mut self, go_backwards: bool) -> Self {
                self.recurrent.go_backwards = go_backwards;
                self
            }

            /// Whether a batch begins with the states that the one before ended with, row by row, instead of
            /// zeros: rows of consecutive batches are parts of one long sequence. The gradient goes back to
            /// the beginning of its batch and no further (truncated backpropagation through time, Williams
            /// and Peng 1990). A trainer carries the states, see [`Trainer::reset_states`](crate::Trainer::reset_states);
            /// so does a [`Stream`](crate::Stream), whether this is set or not; `predict` and `evaluate`
            /// begin with zeros.
            pub fn stateful(mut self, stateful: bool) -> Self {
                self.recurrent.stateful = stateful;
                self
            }

            /// Whether the output of a step that is padding is 0 instead of that of the step before.
            pub fn zero_output_for_mask(mut self, zero: bool) -> Self {
                self.recurrent.zero_output_for_mask = zero;
                self
            }

            /// Share of the inputs' features that are dropped while training, from 0 up to but not
            /// including 1: the same ones in all steps of a sequence (Gal and Ghahramani 2016).
            pub fn dropout(mut self, rate: f32) -> Self {
                self.recurrent.dropout = rate;
                self
            }

            /// Share of the state's values that the recurrent kernel does not see while training: the
            /// same ones in all steps of a sequence and for all gates, the tied masks of Gal and
            /// Ghahramani 2016; Keras draws others for each gate.
            pub fn recurrent_dropout(mut self, rate: f32) -> Self {
                self.recurrent.recurrent_dropout = rate;
                self
            }

            /// Initial values of the kernel, which the inputs meet.
            pub fn kernel_initializer(mut self, initializer: crate::Initializer) -> Self {
                self.recurrent.kernel_initializer = initializer;
                self
            }

            /// Initial values of the recurrent kernel, which the state meets.
            pub fn recurrent_initializer(mut self, initializer: crate::Initializer) -> Self {
                self.recurrent.recurrent_initializer = initializer;
                self
            }

            /// Initial values of the bias.
            pub fn bias_initializer(mut self, initializer: crate::Initializer) -> Self {
                self.recurrent.bias_initializer = initializer;
                self
            }

            /// A penalty on the kernel that is added to the loss.
            pub fn kernel_regularizer(mut self, regularizer: crate::Regularizer) -> Self {
                self.recurrent.kernel.kernel_regularizer = Some(regularizer);
                self
            }

            /// A penalty on the recurrent kernel that is added to the loss.
            pub fn recurrent_regularizer(mut self, regularizer: crate::Regularizer) -> Self {
                self.recurrent.recurrent_kernel.kernel_regularizer = Some(regularizer);
                self
            }

            /// A penalty on the bias that is added to the loss.
            pub fn bias_regularizer(mut self, regularizer: crate::Regularizer) -> Self {
                self.recurrent.bias.kernel_regularizer = Some(regularizer);
                self
            }

            /// A penalty on the output that is added to the loss: summed over the values of a sample,
            /// the mean over the samples.
            pub fn activity_regularizer(mut self, regularizer: crate::Regularizer) -> Self {
                self.recurrent.activity_regularizer = Some(regularizer);
                self
            }

            /// A limit that the kernel is brought back to after every step.
            pub fn kernel_constraint(mut self, constraint: crate::Constraint) -> Self {
                self.recurrent.kernel.kernel_constraint = Some(constraint);
                self
            }

            /// A limit that the recurrent kernel is brought back to after every step.
            pub fn recurrent_constraint(mut self, constraint: crate::Constraint) -> Self {
                self.recurrent.recurrent_kernel.kernel_constraint = Some(constraint);
                self
            }

            /// A limit that the bias is brought back to after every step.
            pub fn bias_constraint(mut self, constraint: crate::Constraint) -> Self {
                self.recurrent.bias.kernel_constraint = Some(constraint);
                self
            }
        }

        impl RecurrentLayer for $layer {
            fn recurrent(&self) -> &RecurrentSettings {
                &self.recurrent
            }

            fn states(&self) -> usize {
                STATES
            }

            fn emit_going(
                &self,
                inputs: &[Value],
                emit: &mut Emit<'_>,
                way: Way,
            ) -> Result<Vec<Value>, BuildError> {
                self.emit_cell(inputs, emit, way)
            }
        }

        impl Layer for $layer {
            named!($kind);

            fn outputs(&self) -> usize {
                self.recurrent.outputs(STATES)
            }

            fn masking(&self) -> MaskUse {
                $masking
            }

            fn emit(
                &self,
                inputs: &[Value],
                emit: &mut Emit<'_>,
            ) -> Result<Vec<Value>, BuildError> {
                self.emit_cell(inputs, emit, Way::alone(&self.recurrent))
            }
        }
    };
}

/// Declares the settings of layers whose kernel slides over a picture: padding, stride and, where
/// it is asked for, dilation rate.
macro_rules! sliding_settings {
    ($layer:ty, dilated) => {
        sliding_settings!($layer);

        impl $layer {
            settings! {
                /// Distance between the cells that a kernel looks at, down and right. Only one of
                /// stride and dilation rate may be above 1.
                dilation_rate: into Window,
            }
        }
    };
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

            settings! {
                /// Steps from one position to the next.
                stride: into Window,
            }
        }
    };
}

/// Declares the settings of layers that pool windows.
macro_rules! pooling_settings {
    ($layer:ident, $size:ty, $windows:path) => {
        #[allow(clippy::useless_conversion, reason = "a number of steps is what it is")]
        impl $layer {
            /// Windows of the given size side by side; on a picture one number stands for height and
            /// width.
            pub fn new(window: $size) -> Self {
                let window = window.into();
                $layer {
                    window,
                    stride: window,
                    padding: Padding::Valid,
                }
            }

            /// Steps from one window to the next.
            pub fn stride(mut self, stride: $size) -> Self {
                self.stride = stride.into();
                self
            }

            /// Padding that makes the output ⌈size / stride⌉.
            pub fn same(mut self) -> Self {
                self.padding = Padding::Same;
                self
            }

            fn windows(&self) -> Windows {
                $windows(self.window, self.stride, self.padding)
            }
        }
    };
}

/// Declares the settings of layers that pool all there is of a channel.
macro_rules! global_pooling_settings {
    ($layer:ty) => {
        impl $layer {
            /// With a flat output.
            pub fn new() -> Self {
                Self::default()
            }

            /// The output's shape, of which the last axis is the channels'.
            fn output<const AXES: usize>(&self, kept: [usize; AXES]) -> crate::Shape {
                match self.keepdims {
                    true => kept.into(),
                    false => [kept[AXES - 1]].into(),
                }
            }

            /// Whether the output keeps the axes that are pooled, as size 1.
            pub fn keepdims(mut self, keepdims: bool) -> Self {
                self.keepdims = keepdims;
                self
            }
        }
    };
}

/// Declares the settings of a normalisation with a learned scale and offset.
macro_rules! normalisation_settings {
    ($layer:ty) => {
        impl $layer {
            settings! {
                /// What is added to the variance, above 0.
                epsilon: f32,
            }

            /// Whether β is added.
            pub fn center(mut self, center: bool) -> Self {
                self.parameters.center = center;
                self
            }

            /// Whether γ multiplies.
            pub fn scale(mut self, scale: bool) -> Self {
                self.parameters.scale = scale;
                self
            }

            /// Initial values of γ.
            pub fn gamma_initializer(mut self, initializer: crate::Initializer) -> Self {
                self.parameters.gamma_initializer = initializer;
                self
            }

            /// Initial values of β.
            pub fn beta_initializer(mut self, initializer: crate::Initializer) -> Self {
                self.parameters.beta_initializer = initializer;
                self
            }

            /// A penalty on γ that is added to the loss.
            pub fn gamma_regularizer(mut self, regularizer: crate::Regularizer) -> Self {
                self.parameters.gamma_regularizer = Some(regularizer);
                self
            }

            /// A penalty on β that is added to the loss.
            pub fn beta_regularizer(mut self, regularizer: crate::Regularizer) -> Self {
                self.parameters.beta_regularizer = Some(regularizer);
                self
            }

            /// A limit that γ is brought back to after every step: the norm is that of all channels or,
            /// where γ has several axes, goes over all but the last.
            pub fn gamma_constraint(mut self, constraint: crate::Constraint) -> Self {
                self.parameters.gamma_constraint = Some(constraint);
                self
            }

            /// A limit that β is brought back to after every step, as [`Self::gamma_constraint`].
            pub fn beta_constraint(mut self, constraint: crate::Constraint) -> Self {
                self.parameters.beta_constraint = Some(constraint);
                self
            }

            /// A penalty on what the layer gives that is added to the loss: summed over the
            /// values of a sample, the mean over the samples.
            pub fn activity_regularizer(mut self, regularizer: crate::Regularizer) -> Self {
                self.parameters.activity_regularizer = Some(regularizer);
                self
            }
        }
    };
}

// The modules stand here, and not in the table below, so that rustfmt sees their files.
mod activation;
mod activity_regularization;
mod add;
mod annealed_dropout;
mod average;
mod average_pooling1d;
mod average_pooling2d;
mod batch_normalization;
mod bidirectional;
mod checks;
mod concatenate;
mod contractive_penalty;
mod conv1d;
mod conv1d_transpose;
mod conv2d;
mod conv2d_transpose;
mod convolving;
mod coral_penalty;
mod cosine;
mod cropping2d;
mod dense;
mod depthwise_conv2d;
mod dot;
mod drop_connect;
mod dropout;
mod elu;
mod embedding;
mod flatten;
mod gamma_and_beta;
mod gaussian_latent;
mod gaussian_noise;
mod global_average_pooling1d;
mod global_average_pooling2d;
mod global_max_pooling1d;
mod global_max_pooling2d;
mod gradient_reversal;
mod group_normalization;
mod gru;
mod kernel_and_bias;
mod lambda;
mod layer_normalization;
mod leaky_relu;
mod lstm;
mod mask_padding;
mod masking;
mod masking_noise;
mod max_pooling1d;
mod max_pooling2d;
mod maximum;
mod maxout;
mod maxout_conv2d;
mod mean_discrepancy_penalty;
mod minimum;
mod moving;
mod multi_head_attention;
mod multiply;
mod normalization;
mod permute;
mod prelu;
mod random_contrast;
mod random_flip;
mod random_fourier_features;
mod random_rotation;
mod random_translation;
mod random_zoom;
mod recurrent;
mod repeat_vector;
mod rescaling;
mod reshape;
mod salt_and_pepper_noise;
mod separable_conv1d;
mod separable_conv2d;
mod separating;
mod simple_rnn;
mod sparsity_penalty;
mod spatial_dropout2d;
mod spectral_normalization;
mod standout;
mod subtract;
mod tied_dense;
mod time_distributed;
mod transposing;
mod unmask;
mod up_sampling1d;
mod up_sampling2d;
mod window;
mod writing;
mod zero_padding2d;

/// Declares the layers: a line each, `file: Type`. The file's name is the layer's name in saved
/// models and the stem of its automatic name.
macro_rules! layers {
    ($($file:ident: $layer:ident,)*) => {
        $(pub use $file::$layer;)*

        /// The kinds of all.
        pub(crate) const KINDS: &[&str] = &[$(stringify!($file)),*];

        /// The names of their types.
        #[cfg(test)]
        const NAMES: &[&str] = &[$(stringify!($layer)),*];

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
                    KINDS.join(", ")
                )),
            }
        }
    };
}

layers! {
    activation: Activation,
    activity_regularization: ActivityRegularization,
    add: Add,
    annealed_dropout: AnnealedDropout,
    average: Average,
    average_pooling1d: AveragePool1d,
    average_pooling2d: AveragePool2d,
    batch_normalization: BatchNormalization,
    bidirectional: Bidirectional,
    concatenate: Concatenate,
    contractive_penalty: ContractivePenalty,
    conv1d: Conv1d,
    conv1d_transpose: Conv1dTranspose,
    conv2d: Conv2d,
    conv2d_transpose: Conv2dTranspose,
    coral_penalty: CoralPenalty,
    cosine: Cosine,
    cropping2d: Cropping2d,
    dense: Dense,
    depthwise_conv2d: DepthwiseConv2d,
    dot: Dot,
    drop_connect: DropConnect,
    dropout: Dropout,
    elu: Elu,
    embedding: Embedding,
    flatten: Flatten,
    gaussian_latent: GaussianLatent,
    gaussian_noise: GaussianNoise,
    global_average_pooling1d: GlobalAveragePool1d,
    global_average_pooling2d: GlobalAveragePool2d,
    global_max_pooling1d: GlobalMaxPool1d,
    global_max_pooling2d: GlobalMaxPool2d,
    gradient_reversal: GradientReversal,
    group_normalization: GroupNormalization,
    gru: Gru,
    layer_normalization: LayerNormalization,
    leaky_relu: LeakyRelu,
    lstm: Lstm,
    mask_padding: MaskPadding,
    masking: Masking,
    masking_noise: MaskingNoise,
    max_pooling1d: MaxPool1d,
    max_pooling2d: MaxPool2d,
    maximum: Maximum,
    maxout: Maxout,
    maxout_conv2d: MaxoutConv2d,
    mean_discrepancy_penalty: MeanDiscrepancyPenalty,
    minimum: Minimum,
    multi_head_attention: MultiHeadAttention,
    multiply: Multiply,
    normalization: Normalization,
    permute: Permute,
    prelu: PRelu,
    random_contrast: RandomContrast,
    random_flip: RandomFlip,
    random_fourier_features: RandomFourierFeatures,
    random_rotation: RandomRotation,
    random_translation: RandomTranslation,
    random_zoom: RandomZoom,
    repeat_vector: RepeatVector,
    rescaling: Rescaling,
    reshape: Reshape,
    salt_and_pepper_noise: SaltAndPepperNoise,
    separable_conv1d: SeparableConv1d,
    separable_conv2d: SeparableConv2d,
    simple_rnn: SimpleRnn,
    sparsity_penalty: SparsityPenalty,
    spatial_dropout2d: SpatialDropout2d,
    spectral_normalization: SpectralNormalization,
    standout: Standout,
    subtract: Subtract,
    tied_dense: TiedDense,
    time_distributed: TimeDistributed,
    unmask: Unmask,
    up_sampling1d: UpSampling1d,
    up_sampling2d: UpSampling2d,
    zero_padding2d: ZeroPadding2d,
}

pub use crate::factor::Factor;
pub use crate::graph::{Emit, MaskUse, Value, Weight};
pub use crate::kernels::activation::ActivationKind as ActivationFunction;
pub use crate::kernels::resampling::FillMode;
pub use bidirectional::{Merge, Recurrent};
use checks::{check_joined, check_not_negative, check_number, check_rate, check_units, flat_input};
pub use dot::Axes;
use gamma_and_beta::GammaAndBeta;
use kernel_and_bias::{KernelAndBias, penalized};
pub use lambda::Lambda;
pub(crate) use window::picture;
pub use window::{Edges, Padding, Window};

/// A layer: what a user configures, and the ops that do its work.
///
/// ```
/// use letra_nn::layers::{Emit, Layer, Value};
/// use letra_nn::ops::Add;
/// use letra_nn::{BuildError, prelude::*};
///
/// /// Twice its input.
/// #[derive(Debug)]
/// struct Twice;
///
/// impl Layer for Twice {
///     fn kind(&self) -> &'static str {
///         "twice"
///     }
///
///     fn configuration(&self) -> serde_json::Value {
///         serde_json::Value::Null
///     }
///
///     fn emit(&self, inputs: &[Value], emit: &mut Emit<'_>) -> Result<Vec<Value>, BuildError> {
///         let (input, _) = emit.single_input(inputs)?;
///         Ok(vec![emit.op(Add, &[input, input], &[])?])
///     }
/// }
///
/// let network = Sequential::new([2]).add(Twice).build(0)?;
/// let given = network.predict(&Tensor::new([1, 2], vec![1.0, 3.0])?)?;
/// assert_eq!(given.data(), [2.0, 6.0]);
/// # Ok::<(), letra_nn::Error>(())
/// ```
pub trait Layer: Any + Debug + Send + Sync {
    /// Name of the layer's kind, the same as its file's: the stem of automatic names.
    fn kind(&self) -> &'static str;

    /// The configuration as it is saved.
    fn configuration(&self) -> serde_json::Value;

    /// Number of values that it gives.
    fn outputs(&self) -> usize {
        1
    }

    /// Whether a file can hold it: not where its configuration is not all that makes it.
    fn is_saved(&self) -> bool {
        true
    }

    /// The layer that it takes and a file holds with it, where it stands around another.
    fn wrapped(&self) -> Option<&dyn Layer> {
        None
    }

    /// What it does with the mask of a value that it is given; unless told otherwise, it refuses one.
    fn masking(&self) -> MaskUse {
        MaskUse::Refuses
    }

    /// Checks the configuration and the inputs, declares the layer's weights, and writes its ops;
    /// returns the values that it gives.
    ///
    /// # Errors
    /// When the configuration makes no sense or an input does not fit.
    fn emit(&self, inputs: &[Value], emit: &mut Emit<'_>) -> Result<Vec<Value>, BuildError>;
}

#[test]
fn the_list_in_the_docs_is_complete() {
    let list = include_str!("list.md");
    let missing = |name: &&&str| !list.contains(&format!("[`{name}`]"));
    assert_eq!(NAMES.iter().find(missing), None);
}

/// The guide to sequences says of every layer what it does with a mask, and its file says the same.
#[test]
fn what_layers_do_with_masks_is_in_the_guide() {
    let guide = include_str!("../../docs/sequences.md");
    let said = |layer: &str| {
        let mut rows = guide.lines().filter(|line| {
            line.contains(" | passes |")
                || line.contains(" | uses |")
                || line.contains(" | refuses |")
        });
        let named = format!("`{layer}`");
        let row = rows.find(|line| line.split(" | ").next().unwrap_or("").contains(&named));
        row.and_then(|line| line.split(" | ").nth(1))
    };
    let folder = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("src/layers");
    for (layer, kind) in NAMES.iter().zip(KINDS) {
        let source = std::fs::read_to_string(folder.join(kind).with_extension("rs")).unwrap();
        let own = match source {
            source if source.contains("MaskUse::Passes") => "passes",
            source if source.contains("MaskUse::Uses") => "uses",
            _ => "refuses",
        };
        assert_eq!(said(layer), Some(own), "{layer}");
    }
}
