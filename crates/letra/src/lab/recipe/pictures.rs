//! Which pictures train and which validate, and changed copies of them.

use letra_nn::prelude::*;
use letra_nn::random::{Purpose, Random};
use letra_type::Split as Fold;

use crate::experiment::Examples;
use crate::failure::Failure;

/// One in so many groups, or pictures, validates.
const VALIDATION: usize = 5;

/// A part of the training pictures that validates, and the others in an order of which any
/// first part is as good as another.
pub(super) struct Pictures {
    pub(super) train: Vec<usize>,
    pub(super) validation: Vec<usize>,
}

impl Pictures {
    /// Parts `training` by character, so that nothing of a validated character is trained on;
    /// by picture where characters are not known.
    pub(super) fn part(
        examples: &Examples,
        training: &[usize],
        seed: u64,
    ) -> Result<Self, Failure> {
        let groups = examples.pictures().groups();
        let group = |picture: &usize| groups.map_or(*picture, |groups| groups[*picture]);
        let mut known: Vec<usize> = training.iter().map(group).collect();
        known.sort_unstable();
        known.dedup();
        if known.len() < 2 * VALIDATION {
            return Err(Failure::new(format!(
                "the training pictures are of {} characters, too few to keep some back",
                known.len()
            ))
            .hint(format!("take pictures of at least {}", 2 * VALIDATION)));
        }
        let order = Random::new(seed, Purpose::Shuffle, 1, 0).permutation(known.len());
        let place = |picture: &usize| {
            let index = known.binary_search(&group(picture)).unwrap_or(0);
            order[index]
        };
        let mut sorted = training.to_vec();
        sorted.sort_by_key(|picture| (place(picture), *picture));
        let kept = known.len().div_ceil(VALIDATION);
        let (validation, train) = sorted
            .into_iter()
            .partition(|picture| place(picture) < kept);
        Ok(Pictures { train, validation })
    }

    /// The first part of the training pictures.
    pub(super) fn share(&self, share: f64) -> &[usize] {
        let count = (self.train.len() as f64 * share).round() as usize;
        &self.train[..count.clamp(1, self.train.len())]
    }

    /// What the nearest neighbour is to be measured on.
    pub(super) fn fold(&self) -> Fold {
        Fold {
            train: self.train.clone(),
            test: self.validation.clone(),
        }
    }
}

/// Turned by up to so many degrees, scaled by up to such a share, moved by up to so many pixels.
const TURN: f32 = 8.0;
const SCALE: f32 = 0.1;
const MOVE: f32 = 2.0;

/// The data set with so many copies of each picture behind it, each turned, scaled and moved a
/// little at random.
pub(super) fn augmented(data: Dataset, copies: usize, seed: u64) -> Result<Dataset, Error> {
    let Targets::Classes { labels, count } = &data.targets else {
        return Ok(data);
    };
    let shape = data.inputs.shape().to_vec();
    let [samples, height, width] = [shape[0], shape[1], shape[2]];
    let mut pixels = data.inputs.data().to_vec();
    let mut all = labels.clone();
    for copy in 1..=copies {
        for sample in 0..samples {
            let random = Random::new(seed, Purpose::Layer, 0x00FF_0000, copy as u64);
            let change: Vec<f32> = random
                .uniform(sample, 4)
                .into_iter()
                .map(|uniform| 2.0 * uniform - 1.0)
                .collect();
            pixels.extend(changed(
                data.inputs.sample(sample),
                [height, width],
                &change,
            ));
        }
        all.extend(labels);
    }
    let inputs = Tensor::new([samples * (copies + 1), height, width, 1], pixels)?;
    Dataset::classes(inputs, all, *count)
}

/// The picture under a small change, read between pixels; what comes from outside is empty.
fn changed(picture: &[f32], [height, width]: [usize; 2], change: &[f32]) -> Vec<f32> {
    let (sine, cosine) = (TURN.to_radians() * change[0]).sin_cos();
    let scale = 1.0 + SCALE * change[1];
    let (middle_row, middle_column) = ((height as f32 - 1.0) / 2.0, (width as f32 - 1.0) / 2.0);
    let at = |row: f32, column: f32| {
        let inside = row >= 0.0 && column >= 0.0 && row < height as f32 && column < width as f32;
        match inside {
            true => picture[row as usize * width + column as usize],
            false => 0.0,
        }
    };
    let mut pixels = Vec::with_capacity(height * width);
    for row in 0..height {
        for column in 0..width {
            let y = row as f32 - middle_row - MOVE * change[2];
            let x = column as f32 - middle_column - MOVE * change[3];
            let source_row = (cosine * y - sine * x) / scale + middle_row;
            let source_column = (sine * y + cosine * x) / scale + middle_column;
            let (top, left) = (source_row.floor(), source_column.floor());
            let (down, right) = (source_row - top, source_column - left);
            let above = at(top, left) * (1.0 - right) + at(top, left + 1.0) * right;
            let below = at(top + 1.0, left) * (1.0 - right) + at(top + 1.0, left + 1.0) * right;
            pixels.push(above * (1.0 - down) + below * down);
        }
    }
    pixels
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_character_trains_and_validates() {
        let examples = Examples::load(None).unwrap();
        let training: Vec<usize> = (0..examples.count()).step_by(2).collect();
        let pictures = Pictures::part(&examples, &training, 3).unwrap();
        assert_eq!(
            pictures.train.len() + pictures.validation.len(),
            training.len()
        );
        let groups = examples.pictures().groups().unwrap();
        let of = |pictures: &[usize]| -> std::collections::BTreeSet<usize> {
            pictures.iter().map(|&picture| groups[picture]).collect()
        };
        let (train, validation) = (of(&pictures.train), of(&pictures.validation));
        assert!(train.is_disjoint(&validation));
        assert!(validation.len() * 4 >= train.len() - 4);
        assert_eq!(pictures.share(0.5).len(), pictures.train.len().div_ceil(2));
        let few = Pictures::part(&examples, &training[..3], 3);
        assert!(few.is_err());
    }

    #[test]
    fn copies_are_changed_but_of_the_same_ink() {
        let examples = Examples::load(None).unwrap();
        let data = examples.dataset(&[0, 900]).unwrap();
        let more = augmented(data.clone(), 2, 5).unwrap();
        assert_eq!(more.samples(), 6);
        let ink = |sample: usize| more.inputs.sample(sample).iter().sum::<f32>();
        for sample in 0..6 {
            let original = sample % 2;
            assert!((ink(sample) / ink(original) - 1.0).abs() < 0.3, "{sample}");
            let same = more.inputs.sample(sample) == data.inputs.sample(original);
            assert_eq!(same, sample < 2);
        }
        assert_eq!(augmented(data.clone(), 0, 5).unwrap(), data);
        // No change at all leaves the picture as it is.
        let still = changed(data.inputs.sample(0), [36, 36], &[0.0; 4]);
        assert_eq!(still, data.inputs.sample(0));
    }
}
