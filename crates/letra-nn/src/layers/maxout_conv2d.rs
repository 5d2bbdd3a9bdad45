use serde::{Deserialize, Serialize};

use super::pieces::{Pieces, together};
use super::{Build, Conv2d, Layer, Padding, Window};
use crate::error::BuildError;
use crate::plan::pass::{Backward, Forward, Prepare};
use crate::{Initializer, KernelDemands, Shape};

/// A convolution whose channels are each the largest of several linear pieces:
///
/// *y*\[r, c, i\] = maxⱼ *z*\[r, c, j, i\], with each *z*\[·, ·, j, ·\] a
/// [`Conv2d`](super::Conv2d) of its own (Goodfellow, Warde-Farley, Mirza, Courville and Bengio,
/// "Maxout networks", 2013, section 3).
///
/// Input `[height, width, channels]`, output `[h, w, filters]`; parameters `kernel`
/// `[rows, columns, channels, pieces · filters]`, the filters of the first piece first, and
/// `bias` `[pieces · filters]`. The gradient goes to the piece that won, the first of equals;
/// from there it is that of the convolution. Defaults: stride 1, no padding, Glorot uniform
/// kernel, each piece on its own, zero bias.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct MaxoutConv2d {
    filters: usize,
    kernel: Window,
    pieces: usize,
    stride: Window,
    padding: Padding,
    kernel_initializer: Initializer,
    bias_initializer: Initializer,
    use_bias: bool,
    #[serde(flatten)]
    demands: KernelDemands,
}

impl MaxoutConv2d {
    /// `filters` channels of `pieces` pieces each, at least 2, with kernels of the given height
    /// and width; one number stands for both.
    pub fn new(filters: usize, kernel: impl Into<Window>, pieces: usize) -> Self {
        MaxoutConv2d {
            filters,
            kernel: kernel.into(),
            pieces,
            stride: Window([1, 1]),
            padding: Padding::Valid,
            kernel_initializer: Initializer::GlorotUniform,
            bias_initializer: Initializer::Zeros,
            use_bias: true,
            demands: KernelDemands::default(),
        }
    }

    /// No padding: the output is smaller than the input.
    pub fn valid(mut self) -> Self {
        self.padding = Padding::Valid;
        self
    }

    /// Padding that keeps the size, for stride 1.
    pub fn same(mut self) -> Self {
        self.padding = Padding::Same;
        self
    }

    /// Rows of zeros above and below, columns of zeros left and right.
    pub fn padding(mut self, around: impl Into<Window>) -> Self {
        self.padding = Padding::Explicit(around.into().0);
        self
    }

    /// Steps from one position to the next.
    pub fn stride(mut self, stride: impl Into<Window>) -> Self {
        self.stride = stride.into();
        self
    }

    /// The layer that computes all pieces.
    fn linear(&self) -> Conv2d {
        let mut convolution = Conv2d::new(together(self.filters, self.pieces), self.kernel)
            .stride(self.stride)
            .kernel_initializer(self.kernel_initializer)
            .bias_initializer(self.bias_initializer)
            .use_bias(self.use_bias);
        convolution.demands = self.demands;
        match self.padding {
            Padding::Valid => convolution,
            Padding::Same => convolution.same(),
            Padding::Explicit(around) => convolution.padding(around),
        }
    }

    fn pieces<'a>(&self, linear: &'a Conv2d) -> Pieces<'a, Conv2d> {
        Pieces {
            linear,
            pieces: self.pieces,
            units: self.filters,
        }
    }
}

kernel_settings!(MaxoutConv2d);

impl Layer for MaxoutConv2d {
    fn kind(&self) -> &'static str {
        "maxout_conv2d"
    }

    fn configuration(&self) -> serde_json::Value {
        serde_json::json!(self)
    }

    fn build(&self, inputs: &[Shape], build: &mut Build) -> Result<Shape, BuildError> {
        self.pieces(&self.linear()).build(inputs, build)
    }

    fn prepare(&self, pass: &mut Prepare<'_>) {
        self.linear().prepare(pass);
    }

    fn forward(&self, pass: &mut Forward<'_>) {
        self.pieces(&self.linear()).forward(pass);
    }

    fn backward(&self, pass: &mut Backward<'_>) {
        self.pieces(&self.linear()).backward(pass);
    }
}
