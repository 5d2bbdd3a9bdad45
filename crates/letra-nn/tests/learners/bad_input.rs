//! What cannot be done gets an error that says what to do.

use letra_nn::learners::{
    AnnealedImportanceSampling, ContrastiveDivergence, Hidden, Rbm, RbmFit, Visible,
};
use letra_nn::{Error, Tensor};

fn says(error: Error, words: &[&str]) {
    let text = error.to_string();
    for word in words {
        assert!(text.contains(word), "{text:?} does not say {word:?}");
    }
    assert!(error.hint().is_some(), "{text:?} has no hint");
}

fn row(values: &[f32]) -> Tensor {
    Tensor::new([1, values.len()], values.to_vec()).unwrap()
}

#[test]
fn machines_that_cannot_be() {
    says(Rbm::new(0, 3).build(0).unwrap_err(), &["0 visible"]);
    says(Rbm::new(3, 0).build(0).unwrap_err(), &["0 hidden"]);
    says(
        Rbm::new(5, 3)
            .visible(Visible::Softmax { size: 2 })
            .build(0)
            .unwrap_err(),
        &["5 visible", "groups of 2"],
    );
    says(
        Rbm::new(4, 3)
            .visible(Visible::Softmax { size: 1 })
            .build(0)
            .unwrap_err(),
        &["groups of 1"],
    );
    says(Rbm::new(4, 3).labels(1).build(0).unwrap_err(), &["1 label"]);
    says(
        Rbm::new(usize::MAX, 3).labels(7).build(0).unwrap_err(),
        &["too many"],
    );
    says(
        Rbm::new(1 << 20, 1 << 20).build(0).unwrap_err(),
        &["too many"],
    );
}

#[test]
fn settings_out_of_range() {
    let compile = |settings: ContrastiveDivergence| Rbm::new(3, 2).compile(settings).unwrap_err();
    let usual = || ContrastiveDivergence::new(0.1);
    says(compile(usual().steps(0)), &["k = 0"]);
    says(compile(usual().momentum(1.0)), &["momentum is 1"]);
    says(compile(usual().momentum(f32::NAN)), &["momentum"]);
    says(compile(usual().weight_decay(-1.0)), &["weight decay is -1"]);
    says(
        compile(usual().sparsity(2.0, 0.1, 0.9)),
        &["sparsity target is 2"],
    );
    says(compile(usual().fast_weights(0.1, 0.9)), &["fast weights"]);
    says(
        compile(usual().persistent(1).fast_weights(0.1, 1.5)),
        &["decay of fast weights"],
    );
    says(
        compile(ContrastiveDivergence::new(-0.1)),
        &["learning rate"],
    );
    let gaussian = Rbm::new(3, 2).visible(Visible::Gaussian);
    says(
        gaussian
            .compile(usual().persistent(1).fast_weights(0.1, 0.9))
            .unwrap_err(),
        &["fast weights"],
    );
    let both = Rbm::new(3, 2).visible(Visible::Gaussian);
    says(
        both.hidden(Hidden::Gaussian).build(0).unwrap_err(),
        &["both layers"],
    );
    let linear = Rbm::new(3, 2).hidden(Hidden::Gaussian);
    says(
        linear
            .clone()
            .compile(usual().sparsity(0.1, 0.1, 0.9))
            .unwrap_err(),
        &["sparsity"],
    );
    says(
        linear.build(0).unwrap().log_partition().unwrap_err(),
        &["Gaussian hidden"],
    );
    let rectified = Rbm::new(3, 2).hidden(Hidden::NoisyRectified);
    says(
        rectified
            .compile(usual().sparsity(0.1, 0.1, 0.9))
            .unwrap_err(),
        &["sparsity"],
    );
}

#[test]
fn more_chains_than_memory_holds() {
    let many = usize::MAX / 1024;
    let machine = Rbm::new(3, 2).build(0).unwrap();
    says(machine.chains(many, 0).unwrap_err(), &["chains need", "GB"]);
    says(machine.chains(0, 0).unwrap_err(), &["0 chains"]);
    says(
        Rbm::new(3, 2)
            .compile(ContrastiveDivergence::new(0.1).persistent(many))
            .unwrap_err(),
        &["chains need", "GB"],
    );
    let sampling = AnnealedImportanceSampling::new().chains(many);
    says(
        machine.estimate_log_partition(&sampling).unwrap_err(),
        &["chains need"],
    );
}

#[test]
fn data_that_units_cannot_have() {
    let mut rbm = Rbm::new(2, 2)
        .compile(ContrastiveDivergence::new(0.1))
        .unwrap();
    let mut fit = |data: &Tensor| rbm.fit(data, RbmFit::epochs(1)).unwrap_err();
    says(
        fit(&row(&[0.0, 1.5])),
        &["sample 0 holds 1.5 at unit 1", "from 0 to 1"],
    );
    says(fit(&row(&[-0.1, 1.0])), &["holds -0.1 at unit 0"]);
    says(fit(&row(&[f32::NAN, 1.0])), &["holds NaN"]);
    says(
        fit(&row(&[0.0, 1.0, 1.0])),
        &["2 visible units", "3 values"],
    );
    says(fit(&Tensor::zeros([0, 2])), &["empty"]);
    says(
        rbm.train_on_batch(&Tensor::zeros([0, 2])).unwrap_err(),
        &["empty"],
    );
    says(
        rbm.fit(&Tensor::zeros([2, 2]), RbmFit::epochs(1).batch_size(0))
            .unwrap_err(),
        &["0 samples"],
    );
    says(rbm.transform(&row(&[0.0, 2.0])).unwrap_err(), &["holds 2"]);
    let machine = Rbm::new(3, 2)
        .visible(Visible::Softmax { size: 3 })
        .build(0)
        .unwrap();
    says(
        machine.transform(&row(&[1.0, 1.0, 0.0])).unwrap_err(),
        &["softmax group 0", "add up to 1"],
    );
    let machine = Rbm::new(1, 2).labels(2).build(0).unwrap();
    says(
        machine.transform(&row(&[1.0, 0.0, 0.0])).unwrap_err(),
        &["label group 0"],
    );
}

#[test]
fn a_gaussian_unit_without_variance() {
    let mut rbm = Rbm::new(2, 2)
        .visible(Visible::Gaussian)
        .compile(ContrastiveDivergence::new(0.01))
        .unwrap();
    let data = Tensor::new([2, 2], vec![1.0, 5.0, 2.0, 5.0]).unwrap();
    says(
        rbm.fit(&data, RbmFit::epochs(1)).unwrap_err(),
        &["Gaussian unit 1 is 5 in all samples", "variance"],
    );
}

#[test]
fn what_cannot_be_counted_or_is_not_known() {
    says(
        Rbm::new(30, 30)
            .build(0)
            .unwrap()
            .log_partition()
            .unwrap_err(),
        &["30 visible and 30 hidden", "estimate_log_partition"],
    );
    let rectified = Rbm::new(3, 2)
        .hidden(Hidden::NoisyRectified)
        .build(0)
        .unwrap();
    says(rectified.log_partition().unwrap_err(), &["noisy rectified"]);
    says(
        rectified
            .estimate_log_partition(&AnnealedImportanceSampling::new())
            .unwrap_err(),
        &["noisy rectified"],
    );
    let gaussian = Rbm::new(3, 30).visible(Visible::Gaussian).build(0).unwrap();
    says(
        gaussian
            .pseudo_likelihood(&Tensor::zeros([1, 3]))
            .unwrap_err(),
        &["Gaussian"],
    );
    assert!(gaussian.log_partition().is_err());
    let machine = Rbm::new(3, 2).build(0).unwrap();
    for bad in [vec![0.5], vec![0.6, 0.5, 1.0], vec![0.0, 1.0]] {
        let sampling = AnnealedImportanceSampling::new().inverse_temperatures(bad);
        says(
            machine.estimate_log_partition(&sampling).unwrap_err(),
            &["rise from above 0 to 1"],
        );
    }
    says(
        machine
            .estimate_log_partition(&AnnealedImportanceSampling::new().chains(1))
            .unwrap_err(),
        &["fewer than 2"],
    );
    says(
        machine
            .pseudo_likelihood_of_flips(&Tensor::zeros([2, 3]), &[0])
            .unwrap_err(),
        &["1 units to flip for 2"],
    );
}

#[test]
fn weights_of_another_shape() {
    let mut machine = Rbm::new(3, 2).build(0).unwrap();
    says(
        machine.set_kernel(&Tensor::zeros([2, 3])).unwrap_err(),
        &["[3, 2]", "[2, 3]"],
    );
    says(
        machine
            .set_variances(&Tensor::new([3], vec![1.0; 3]).unwrap())
            .unwrap_err(),
        &["variances"],
    );
    let mut gaussian = Rbm::new(2, 2).visible(Visible::Gaussian).build(0).unwrap();
    says(
        gaussian.set_variances(&Tensor::zeros([2])).unwrap_err(),
        &["a variance is 0"],
    );
}

#[test]
fn a_rate_that_is_too_high() {
    let data = Tensor::new([2, 2], vec![30.0, -20.0, -25.0, 40.0]).unwrap();
    let mut rbm = Rbm::new(2, 2)
        .visible(Visible::Gaussian)
        .compile(ContrastiveDivergence::new(1e6))
        .unwrap();
    let error = rbm
        .fit(&data, RbmFit::epochs(100).batch_size(2))
        .unwrap_err();
    assert!(matches!(error, Error::NotFinite { .. }), "{error}");
}
