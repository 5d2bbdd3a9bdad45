//! Nearest-neighbour classification: what every network should beat.

use super::labelled_pictures::LabelledPictures;
use super::split::Split;
use crate::error::{Error, Result};

/// A pixel above this value counts as ink.
const INK_ABOVE: u8 = 127;

/// The class of each test picture by its nearest training picture.
///
/// The distance of two pictures is the number of pixels that are ink (above 127) in only one of
/// them (the Hamming distance); of equally near pictures the one of the lowest index counts.
/// T. Cover, P. Hart, Nearest neighbor pattern classification, IEEE Trans. Inf. Theory 13, 1967.
///
/// # Errors
/// The split names a picture that there is not, or none to train.
pub fn nearest_neighbour(pictures: &LabelledPictures, split: &Split) -> Result<Vec<usize>> {
    let fail = |problem| Err(Error::Split { problem });
    let count = pictures.len();
    if let Some(index) = split
        .train
        .iter()
        .chain(&split.test)
        .find(|&&index| index >= count)
    {
        return fail(format!("there is no picture {index} among {count}"));
    }
    if split.train.is_empty() {
        return fail("there is no picture to train".into());
    }
    let train: Vec<_> = split
        .train
        .iter()
        .map(|&index| packed(pictures.picture(index)))
        .collect();
    let nearest = |&index: &usize| {
        let ink = packed(pictures.picture(index));
        let distances = train.iter().map(|other| distance(&ink, other));
        let nearest = distances.zip(&split.train).min();
        nearest.map_or(0, |(_, &index)| pictures.labels()[index])
    };
    Ok(split.test.iter().map(nearest).collect())
}

/// The share of test pictures whose class [`nearest_neighbour`] says right, 0.0 to 1.0.
///
/// # Errors
/// As [`nearest_neighbour`]; or there is no picture to test.
pub fn nearest_neighbour_accuracy(pictures: &LabelledPictures, split: &Split) -> Result<f64> {
    if split.test.is_empty() {
        return Err(Error::Split {
            problem: "there is no picture to test".into(),
        });
    }
    let classes = nearest_neighbour(pictures, split)?;
    let right = |&(class, &index): &(usize, &usize)| class == pictures.labels()[index];
    let right = classes.into_iter().zip(&split.test).filter(right).count();
    Ok(right as f64 / split.test.len() as f64)
}

/// One bit a pixel, set for ink.
fn packed(picture: &[u8]) -> Vec<u64> {
    let word = |pixels: &[u8]| {
        pixels
            .iter()
            .fold(0, |bits, &pixel| bits << 1 | u64::from(pixel > INK_ABOVE))
    };
    picture.chunks(64).map(word).collect()
}

fn distance(one: &[u64], other: &[u64]) -> u32 {
    one.iter()
        .zip(other)
        .map(|(one, other)| (one ^ other).count_ones())
        .sum()
}
