//! The networks: a word and a face in, a picture out; and what tells it from a real one.

use letra_nn::prelude::*;

use super::words::{HEIGHT, MOST, SYMBOLS, WIDTH};

/// Numbers of noise.
pub(super) const NOISE: usize = 4;

/// Values of a letter's embedding, units of the LSTM that reads, and values of a column's question.
pub(super) const EMBEDDING: usize = 24;
pub(super) const READER: usize = 96;
pub(super) const QUESTION: usize = 64;

/// Heads of the attention, and values of each.
pub(super) const HEADS: [usize; 2] = [4, 16];

/// Columns of four pixels each, and rows and values of the smallest map.
const COLUMNS: usize = WIDTH / 4;
const ROWS: usize = HEIGHT / 8;
const VALUES: usize = 48;

/// Filters of the discriminator's first convolution.
const FILTERS: usize = 16;

/// Features of a picture that it is judged by.
const FEATURES: usize = 64;

/// From noise, letters and the face to a picture with values from −1 to 1: an LSTM reads the letters, every four columns of
/// the picture ask what stands there (attention: Bahdanau, Cho and Bengio 2015, Vaswani et al. 2017), and of the
/// answers transposed convolutions draw.
pub(super) fn generator(faces: usize) -> Model {
    let mut model = Model::new();
    let noise = model.input([NOISE]);
    let letters = model.input([MOST]);
    let face = model.input([faces]);
    let spread = Initializer::normal(0.0, 0.5);
    let embedding = Embedding::new(SYMBOLS, EMBEDDING).embeddings_initializer(spread);
    let embedded = model.layer(embedding, [letters]);
    let beside = model.layer(RepeatVector::new(MOST), [face]);
    let told = model.layer(Concatenate, [embedded, beside]);
    let read = model.layer(Lstm::new(READER).return_sequences(true), [told]);
    let start = model.layer(Concatenate, [face, noise]);
    let asked = model.layer(Dense::new(COLUMNS * QUESTION), [start]);
    let asked = model.layer(Reshape::new([COLUMNS, QUESTION]), [asked]);
    let [heads, values] = HEADS;
    let found = model.layer(MultiHeadAttention::new(heads, values), [asked, read]);
    let both = model.layer(Concatenate, [asked, found]);
    let strips = Sequential::new([COLUMNS, 2 * QUESTION])
        .add(Dense::new(192).relu())
        .add(Dense::new(ROWS * VALUES).relu())
        .add(Reshape::new([COLUMNS, ROWS, VALUES]))
        .add(Permute::new([2, 1, 3]))
        .add(
            Conv2dTranspose::new(40, [4, 3])
                .stride([2, 1])
                .same()
                .use_bias(false),
        )
        .add(BatchNormalization::new().momentum(0.95))
        .add(Activation::relu())
        .add(Conv2dTranspose::new(20, 4).stride(2).same().use_bias(false))
        .add(BatchNormalization::new().momentum(0.95))
        .add(Activation::relu())
        .add(Conv2dTranspose::new(1, 4).stride(2).same().tanh());
    let picture = model.layer(strips.named("strips"), [both]);
    model.outputs([picture])
}

/// From a picture, letters and the face to a score: of the picture, and of how well it fits what it should say.
pub(super) fn discriminator(faces: usize) -> Model {
    let mut model = Model::new();
    let picture = model.input([HEIGHT, WIDTH, 1]);
    let letters = model.input([MOST]);
    let face = model.input([faces]);
    let convolution = |filters: usize| Conv2d::new(filters, 4).stride(2).same();
    let features = Sequential::new([HEIGHT, WIDTH, 1])
        .add(convolution(FILTERS))
        .add(LeakyRelu::new(0.2))
        .add(convolution(2 * FILTERS))
        .add(LeakyRelu::new(0.2))
        .add(convolution(3 * FILTERS))
        .add(LeakyRelu::new(0.2))
        .add(Flatten)
        .add(Dense::new(FEATURES))
        .add(LeakyRelu::new(0.2));
    let seen = model.layer(features.named("features"), [picture]);
    let embedded = model.layer(Embedding::new(SYMBOLS, EMBEDDING), [letters]);
    let flat = model.layer(Flatten, [embedded]);
    let told = model.layer(Concatenate, [flat, face]);
    let wanted = model.layer(Dense::new(FEATURES), [told]);
    let fits = model.layer(letra_nn::layers::Dot::new(1), [seen, wanted]);
    let real = model.layer(Dense::new(1), [seen]);
    let score = model.layer(Add, [real, fits]);
    model.outputs([score])
}

/// What names the face of a picture of a word.
pub(super) fn judge(faces: usize) -> Sequential {
    Sequential::new([HEIGHT, WIDTH, 1])
        .add(Conv2d::new(12, 5).stride(2).same().relu())
        .add(Conv2d::new(24, 3).stride(2).same().relu())
        .add(Conv2d::new(32, 3).same().relu())
        .add(GlobalAveragePool2d::new())
        .add(Dense::new(32).relu())
        .add(Dense::new(faces))
}
