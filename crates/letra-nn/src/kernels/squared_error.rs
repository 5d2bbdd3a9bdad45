//! The squared error Σ (y − t)², with its gradient.

/// Returns Σ (prediction − target)² and writes 2 (prediction − target) · scale to `gradient`.
pub fn squared_error(prediction: &[f32], target: &[f32], scale: f32, gradient: &mut [f32]) -> f64 {
    let mut loss = 0.0;
    for ((gradient, prediction), target) in gradient.iter_mut().zip(prediction).zip(target) {
        let difference = prediction - target;
        loss += f64::from(difference) * f64::from(difference);
        *gradient = 2.0 * difference * scale;
    }
    loss
}
