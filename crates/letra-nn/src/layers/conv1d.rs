use serde::{Deserialize, Serialize};

use super::convolving::{Sliding, Surround};
use super::window::sequence;
use super::{ActivationFunction, KernelAndBias, Layer, Padding};
use crate::error::BuildError;
use crate::graph::{Emit, Value};
use crate::ops::Convolve;

/// What surrounds a sequence.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
enum Sides {
    Valid,
    Same,
    Causal,
}

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

    /// No padding: the output is shorter than the input.
    pub fn valid(mut self) -> Self {
        self.padding = Sides::Valid;
        self
    }

    /// Padding on both sides that keeps the length, for stride 1.
    pub fn same(mut self) -> Self {
        self.padding = Sides::Same;
        self
    }

    /// Padding before the first step that keeps the length, for stride 1: an output depends on
    /// its own and earlier steps alone (van den Oord et al. 2016, "WaveNet: a generative model
    /// for raw audio", section 2.1).
    pub fn causal(mut self) -> Self {
        self.padding = Sides::Causal;
        self
    }

    settings! {
        /// Steps from one position to the next.
        stride: usize,
        /// Distance between the steps that a kernel looks at. Only one of stride and dilation rate
        /// may be above 1.
        dilation_rate: usize,
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
            surround: match self.padding {
                Sides::Valid => Surround::Padding(Padding::Valid),
                Sides::Same => Surround::Padding(Padding::Same),
                Sides::Causal => Surround::Causal,
            },
            axes: 1,
        }
    }
}

linear_map_settings!(Conv1d);

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
        emit.output(convolve, &[input], &weights)
    }
}
