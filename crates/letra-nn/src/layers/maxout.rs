use serde::{Deserialize, Serialize};

use super::pieces::{Pieces, together};
use super::{Build, Dense, Layer};
use crate::error::BuildError;
use crate::plan::pass::{Backward, Forward, ParameterGradient, Prepare};
use crate::{Initializer, KernelDemands, Shape};

/// A fully connected layer whose units are each the largest of several linear pieces:
///
/// *y*\[i\] = maxⱼ *z*\[j, i\], *z*\[j, i\] = Σₖ *x*\[k\] *W*\[k, j, i\] + *b*\[j, i\]
///
/// (Goodfellow, Warde-Farley, Mirza, Courville and Bengio, "Maxout networks", 2013,
/// section 3). With two pieces of which one is 0 it is ReLU, with *w* and −*w* the absolute
/// value; with enough of them it comes close to any convex function.
///
/// Input `[inputs]`, output `[units]`; parameters `kernel` `[inputs, pieces · units]`, whose
/// columns are the units of the first piece, then of the second, and `bias` `[pieces · units]`.
/// The gradient goes to the piece that won, the first of equals; from there it is that of
/// [`Dense`]. A largest norm (the paper trains with one) holds for each piece of each unit.
/// Defaults: Glorot uniform kernel, each piece on its own, zero bias.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Maxout {
    units: usize,
    pieces: usize,
    kernel_initializer: Initializer,
    bias_initializer: Initializer,
    use_bias: bool,
    #[serde(flatten)]
    demands: KernelDemands,
}

impl Maxout {
    /// `units` outputs, at least 1, of `pieces` pieces each, at least 2.
    pub fn new(units: usize, pieces: usize) -> Self {
        Maxout {
            units,
            pieces,
            kernel_initializer: Initializer::GlorotUniform,
            bias_initializer: Initializer::Zeros,
            use_bias: true,
            demands: KernelDemands::default(),
        }
    }

    /// The layer that computes all pieces.
    fn linear(&self) -> Dense {
        let mut linear = Dense::new(together(self.units, self.pieces))
            .kernel_initializer(self.kernel_initializer)
            .bias_initializer(self.bias_initializer)
            .use_bias(self.use_bias);
        linear.demands = self.demands;
        linear
    }

    fn pieces<'a>(&self, linear: &'a Dense) -> Pieces<'a, Dense> {
        Pieces {
            linear,
            pieces: self.pieces,
            units: self.units,
        }
    }
}

kernel_settings!(Maxout);

impl Layer for Maxout {
    fn kind(&self) -> &'static str {
        "maxout"
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

    fn parameter_gradient(&self, pass: &mut ParameterGradient<'_>) {
        self.pieces(&self.linear()).parameter_gradient(pass);
    }
}
