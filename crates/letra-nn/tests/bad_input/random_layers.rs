//! Random layers whose settings make no sense.

use letra_nn::prelude::*;

use super::assert_refused;

fn compiled(network: Sequential) -> Result<Trainer, Error> {
    network.compile(Compile::new(Sgd::new(0.1)).threads(1))
}

#[test]
fn factors_out_of_range() {
    const INFINITY: f32 = f32::INFINITY;
    let pictures = || Sequential::new([6, 6, 1]);
    for factor in [
        [-1.5, 0.5],
        [0.0, 1.01],
        [0.5, 0.2],
        [f32::NAN, 0.5],
        [0.0, INFINITY],
    ] {
        let [lower, upper] = factor;
        let bounds = format!("from {lower} to {upper}");
        for (kind, network) in [
            (
                "random_translation",
                pictures().add(RandomTranslation::new(factor, 0.1)),
            ),
            (
                "random_translation",
                pictures().add(RandomTranslation::new(0.1, factor)),
            ),
            (
                "random_rotation",
                pictures().add(RandomRotation::new(factor)),
            ),
            ("random_zoom", pictures().add(RandomZoom::new(factor))),
            (
                "random_zoom",
                pictures().add(RandomZoom::new(0.1).width_factor(factor)),
            ),
            (
                "random_contrast",
                pictures().add(RandomContrast::new(factor)),
            ),
        ] {
            let parts = [&format!("layer 1 ({kind})"), "factor", &bounds, "between"];
            assert_refused(kind, compiled(network), &parts);
        }
    }
    let network = pictures().add(RandomRotation::new(f32::NAN));
    assert_refused("no number", compiled(network), &["NaN"]);
    // At −1 a picture would be blown up without bound.
    let network = pictures().add(RandomZoom::new([-1.0, 0.0]));
    assert_refused(
        "a zoom to nothing",
        compiled(network),
        &["from -1 to 0", "-0.99"],
    );
}

#[test]
fn other_settings() {
    let pictures = || Sequential::new([6, 6, 1]);
    for value in [f32::NAN, f32::NEG_INFINITY] {
        let fill = FillMode::Constant(value);
        let network = pictures().add(RandomZoom::new(0.1).fill_mode(fill));
        assert_refused("a fill", compiled(network), &["random_zoom", "finite"]);
    }
    for [low, high] in [
        [1.0, 0.0],
        [0.0, 0.0],
        [f32::NAN, 1.0],
        [0.0, f32::INFINITY],
    ] {
        let network = pictures().add(RandomContrast::new(0.1).value_range(low, high));
        assert_refused(
            "a range",
            compiled(network),
            &["random_contrast", "lower one first"],
        );
    }
    for stddev in [-0.1, f32::NAN, f32::INFINITY] {
        let network = pictures().add(GaussianNoise::new(stddev));
        let parts = [
            "layer 1 (gaussian_noise)",
            &format!("deviation {stddev}"),
            "0 or more",
        ];
        assert_refused("noise", compiled(network), &parts);
    }
    for rate in [1.5, 1.0, -0.1, f32::NAN] {
        let network = pictures().add(SpatialDropout2d::new(rate));
        let parts = [
            "layer 1 (spatial_dropout2d)",
            &format!("rate {rate}"),
            "not including 1",
        ];
        assert_refused("a rate", compiled(network), &parts);
    }
}

#[test]
fn inputs_that_are_no_pictures() {
    let flat = || Sequential::new([6, 6]);
    for (kind, network) in [
        ("random_contrast", flat().add(RandomContrast::new(0.1))),
        ("random_rotation", flat().add(RandomRotation::new(0.1))),
        (
            "random_translation",
            flat().add(RandomTranslation::new(0.1, 0.1)),
        ),
        ("random_zoom", flat().add(RandomZoom::new(0.1))),
        ("spatial_dropout2d", flat().add(SpatialDropout2d::new(0.1))),
    ] {
        let parts = [kind, "wants a picture", "[6, 6]", "add Reshape before it"];
        assert_refused(kind, compiled(network), &parts);
    }
}
