use std::sync::Arc;

use serde::de::Error;
use serde::{Deserialize, Deserializer, Serialize};
use serde_json::json;

use super::{Layer, from_configuration};
use crate::error::BuildError;
use crate::graph::{Emit, Value};

/// Divides the kernel of a layer by its largest singular value σ, so that the layer stretches no
/// difference of its inputs (Miyato, Kataoka, Koyama and Yoshida 2018, "Spectral normalization for
/// generative adversarial networks"): *y* = *f*(*x* · *W* / σ(*W*) + *b*).
///
/// The layer is a [`Dense`](super::Dense), [`Conv1d`](super::Conv1d) or [`Conv2d`](super::Conv2d); of a
/// convolution's kernel, all axes but the last are the rows of *W*. A vector *u* is carried from step to
/// step and saved, as `vector_u`, and each step takes one iteration of the power method with it
/// (their algorithm 1) for each place at which the layer stands, unless more are asked for. The gradient of
/// σ goes into the kernel's (their eq. 12); Keras's layer leaves that out and writes *W* / σ into the kernel
/// instead.
///
/// ```
/// use letra_nn::prelude::*;
///
/// let critic = Sequential::new([28, 28, 1])
///     .add(SpectralNormalization::new(Conv2d::new(16, 4).stride(2).same()))
///     .add(LeakyRelu::new(0.1))
///     .add(Flatten)
///     .add(SpectralNormalization::new(Dense::new(1)))
///     .build(0)?;
/// assert_eq!(critic.parameter("spectral_normalization/vector_u").unwrap().shape(), [16]);
/// # Ok::<(), letra_nn::Error>(())
/// ```
#[derive(Debug, Clone)]
pub struct SpectralNormalization {
    layer: Arc<dyn Layer>,
    power_iterations: usize,
}

/// How a layer in another is saved.
#[derive(Serialize, Deserialize)]
struct Inner {
    kind: String,
    configuration: serde_json::Value,
}

impl SpectralNormalization {
    /// Around the given layer, with one iteration a step.
    pub fn new(layer: impl Layer) -> Self {
        SpectralNormalization {
            layer: Arc::new(layer),
            power_iterations: 1,
        }
    }

    /// Iterations of the power method a step, at least 1.
    pub fn power_iterations(mut self, iterations: usize) -> Self {
        self.power_iterations = iterations;
        self
    }
}

impl<'de> Deserialize<'de> for SpectralNormalization {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        #[derive(Deserialize)]
        struct Saved {
            layer: Inner,
            power_iterations: usize,
        }
        let saved = Saved::deserialize(deserializer)?;
        let layer = from_configuration(&saved.layer.kind, saved.layer.configuration);
        Ok(SpectralNormalization {
            layer: Arc::from(layer.map_err(D::Error::custom)?),
            power_iterations: saved.power_iterations,
        })
    }
}

impl Layer for SpectralNormalization {
    fn kind(&self) -> &'static str {
        "spectral_normalization"
    }

    fn configuration(&self) -> serde_json::Value {
        let layer = Inner {
            kind: self.layer.kind().to_owned(),
            configuration: self.layer.configuration(),
        };
        json!({ "layer": layer, "power_iterations": self.power_iterations })
    }

    fn is_saved(&self) -> bool {
        self.layer.is_saved()
    }

    fn emit(&self, inputs: &[Value], emit: &mut Emit<'_>) -> Result<Vec<Value>, BuildError> {
        if self.power_iterations == 0 {
            return Err(
                BuildError::configuration("has 0 power iterations").with_hint("take at least 1")
            );
        }
        let first = emit.written();
        let outputs = self.layer.emit(inputs, emit)?;
        emit.divide_kernel(first, self.power_iterations)?;
        Ok(outputs)
    }
}
