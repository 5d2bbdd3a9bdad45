//! Standout: units kept with a probability that their own pre-activation decides.

use super::math::sigmoid;
use super::simd::{dispatch, kernel};

/// probabilities = σ(scale · z + shift).
pub fn probabilities(scale: f32, shift: f32, z: &[f32], probabilities: &mut [f32]) {
    assert_eq!(
        z.len(),
        probabilities.len(),
        "as many probabilities as units"
    );
    dispatch(Probabilities {
        scale,
        shift,
        z,
        probabilities,
    });
}

kernel! {
    struct Probabilities<'a>(scale: f32, shift: f32, z: &'a [f32], probabilities: &'a mut [f32]) {
        for (probability, z) in probabilities.iter_mut().zip(z) {
            *probability = sigmoid(scale * z + shift);
        }
    }
}

/// Turns probabilities into a mask in place: 1 where the unit's random word, as a number in
/// [0, 1), lies below the probability, else 0.
pub fn draw(words: &[u32], probabilities: &mut [f32]) {
    assert_eq!(words.len(), probabilities.len(), "a word for each unit");
    dispatch(Draw {
        words,
        probabilities,
    });
}

kernel! {
    struct Draw<'a>(words: &'a [u32], probabilities: &'a mut [f32]) {
        for (probability, word) in probabilities.iter_mut().zip(words) {
            let number = (word >> 8) as f32 * (1.0 / 16_777_216.0);
            *probability = f32::from(u8::from(number < *probability));
        }
    }
}

/// delta += scale · p · (1 − p) · share: how the probabilities themselves depend on the
/// pre-activation.
pub fn add_slope(scale: f32, probabilities: &[f32], share: &[f32], delta: &mut [f32]) {
    dispatch(AddSlope {
        scale,
        probabilities,
        share,
        delta,
    });
}

kernel! {
    struct AddSlope<'a>(
        scale: f32,
        probabilities: &'a [f32],
        share: &'a [f32],
        delta: &'a mut [f32]
    ) {
        for ((delta, p), share) in delta.iter_mut().zip(probabilities).zip(share) {
            *delta += scale * p * (1.0 - p) * share;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::simd::tests::on_each_instruction_set;

    #[test]
    fn a_unit_is_kept_where_its_number_lies_below_its_probability() {
        on_each_instruction_set(|| {
            let mut p = [0.0, 1.0, 0.5, 0.5, 0.25, f32::NAN];
            draw(
                &[0, u32::MAX, 0x7fff_ffff, 0x8000_0000, 0x3fff_ff00, 0],
                &mut p,
            );
            assert_eq!(p, [0.0, 1.0, 1.0, 0.0, 1.0, 0.0]);
        });
    }

    #[test]
    fn probabilities_are_a_sigmoid_of_the_scaled_and_shifted_pre_activation() {
        on_each_instruction_set(|| {
            let mut p = [9.0; 3];
            probabilities(2.0, -1.0, &[0.0, 0.5, -3.0], &mut p);
            for (p, z) in p.iter().zip([-1.0_f64, 0.0, -7.0]) {
                assert!((f64::from(*p) - 1.0 / (1.0 + (-z).exp())).abs() < 1e-6);
            }
        });
    }
}
