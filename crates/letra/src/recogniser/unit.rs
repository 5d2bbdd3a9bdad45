//! Vectors of length 1.

/// Whether a vector has length 1, but for the rounding of its values to half precision. To divide it
/// once more would move its last bits each time that its model is written.
pub(super) fn is_unit(values: &[f32]) -> bool {
    let squares: f32 = values.iter().map(|value| value * value).sum();
    (squares - 1.0).abs() < 2e-3
}

/// The cosine of the angle between two vectors of length 1.
pub(super) fn cosine(one: &[f32], other: &[f32]) -> f32 {
    one.iter().zip(other).map(|(a, b)| a * b).sum()
}

/// The length of a vector.
pub(super) fn length(values: &[f32]) -> f32 {
    let squares: f32 = values.iter().map(|value| value * value).sum();
    squares.sqrt()
}

/// Brings a vector to length 1; one whose length is too large for a number becomes one of no
/// numbers.
pub(super) fn to_unit(values: &mut [f32]) {
    let length = length(values);
    if length == f32::INFINITY {
        values.fill(f32::NAN);
    } else if length > 0.0 {
        values.iter_mut().for_each(|value| *value /= length);
    }
}
