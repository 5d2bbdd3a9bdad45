//! Optimizers: how a gradient changes the parameters. One file each.

use std::fmt::Debug;

use crate::Error;

macro_rules! optimizers {
    ($($file:ident: $optimizer:ident,)*) => {
        $(mod $file; pub use $file::$optimizer;)*

        /// The optimizer of the given kind with a saved configuration.
        pub(crate) fn from_configuration(
            kind: &str,
            configuration: serde_json::Value,
        ) -> Result<Box<dyn Optimizer>, String> {
            match kind {
                $(stringify!($file) => serde_json::from_value::<$optimizer>(configuration)
                    .map(|optimizer| Box::new(optimizer) as Box<dyn Optimizer>)
                    .map_err(|error| format!("the optimizer's configuration cannot be read: {error}")),)*
                _ => Err(format!("this version of letra has no optimizer named \"{kind}\"")),
            }
        }
    };
}

optimizers! {
    adam: Adam,
    sgd: Sgd,
}

/// Most arrays of state that an optimizer may keep beside the parameters.
pub(crate) const SLOTS: usize = 2;

/// A rule that turns gradients into changes of the parameters, value by value.
pub trait Optimizer: Debug + Send + Sync {
    /// Name of the optimizer, the same as its file's.
    fn kind(&self) -> &'static str;

    /// The configuration as it is saved.
    fn configuration(&self) -> serde_json::Value;

    /// Whether the settings make sense.
    ///
    /// # Errors
    /// When one does not; says which, and its range.
    fn check(&self) -> Result<(), Error>;

    /// Names of the arrays of state, each as long as the parameters and zero at first;
    /// at most two.
    fn slots(&self) -> &'static [&'static str];

    /// Updates a piece of the parameters and of the state. `step` counts from 0.
    fn update(
        &self,
        step: u64,
        parameters: &mut [f32],
        gradients: &[f32],
        slots: [&mut [f32]; SLOTS],
    );
}

/// An error unless `value` lies in `range`.
pub(crate) fn check_range(
    name: &str,
    value: f32,
    range: impl std::ops::RangeBounds<f32>,
    words: &str,
) -> Result<(), Error> {
    match value.is_finite() && range.contains(&value) {
        true => Ok(()),
        false => Err(Error::Configuration(format!(
            "the optimizer's {name} is {value}: it must be {words}"
        ))),
    }
}
