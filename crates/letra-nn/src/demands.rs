//! Demands on weights beside the loss: penalties on large ones, and limits.

use serde::{Deserialize, Serialize};

use crate::BuildError;

/// A penalty that is added to the loss, on a parameter or on what a layer gives:
/// λ₁ Σ|*w*| + λ₂ Σ*w*².
///
/// Its gradient, λ₁ sign(*w*) + 2 λ₂ *w*, is added to the parameter's. On what a layer gives, an
/// activity, the sum goes over a sample's values, and the mean over the samples counts. Names and
/// formulas are Keras's; as there, the loss that is reported includes the penalty.
///
/// ```
/// # use letra_nn::prelude::*;
/// let code = Dense::new(8)
///     .relu()
///     .kernel_regularizer(Regularizer::l2(0.01))
///     .bias_regularizer(Regularizer::l2(0.01))
///     .activity_regularizer(Regularizer::l1(0.001));
/// let network = Sequential::new([4]).add(code).add(Dense::new(4));
/// assert!(network.compile(Compile::new(Adam::new(0.01)).loss(MeanSquaredError)).is_ok());
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Regularizer {
    #[serde(default)]
    l1: f32,
    #[serde(default)]
    l2: f32,
}

impl Regularizer {
    /// λ₁ Σ|*w*| (Tibshirani 1996): many weights become 0. Keras's usual λ₁ is 0.01.
    pub fn l1(l1: f32) -> Self {
        Regularizer { l1, l2: 0.0 }
    }

    /// λ₂ Σ*w*²: weights stay small. Keras's usual λ₂ is 0.01.
    pub fn l2(l2: f32) -> Self {
        Regularizer { l1: 0.0, l2 }
    }

    /// Both (Zou and Hastie 2005).
    pub fn l1_l2(l1: f32, l2: f32) -> Self {
        Regularizer { l1, l2 }
    }

    /// λ₁ and λ₂.
    pub(crate) fn factors(&self) -> [f32; 2] {
        [self.l1, self.l2]
    }

    pub(crate) fn check(&self) -> Result<(), BuildError> {
        for (name, value) in [("L1", self.l1), ("L2", self.l2)] {
            if !(value.is_finite() && value >= 0.0) {
                return Err(BuildError::configuration(format!(
                    "has a regularizer with {name} factor {value}"
                ))
                .with_hint("use a number of 0 or more"));
            }
        }
        Ok(())
    }
}

/// A limit that a parameter is brought back to after every step.
///
/// ```
/// use letra_nn::prelude::*;
///
/// let network = Sequential::new([784])
///     .add(Dense::new(256).relu().kernel_constraint(Constraint::max_norm(3.0)))
///     .add(Dropout::new(0.5))
///     .add(Dense::new(10))
///     .build(0)?;
/// assert_eq!(network.output_shape(), [10]);
/// # Ok::<(), letra_nn::Error>(())
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum Constraint {
    /// The largest Euclidean norm of the weights that lead into a unit or make up a filter: all
    /// axes but the last (Srebro and Shraibman 2005; Hinton et al. 2012). What is longer is
    /// shortened to it. Keras's `MaxNorm` over axis 0 of a dense kernel, and over axes
    /// 0 to 2 of a convolution's. Of a bias, or of a normalisation's γ or β, it is the norm of all of
    /// it, as Keras's over axis 0.
    MaxNorm(f32),
}

impl Constraint {
    /// The largest norm of a unit's weights, above 0; Keras's usual one is 2, and 3 to 4 go well
    /// with dropout (Srivastava et al. 2014).
    pub fn max_norm(limit: f32) -> Self {
        Constraint::MaxNorm(limit)
    }

    fn check(&self) -> Result<(), BuildError> {
        let Constraint::MaxNorm(limit) = self;
        match limit.is_finite() && *limit > 0.0 {
            true => Ok(()),
            false => Err(
                BuildError::configuration(format!("has a largest norm of {limit}"))
                    .with_hint("use a number above 0"),
            ),
        }
    }
}

/// What is demanded of a parameter's values; nothing unless set.
///
/// A layer keeps one for its kernel, saves it flattened into its own configuration, and hands
/// it to [`crate::layers::Emit::demand`].
#[derive(Debug, Clone, Copy, Default, PartialEq, Serialize, Deserialize)]
pub(crate) struct KernelDemands {
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) kernel_regularizer: Option<Regularizer>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) kernel_constraint: Option<Constraint>,
}

impl From<Option<Regularizer>> for KernelDemands {
    /// A penalty alone, or nothing.
    fn from(regularizer: Option<Regularizer>) -> Self {
        KernelDemands {
            kernel_regularizer: regularizer,
            ..KernelDemands::default()
        }
    }
}

impl KernelDemands {
    pub(crate) fn check(&self) -> Result<(), BuildError> {
        self.kernel_regularizer
            .map_or(Ok(()), |regularizer| regularizer.check())?;
        self.kernel_constraint
            .map_or(Ok(()), |constraint| constraint.check())
    }
}
