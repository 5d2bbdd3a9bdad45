//! Gradient descent with Nesterov momentum: candle's own has no momentum.

use candle_core::backprop::GradStore;
use candle_core::{Result, Tensor, Var};

/// velocity = momentum · velocity + g; weights −= rate · (g + momentum · velocity).
pub struct Sgd {
    variables: Vec<Var>,
    velocities: Vec<Tensor>,
    rate: f64,
    momentum: f64,
}

impl Sgd {
    pub fn new(variables: Vec<Var>, rate: f64, momentum: f64) -> Result<Self> {
        let velocities = variables.iter().map(|variable| variable.zeros_like()).collect::<Result<_>>()?;
        Ok(Self { variables, velocities, rate, momentum })
    }

    pub fn step(&mut self, gradients: &GradStore) -> Result<()> {
        for (variable, velocity) in self.variables.iter().zip(&mut self.velocities) {
            let Some(gradient) = gradients.get(variable) else { continue };
            let change = if self.momentum > 0.0 {
                *velocity = ((velocity.detach() * self.momentum)? + gradient)?.detach();
                (gradient + (&*velocity * self.momentum)?)?
            } else {
                gradient.clone()
            };
            variable.set(&variable.sub(&(change * self.rate)?)?)?;
        }
        Ok(())
    }
}
