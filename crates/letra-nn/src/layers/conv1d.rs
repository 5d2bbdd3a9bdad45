use serde::{Deserialize, Serialize};

use super::convolving::{Sides, Sliding, sequence_settings};
use super::window::sequence;
use super::{ActivationFunction, KernelAndBias, Layer};
use crate::error::BuildError;
use crate::graph::{Emit, Value};
use crate::ops::Convolve;

/// A convolution over sequences: each of `filters` kernels slides along the steps and gives
/// one channel of the output (Waibel et al. 1989, "Phoneme recognition using time-delay
/// neural networks").
///
/// Input `[steps, channels]`, output `[n, filters]` with
/// n = ⌊(steps + padding − (kernel − 1) · dilation − 1) / stride⌋ + 1; parameters `kernel`
/// `[kernel, channels / groups, filters]` and `bias` `[filters]`:
///
/// *z*\[t, f\] = *b*\[f\] + Σ *W*\[i, c, f\] · *x*\[t s + i d − p, c\].
///
/// Defaults are Keras's: stride 1, no padding, dilation rate 1, one group, linear, Glorot
/// uniform kernel, zero bias.
///
/// ```
/// use letra_nn::prelude::*;
///
/// let network = Sequential::new([100, 4]).add(Conv1d::new(16, 5).causal().relu()).build(0)?;
/// assert_eq!(network.output_shape(), [100, 16]);
/// # Ok::<(), letra_nn::Error>(())
/// ```
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Conv1d {
    filters: usize,
    kernel: usize,
    stride: usize,
    padding: Sides,
    dilation_rate: usize,
    groups: usize,
    activation: ActivationFunction,
    #[serde(flatten)]
    parameters: KernelAndBias,
}

impl Conv1d {
    /// `filters` kernels of so many steps.
    pub fn new(filters: usize, kernel: usize) -> Self {
        Conv1d {
            filters,
            kernel,
            stride: 1,
            padding: Sides::Valid,
            dilation_rate: 1,
            groups: 1,
            activation: ActivationFunction::Linear,
            parameters: KernelAndBias::default(),
        }
    }

    settings! {
        /// Groups of channels and filters: a filter sees the channels of its group. The groups must
        /// divide both.
        groups: usize,
    }

    fn sliding(&self) -> Sliding {
        Sliding {
            filters: self.filters,
            kernel: [1, self.kernel],
            stride: [1, self.stride],
            dilation: [1, self.dilation_rate],
            groups: self.groups,
            surround: self.padding.surround(),
            axes: 1,
        }
    }
}

linear_map_settings!(Conv1d);
sequence_settings!(Conv1d);

impl Layer for Conv1d {
    named!("conv1d");

    fn emit(&self, inputs: &[Value], emit: &mut Emit<'_>) -> Result<Vec<Value>, BuildError> {
        let (input, shape) = emit.single_input(inputs)?;
        let geometry = self.sliding().checked(sequence(shape)?)?;
        let channels = geometry.channels / self.groups;
        let fans = [self.kernel * channels, self.kernel * self.filters];
        let kernel = [self.kernel, channels, self.filters];
        let weights = self.parameters.weights(emit, kernel, fans, self.filters)?;
        let output = [geometry.output_width(), self.filters].into();
        let convolve = Convolve::new(geometry, self.activation, output);
        self.parameters.output(emit, convolve, &[input], &weights)
    }
}
