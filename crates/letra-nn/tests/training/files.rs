//! Saving and loading.

use letra_nn::prelude::*;

use super::data::{bytes, network, quadrants};

#[test]
fn a_loaded_network_has_the_bits_of_the_saved_one() {
    let (train, folder) = (quadrants(70), tempfile::tempdir().unwrap());
    let path = folder.path().join("model.letra");
    let mut network = network(2);
    network.fit(&train, Fit::epochs(2)).unwrap();
    network.note("class names", "[\"north\", \"süd\", \"☃\", \"\"]");
    network.save(&path).unwrap();
    let loaded = Trainer::load(&path).unwrap();
    assert_eq!(bytes(&loaded), std::fs::read(&path).unwrap());
    assert_eq!(network.to_bytes().unwrap(), std::fs::read(&path).unwrap());
    assert_eq!(loaded.notes(), network.notes());
    assert_eq!(loaded.steps(), network.steps());
    assert_eq!(loaded.summary(), network.summary());
    let bits = |network: &Trainer| -> Vec<u32> {
        let predicted = network.predict(train.inputs()).unwrap();
        predicted.data().iter().map(|p| p.to_bits()).collect()
    };
    assert_eq!(bits(&loaded), bits(&network));
    assert_eq!(
        loaded.evaluate(&train).unwrap(),
        network.evaluate(&train).unwrap()
    );
}

#[test]
fn odd_values_survive() {
    let network = Sequential::new([2])
        .add(Dense::new(2))
        .compile(Compile::new(Sgd::new(0.1)))
        .unwrap();
    let odd = [-0.0, f32::MIN_POSITIVE / 4.0, f32::MAX, 1.0 / 3.0];
    let values = Tensor::new([2, 2], odd.to_vec()).unwrap();
    network.set_parameter("dense/kernel", &values).unwrap();
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("model.letra");
    network.save(&path).unwrap();
    let loaded = Trainer::load(&path).unwrap().parameter("dense/kernel");
    let bits = |values: &[f32]| values.iter().map(|v| v.to_bits()).collect::<Vec<_>>();
    assert_eq!(bits(loaded.unwrap().data()), bits(&odd));
}

/// Every layer, activation, padding, initializer, loss and optimizer comes back.
#[test]
fn every_setting_survives() {
    let network = || {
        Sequential::new([9, 9, 2])
            .add(
                Conv2d::new(3, [2, 3])
                    .stride([1, 2])
                    .padding([1, 0])
                    .activation(ActivationFunction::Tanh)
                    .kernel_initializer(Initializer::he_normal())
                    .bias_initializer(Initializer::constant(0.1)),
            )
            .add(Conv2d::new(4, 3).same().use_bias(false))
            .add(
                BatchNormalization::new()
                    .momentum(0.9)
                    .epsilon(0.01)
                    .center(false),
            )
            .add(Activation::sigmoid())
            .add(MaxPool2d::new([2, 1]).stride([1, 2]).same())
            .add(Dropout::new(0.125))
            .add(AnnealedDropout::new(0.25, 1 << 60))
            .add(Flatten)
            .add(DropConnect::new(7, 0.3).draws(11).tanh())
            .add(
                Standout::new(8)
                    .alpha(-1.5)
                    .beta(0.1)
                    .relu()
                    .use_bias(false),
            )
            .add(LayerNormalization::new().epsilon(0.01).scale(false))
            .add(Dense::new(6).kernel_initializer(Initializer::truncated_normal(0.0, 0.2)))
            .add(Reshape::new([3, 2]))
            .add(Flatten)
            .add(
                Dense::new(3)
                    .softmax()
                    .kernel_initializer(Initializer::uniform(-0.1, 0.3)),
            )
    };
    let folder = tempfile::tempdir().unwrap();
    for compile in [
        Compile::new(Adam::new(0.01).betas(0.8, 0.99).epsilon(1e-5)).loss(CrossEntropy::new()),
        Compile::new(Sgd::new(0.1).momentum(0.5)).loss(MeanSquaredError),
        Compile::new(Sgd::new(0.3).decay(0.1)).loss(SumSquaredError),
        Compile::new(Sgd::new(0.3)).loss(CrossEntropy::from_logits()),
    ] {
        let compile = compile.metric(TopKAccuracy::new(2)).metric(Accuracy);
        let saved = network().compile(compile.seed(u64::MAX)).unwrap();
        let path = folder.path().join("model.letra");
        saved.save(&path).unwrap();
        let mut loaded = Trainer::load(&path).unwrap();
        assert_eq!(bytes(&loaded), bytes(&saved));
        // It trains on, too.
        let inputs = Tensor::new([2, 9, 9, 2], vec![0.5; 324]).unwrap();
        let targets = Tensor::new([2, 3], vec![0.0, 1.0, 0.0, 0.5, 0.5, 0.0]).unwrap();
        let batch = Dataset::values(inputs, targets).unwrap();
        loaded.train_on_batch(&batch).unwrap();
    }
}

/// Layers with pieces, slopes, scales and moving averages of their own come back in the middle of
/// a training, predict the same bits, and go on training as if nothing had been.
#[test]
fn layers_with_parameters_of_their_own_come_back_bit_for_bit() {
    let mut network = Sequential::new([9, 9, 2])
        .add(
            MaxoutConv2d::new(4, 3, 3)
                .same()
                .stride([2, 1])
                .kernel_initializer(Initializer::lecun_normal())
                .kernel_regularizer(Regularizer::l2(0.01)),
        )
        .add(BatchNormalization::new().momentum(0.8).epsilon(0.02))
        .add(
            PRelu::new()
                .shared_axes([1, 2])
                .alpha_initializer(Initializer::constant(0.25)),
        )
        .add(
            SeparableConv2d::new(5, [3, 2])
                .depth_multiplier(2)
                .pointwise_regularizer(Regularizer::l1(0.001)),
        )
        .add(LayerNormalization::new().last_axes(3))
        .add(LeakyRelu::new(0.1))
        .add(Flatten)
        .add(
            Maxout::new(6, 4)
                .bias_initializer(Initializer::normal(0.0, 0.1))
                .kernel_constraint(Constraint::max_norm(1.5)),
        )
        .add(PRelu::new())
        .add(Elu::new(0.5))
        .add(Dense::new(3))
        .compile(Compile::new(Adam::new(0.01)).seed(9))
        .unwrap();
    let values = (0..8 * 162).map(|index| ((index * 37) % 101) as f32 / 50.0 - 1.0);
    let inputs = Tensor::new([8, 9, 9, 2], values.collect()).unwrap();
    let labels = (0..8).map(|index| index % 3).collect();
    let batch = Dataset::classes(inputs, labels, 3).unwrap();
    network.fit(&batch, Fit::epochs(3)).unwrap();
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("model.letra");
    network.save(&path).unwrap();
    let loaded = Trainer::load(&path).unwrap();
    assert_eq!(bytes(&loaded), bytes(&network));
    assert_eq!(loaded.summary(), network.summary());
    let bits = |network: &Trainer| -> Vec<u32> {
        let predicted = network.predict(batch.inputs()).unwrap();
        predicted.data().iter().map(|p| p.to_bits()).collect()
    };
    assert_eq!(bits(&loaded), bits(&network));
    // The optimizer's state is a checkpoint's, not a model's: what a step would start from is not.
    let gradients = |network: &Trainer| network.back_propagate(&batch).unwrap().gradients;
    assert_eq!(gradients(&loaded), gradients(&network));
}

/// Other programs read the file: it is plain safetensors.
#[test]
fn the_file_is_safetensors() {
    let network = network(1);
    let bytes = bytes(&network);
    let tensors = safetensors::SafeTensors::deserialize(&bytes).unwrap();
    let kernel = tensors.tensor("conv2d/kernel").unwrap();
    assert_eq!(kernel.shape(), [3, 3, 1, 3]);
    assert_eq!(tensors.names().len(), network.parameters().count());
}

/// The temporary file is its owner's alone; a model is everybody's, like any other file.
#[cfg(unix)]
#[test]
fn a_saved_file_has_the_permissions_of_any_new_file() {
    use std::os::unix::fs::PermissionsExt;
    let folder = tempfile::tempdir().unwrap();
    let (model, other) = (
        folder.path().join("model.letra"),
        folder.path().join("other"),
    );
    network(1).save(&model).unwrap();
    std::fs::write(&other, "").unwrap();
    let mode = |path: &std::path::Path| std::fs::metadata(path).unwrap().permissions().mode();
    assert_eq!(mode(&model), mode(&other));
}

#[test]
fn saving_replaces_a_file_and_leaves_nothing_beside_it() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("model.letra");
    std::fs::write(&path, vec![7; 1_000_000]).unwrap();
    network(1).save(&path).unwrap();
    assert!(Trainer::load(&path).is_ok());
    assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 1);
}

#[test]
fn half_precision_takes_half_the_space() {
    let folder = tempfile::tempdir().unwrap();
    let [whole, half] = ["whole", "half"].map(|name| folder.path().join(name));
    let mut network = network(1);
    let data = quadrants(40);
    network.fit(&data, Fit::epochs(1)).unwrap();
    network.save(&whole).unwrap();
    network.save_in_half_precision(&half).unwrap();
    let values: usize = network.parameters().map(|known| known.values.len()).sum();
    let size = |path| std::fs::metadata(path).unwrap().len() as usize;
    assert!(size(&whole) - size(&half) + 64 >= 2 * values);
    let loaded = Network::load(&half).unwrap();
    for (rounded, exact) in loaded.parameters().zip(network.parameters()) {
        for (rounded, exact) in rounded.values.iter().zip(&exact.values) {
            assert!(
                (rounded - exact).abs() <= exact.abs() / 2048.0 + 3e-8,
                "{rounded} {exact}"
            );
        }
    }
    // What was rounded once stays.
    loaded.save_in_half_precision(&whole).unwrap();
    assert_eq!(
        Network::load(&whole).unwrap().weights().get("dense/kernel"),
        loaded.weights().get("dense/kernel")
    );
    let mut bias = network.weights().get("dense/bias").unwrap();
    // The largest number, one of fewer bits, and one that is too small.
    bias.data_mut()[..3].copy_from_slice(&[-65504.0, 1e-7, 1e-9]);
    network.weights().set("dense/bias", &bias).unwrap();
    network.save_in_half_precision(&half).unwrap();
    let loaded = Network::load(&half).unwrap().weights().get("dense/bias");
    assert_eq!(
        loaded.unwrap().data()[..3],
        [-65504.0, 2.0 * 2.0f32.powi(-24), 0.0]
    );
    for large in [1e5, 65520.0] {
        bias.data_mut()[3] = large;
        network.weights().set("dense/bias", &bias).unwrap();
        let error = network.save_in_half_precision(&half).unwrap_err();
        let wanted = format!("dense/bias holds {large} at place 3");
        assert!(error.to_string().contains(&wanted), "{error}");
    }
}

/// Layers that join, look at others, or were adapted to data.
#[test]
fn joins_attention_and_adapted_numbers_come_back_bit_for_bit() {
    let values = (0..120).map(|i| ((i * 37) % 19) as f32 / 3.0).collect();
    let inputs = Tensor::new([10, 4, 3], values).unwrap();
    let mut model = Model::new();
    let input = model.input([4, 3]);
    let normal = model.layer(Normalization::adapt(&inputs).unwrap(), [input]);
    let scaled = model.layer(Rescaling::new(0.3).offset(0.1), [normal]);
    let attention = MultiHeadAttention::new(2, 3)
        .value_dim(4)
        .dropout(0.25)
        .use_bias(false)
        .use_causal_mask(true)
        .kernel_regularizer(Regularizer::l2(0.01));
    let looked = model.layer(attention, [scaled, normal]);
    let groups = GroupNormalization::new()
        .groups(3)
        .epsilon(0.01)
        .center(false);
    let grouped = model.layer(groups, [looked]);
    let turned = model.layer(Permute::new([2, 1]), [grouped]);
    let dots = model.layer(Dot::new([-1, 1]).normalize(true), [grouped, turned]);
    let convolution = SeparableConv1d::new(3, 2).causal().depth_multiplier(2);
    let convolved = model.layer(convolution, [dots]);
    let longer = model.layer(Conv1dTranspose::new(3, 2).same().tanh(), [convolved]);
    let joins = [
        model.layer(Average, [looked, longer]),
        model.layer(Subtract, [looked, longer]),
        model.layer(Maximum, [looked, longer]),
        model.layer(Minimum, [looked, longer]),
    ];
    let sum = model.layer(Add, joins);
    let steps = model.layer(UpSampling1d::new(2), [sum]);
    let pictures = model.layer(Reshape::new([4, 2, 3]), [steps]);
    let output = model.layer(RandomFlip::vertical(), [pictures]);
    let compile = Compile::new(Adam::new(0.01)).loss(MeanSquaredError).seed(3);
    let mut network = model.outputs([output]).compile(compile).unwrap();
    let data = Dataset::values(inputs, Tensor::zeros([10, 4, 2, 3])).unwrap();
    network.train_on_batch(&data).unwrap();
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("model.letra");
    network.save(&path).unwrap();
    let loaded = Trainer::load(&path).unwrap();
    assert_eq!(bytes(&loaded), bytes(&network));
    let predicted = |network: &Trainer| network.predict(data.inputs()).unwrap();
    assert_eq!(predicted(&loaded), predicted(&network));
}
