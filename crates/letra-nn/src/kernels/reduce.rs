//! Sums of gradients that several shards computed.

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
    for (sum, value) in sum.iter_mut().zip(values) {
        *sum += value;
    }
}
