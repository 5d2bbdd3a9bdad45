//! The network: windows of a line in, an embedding out, compared with a prototype a face.

use letra_nn::prelude::*;
use letra_type::{LINE_HEIGHT, WINDOW_WIDTH};

/// Length of an embedding.
pub const EMBEDDING: usize = 128;

/// What cosines are multiplied by while training.
const SCALE: f32 = 20.0;

/// The learning rate at its highest.
pub(super) const RATE: f64 = 0.004;

/// That of a training that begins with what another has learnt.
pub(super) const RATE_FROM: f64 = 0.002;

/// Name of the layer that holds the prototypes.
pub(super) const PROTOTYPES: &str = "cosine";

/// Five convolutions, each with batch normalisation before the next; of each of the last ones'
/// features the mean over the window and the strongest answer anywhere; from these the embedding.
/// What letters a window shows averages out, the shapes of its strokes and ends remain.
fn body(model: &mut Model) -> letra_nn::Value {
    let mut value = model.input([LINE_HEIGHT, WINDOW_WIDTH, 1]);
    let stages = [
        (16, 5, true),
        (32, 3, true),
        (64, 3, true),
        (112, 3, false),
        (160, 3, false),
    ];
    for (stage, (filters, kernel, pooled)) in stages.into_iter().enumerate() {
        if stage > 0 {
            value = model.layer(BatchNormalization::new().momentum(0.95), [value]);
        }
        let convolution = Conv2d::new(filters, kernel)
            .same()
            .relu()
            .kernel_initializer(Initializer::HeNormal);
        value = model.layer(convolution, [value]);
        if pooled {
            value = model.layer(MaxPool2d::new(2), [value]);
        }
    }
    value = model.layer(BatchNormalization::new().momentum(0.95), [value]);
    let mean = model.layer(GlobalAveragePool2d::new(), [value]);
    let strongest = model.layer(GlobalMaxPool2d::new(), [value]);
    let both = model.layer(Concatenate, [mean, strongest]);
    model.layer(Dense::new(EMBEDDING), [both])
}

/// The layers that make embeddings, without any weights.
pub(crate) fn untrained_embedder() -> Model {
    let mut model = Model::new();
    let embedding = body(&mut model);
    model.outputs([embedding])
}

/// The whole network for so many faces, ready to be trained.
///
/// # Errors
/// None that the caller could cause.
pub(super) fn whole(faces: usize, rate: f64, seed: u64, threads: usize) -> Result<Trainer, Error> {
    let mut model = Model::new();
    let embedding = body(&mut model);
    let likeness = model.layer(Cosine::new(faces).scale(SCALE), [embedding]);
    model.outputs([likeness]).compile(
        Compile::new(AdamW::new(rate).weight_decay(0.01))
            .loss(CrossEntropy::from_logits().label_smoothing(0.05))
            .metric(Accuracy)
            .seed(seed)
            .threads(threads),
    )
}

/// The part of a whole network that makes embeddings, on the same weights.
///
/// # Errors
/// The network is not one that [`whole`] makes.
pub(super) fn embedder(network: &Network) -> Result<Network, Error> {
    let other = || Error::configuration("its layers are not those of this version's recogniser");
    let embedder = network
        .subnetwork(&["input"], &["dense"])
        .map_err(|_| other())?;
    let wanted = untrained_embedder().build_on(&embedder);
    let wanted = wanted.map_err(|_| other())?;
    match embedder.has_architecture_of(&wanted) {
        true => Ok(embedder),
        false => Err(other()),
    }
}
