//! Training: fit, its history, and what watches it.

mod back_propagation;
mod best;
mod by_hand;
mod callbacks;
mod compile;
mod diagnosis;
mod evaluate;
mod file;
mod fit;
mod history;
mod learning_rate;
mod memory;
mod not_finite;
mod order;
mod power_law;
mod source;
mod states;
mod trainer;
mod unoptimised;

pub use back_propagation::BackPropagation;
pub use by_hand::Gradients;
#[cfg(feature = "tensorboard")]
pub use callbacks::TensorBoard;
pub use callbacks::{
    BestWeights, Callback, Checkpoint, CsvLog, EarlyStopping, End, Epoch, GradualUnfreezing,
    LambdaCallback, LearningRateScheduler, Monitor, ReduceLrOnPlateau, Start, Step, TerminateOnNan,
};
pub use compile::Compile;
pub use diagnosis::{Diagnosis, Measured, NextStep};
pub use fit::Fit;
pub use history::{EpochLogs, History};
pub use learning_rate::RateRangeTest;
pub(crate) use memory::check_room;
pub use power_law::{LearningPoint, PowerLaw};
pub use source::{Batches, Source};
pub use trainer::{Scores, Trainer};
pub(crate) use unoptimised::warn_of_slow_kernels;
