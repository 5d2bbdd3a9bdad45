//! Which pictures train and which test.

use super::labelled_pictures::LabelledPictures;
use super::seminar_split::SEMINAR_TEST;
use crate::error::{Error, Result};
use crate::random::Random;

/// The indices of the pictures that train and of those that test; no picture is in both.
///
/// ```
/// use letra_type::Split;
///
/// let split = Split::by_test_indices(5, &[3, 1])?;
/// assert_eq!((split.train, split.test), (vec![0, 2, 4], vec![3, 1]));
/// assert_eq!(Split::random(10, 0.2, 7)?.test.len(), 2);
/// # Ok::<(), letra_type::Error>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Split {
    /// Indices of the training pictures, ascending.
    pub train: Vec<usize>,
    /// Indices of the test pictures.
    pub test: Vec<usize>,
}

impl Split {
    /// Splits `count` pictures by given test indices, which keep their order; the rest trains.
    ///
    /// # Errors
    /// An index is not below `count` or is given twice; nothing is left for either part.
    pub fn by_test_indices(count: usize, test: &[usize]) -> Result<Self> {
        let mut is_test = vec![false; count];
        for &index in test {
            match is_test.get_mut(index) {
                None => return fail(format!("there is no picture {index} among {count}")),
                Some(true) => return fail(format!("test index {index} is given twice")),
                Some(seen) => *seen = true,
            }
        }
        let train: Vec<usize> = (0..count).filter(|&index| !is_test[index]).collect();
        if train.is_empty() || test.is_empty() {
            let (train, test) = (train.len(), test.len());
            return fail(format!(
                "{train} pictures to train and {test} to test of {count}"
            ));
        }
        Ok(Self {
            train,
            test: test.to_vec(),
        })
    }

    /// Splits `count` pictures at random: the rounded share `test_share` of them tests.
    ///
    /// The same seed gives the same split, on every machine. A random split leaks on data with
    /// shifted copies: nearly every test picture then has a copy in training.
    ///
    /// # Errors
    /// The share is not between 0 and 1, or leaves nothing for either part.
    pub fn random(count: usize, test_share: f64, seed: u64) -> Result<Self> {
        if !(0.0..=1.0).contains(&test_share) {
            return fail(format!(
                "a test share of {test_share} is not between 0 and 1"
            ));
        }
        let mut order: Vec<usize> = (0..count).collect();
        let mut random = Random::seeded(seed);
        for last in (1..count).rev() {
            order.swap(last, random.below(last + 1));
        }
        order.truncate((count as f64 * test_share).round() as usize);
        Self::by_test_indices(count, &order)
    }

    /// The split of the seminar's notebooks: 279 given test pictures of 2,790.
    ///
    /// # Errors
    /// There are not 2,790 pictures.
    pub fn seminar(pictures: &LabelledPictures) -> Result<Self> {
        match pictures.len() {
            2790 => Self::by_test_indices(2790, &SEMINAR_TEST),
            count => fail(format!(
                "the seminar's split is of 2790 pictures, these are {count}"
            )),
        }
    }

    /// Splits into `folds` parts by group, each of which tests once: a picture tests in the fold
    /// its group leaves as remainder when divided by `folds`.
    ///
    /// # Errors
    /// A fold has no picture to test or none to train.
    pub fn by_group(groups: &[usize], folds: usize) -> Result<Vec<Self>> {
        if folds < 2 {
            return fail(format!("{folds} folds are too few, it takes two"));
        }
        let part = |fold: usize| {
            let of_fold = |&index: &usize| groups[index] % folds == fold;
            let test: Vec<usize> = (0..groups.len()).filter(of_fold).collect();
            Self::by_test_indices(groups.len(), &test)
        };
        (0..folds).map(part).collect()
    }

    /// Five folds by character, so that nothing of a tested character is seen in training; upper-
    /// and lower-case letters stay together.
    ///
    /// # Errors
    /// It is not known which characters the pictures show, or they are too few.
    pub fn unseen_characters(pictures: &LabelledPictures) -> Result<Vec<Self>> {
        match pictures.groups() {
            Some(groups) => Self::by_group(groups, 5),
            None => fail(
                "it is not known which characters the pictures show (only pictures in the \
                 seminar's order say so: 5 fonts of 62 characters of 9 shifts, 36 by 36 pixels)"
                    .into(),
            ),
        }
    }
}

fn fail<T>(problem: String) -> Result<T> {
    Err(Error::Split { problem })
}
