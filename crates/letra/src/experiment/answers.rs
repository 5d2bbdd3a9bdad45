//! What a network says of pictures.

use letra_nn::prelude::*;

/// What was said of a picture.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Answer {
    /// Index of the picture in the data.
    pub picture: usize,
    /// The class it was given.
    pub said: usize,
    /// The probability of that class, 0 to 1.
    pub probability: f32,
}

/// What rows of probabilities say of the pictures they are of.
pub fn answers(pictures: &[usize], probabilities: &Tensor) -> Vec<Answer> {
    pictures
        .iter()
        .enumerate()
        .map(|(row, &picture)| {
            let (said, probability) = most_probable(probabilities.sample(row));
            Answer {
                picture,
                said,
                probability,
            }
        })
        .collect()
}

/// The class with the highest probability, the first of equals, and that probability.
fn most_probable(probabilities: &[f32]) -> (usize, f32) {
    let mut best = (0, f32::MIN);
    for (class, &probability) in probabilities.iter().enumerate() {
        if probability > best.1 {
            best = (class, probability);
        }
    }
    best
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_most_probable_class_is_named_and_the_first_of_equals() {
        assert_eq!(most_probable(&[0.1, 0.7, 0.2]), (1, 0.7));
        assert_eq!(most_probable(&[0.5, 0.5]), (0, 0.5));
    }

    #[test]
    fn answers_go_with_the_pictures_they_are_of() {
        let probabilities = Tensor::new([2, 2], vec![0.9, 0.1, 0.2, 0.8]).unwrap();
        let said: Vec<_> = answers(&[40, 7], &probabilities)
            .iter()
            .map(|answer| (answer.picture, answer.said))
            .collect();
        assert_eq!(said, [(40, 0), (7, 1)]);
    }
}
