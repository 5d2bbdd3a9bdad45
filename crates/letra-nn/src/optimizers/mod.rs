//! Optimizers: how a gradient changes the parameters. One file each.

mod clipping;

use std::any::Any;
use std::fmt::Debug;

use crate::Error;
use crate::buffer::Buffer;
use crate::check::check_range;
use crate::kernels::reduce;
use crate::schedules::LearningRate;

pub(crate) use clipping::Clipping;

// The modules stand here, and not in the table below, so that rustfmt sees their files.
mod ada_secant;
mod adadelta;
mod adagrad;
mod adam;
mod adam_w;
mod adamax;
mod lion;
mod nadam;
mod rms_prop;
mod sgd;
mod vsgd;

macro_rules! optimizers {
    ($($file:ident: $optimizer:ident,)*) => {
        $(pub use $file::$optimizer;)*

        /// The kinds of all.
        pub(crate) const KINDS: &[&str] = &[$(stringify!($file)),*];

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
    ada_secant: AdaSecant,
    adadelta: Adadelta,
    adagrad: Adagrad,
    adam: Adam,
    adam_w: AdamW,
    adamax: Adamax,
    lion: Lion,
    nadam: Nadam,
    rms_prop: RmsProp,
    sgd: Sgd,
    vsgd: Vsgd,
}

/// Most arrays of state that an optimizer may keep beside the parameters.
pub const SLOTS: usize = 13;

/// A rule that turns gradients into changes of the parameters, value by value.
///
/// ```
/// use letra_nn::optimizers::{Optimizer, Update};
/// use letra_nn::prelude::*;
///
/// /// Steps of one size, against the sign of the gradient.
/// #[derive(Debug)]
/// struct SignDescent(f64);
///
/// impl Optimizer for SignDescent {
///     fn kind(&self) -> &'static str {
///         "sign_descent"
///     }
///
///     fn configuration(&self) -> serde_json::Value {
///         serde_json::json!(self.0)
///     }
///
///     fn check(&self) -> Result<(), Error> {
///         Ok(())
///     }
///
///     fn rate(&self, _step: u64) -> f64 {
///         self.0
///     }
///
///     fn slots(&self) -> &'static [&'static str] {
///         &[]
///     }
///
///     fn update(&self, update: Update<'_>) {
///         for (value, gradient) in update.parameters.iter_mut().zip(update.gradients) {
///             *value -= update.rate * gradient.signum();
///         }
///     }
/// }
///
/// let compile = Compile::new(SignDescent(0.01));
/// ```
pub trait Optimizer: Any + Debug + Send + Sync {
    /// Name of the optimizer, the same as its file's.
    fn kind(&self) -> &'static str;

    /// The configuration as it is saved.
    fn configuration(&self) -> serde_json::Value;

    /// Whether the settings make sense.
    ///
    /// # Errors
    /// When one does not; says which, and its range.
    fn check(&self) -> Result<(), Error>;

    /// The learning rate of a step, counted from 0. An optimizer that finds its own rates
    /// gives 1, and multiplies its changes by it.
    fn rate(&self, step: u64) -> f64;

    /// The learning rate as it is set, if there is one: it may hold a schedule of one's own.
    fn learning_rate(&mut self) -> Option<&mut LearningRate> {
        None
    }

    /// Names of the arrays of state, each as long as the parameters; at most [`SLOTS`].
    /// They are saved in checkpoints.
    fn slots(&self) -> &'static [&'static str];

    /// What the values of a slot are before the first step; 0 unless told otherwise.
    fn initial(&self, _slot: usize) -> f32 {
        0.0
    }

    /// Whether [`Update::norm`] is read. It costs a second pass over the gradient.
    fn wants_norm(&self) -> bool {
        false
    }

    /// Whether the gradient of the same batch is wanted at other parameters as well, as
    /// for a curvature by finite differences. It doubles the work of a step.
    fn wants_probe(&self) -> bool {
        false
    }

    /// Writes where the second gradient is wanted to `displaced`. Only called where
    /// [`Optimizer::wants_probe`] says so; the gradient is then in [`Update::probe`].
    fn displace(&self, _update: Update<'_>, _displaced: &mut [f32]) {}

    /// Updates a piece of the parameters and of the state.
    fn update(&self, update: Update<'_>);

    /// Does what [`Optimizer::update`] does, and says whether all parameters of the piece are finite
    /// then. Unless told otherwise, it looks at them afterwards; an optimizer that sees each value
    /// anyway may spare that.
    fn update_finite(&self, mut update: Update<'_>) -> bool {
        self.update(update.reborrow());
        reduce::is_finite(update.parameters)
    }
}

/// A piece of the parameters with all that an optimizer may look at.
///
/// ```
/// use letra_nn::optimizers::Update;
///
/// /// What an optimizer that goes by the gradient's sign alone does with a piece.
/// fn update(update: Update<'_>) {
///     for (parameter, gradient) in update.parameters.iter_mut().zip(update.gradients) {
///         *parameter -= update.rate * gradient.signum();
///     }
/// }
/// // It can be tried alone.
/// let mut parameters = [1.0, 2.0];
/// update(Update::new(0.5, &mut parameters, &[-3.0, 4.0]));
/// assert_eq!(parameters, [1.5, 1.5]);
/// ```
#[non_exhaustive]
pub struct Update<'a> {
    /// Number of the step, from 0.
    pub step: u64,
    /// Learning rate of the step.
    pub rate: f32,
    /// Euclidean norm of the gradient of the whole parameter that the piece belongs to, if
    /// [`Optimizer::wants_norm`]; otherwise 0.
    pub norm: f32,
    /// The parameters, to be changed.
    pub parameters: &'a mut [f32],
    /// Their gradients.
    pub gradients: &'a [f32],
    /// The displaced parameters and their gradients, if [`Optimizer::wants_probe`];
    /// otherwise empty.
    pub probe: [&'a [f32]; 2],
    /// The arrays of state, in the order of [`Optimizer::slots`]; the rest is empty.
    pub slots: [&'a mut [f32]; SLOTS],
}

impl<'a> Update<'a> {
    /// The first step of some parameters by their gradients, without state; the fields may then be set.
    /// For tests of an optimizer of one's own: a training makes its own updates.
    pub fn new(rate: f32, parameters: &'a mut [f32], gradients: &'a [f32]) -> Self {
        Update {
            step: 0,
            rate,
            norm: 0.0,
            parameters,
            gradients,
            probe: [&[]; 2],
            slots: Default::default(),
        }
    }

    /// The same, for a while.
    fn reborrow(&mut self) -> Update<'_> {
        Update {
            parameters: self.parameters,
            slots: self.slots.each_mut().map(|slot| &mut **slot),
            ..*self
        }
    }
}

/// An error unless a decay of a moving average lies from 0 to below 1.
pub(crate) fn check_decay(name: &str, value: f32) -> Result<(), Error> {
    check_range(name, value, 0.0..1.0, "from 0 to below 1")
}

/// An error unless ε is above 0.
pub(crate) fn check_epsilon(value: f32) -> Result<(), Error> {
    check_range("epsilon", value, f32::MIN_POSITIVE.., "above 0")
}

/// The optimizer's arrays of state before the first step, of so many values each.
///
/// # Errors
/// When it wants more of them than there may be.
pub(crate) fn initial_slots(
    optimizer: &dyn Optimizer,
    values: usize,
) -> Result<Vec<Buffer>, Error> {
    let slots = optimizer.slots().len();
    if slots > SLOTS {
        return Err(Error::configuration(format!(
            "the optimizer {} wants {slots} arrays of state",
            optimizer.kind()
        ))
        .with_hint(format!("{SLOTS} is the most")));
    }
    Ok((0..slots)
        .map(|slot| {
            let mut state = Buffer::zeros(values);
            state.fill(optimizer.initial(slot));
            state
        })
        .collect())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::prelude::*;

    /// One of a user's own, which says nothing of finite values.
    #[derive(Debug)]
    struct Descent;

    impl Optimizer for Descent {
        fn kind(&self) -> &'static str {
            "descent"
        }

        fn configuration(&self) -> serde_json::Value {
            serde_json::Value::Null
        }

        fn check(&self) -> Result<(), Error> {
            Ok(())
        }

        fn rate(&self, _step: u64) -> f64 {
            0.1
        }

        fn slots(&self) -> &'static [&'static str] {
            &[]
        }

        fn update(&self, update: Update<'_>) {
            for (value, gradient) in update.parameters.iter_mut().zip(update.gradients) {
                *value -= update.rate * gradient;
            }
        }
    }

    /// Parameters after a step, and whether they were said to be finite.
    fn stepped(optimizer: &dyn Optimizer, gradients: &[f32], says: bool) -> (Vec<u32>, bool) {
        let mut parameters: Vec<f32> = (0..gradients.len()).map(|i| i as f32 - 3.5).collect();
        let mut slots = initial_slots(optimizer, gradients.len()).unwrap();
        let displaced: Vec<f32> = parameters.iter().map(|value| value + 0.5).collect();
        let mut update = Update::new(0.1, &mut parameters, gradients);
        update.norm = 1.0;
        update.probe = [&displaced, gradients];
        for (slot, values) in update.slots.iter_mut().zip(&mut slots) {
            *slot = values;
        }
        let finite = match says {
            true => optimizer.update_finite(update),
            false => {
                optimizer.update(update);
                reduce::is_finite(&parameters)
            }
        };
        let bits = parameters.iter().map(|value| value.to_bits());
        (bits.collect(), finite)
    }

    #[test]
    fn each_optimizer_takes_the_same_step_where_it_says_whether_all_is_finite() {
        let optimizers: [Box<dyn Optimizer>; 16] = [
            Box::new(AdaSecant::new()),
            Box::new(Adadelta::new(0.5)),
            Box::new(Adagrad::new(0.1)),
            Box::new(Adam::new(0.1)),
            Box::new(Adam::new(0.1).amsgrad(true)),
            Box::new(AdamW::new(0.1)),
            Box::new(Adamax::new(0.1)),
            Box::new(Descent),
            Box::new(Lion::new(0.1)),
            Box::new(Nadam::new(0.1)),
            Box::new(RmsProp::new(0.1)),
            Box::new(RmsProp::new(0.1).momentum(0.5).centered(true)),
            Box::new(Sgd::new(0.1)),
            Box::new(Sgd::new(0.1).momentum(0.9)),
            Box::new(Sgd::new(0.1).momentum(0.9).nesterov(true)),
            Box::new(Vsgd::new()),
        ];
        for optimizer in optimizers {
            let kind = optimizer.kind();
            let mut gradients: Vec<f32> = (0..19).map(|i| (i % 5) as f32 - 1.5).collect();
            let all =
                |gradients: &[f32]| [false, true].map(|says| stepped(&*optimizer, gradients, says));
            let [plain, saying] = all(&gradients);
            assert!(plain == saying && plain.1, "{kind}");
            for place in 0..gradients.len() {
                let gradient = std::mem::replace(&mut gradients[place], f32::NAN);
                let [plain, saying] = all(&gradients);
                // Those that measure first change nothing in their first steps.
                assert_eq!(plain.1, saying.1, "{kind}, place {place}");
                assert!(!plain.1 || kind == "vsgd" || kind == "ada_secant", "{kind}");
                gradients[place] = gradient;
            }
        }
    }
}
