//! The order of the samples of an epoch.

use crate::random::Random;

/// The order of an epoch's samples; none where it is their own. `random` gives random numbers by the
/// number of what is drawn, where the order is random.
pub(super) fn order(
    samples: usize,
    batch: usize,
    lengths: Option<&[usize]>,
    random: &dyn Fn(usize) -> Option<Random>,
) -> Vec<usize> {
    let drawn = random(0).map(|random| random.permutation(samples));
    let Some(lengths) = lengths else {
        return drawn.unwrap_or_default();
    };
    let mut order = drawn.unwrap_or_else(|| (0..samples).collect());
    // Those that fill no batch, whatever their lengths are.
    let mut last = order.split_off(samples - samples % batch);
    order.sort_by_key(|&sample| lengths[sample]);
    last.sort_by_key(|&sample| lengths[sample]);
    let batches = samples / batch;
    let numbers = match random(1) {
        Some(random) => random.permutation(batches),
        None => (0..batches).collect(),
    };
    let of_batch = |number: usize| order[number * batch..(number + 1) * batch].iter();
    let all = numbers.into_iter().flat_map(of_batch).chain(&last);
    all.copied().collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::random::Domain;

    #[test]
    fn batches_are_of_like_lengths() {
        let lengths: Vec<usize> = (0..23).map(|sample| 1 + sample * 7 % 5).collect();
        let random = |list| Some(Random::new(3, Domain::Shuffle, list, 0));
        let mixed = order(23, 4, Some(&lengths), &random);
        let mut sorted = mixed.clone();
        sorted.sort_unstable();
        assert_eq!(sorted, (0..23).collect::<Vec<usize>>());
        let spread = |batch: &[usize]| {
            let lengths = batch.iter().map(|&sample| lengths[sample]);
            lengths.clone().max().unwrap() - lengths.min().unwrap()
        };
        assert!(mixed[..20].chunks(4).all(|batch| spread(batch) <= 2));
        let firsts: Vec<usize> = mixed[..20].chunks(4).map(|all| lengths[all[0]]).collect();
        assert!(!firsts.is_sorted());
        let still = order(23, 4, Some(&lengths), &|_| None);
        assert!(
            still[..20]
                .iter()
                .map(|&sample| lengths[sample])
                .is_sorted()
        );
        assert!(order(23, 4, None, &|_| None).is_empty());
    }
}
