//! Neural networks for the CPU: define, compile, fit. Keras's words, one seed one result.
//!
//! ```
//! use letra_nn::prelude::*;
//!
//! // Which quadrant does a point lie in?
//! let points: Vec<f32> = (0..400).map(|i| ((i * 37) % 200) as f32 / 100.0 - 0.995).collect();
//! let labels = points.chunks(2).map(|p| u32::from(p[0] > 0.0) + 2 * u32::from(p[1] > 0.0));
//! let data = Dataset::classes(Tensor::new([200, 2], points.clone())?, labels.collect(), 4)?;
//!
//! let mut network = Sequential::new([2])
//!     .add(Dense::new(16).relu())
//!     .add(Dense::new(4))
//!     .compile(
//!         Compile::new(Adam::new(0.01))
//!             .loss(CrossEntropy::from_logits())
//!             .metric(Accuracy)
//!             .seed(1),
//!     )?;
//! network.fit(&data, Fit::epochs(60).batch_size(20))?;
//! assert!(network.evaluate(&data)?.metric("accuracy") > Some(0.95));
//! # Ok::<(), letra_nn::Error>(())
//! ```
//!
//! Channels come last, as in Keras. All randomness comes from the seed given to
//! [`Compile`]; the same seed gives the same bits on any number of threads and with
//! every instruction set ([`instruction_set`]).
//!
//! **In a debug build** it is 100 to 160 times slower, unless your workspace's `Cargo.toml` says otherwise:
//!
//! ```toml
//! [profile.dev.package.letra-kernels]
//! opt-level = 3
//! [profile.dev.package.letra-nn]
//! opt-level = 3
//! ```
//!
//! The [`guide`] begins with a first network; [one of its pages](guide::keras) lists Keras's names beside letra's.

#![warn(missing_docs)]
#![deny(clippy::print_stdout, clippy::print_stderr)]
#![allow(clippy::new_without_default, reason = "settings follow a `new`")]

#[macro_use]
mod settings;

mod check;
mod dataset;
pub mod datasets;
pub mod decoding;
mod demands;
mod error;
mod factor;
pub mod formats;
mod graph;
pub mod guide;
pub mod initializers;
mod layer_graph;
pub mod layers;
pub mod learners;
pub mod losses;
pub mod metrics;
mod network;
mod next_steps;
mod number;
pub mod ops;
pub mod optimizers;
mod places;
mod plan;
mod rows;
pub mod schedules;
mod sequences;
mod shape;
mod target_shapes;
mod targets;
mod tensor;
pub mod training;

use letra_kernels::{self as kernels, buffer};

pub use dataset::{Dataset, Inputs, Targets, one_hot};
pub(crate) use demands::KernelDemands;
pub use demands::{Constraint, Regularizer};
pub use error::{BuildError, Error};
pub use graph::Value;
pub use initializers::Initializer;
pub use letra_kernels::random;
pub use network::{
    IntoPart, LayerOutput, LayerSummary, Model, Named, Network, Parameter, Part, Registry,
    Sampling, Sequential, Stream, Summary, Weights, Workers,
};
pub use sequences::{End, Pad, Sequences};
pub use shape::Shape;
pub use tensor::Tensor;
pub use training::{BackPropagation, Compile, Gradients, RateRangeTest, Scores, Source, Trainer};

/// The name of the instruction set that this process computes with: the fastest of the machine, or
/// what the environment variable `LETRA_SIMD` named when the first sum was made. The names are
/// `avx512`, `avx2` (with fused multiply-add), `neon` and `scalar`, which every machine has. It decides
/// how fast a result is there, and changes no bit of it.
///
/// # Errors
/// Where the variable names none of this machine; `scalar` is taken then.
pub fn instruction_set() -> Result<&'static str, Error> {
    kernels::instruction_set().map_err(|error| Error::configuration(error.to_string()))
}

/// All that a usual program needs.
pub mod prelude {
    pub use crate::layers::{
        Activation, ActivationFunction, ActivityRegularization, Add, AnnealedDropout, Average,
        AveragePool1d, AveragePool2d, BatchNormalization, Bidirectional, Concatenate,
        ContractivePenalty, Conv1d, Conv1dTranspose, Conv2d, Conv2dTranspose, CoralPenalty, Cosine,
        Cropping2d, Dense, DepthwiseConv2d, Dot, DropConnect, Dropout, Elu, Embedding, FillMode,
        Flatten, GaussianLatent, GaussianNoise, GlobalAveragePool1d, GlobalAveragePool2d,
        GlobalMaxPool1d, GlobalMaxPool2d, GradientReversal, GroupNormalization, Gru, Lambda,
        LayerNormalization, LeakyRelu, Lstm, MaskPadding, Masking, MaskingNoise, MaxPool1d,
        MaxPool2d, Maximum, Maxout, MaxoutConv2d, MeanDiscrepancyPenalty, Minimum,
        MultiHeadAttention, Multiply, Normalization, PRelu, Permute, RandomContrast, RandomFlip,
        RandomFourierFeatures, RandomRotation, RandomTranslation, RandomZoom, RepeatVector,
        Rescaling, Reshape, SaltAndPepperNoise, SeparableConv1d, SeparableConv2d, SimpleRnn,
        SparsityPenalty, SpatialDropout2d, SpectralNormalization, Standout, Subtract, TiedDense,
        TimeDistributed, Unmask, UpSampling1d, UpSampling2d, ZeroPadding2d,
    };
    pub use crate::losses::{
        BinaryCrossEntropy, BinaryFocalCrossEntropy, CategoricalFocalCrossEntropy,
        CategoricalHinge, CrossEntropy, Ctc, Hinge, Huber, KlDivergence, LogCosh,
        MeanAbsoluteError, MeanAbsolutePercentageError, MeanSquaredError,
        MeanSquaredLogarithmicError, Poisson, SumSquaredError,
    };
    pub use crate::metrics::{
        Accuracy, Auc, Averaging, BinaryAccuracy, BrierScore, ConfusionMatrix, CosineSimilarity,
        Direction, ExpectedCalibrationError, F1Score, LabelErrorRate, LogLoss, Precision, R2Score,
        Recall, RootMeanSquaredError, TopKAccuracy,
    };
    pub use crate::optimizers::{
        AdaSecant, Adadelta, Adagrad, Adam, AdamW, Adamax, Lion, Nadam, RmsProp, Sgd, Vsgd,
    };
    #[cfg(feature = "tensorboard")]
    pub use crate::training::TensorBoard;
    pub use crate::training::{
        BestWeights, Callback, Checkpoint, CsvLog, EarlyStopping, Epoch, EpochLogs, Fit,
        GradualUnfreezing, History, LambdaCallback, LearningRateScheduler, ReduceLrOnPlateau,
        Start, Step, TerminateOnNan,
    };
    pub use crate::{
        BackPropagation, Compile, Constraint, Dataset, End, Error, Initializer, IntoPart,
        LayerOutput, Model, Network, Pad, Registry, Regularizer, Sampling, Scores, Sequences,
        Sequential, Shape, Source, Stream, Targets, Tensor, Trainer, Weights, Workers, one_hot,
    };
}

/// The README's program runs.
#[cfg(doctest)]
#[doc = include_str!("../README.md")]
struct Readme;
