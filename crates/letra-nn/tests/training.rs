//! Training as a user does it.

use letra_nn::prelude::*;

/// Pictures with one bright quadrant each; the quadrant is the class.
fn quadrants(samples: usize) -> Dataset {
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

fn network(threads: usize) -> Network {
    Sequential::new([8, 8, 1])
        .add(Conv2d::new(3, 3).same().relu())
        .add(MaxPool2d::new(2))
        .add(Dropout::new(0.25))
        .add(Flatten)
        .add(Dense::new(16).sigmoid())
        .add(Dense::new(4))
        .compile(
            Compile::new(Sgd::new(0.1).momentum(0.9).nesterov(true).decay(1e-6))
                .loss(CrossEntropy::from_logits())
                .metric(Accuracy)
                .metric(TopKAccuracy::new(2))
                .seed(11)
                .threads(threads),
        )
        .unwrap()
}

#[test]
fn a_small_network_learns() {
    let (train, test) = (quadrants(200), quadrants(60));
    let mut network = network(2);
    let before = network.evaluate(&train).unwrap();
    let fit = Fit::epochs(30).batch(32).validation(&test);
    let history = network.fit(&train, fit).unwrap();
    let after = network.evaluate(&train).unwrap();
    assert!(after.loss < 0.3 * before.loss, "{before:?} {after:?}");
    assert!(after.metric("accuracy").unwrap() > 0.95);
    assert_eq!(history.epochs.len(), 30);
    assert_eq!(network.steps(), 30 * 7);
    let last = history.last().unwrap();
    assert_eq!(
        last.val_loss.unwrap(),
        network.evaluate(&test).unwrap().loss
    );
}

#[test]
fn the_number_of_threads_changes_no_bit() {
    let train = quadrants(150);
    let folder = tempfile::tempdir().unwrap();
    let files: Vec<Vec<u8>> = (1..=3)
        .map(|threads| {
            let mut network = network(threads);
            network.fit(&train, Fit::epochs(3).batch(64)).unwrap();
            network.fit(&train, Fit::epochs(3).batch(150)).unwrap();
            let path = folder.path().join(format!("{threads}.letra"));
            network.save(&path).unwrap();
            std::fs::read(path).unwrap()
        })
        .collect();
    assert!(files[0] == files[1] && files[1] == files[2]);
}

#[test]
fn a_stopped_training_resumes_to_the_same_bits() {
    let train = quadrants(100);
    let folder = tempfile::tempdir().unwrap();
    let (checkpoint, whole, parts) = (
        folder.path().join("checkpoint"),
        folder.path().join("whole"),
        folder.path().join("parts"),
    );
    let mut uninterrupted = network(2);
    let history = uninterrupted.fit(&train, Fit::epochs(7).batch(24)).unwrap();
    uninterrupted.save(&whole).unwrap();

    // The first process is gone after epoch 5, two epochs past its last checkpoint.
    let mut keeper = Checkpoint::new(&checkpoint).every(3);
    network(1)
        .fit(&train, Fit::epochs(5).batch(24).callback(&mut keeper))
        .unwrap();
    std::fs::copy(&checkpoint, folder.path().join("after")).unwrap();
    let mut resumed = network(3);
    let again = resumed
        .fit(
            &train,
            Fit::epochs(7)
                .batch(24)
                .callback(&mut keeper)
                .resume(&checkpoint),
        )
        .unwrap();
    resumed.save(&parts).unwrap();
    assert_eq!(history, again);
    assert!(std::fs::read(whole).unwrap() == std::fs::read(parts).unwrap());
}
