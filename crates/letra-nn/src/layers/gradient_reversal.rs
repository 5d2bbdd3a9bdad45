use serde::{Deserialize, Serialize};

use super::{Layer, MaskUse, check_not_negative};
use crate::error::BuildError;
use crate::graph::{Emit, Value};
use crate::ops::ReverseGradient;

/// Gives its input as it is, and turns its gradient round: *y* = *x*, ∂*x* = −λ ∂*y* (Ganin, Ustinova, Ajakan,
/// Germain, Larochelle, Laviolette, Marchand and Lempitsky 2016, "Domain-adversarial training of neural
/// networks", section 4.2). What comes after it learns to tell domains apart, and what comes before it learns
/// features by which they cannot be told.
///
/// Any shape. λ is a number of 0 or more, or rises with a [schedule](Self::schedule).
///
/// ```
/// use letra_nn::prelude::*;
///
/// // Classes and domains from the same features.
/// let mut model = Model::new();
/// let input = model.input([8]);
/// let features = model.layer(Dense::new(16).relu(), [input]);
/// let class = model.layer(Dense::new(5).named("class"), [features]);
/// let reversed = model.layer(GradientReversal::new(1.0).schedule(10.0, 5000), [features]);
/// let domain = model.layer(Dense::new(2).named("domain"), [reversed]);
/// let network = model.outputs([class, domain]).compile(
///     Compile::new(Sgd::new(0.01)).loss(CrossEntropy::from_logits()).next_output(),
/// )?;
/// # Ok::<(), letra_nn::Error>(())
/// ```
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct GradientReversal {
    factor: f32,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    schedule: Option<(f32, u64)>,
}

impl GradientReversal {
    /// With the given λ.
    pub fn new(factor: f32) -> Self {
        GradientReversal {
            factor,
            schedule: None,
        }
    }

    /// Lets λ rise from 0: times 2 / (1 + exp(−`gamma` *p*)) − 1, with *p* the share of `steps` steps that have
    /// been taken, at most 1 (their section 5.2.2, where γ is 10).
    pub fn schedule(mut self, gamma: f32, steps: u64) -> Self {
        self.schedule = Some((gamma, steps));
        self
    }
}

/// Refuses a schedule of a factor λ that is none.
pub(super) fn check_schedule(schedule: Option<(f32, u64)>) -> Result<(), BuildError> {
    let Some((gamma, steps)) = schedule else {
        return Ok(());
    };
    check_not_negative("a schedule with γ", gamma)?;
    match steps {
        0 => Err(BuildError::configuration("has a schedule of 0 steps")
            .with_hint("give it as many as the training takes")),
        _ => Ok(()),
    }
}

impl Layer for GradientReversal {
    named!("gradient_reversal");

    fn masking(&self) -> MaskUse {
        MaskUse::Passes
    }

    fn emit(&self, inputs: &[Value], emit: &mut Emit<'_>) -> Result<Vec<Value>, BuildError> {
        check_not_negative("a factor of", self.factor)?;
        check_schedule(self.schedule)?;
        let (input, _) = emit.single_input(inputs)?;
        let reverse = ReverseGradient {
            factor: self.factor,
            schedule: self.schedule,
        };
        emit.output(reverse, &[input], &[])
    }
}
