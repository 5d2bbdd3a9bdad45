//! The network: a picture in, five values for each cell of 4 × 4 pixels out.

use letra_nn::prelude::*;
use letra_type::SCENE_VALUES;

use super::loss::{CellLoss, CellsWrong};

/// Sides of the network's input are multiples of this.
pub(super) const GRAIN: usize = 8;

/// The learning rate at its highest.
const RATE: f64 = 0.004;

/// Convolutions down to an eighth of the picture's size, there with wider and wider gaps in their kernels
/// so that a cell sees some 150 pixels; what they say is added to what is seen at a quarter of the size.
fn layers([rows, columns]: [usize; 2]) -> Model {
    fn convolution(filters: usize, kernel: usize) -> Conv2d {
        let convolution = Conv2d::new(filters, kernel).same().relu();
        convolution.kernel_initializer(Initializer::HeNormal)
    }
    fn normal() -> BatchNormalization {
        BatchNormalization::new().momentum(0.95)
    }
    let mut model = Model::new();
    let mut value = model.input([rows, columns, 1]);
    value = model.layer(convolution(8, 3).stride(2), [value]);
    value = model.layer(normal(), [value]);
    value = model.layer(convolution(16, 3).stride(2), [value]);
    value = model.layer(normal(), [value]);
    value = model.layer(convolution(24, 3), [value]);
    value = model.layer(normal(), [value]);
    let near = value;
    value = model.layer(convolution(32, 3).stride(2), [value]);
    value = model.layer(normal(), [value]);
    for gap in [1, 2, 4, 1] {
        value = model.layer(convolution(32, 3).dilation_rate(gap), [value]);
        value = model.layer(normal(), [value]);
    }
    value = model.layer(Conv2d::new(24, 1), [value]);
    value = model.layer(UpSampling2d::new(2), [value]);
    value = model.layer(Add, [near, value]);
    value = model.layer(convolution(24, 3), [value]);
    value = model.layer(normal(), [value]);
    value = model.layer(Conv2d::new(SCENE_VALUES, 1), [value]);
    model.outputs([value])
}

/// The network for square pictures of a side in pixels, ready to be trained.
///
/// # Errors
/// None that the caller could cause.
pub(super) fn whole(side: usize, seed: u64, threads: usize) -> Result<Trainer, Error> {
    layers([side, side]).compile(
        Compile::new(AdamW::new(RATE).weight_decay(0.01))
            .global_clip_norm(5.0)
            .loss(CellLoss)
            .metric(CellsWrong)
            .seed(seed)
            .threads(threads),
    )
}

/// Whether a loaded network is one that [`whole`] makes, for pictures of its size.
pub(super) fn is_one(network: &Network) -> bool {
    let [rows, columns, 1] = *network.input_shape() else {
        return false;
    };
    let wanted = layers([rows, columns]).build_on(network);
    wanted.is_ok_and(|wanted| network.has_architecture_of(&wanted))
}

/// Grey levels as the network sees them: -1 black, 1 white.
pub(super) fn to_input(level: u8) -> f32 {
    f32::from(level) / 127.5 - 1.0
}
