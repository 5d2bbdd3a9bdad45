//! Rectifiers and maxout whose settings make no sense.

use letra_nn::prelude::*;

use super::assert_refused;

fn compiled(network: Sequential) -> Result<Trainer, Error> {
    network.compile(Compile::new(Sgd::new(0.1)).threads(1))
}

#[test]
fn slopes_and_alphas() {
    for number in [-0.5, f32::NAN, f32::INFINITY] {
        let said = format!("{number}: give it a finite number of 0 or more");
        let network = Sequential::new([6]).add(LeakyRelu::new(number));
        let parts = ["layer 1 (leaky_relu)", "negative slope", &said];
        assert_refused("a slope", compiled(network), &parts);
        let network = Sequential::new([6]).add(Elu::new(number));
        assert_refused(
            "an alpha",
            compiled(network),
            &["layer 1 (elu)", "alpha", &said],
        );
    }
}

#[test]
fn shared_axes_that_are_not_there() {
    for axis in [0, 4, usize::MAX] {
        let network = Sequential::new([6, 5, 2]).add(PRelu::new().shared_axes([1, axis]));
        let said = format!("shares axis {axis}");
        let parts = ["layer 1 (prelu)", &said, "[6, 5, 2]", "axes from 1 to 3"];
        assert_refused("an axis", compiled(network), &parts);
    }
    let layer = PRelu::new().alpha_initializer(Initializer::constant(f32::NAN));
    let network = Sequential::new([6]).add(layer);
    assert_refused("no number", compiled(network), &["layer 1 (prelu)", "NaN"]);
}

#[test]
fn pieces_of_maxout() {
    for pieces in [0, 1, 1 << 20, usize::MAX] {
        let said = format!("has {pieces} pieces");
        let parts = [said.as_str(), "at least 2"];
        let network = Sequential::new([6]).add(Maxout::new(3, pieces));
        assert_refused("dense", compiled(network), &parts);
        let network = Sequential::new([6, 6, 1]).add(MaxoutConv2d::new(3, 3, pieces));
        assert_refused("convolution", compiled(network), &parts);
    }
    for (what, network, parts) in [
        (
            "no units",
            Sequential::new([6]).add(Maxout::new(0, 2)),
            &["layer 1 (maxout)", "0 units"][..],
        ),
        (
            "no filters",
            Sequential::new([6, 6, 1]).add(MaxoutConv2d::new(0, 3, 2)),
            &["layer 1 (maxout_conv2d)", "filters"],
        ),
        (
            "a picture",
            Sequential::new([6, 6, 1]).add(Maxout::new(3, 2)),
            &["layer 1 (maxout)", "flat input", "add Flatten"],
        ),
        (
            "no picture",
            Sequential::new([6]).add(MaxoutConv2d::new(3, 3, 2)),
            &["layer 1 (maxout_conv2d)", "a picture", "add Reshape"],
        ),
        (
            "more units than can be held",
            Sequential::new([6]).add(Maxout::new(usize::MAX, 3)),
            &["layer 1 (maxout)"],
        ),
    ] {
        assert_refused(what, compiled(network), parts);
    }
}
