//! The networks of `letra lab fonts`: the six of the seminar, with the seminar's own settings, and
//! letra's own.
//!
//! The course builds three of them by hand in TensorFlow and trains them with plain gradient descent
//! on all training pictures at once; the other three it builds with Keras and trains with Nesterov
//! momentum on batches of 128. Cross-entropy on a softmax throughout.

mod recipe;

use letra_nn::prelude::*;
use letra_nn::schedules::OneCycle;

pub use recipe::{Recipe, Slides, Task, Training};

/// The networks, in the order of the seminar, and letra's own after them. Adding one touches this table alone.
pub static NETWORKS: &[Recipe] = &[
    Recipe {
        name: "logistic",
        title: "Logistic regression",
        subject: "Logistic regression",
        about: "One linear layer: every pixel votes for or against each typeface. \
                The notebook says rate 0.01, but the slides' accuracy belongs to a rate near 0.1, used here.",
        training: Training::FullBatch { steps: 1000 },
        slides: Slides::report(0.80, 0.71),
        network: |task, compile| {
            task.input()
                .add(Flatten)
                .add(
                    Dense::new(task.classes)
                        .kernel_initializer(Initializer::normal(0.0, 0.1))
                        .bias_initializer(Initializer::zeros()),
                )
                .compile(compile)
        },
        compile: |_| Compile::new(Sgd::new(0.1)),
    },
    Recipe {
        name: "feed-forward",
        title: "Feed-forward",
        subject: "The feed-forward network",
        about: "Two hidden layers of sigmoid units, by hand, with plain gradient descent.",
        training: Training::FullBatch { steps: 1500 },
        slides: Slides::report(0.99, 0.84),
        network: |task, compile| {
            task.input()
                .add(Flatten)
                .add(initialised(Dense::new(128), 1.0, task.pixels(), 0.1).sigmoid())
                .add(initialised(Dense::new(32), 2.0, 128, 0.2).sigmoid())
                .add(initialised(
                    Dense::new(task.classes),
                    1.0,
                    task.classes,
                    0.1,
                ))
                .compile(compile)
        },
        compile: |_| Compile::new(Sgd::new(0.5)),
    },
    Recipe {
        name: "feed-forward-keras",
        title: "Feed-forward (Keras)",
        subject: "The feed-forward network (Keras)",
        about: "The same sizes with ReLU first, Glorot's initial values and Nesterov momentum.",
        training: KERAS,
        slides: Slides::report(0.99, 0.89),
        network: |task, compile| {
            task.input()
                .add(Flatten)
                .add(Dense::new(128).relu())
                .add(Dense::new(32).sigmoid())
                .add(Dense::new(task.classes))
                .compile(compile)
        },
        compile: |_| Compile::new(keras_sgd()),
    },
    Recipe {
        name: "cnn",
        title: "CNN",
        subject: "The CNN",
        about: "Four 5×5 filters slide over the picture, the strongest answers are pooled, \
                and a small network reads them.",
        training: Training::FullBatch { steps: 1500 },
        slides: Slides::report(1.00, 0.95),
        network: |task, compile| {
            let pooled = 4 * (task.height / 2) * (task.width / 2);
            task.input()
                .add(
                    Conv2d::new(4, 5)
                        .same()
                        .kernel_initializer(Initializer::truncated_normal(0.0, 1.0 / 5.0))
                        .bias_initializer(Initializer::constant(0.1))
                        .relu(),
                )
                .add(MaxPool2d::new(2))
                .add(Flatten)
                .add(initialised(Dense::new(32), 2.0, pooled, 0.2).relu())
                .add(Dropout::new(0.25))
                .add(initialised(Dense::new(task.classes), 1.0, 32, 0.1))
                .compile(compile)
        },
        compile: |_| Compile::new(Sgd::new(0.1)),
    },
    Recipe {
        name: "cnn-keras",
        title: "CNN (Keras)",
        subject: "The CNN (Keras)",
        about: "The same idea with valid padding, half of the hidden units dropped at every step, \
                and Nesterov momentum.",
        training: KERAS,
        slides: Slides::NONE,
        network: |task, compile| {
            task.input()
                .add(Conv2d::new(4, 5).valid().relu())
                .add(MaxPool2d::new(2))
                .add(Flatten)
                .add(Dense::new(32).relu())
                .add(Dropout::new(0.5))
                .add(Dense::new(task.classes))
                .compile(compile)
        },
        compile: |_| Compile::new(keras_sgd()),
    },
    Recipe {
        name: "vgg",
        title: "VGG style (Keras)",
        subject: "The VGG-style network",
        about: "Two blocks of two 3×3 convolutions each, pooled, then 256 hidden units; \
                dropout after every block.",
        training: KERAS,
        slides: Slides::NONE,
        network: |task, compile| {
            task.input()
                .add(Conv2d::new(32, 3).valid().relu())
                .add(Conv2d::new(32, 3).valid().relu())
                .add(MaxPool2d::new(2))
                .add(Dropout::new(0.25))
                .add(Conv2d::new(64, 3).valid().relu())
                .add(Conv2d::new(64, 3).valid().relu())
                .add(MaxPool2d::new(2))
                .add(Dropout::new(0.25))
                .add(Flatten)
                .add(Dense::new(256).relu())
                .add(Dropout::new(0.5))
                .add(Dense::new(task.classes))
                .compile(compile)
        },
        compile: |_| Compile::new(keras_sgd()),
    },
    Recipe {
        name: "letra",
        title: "letra's own",
        subject: "letra's own network",
        about: "One wide convolution and four depthwise separable ones, each normalised over the \
                batch, and of each of 64 features only the strongest answer anywhere: strokes and \
                serifs are what counts, not the character. \
                Pictures are moved a little while training, but hardly turned or scaled, which \
                would blur what tells typefaces apart.",
        training: Training::MiniBatch {
            batch: 32,
            epochs: 60,
        },
        slides: Slides::NONE,
        network: |task, compile| {
            let paper = FillMode::Constant(0.0);
            task.input()
                .add(RandomRotation::new(0.005).fill_mode(paper))
                .add(RandomZoom::new(0.03).width_factor(0.03).fill_mode(paper))
                .add(RandomTranslation::new(0.04, 0.04).fill_mode(paper))
                .add(
                    Conv2d::new(32, 5)
                        .same()
                        .use_bias(false)
                        .kernel_initializer(Initializer::HeNormal),
                )
                .add(normalisation())
                .add(Activation::relu())
                .add(MaxPool2d::new(2))
                .add(separable_convolution(32).valid())
                .add(normalisation())
                .add(Activation::relu())
                .add(separable_convolution(64))
                .add(normalisation())
                .add(Activation::relu())
                .add(MaxPool2d::new(2))
                .add(separable_convolution(64))
                .add(normalisation())
                .add(Activation::relu())
                .add(separable_convolution(64))
                .add(normalisation())
                .add(Activation::relu())
                .add(GlobalMaxPool2d::new())
                .add(Dropout::new(0.4))
                .add(Dense::new(task.classes))
                .compile(compile)
        },
        compile: |steps| {
            Compile::new(AdamW::new(OneCycle::new(0.01, steps)).weight_decay(0.02))
                .loss(CrossEntropy::from_logits().label_smoothing(0.05))
        },
    },
];

/// A depthwise separable convolution that keeps the size, for a normalisation after it, which makes
/// a bias needless.
fn separable_convolution(filters: usize) -> SeparableConv2d {
    SeparableConv2d::new(filters, 3)
        .same()
        .use_bias(false)
        .pointwise_initializer(Initializer::HeNormal)
}

/// Batch normalisation for short trainings: its averages follow quicker than Keras's.
fn normalisation() -> BatchNormalization {
    BatchNormalization::new().momentum(0.97)
}

/// How the seminar trains with Keras.
pub const KERAS: Training = Training::MiniBatch {
    batch: 128,
    epochs: 100,
};

/// The optimizer that the seminar gives Keras.
pub fn keras_sgd() -> Sgd {
    Sgd::new(0.01).momentum(0.9).nesterov(true).decay(1e-6)
}

/// The initial values of the hand-built networks: weights from a truncated normal of standard
/// deviation `scale` / √`width`, biases constant.
fn initialised(layer: Dense, scale: f32, width: usize, bias: f32) -> Dense {
    layer
        .kernel_initializer(Initializer::truncated_normal(
            0.0,
            scale / (width as f32).sqrt(),
        ))
        .bias_initializer(Initializer::constant(bias))
}

impl Recipe {
    /// The recipe called `name`.
    pub fn named(name: &str) -> Option<&'static Self> {
        NETWORKS.iter().find(|recipe| recipe.name == name)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SEMINAR: Task = Task {
        height: 36,
        width: 36,
        classes: 5,
    };

    #[test]
    fn the_networks_have_the_sizes_that_they_should() {
        let parameters = [
            ("logistic", 1296 * 5 + 5),
            (
                "feed-forward",
                1296 * 128 + 128 + 128 * 32 + 32 + 32 * 5 + 5,
            ),
            (
                "feed-forward-keras",
                1296 * 128 + 128 + 128 * 32 + 32 + 32 * 5 + 5,
            ),
            ("cnn", 5 * 5 * 4 + 4 + 1296 * 32 + 32 + 32 * 5 + 5),
            (
                "cnn-keras",
                5 * 5 * 4 + 4 + 16 * 16 * 4 * 32 + 32 + 32 * 5 + 5,
            ),
            (
                "vgg",
                (9 * 32 + 32)
                    + (9 * 32 * 32 + 32)
                    + (9 * 32 * 64 + 64)
                    + (9 * 64 * 64 + 64)
                    + (6 * 6 * 64 * 256 + 256)
                    + (256 * 5 + 5),
            ),
            (
                "letra",
                // Each normalisation has scale, centre, and moving mean and variance.
                (25 * 32 + 4 * 32)
                    + (9 * 32 + 32 * 32 + 4 * 32)
                    + (9 * 32 + 32 * 64 + 4 * 64)
                    + (9 * 64 + 64 * 64 + 4 * 64)
                    + (9 * 64 + 64 * 64 + 4 * 64)
                    + (64 * 5 + 5),
            ),
        ];
        assert_eq!(parameters.len(), NETWORKS.len());
        for (name, expected) in parameters {
            let network = Recipe::named(name)
                .unwrap()
                .build(&SEMINAR, 2511, 1, 1)
                .unwrap();
            assert_eq!(network.summary().parameters, expected, "{name}");
        }
    }

    #[test]
    fn names_are_unique_and_nothing_else_has_one() {
        for recipe in NETWORKS {
            assert!(std::ptr::eq(Recipe::named(recipe.name).unwrap(), recipe));
        }
        assert!(Recipe::named("perceptron").is_none());
    }

    #[test]
    fn the_seed_decides_the_initial_values() {
        let values = |seed| {
            let network = NETWORKS[0].build(&SEMINAR, 2511, seed, 1).unwrap();
            network.parameter("dense/kernel").unwrap().into_data()
        };
        assert_eq!(values(7), values(7));
        assert_ne!(values(7), values(8));
    }
}
