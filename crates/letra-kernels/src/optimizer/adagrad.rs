use super::{assert_lengths, mark};
use crate::simd::kernel;

kernel! {
    /// a ← a + g², w ← w − rate · g / √(a + ε), as Keras has it.
    pub fn adagrad(
        parameters: &mut [f32],
        gradients: &[f32],
        accumulators: &mut [f32],
        rate: f32,
        epsilon: f32,
    ) -> bool {
        assert_lengths(parameters, &[gradients, accumulators]);
        let state = parameters.iter_mut().zip(accumulators);
        let mut marks = 0;
        for ((parameter, accumulator), gradient) in state.zip(gradients) {
            *accumulator += gradient * gradient;
            *parameter -= rate * gradient / (*accumulator + epsilon).sqrt();
            marks |= mark(*parameter);
        }
        marks == 0
    }
}
