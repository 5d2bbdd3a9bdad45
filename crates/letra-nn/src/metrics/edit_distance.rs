/// The fewest insertions, deletions and replacements that make one list of another (Levenshtein 1966),
/// in time proportional to the product of their lengths and memory to the second's.
///
/// ```
/// use letra_nn::metrics::edit_distance;
///
/// let letters = |word: &str| word.chars().collect::<Vec<char>>();
/// assert_eq!(edit_distance(&letters("kitten"), &letters("sitting")), 3);
/// assert_eq!(edit_distance(&[1, 2, 3], &[]), 3);
/// ```
pub fn edit_distance<T: PartialEq>(one: &[T], other: &[T]) -> usize {
    edit_distance_in(one, other, &mut Vec::new())
}

/// The same, with memory to work in.
pub(super) fn edit_distance_in<T: PartialEq>(
    one: &[T],
    other: &[T],
    distances: &mut Vec<usize>,
) -> usize {
    // Of the part of `one` so far from each beginning of `other`.
    distances.clear();
    distances.extend(0..=other.len());
    for (row, a) in one.iter().enumerate() {
        let mut diagonal = distances[0];
        distances[0] = row + 1;
        for (column, b) in other.iter().enumerate() {
            let replaced = diagonal + usize::from(a != b);
            diagonal = distances[column + 1];
            let shorter = distances[column].min(diagonal) + 1;
            distances[column + 1] = replaced.min(shorter);
        }
    }
    distances[other.len()]
}

#[cfg(test)]
mod tests {
    use super::*;

    /// By its definition.
    fn twin(one: &[u8], other: &[u8]) -> usize {
        match (one.split_last(), other.split_last()) {
            (None, _) => other.len(),
            (_, None) => one.len(),
            (Some((a, shorter)), Some((b, less))) => {
                let replaced = twin(shorter, less) + usize::from(a != b);
                replaced.min(twin(shorter, other).min(twin(one, less)) + 1)
            }
        }
    }

    #[test]
    fn it_is_the_fewest_changes() {
        let words: [&[u8]; 7] = [b"", b"a", b"ab", b"ba", b"abab", b"bbaab", b"aabbab"];
        for one in words {
            for other in words {
                assert_eq!(edit_distance(one, other), twin(one, other));
            }
        }
    }
}
