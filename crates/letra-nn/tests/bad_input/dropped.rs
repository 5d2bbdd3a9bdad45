//! Relatives of dropout with settings that make no sense.

use letra_nn::prelude::*;

use super::assert_refused;

fn compiled(network: Sequential) -> Result<Trainer, Error> {
    network.compile(Compile::new(Sgd::new(0.1)).threads(1))
}

#[test]
fn senseless_relatives_of_dropout() {
    let flat = || Sequential::new([6]);
    for rate in [1.5, 1.0, -0.1, f32::NAN, f32::INFINITY] {
        let rate_is = format!("rate {rate}");
        let network = flat().add(DropConnect::new(3, rate));
        let parts = [
            "layer 1 (drop_connect)",
            &rate_is,
            "up to but not including 1",
        ];
        assert_refused("a rate", compiled(network), &parts);
        let network = flat().add(AnnealedDropout::new(rate, 10));
        let parts = [
            "layer 1 (annealed_dropout)",
            &rate_is,
            "up to but not including 1",
        ];
        assert_refused("a first rate", compiled(network), &parts);
    }
    for value in [f32::NAN, f32::INFINITY, f32::NEG_INFINITY] {
        let network = flat().add(Standout::new(3).alpha(value));
        let parts = ["layer 1 (standout)", &format!("alpha {value}"), "finite"];
        assert_refused("alpha", compiled(network), &parts);
        let network = flat().add(Standout::new(3).beta(value));
        let parts = ["layer 1 (standout)", &format!("beta {value}"), "finite"];
        assert_refused("beta", compiled(network), &parts);
    }
    for (what, network, parts) in [
        (
            "no steps",
            flat().add(AnnealedDropout::new(0.5, 0)),
            &["layer 1 (annealed_dropout)", "0 steps"][..],
        ),
        (
            "no draws",
            flat().add(DropConnect::new(3, 0.5).draws(0)),
            &["layer 1 (drop_connect)", "0 times", "at least 1"],
        ),
        (
            "more draws than can be held",
            flat().add(DropConnect::new(3, 0.5).draws(usize::MAX)),
            &["layer 1 (drop_connect)", "no more than"],
        ),
        (
            "no units",
            flat().add(DropConnect::new(0, 0.5)),
            &["layer 1 (drop_connect)", "0 units"],
        ),
        (
            "no adaptive units",
            flat().add(Standout::new(0)),
            &["layer 1 (standout)", "0 units"],
        ),
        (
            "a picture into missing weights",
            Sequential::new([6, 6, 1]).add(DropConnect::new(3, 0.5)),
            &["layer 1 (drop_connect)", "a flat input", "add Flatten"],
        ),
        (
            "a picture into adaptive units",
            Sequential::new([6, 6, 1]).add(Standout::new(3)),
            &["layer 1 (standout)", "a flat input", "add Flatten"],
        ),
        (
            "an initial value that is not a number",
            flat().add(Standout::new(3).kernel_initializer(Initializer::constant(f32::NAN))),
            &["layer 1 (standout)", "NaN"],
        ),
    ] {
        assert_refused(what, compiled(network), parts);
    }
}
