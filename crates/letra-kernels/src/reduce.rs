//! Sums of gradients that several shards computed, and other sums and products of buffers.

use super::simd::{dispatch, kernel};

/// Adds all buffers into the first, in a tree that depends on their number alone: buffer i takes
/// in buffer i + 1 for even i, then i + 2 for i divisible by 4, and so on. The other buffers hold
/// partial sums afterwards.
pub fn tree_sum(buffers: &mut [&mut [f32]]) {
    let mut distance = 1;
    while distance < buffers.len() {
        for pair in buffers.chunks_mut(2 * distance) {
            if let Some((first, rest)) = pair.split_first_mut()
                && let Some(other) = rest.get(distance - 1)
            {
                add(first, other);
            }
        }
        distance *= 2;
    }
}

/// sum += values
pub fn add(sum: &mut [f32], values: &[f32]) {
    assert_eq!(sum.len(), values.len(), "buffers differ in length");
    dispatch(Add { sum, values });
}

kernel! {
    struct Add<'a>(sum: &'a mut [f32], values: &'a [f32]) {
        for (sum, value) in sum.iter_mut().zip(values) {
            *sum += value;
        }
    }
}

/// values *= factors
pub fn multiply(values: &mut [f32], factors: &[f32]) {
    assert_eq!(values.len(), factors.len(), "buffers differ in length");
    dispatch(Multiply { values, factors });
}

kernel! {
    struct Multiply<'a>(values: &'a mut [f32], factors: &'a [f32]) {
        for (value, factor) in values.iter_mut().zip(factors) {
            *value *= factor;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::noise::Noise;
    use crate::simd::tests::on_each_instruction_set;

    #[test]
    fn adds_in_a_tree() {
        let mut noise = Noise::new(12);
        for length in [0, 1, 37] {
            let buffers: Vec<Vec<f32>> = (0..5).map(|_| noise.values(length)).collect();
            on_each_instruction_set(|| {
                let mut sums = buffers.clone();
                let mut views: Vec<&mut [f32]> = sums.iter_mut().map(Vec::as_mut_slice).collect();
                tree_sum(&mut views);
                for (i, sum) in sums[0].iter().enumerate() {
                    let [a, b, c, d, e] = [0, 1, 2, 3, 4].map(|buffer| buffers[buffer][i]);
                    assert_eq!(*sum, ((a + b) + (c + d)) + e);
                }
            });
        }
        tree_sum(&mut []);
    }
}
