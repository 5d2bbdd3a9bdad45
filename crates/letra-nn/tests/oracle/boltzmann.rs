//! A Boltzmann machine beside scikit-learn's.

use letra_nn::learners::Rbm;

use crate::reading::{assert_close, doubles, list, numbers, sizes, tensor};

#[test]
fn a_machine_of_the_same_weights_is_scikit_learns() {
    for (number, case) in list(&numbers("boltzmann")["cases"]).iter().enumerate() {
        let kernel = tensor(&case["kernel"]);
        let mut machine = Rbm::new(kernel.shape()[0], kernel.shape()[1])
            .build(0)
            .unwrap();
        machine.set_kernel(&kernel).unwrap();
        machine
            .set_visible_bias(&tensor(&case["visible_bias"]))
            .unwrap();
        machine
            .set_hidden_bias(&tensor(&case["hidden_bias"]))
            .unwrap();
        let data = tensor(&case["data"]);
        let transform = machine.transform(&data).unwrap();
        let wanted = doubles(&case["transform"]["values"]);
        assert_close(
            &format!("transform {number}"),
            transform.data(),
            &wanted,
            1e-5,
        );
        let singles = |values: Vec<f64>| -> Vec<f32> { values.iter().map(|v| *v as f32).collect() };
        let flips = sizes(&case["flips"]);
        let found = [
            ("free_energy", machine.free_energy(&data).unwrap()),
            (
                "score",
                machine.pseudo_likelihood_of_flips(&data, &flips).unwrap(),
            ),
            (
                "pseudo_likelihood",
                machine.pseudo_likelihood(&data).unwrap(),
            ),
        ];
        for (what, values) in found {
            let wanted = doubles(&case[what]);
            assert_close(&format!("{what} {number}"), &singles(values), &wanted, 1e-5);
        }
    }
}
