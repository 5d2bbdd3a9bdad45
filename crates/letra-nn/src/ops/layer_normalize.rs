use super::{Backward, Forward, Needs, Op};
use crate::Shape;
use crate::kernels::normalisation::{self, GroupGradients};

/// Each group of `size` neighbouring values brought to mean 0 and variance 1, then scaled by γ and
/// shifted by β, where there are such weights (Ba, Kiros and Hinton 2016, eqs. 3 and 4):
/// *x̂* = (*x* − μ) / √(σ² + ε), *y* = γ *x̂* + β. With *g* = γ ∂*y*,
///
/// ∂β = Σ ∂*y*, ∂γ = Σ ∂*y* *x̂*, ∂*x* = (*g* − mean(*g*) − *x̂* mean(*g* *x̂*)) / √(σ² + ε).
#[derive(Debug, Clone)]
pub(crate) struct LayerNormalize {
    pub(crate) size: usize,
    pub(crate) epsilon: f32,
    /// Whether the first weight is γ.
    pub(crate) scale: bool,
    /// Whether the last weight is β.
    pub(crate) center: bool,
}

impl Op for LayerNormalize {
    fn needs(&self, inputs: &[Shape]) -> Needs {
        Needs {
            // Mean and deviation of each group.
            keep: 2 * (inputs[0].values() / self.size.max(1)),
            ..Needs::default()
        }
    }

    fn scratch(&self, _inputs: &[Shape], _samples: usize) -> usize {
        2 * self.size
    }

    fn forward(&self, pass: &mut Forward<'_>) {
        normalisation::groups(
            self.size,
            self.epsilon,
            self.scale.then(|| pass.weights[0]),
            self.center.then(|| pass.weights[usize::from(self.scale)]),
            pass.inputs[0],
            pass.outputs[0],
            (!pass.keep.is_empty()).then_some(&mut *pass.keep),
        );
    }

    fn backward(&self, pass: &mut Backward<'_>) {
        let mut gradients = pass.weight_gradients.iter_mut();
        let mut next = |there: bool| match there {
            true => gradients.next().and_then(Option::as_deref_mut),
            false => None,
        };
        let (gamma_gradient, beta_gradient) = (next(self.scale), next(self.center));
        GroupGradients {
            gamma: self.scale.then(|| pass.weights[0]),
            x: pass.inputs[0],
            moments: pass.keep,
            gradient: pass.output_gradients[0],
            gamma_gradient,
            beta_gradient,
            input_gradient: pass.input_gradients[0].as_deref_mut(),
            scratch: pass.scratch,
        }
        .compute(self.size);
    }
}
