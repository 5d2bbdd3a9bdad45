use super::{Backward, Forward, Op, pass_on};

/// Waves of the given amplitude *a* at angles *x*: *y* = *a* cos(*x*), ∂*x* = −*a* sin(*x*) ∂*y*.
#[derive(Debug, Clone)]
pub(crate) struct Fourier {
    pub(crate) amplitude: f32,
}

impl Op for Fourier {
    fn forward(&self, pass: &mut Forward<'_>) {
        for (output, angle) in pass.outputs[0].iter_mut().zip(pass.inputs[0]) {
            *output = self.amplitude * libm::cosf(*angle);
        }
    }

    fn backward(&self, pass: &mut Backward<'_>) {
        for (gradient, angle) in pass.output_gradients[0].iter_mut().zip(pass.inputs[0]) {
            *gradient *= -self.amplitude * libm::sinf(*angle);
        }
        pass_on(pass);
    }
}
