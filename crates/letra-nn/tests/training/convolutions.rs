//! Convolutions, poolings and layers that move cells, saved and loaded.

use letra_nn::prelude::*;

use super::data::bytes;

/// Fails unless the network comes back from its file as it was, and learns.
fn check(network: Sequential) {
    let compile = Compile::new(Sgd::new(0.01)).loss(SumSquaredError).seed(7);
    let saved = network.compile(compile).unwrap();
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("model.letra");
    saved.save(&path).unwrap();
    let mut loaded = Network::load(&path).unwrap();
    assert_eq!(bytes(&loaded), bytes(&saved));
    let tensor = |sample: &[usize]| {
        let shape: Vec<usize> = std::iter::once(3).chain(sample.iter().copied()).collect();
        let values = (0..shape.iter().product()).map(|i: usize| (i % 7) as f32 / 7.0);
        Tensor::new(shape, values.collect::<Vec<f32>>()).unwrap()
    };
    let targets = tensor(loaded.output_shape());
    let batch = Dataset::values(tensor(loaded.input_shape()), targets).unwrap();
    let predicted = saved.predict(&batch.inputs).unwrap();
    assert_eq!(loaded.predict(&batch.inputs).unwrap(), predicted);
    loaded.train_on_batch(&batch).unwrap();
    assert_ne!(loaded.predict(&batch.inputs).unwrap(), predicted);
}

#[test]
fn poolings() {
    check(
        Sequential::new([9, 8, 2])
            .add(Conv2d::new(3, 2))
            .add(AveragePool2d::new([2, 3]).stride([1, 2]).same())
            .add(GlobalAveragePool2d::new().keepdims(true))
            .add(GlobalMaxPool2d::new()),
    );
    check(
        Sequential::new([8, 9, 2])
            .add(Conv2d::new(3, 2))
            .add(Reshape::new([56, 3]))
            .add(MaxPool1d::new(2).stride(3).same())
            .add(AveragePool1d::new(3))
            .add(GlobalMaxPool1d::new().keepdims(true))
            .add(GlobalAveragePool1d::new()),
    );
}
