//! A small task and a small network for it.

use letra_nn::prelude::*;

/// Pictures with one bright quadrant each; the quadrant is the class.
pub(crate) fn quadrants(samples: usize) -> Dataset {
    let mut pixels = vec![0.0; samples * 64];
    let mut labels = Vec::new();
    for (index, picture) in pixels.chunks_exact_mut(64).enumerate() {
        let class = index * 7 % 4;
        for (place, pixel) in picture.iter_mut().enumerate() {
            let inside = (place / 8 / 4) * 2 + place % 8 / 4 == class;
            let noise = ((index * 31 + place * 17) % 23) as f32 / 23.0;
            *pixel = if inside {
                0.5 + 0.5 * noise
            } else {
                0.4 * noise
            };
        }
        labels.push(class as u32);
    }
    let inputs = Tensor::new([samples, 8, 8, 1], pixels).unwrap();
    Dataset::classes(inputs, labels, 4).unwrap()
}

/// The same pictures with one-hot rows.
pub(crate) fn one_hot_quadrants(samples: usize) -> Dataset {
    let data = quadrants(samples);
    let Targets::Classes { labels, count } = data.targets() else {
        panic!("quadrants are classes");
    };
    let rows = one_hot(labels, *count).unwrap();
    data.with_targets(Targets::Values(rows)).unwrap()
}

/// Convolution, pooling, dropout and two dense layers.
pub(crate) fn layers() -> Sequential {
    Sequential::new([8, 8, 1])
        .add(Conv2d::new(3, 3).same().relu())
        .add(MaxPool2d::new(2))
        .add(Dropout::new(0.25))
        .add(Flatten)
        .add(Dense::new(16).sigmoid())
        .add(Dense::new(4))
}

/// Momentum, a decay and two metrics.
pub(crate) fn settings(threads: usize) -> Compile {
    Compile::new(Sgd::new(0.1).momentum(0.9).nesterov(true).decay(1e-6))
        .loss(CrossEntropy::from_logits())
        .metric(Accuracy)
        .metric(TopKAccuracy::new(2))
        .seed(11)
        .threads(threads)
}

pub(crate) fn network(threads: usize) -> Trainer {
    layers().compile(settings(threads)).unwrap()
}

/// The bytes of the network's file.
pub(crate) fn bytes(network: &Trainer) -> Vec<u8> {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("model.letra");
    network.save(&path).unwrap();
    std::fs::read(path).unwrap()
}
