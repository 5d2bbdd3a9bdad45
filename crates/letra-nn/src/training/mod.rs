//! Training: fit, its history, and what watches it.

mod best;
mod callbacks;
mod diagnosis;
mod fit;
mod history;
mod power_law;

#[cfg(feature = "tensorboard")]
pub use callbacks::TensorBoard;
pub use callbacks::{
    BestWeights, Callback, Checkpoint, CsvLog, EarlyStopping, Epoch, LearningRateScheduler,
    Monitor, ProgressBar, ReduceLrOnPlateau, Start, Step, TerminateOnNan,
};
pub use diagnosis::{Diagnosis, Measured, NextStep};
pub use fit::Fit;
pub use history::{EpochLogs, History};
pub use power_law::{LearningPoint, PowerLaw};
