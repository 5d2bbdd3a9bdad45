use std::f32::consts::TAU;

use serde::{Deserialize, Serialize};

use super::{Layer, check_number, flat_input};
use crate::Initializer;
use crate::error::BuildError;
use crate::graph::{Emit, Value};
use crate::ops::{Fourier, MatMul};

/// Random features whose products are a Gaussian kernel, but for chance:
///
/// *y* = √(2/*D*) cos(*x* · *W* + *b*), so that *y*(*u*) · *y*(*v*) ≈ exp(−γ ‖*u* − *v*‖²)
///
/// with *W* drawn from a normal distribution of variance 2γ and *b* uniformly from 0 to 2π
/// (Rahimi and Recht 2007, algorithm 1). The two differ by ε or more with probability 2
/// exp(−*D* ε² / 4) at most. A linear layer after it is a kernel machine whose cost does not
/// grow with the number of samples.
///
/// Input `[inputs]`, output `[output_dim]`. `kernel` *W* `[inputs, output_dim]` and `offset` *b*
/// `[output_dim]` are drawn by the network's seed and saved with it; no optimizer touches them.
/// With *z* = *x* · *W* + *b*,
///
/// ∂*x* = δ · *W*ᵀ, δ = −√(2/*D*) sin(*z*) ⊙ ∂*y*.
///
/// Unless told otherwise γ is 1 / `inputs`, as in Keras, whose `scale` σ is that of
/// exp(−‖*u* − *v*‖² / 2σ²).
///
/// ```
/// use letra_nn::prelude::*;
///
/// let network = Sequential::new([784]).add(RandomFourierFeatures::new(256).scale(8.0)).add(Dense::new(10)).build(0)?;
/// assert_eq!(network.output_shape(), [10]);
/// # Ok::<(), letra_nn::Error>(())
/// ```
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct RandomFourierFeatures {
    output_dim: usize,
    gamma: Option<f32>,
}

impl RandomFourierFeatures {
    /// `output_dim` features, at least 1.
    pub fn new(output_dim: usize) -> Self {
        RandomFourierFeatures {
            output_dim,
            gamma: None,
        }
    }

    /// How fast the kernel falls with the squared distance, above 0.
    pub fn gamma(mut self, gamma: f32) -> Self {
        self.gamma = Some(gamma);
        self
    }

    /// How far the kernel reaches, above 0: γ = 1 / 2σ².
    pub fn scale(self, sigma: f32) -> Self {
        self.gamma(1.0 / (2.0 * sigma * sigma))
    }

    fn amplitude(&self) -> f32 {
        (2.0 / self.output_dim as f32).sqrt()
    }
}

impl Layer for RandomFourierFeatures {
    named!("random_fourier_features");

    fn emit(&self, inputs: &[Value], emit: &mut Emit<'_>) -> Result<Vec<Value>, BuildError> {
        let (input, width) = flat_input(inputs, emit)?;
        if self.output_dim == 0 {
            return Err(
                BuildError::configuration("has an output_dim of 0").with_hint("give it at least 1")
            );
        }
        let gamma = self.gamma.unwrap_or(1.0 / width as f32);
        let hint = "choose a number above 0 (with scale, one whose square is above 0)";
        check_number("gamma", gamma, gamma > 0.0, hint)?;
        let frequencies = Initializer::normal(0.0, (2.0 * gamma).sqrt());
        let kernel = emit.state("kernel", [width, self.output_dim], frequencies)?;
        let offsets = Initializer::uniform(0.0, TAU);
        let offset = emit.state("offset", [self.output_dim], offsets)?;
        let product = MatMul::new(self.output_dim);
        let angles = emit.op(product, &[input], &[kernel, offset])?;
        let waves = Fourier {
            amplitude: self.amplitude(),
        };
        emit.output(waves, &[angles], &[])
    }
}
