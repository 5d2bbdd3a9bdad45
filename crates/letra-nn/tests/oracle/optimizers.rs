//! Twenty steps of each optimizer on given gradients, as Keras takes them.

use letra_nn::optimizers::{Adam, Optimizer, Sgd};
use serde_json::Value;

use super::reading::{assert_close, doubles, list, name, numbers, single, singles};

fn optimizer(settings: &Value) -> Box<dyn Optimizer> {
    let rate = single(&settings["rate"]);
    match settings["kind"].as_str().unwrap() {
        "sgd" => Box::new(
            Sgd::new(rate)
                .momentum(single(&settings["momentum"]))
                .nesterov(settings["nesterov"].as_bool().unwrap())
                .decay(single(&settings["decay"])),
        ),
        "adam" => Box::new(
            Adam::new(rate)
                .betas(single(&settings["beta_1"]), single(&settings["beta_2"]))
                .epsilon(single(&settings["epsilon"])),
        ),
        kind => panic!("the test knows no {kind}"),
    }
}

#[test]
fn weights_after_each_of_twenty_steps() {
    let numbers = numbers("optimizers");
    let start = singles(&numbers["start"]);
    for case in list(&numbers["cases"]) {
        let optimizer = optimizer(&case["optimizer"]);
        optimizer.check().unwrap();
        let mut weights = start.clone();
        let (mut first, mut second) = (vec![0.0; start.len()], vec![0.0; start.len()]);
        let steps = list(&case["gradients"]).iter().zip(list(&case["weights"]));
        for (step, (gradient, wanted)) in steps.enumerate() {
            let slots = [&mut first[..], &mut second[..]];
            optimizer.update(step as u64, &mut weights, &singles(gradient), slots);
            let what = format!("{}, step {step}", name(case));
            assert_close(&what, &weights, &doubles(wanted), 1e-5);
        }
        assert_eq!(list(&case["weights"]).len(), 20);
    }
}

#[test]
fn adam_has_the_defaults_of_keras() {
    let numbers = numbers("optimizers");
    let mut cases = list(&numbers["cases"]).iter();
    let case = cases.find(|case| name(case) == "adam defaults").unwrap();
    let written = Adam::new(single(&case["optimizer"]["rate"]));
    let configured = optimizer(&case["optimizer"]);
    assert_eq!(written.configuration(), configured.configuration());
}
