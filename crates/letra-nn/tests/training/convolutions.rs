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
    let mut loaded = Trainer::load(&path).unwrap();
    assert_eq!(bytes(&loaded), bytes(&saved));
    let tensor = |sample: &[usize]| {
        let shape: Vec<usize> = std::iter::once(3).chain(sample.iter().copied()).collect();
        let values = (0..shape.iter().product()).map(|i: usize| (i % 7) as f32 / 7.0);
        Tensor::new(shape, values.collect::<Vec<f32>>()).unwrap()
    };
    let targets = tensor(loaded.output_shape());
    let batch = Dataset::values(tensor(loaded.input_shape()), targets).unwrap();
    let predicted = saved.predict(batch.inputs()).unwrap();
    assert_eq!(loaded.predict(batch.inputs()).unwrap(), predicted);
    loaded.train_on_batch(&batch).unwrap();
    assert_ne!(loaded.predict(batch.inputs()).unwrap(), predicted);
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

#[test]
fn convolutions() {
    check(
        Sequential::new([9, 8, 4])
            .add(ZeroPadding2d::new([[1, 0], [2, 3]]))
            .add(
                Conv2d::new(6, [2, 3])
                    .dilation_rate([1, 2])
                    .groups(2)
                    .tanh(),
            )
            .add(
                DepthwiseConv2d::new([3, 2])
                    .depth_multiplier(2)
                    .stride([1, 2])
                    .same()
                    .depthwise_initializer(Initializer::he_normal())
                    .sigmoid(),
            )
            .add(
                SeparableConv2d::new(5, 2)
                    .padding([1, 0])
                    .depthwise_initializer(Initializer::he_normal())
                    .pointwise_initializer(Initializer::uniform(-0.1, 0.3))
                    .bias_initializer(Initializer::constant(0.1))
                    .relu(),
            )
            .add(Cropping2d::new(1))
            .add(Conv2dTranspose::new(3, [3, 2]).stride([2, 3]).same())
            .add(UpSampling2d::new([1, 2]).bilinear())
            .add(UpSampling2d::new(2)),
    );
    check(
        Sequential::new([17, 4])
            .add(Conv1d::new(6, 3).causal().dilation_rate(2).groups(2))
            .add(Conv1d::new(5, 2).same().stride(2).use_bias(false))
            .add(Conv1d::new(4, 3).valid().relu()),
    );
}

/// Files from before convolutions had a dilation rate and groups can still be read.
#[test]
fn older_files() {
    let network = || Sequential::new([5, 5, 2]).add(Conv2d::new(3, 2));
    let network = network().compile(Compile::new(Sgd::new(0.1))).unwrap();
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("model.letra");
    network.save(&path).unwrap();
    let text = std::fs::read(&path).unwrap();
    let (_, metadata) = safetensors::SafeTensors::read_metadata(&text).unwrap();
    let header = &metadata.metadata().as_ref().unwrap()["letra"];
    let mut header: serde_json::Value = serde_json::from_str(header).unwrap();
    let configuration = header["layers"][0]["configuration"]
        .as_object_mut()
        .unwrap();
    assert!(configuration.remove("dilation_rate").is_some());
    assert!(configuration.remove("groups").is_some());
    let tensors = safetensors::SafeTensors::deserialize(&text).unwrap();
    let metadata = std::collections::HashMap::from([("letra".to_owned(), header.to_string())]);
    let older = safetensors::serialize(tensors.iter(), Some(metadata)).unwrap();
    std::fs::write(&path, older).unwrap();
    let loaded = Trainer::load(&path).unwrap();
    assert_eq!(bytes(&loaded), bytes(&network));
}
