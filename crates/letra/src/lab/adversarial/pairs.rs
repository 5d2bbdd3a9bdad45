//! The pairs of networks that draw pictures of any size.

use letra_nn::learners::{Adversarial, AdversarialObjective, Noise};
use letra_nn::prelude::*;

use crate::networks;

/// Numbers of noise.
pub(super) const NOISE: usize = 64;

/// Units of the dense pair of 2014: of the generator's layers, and of the discriminator's with their pieces.
pub(super) const DENSE: usize = 1200;
pub(super) const MAXOUT: [usize; 2] = [240, 5];

/// Filters of the outermost layers of the convolutional pairs; the inner ones have twice as many.
pub(super) const FILTERS: usize = 32;

/// The same of the critic, whose penalty takes three times its work.
pub(super) const CRITIC: usize = 16;

/// Features that the discriminator makes of a picture before it is told what that should show.
const TOLD_FEATURES: usize = 128;

/// The averages of the generators' weights.
const AVERAGE: f32 = 0.99;

fn small() -> Initializer {
    Initializer::normal(0.0, 0.02)
}

/// The pair of Goodfellow et al. 2014 for pictures with values from −1 to 1.
pub(super) fn dense(shape: networks::Task) -> Adversarial {
    let generator = Sequential::new([NOISE])
        .add(Dense::new(DENSE).relu())
        .add(Dense::new(DENSE).relu())
        .add(Dense::new(shape.pixels()).tanh())
        .add(Reshape::new([shape.height, shape.width, 1]));
    let [units, pieces] = MAXOUT;
    let discriminator = shape
        .input()
        .add(Flatten)
        .add(Maxout::new(units, pieces))
        .add(Dropout::new(0.5))
        .add(Maxout::new(units, pieces))
        .add(Dropout::new(0.5))
        .add(Dense::new(1));
    Adversarial::new(generator, discriminator)
        .noise(Noise::Uniform)
        .average(AVERAGE)
}

/// The pair of Radford et al. 2016. Where `told` is above 0, both are told what a picture is to show, by so many
/// values.
pub(super) fn convolutional(shape: networks::Task, told: usize) -> Adversarial {
    let discriminator = match told {
        0 => discriminator(shape),
        _ => told_discriminator(shape, told),
    };
    Adversarial::new(generator(shape, told), discriminator)
        .noise(Noise::Uniform)
        .average(AVERAGE)
}

/// The same generator with a critic by Gulrajani et al. 2017.
pub(super) fn wasserstein(shape: networks::Task) -> Adversarial {
    let critic = shape
        .input()
        .add(Conv2d::new(CRITIC, 4).stride(2).same())
        .add(LeakyRelu::new(0.2))
        .add(Conv2d::new(2 * CRITIC, 4).stride(2).same())
        .add(LayerNormalization::new().last_axes(3))
        .add(LeakyRelu::new(0.2))
        .add(Flatten)
        .add(Dense::new(1));
    Adversarial::new(generator(shape, 0), critic)
        .objective(AdversarialObjective::Wasserstein)
        .gradient_penalty(10.0)
        .average(AVERAGE)
}

/// From noise, and what the picture is to show, to pictures with values from −1 to 1.
fn generator(shape: networks::Task, told: usize) -> Model {
    let [rows, columns] = [shape.height, shape.width].map(|side| side.div_ceil(4));
    let wide = 2 * FILTERS;
    let layers = Sequential::new([NOISE + told])
        .add(
            Dense::new(rows * columns * wide)
                .use_bias(false)
                .kernel_initializer(small()),
        )
        .add(BatchNormalization::new().momentum(0.9))
        .add(Activation::relu())
        .add(Reshape::new([rows, columns, wide]))
        .add(
            Conv2dTranspose::new(FILTERS, 4)
                .stride(2)
                .same()
                .use_bias(false)
                .kernel_initializer(small()),
        )
        .add(BatchNormalization::new().momentum(0.9))
        .add(Activation::relu())
        .add(
            Conv2dTranspose::new(1, 4)
                .stride(2)
                .same()
                .activation(ActivationFunction::Tanh)
                .kernel_initializer(small()),
        );
    let over = [4 * rows - shape.height, 4 * columns - shape.width];
    let layers = match over {
        [0, 0] => layers,
        [down, right] => layers.add(Cropping2d::new([[0, down], [0, right]])),
    };
    let mut model = Model::new();
    let mut given = model.input([NOISE]);
    if told > 0 {
        let what = model.input([told]);
        given = model.layer(Concatenate, [given, what]);
    }
    let picture = model.layer(layers.named("drawing"), [given]);
    model.outputs([picture])
}

fn features(shape: networks::Task) -> Sequential {
    shape
        .input()
        .add(
            Conv2d::new(FILTERS, 4)
                .stride(2)
                .same()
                .kernel_initializer(small()),
        )
        .add(LeakyRelu::new(0.2))
        .add(
            Conv2d::new(2 * FILTERS, 4)
                .stride(2)
                .same()
                .use_bias(false)
                .kernel_initializer(small()),
        )
        .add(BatchNormalization::new().momentum(0.9))
        .add(LeakyRelu::new(0.2))
        .add(Flatten)
}

fn discriminator(shape: networks::Task) -> Model {
    let mut model = Model::new();
    let picture = model.input([shape.height, shape.width, 1]);
    let seen = model.layer(features(shape).named("features"), [picture]);
    let score = model.layer(Dense::new(1).kernel_initializer(small()), [seen]);
    model.outputs([score])
}

/// A score of the picture, and one of how well it fits what it is to show: a projection (Miyato and Koyama 2018).
fn told_discriminator(shape: networks::Task, told: usize) -> Model {
    let mut model = Model::new();
    let picture = model.input([shape.height, shape.width, 1]);
    let what = model.input([told]);
    let seen = model.layer(features(shape).named("features"), [picture]);
    let seen = model.layer(Dense::new(TOLD_FEATURES), [seen]);
    let seen = model.layer(LeakyRelu::new(0.2), [seen]);
    let real = model.layer(Dense::new(1), [seen]);
    let wanted = model.layer(Dense::new(TOLD_FEATURES).use_bias(false), [what]);
    let fits = model.layer(letra_nn::layers::Dot::new(1), [seen, wanted]);
    let score = model.layer(Add, [real, fits]);
    model.outputs([score])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pairs_draw_pictures_of_the_size_that_they_are_given() {
        let compile = || Compile::new(Adam::new(1e-3)).seed(1).threads(1);
        for [height, width] in [[8, 8], [10, 7]] {
            let shape = networks::Task {
                height,
                width,
                classes: 2,
            };
            let what = Tensor::zeros([2, 3]);
            let alone = [dense(shape), convolutional(shape, 0), wasserstein(shape)];
            for pair in alone {
                let pair = pair.compile(compile(), compile()).unwrap();
                let drawn = pair.sample(2, 1).unwrap();
                assert_eq!(drawn.shape(), [2, height, width, 1]);
            }
            let pair = convolutional(shape, 3);
            let pair = pair.compile(compile(), compile()).unwrap();
            let drawn = pair.sample_of(&[what], 1).unwrap();
            assert_eq!(drawn.shape(), [2, height, width, 1]);
        }
    }
}
