use super::assert_lengths;
use crate::simd::kernel;

kernel! {
    /// a ← a + g², w ← w − rate · g / √(a + ε), as Keras has it.
    pub fn adagrad(
        parameters: &mut [f32],
        gradients: &[f32],
        accumulators: &mut [f32],
        rate: f32,
        epsilon: f32,
    ) {
        assert_lengths(parameters, &[gradients, accumulators]);
        let state = parameters.iter_mut().zip(accumulators);
        for ((parameter, accumulator), gradient) in state.zip(gradients) {
            *accumulator += gradient * gradient;
            *parameter -= rate * gradient / (*accumulator + epsilon).sqrt();
        }
    }
}
