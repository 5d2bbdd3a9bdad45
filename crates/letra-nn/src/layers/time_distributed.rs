use std::sync::Arc;

use serde::de::Error;
use serde::{Deserialize, Deserializer, Serialize};
use serde_json::json;

use super::{Layer, MaskUse, from_configuration};
use crate::error::BuildError;
use crate::graph::{Emit, Value};

/// Takes a layer over the steps of a sequence: each step is to it a sample of its own, and all share
/// its parameters (Keras's layer).
///
/// Input `[steps, …]`, where `[…]` is what the layer wants; output `[steps, …]` of what it gives, with
/// the mask of the input. Any layer will do, one of your own, too. Of the layer's sums over the batch,
/// as batch normalisation has them, all steps are samples, padding included; its random numbers differ from
/// step to step. [`Dense`](super::Dense) over a sequence needs none of this: it goes over the last axis.
///
/// ```
/// use letra_nn::prelude::*;
///
/// // A sequence of 10 pictures, of each the same features.
/// let network = Sequential::new([10, 28, 28, 1])
///     .add(TimeDistributed::new(Conv2d::new(4, 3)))
///     .add(TimeDistributed::new(GlobalAveragePool2d::new()))
///     .build(0)?;
/// assert_eq!(network.output_shape(), [10, 4]);
/// assert_eq!(network.parameter("time_distributed/kernel").unwrap().shape(), [3, 3, 1, 4]);
/// # Ok::<(), letra_nn::Error>(())
/// ```
#[derive(Debug, Clone)]
pub struct TimeDistributed {
    layer: Arc<dyn Layer>,
}

/// How a layer in another is saved.
#[derive(Serialize, Deserialize)]
struct Inner {
    kind: String,
    configuration: serde_json::Value,
}

impl TimeDistributed {
    /// The given layer, over all steps.
    pub fn new(layer: impl Layer) -> Self {
        TimeDistributed {
            layer: Arc::new(layer),
        }
    }

    /// What a file holds, whose layers `make` knows.
    pub(crate) fn restored(
        configuration: serde_json::Value,
        make: impl FnOnce(&str, serde_json::Value) -> Result<Box<dyn Layer>, String>,
    ) -> Result<Self, String> {
        #[derive(Deserialize)]
        struct Saved {
            layer: Inner,
        }
        let saved: Saved = serde_json::from_value(configuration)
            .map_err(|error| format!("its configuration cannot be read: {error}"))?;
        make(&saved.layer.kind, saved.layer.configuration).map(|layer| TimeDistributed {
            layer: Arc::from(layer),
        })
    }
}

impl<'de> Deserialize<'de> for TimeDistributed {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let configuration = serde_json::Value::deserialize(deserializer)?;
        Self::restored(configuration, from_configuration).map_err(D::Error::custom)
    }
}

impl Layer for TimeDistributed {
    fn kind(&self) -> &'static str {
        "time_distributed"
    }

    fn configuration(&self) -> serde_json::Value {
        let layer = Inner {
            kind: self.layer.kind().to_owned(),
            configuration: self.layer.configuration(),
        };
        json!({ "layer": layer })
    }

    fn outputs(&self) -> usize {
        self.layer.outputs()
    }

    fn is_saved(&self) -> bool {
        self.layer.is_saved()
    }

    fn wrapped(&self) -> Option<&dyn Layer> {
        Some(&*self.layer)
    }

    fn masking(&self) -> MaskUse {
        MaskUse::Uses
    }

    fn emit(&self, inputs: &[Value], emit: &mut Emit<'_>) -> Result<Vec<Value>, BuildError> {
        let first = |value: &Value| emit.shape(*value).sizes().first().copied();
        let steps = inputs.first().and_then(first);
        let Some(steps) = steps.filter(|_| inputs.iter().all(|value| first(value) == steps)) else {
            return Err(BuildError::input(
                "sequences [steps, …] of as many steps",
                "add Reshape before it",
            ));
        };
        emit.fold(inputs, steps);
        let outputs = emit.layer(&*self.layer, inputs)?;
        emit.unfold(&outputs)?;
        let mask = emit.joined_mask(inputs)?;
        for &output in &outputs {
            emit.set_mask(output, mask)?;
        }
        Ok(outputs)
    }
}
