//! The network: a straightened line in, a row of characters' probabilities for each fourth column out.

use letra_nn::prelude::*;
use letra_type::LINE_HEIGHT;

/// Columns of a line a step of what the network says.
pub(super) const STEP: usize = 4;

/// The learning rate at its highest.
const RATE: f64 = 0.002;

/// Units of the recurrent layer, each way.
const UNITS: usize = 128;

/// Four convolutions, each with batch normalisation before the next, which keep every fourth column
/// and every eighth row; a layer over the features of a column; an LSTM in both ways; a character or
/// the blank a step. Of Shi, Bai and Yao's network it has the parts and a sixth of the weights.
fn layers(width: usize, classes: usize) -> Model {
    let mut model = Model::new();
    // Columns first: they are the steps of the recurrent layer.
    let mut value = model.input([width, LINE_HEIGHT, 1]);
    let stages = [
        (16, Some([2, 2])),
        (32, Some([2, 2])),
        (64, Some([1, 2])),
        (96, None),
    ];
    for (stage, (filters, pooled)) in stages.into_iter().enumerate() {
        if stage > 0 {
            value = model.layer(BatchNormalization::new().momentum(0.95), [value]);
        }
        let convolution = Conv2d::new(filters, 3)
            .same()
            .relu()
            .kernel_initializer(Initializer::HeNormal);
        value = model.layer(convolution, [value]);
        if let Some(window) = pooled {
            value = model.layer(MaxPool2d::new(window), [value]);
        }
    }
    value = model.layer(BatchNormalization::new().momentum(0.95), [value]);
    value = model.layer(TimeDistributed::new(Flatten), [value]);
    value = model.layer(Dense::new(UNITS).relu(), [value]);
    let recurrent = Bidirectional::new(Lstm::new(UNITS).return_sequences(true));
    value = model.layer(recurrent, [value]);
    value = model.layer(Dense::new(classes), [value]);
    model.outputs([value])
}

/// The network for lines of a width and so many classes, ready to be trained.
///
/// # Errors
/// None that the caller could cause.
pub(super) fn whole(
    width: usize,
    classes: usize,
    seed: u64,
    threads: usize,
) -> Result<Trainer, Error> {
    layers(width, classes).compile(
        Compile::new(AdamW::new(RATE).weight_decay(0.01))
            .global_clip_norm(5.0)
            .loss(Ctc::new())
            .metric(LabelErrorRate)
            .seed(seed)
            .threads(threads),
    )
}

/// Whether a loaded network is one that [`whole`] makes, for lines of its width and so many classes.
pub(super) fn is_one(network: &Network, classes: usize) -> bool {
    let width = network.input_shape()[0];
    let wanted = layers(width, classes).build_on(network);
    wanted.is_ok_and(|wanted| network.has_architecture_of(&wanted))
}
