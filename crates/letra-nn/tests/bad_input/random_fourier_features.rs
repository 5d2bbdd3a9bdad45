//! Random Fourier features with settings that make no sense, or on an input that is not flat.

use letra_nn::prelude::*;

use super::assert_refused;

#[test]
fn random_fourier_features() {
    let flat = || Sequential::new([6]);
    let features = || RandomFourierFeatures::new(3);
    for (what, network, parts) in [
        (
            "no features",
            flat().add(RandomFourierFeatures::new(0)),
            &["layer 1 (random_fourier_features)", "output_dim of 0"][..],
        ),
        (
            "a gamma of 0",
            flat().add(features().gamma(0.0)),
            &["gamma 0", "above 0"],
        ),
        (
            "a gamma below 0",
            flat().add(features().gamma(-1.0)),
            &["gamma -1", "above 0"],
        ),
        (
            "a gamma that is not a number",
            flat().add(features().gamma(f32::NAN)),
            &["gamma NaN", "above 0"],
        ),
        (
            "a scale of 0",
            flat().add(features().scale(0.0)),
            &["gamma inf", "scale"],
        ),
        (
            "a picture",
            Sequential::new([2, 3, 1]).add(features()),
            &["a flat input", "Flatten"],
        ),
    ] {
        let compiled = network.compile(Compile::new(Sgd::new(0.1)).threads(1));
        assert_refused(what, compiled, parts);
    }
}
