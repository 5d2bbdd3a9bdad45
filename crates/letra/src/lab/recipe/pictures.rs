//! Which of the training pictures train and which validate.

use std::collections::BTreeMap;

use letra_nn::random::{Domain, Random};
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
        let order = Random::new(seed, Domain::Shuffle, 1, 0).permutation(known.len());
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

    /// How many independent pictures would tell the validation error as surely as these do, of
    /// which `wrong` says which were misnamed, in their order. Shifted copies of a glyph are
    /// mostly right or wrong together, so that they count for less than as many glyphs.
    ///
    /// The variance of the error *e* over *g* glyphs is Σ *nᵢ*² (*eᵢ* − *e*)² / *n*² · *g* / (*g* − 1),
    /// that of *n* independent pictures *e* (1 − *e*) / *n*.
    pub(super) fn independent(&self, examples: &Examples, wrong: &[bool]) -> usize {
        let count = self.validation.len();
        let Some(groups) = examples.pictures().groups() else {
            return count;
        };
        let mut glyphs: BTreeMap<(usize, usize), [f64; 2]> = BTreeMap::new();
        for (&picture, &wrong) in self.validation.iter().zip(wrong) {
            let glyph = (groups[picture], examples.label(picture));
            let [wrongs, all] = glyphs.entry(glyph).or_default();
            *wrongs += f64::from(u8::from(wrong));
            *all += 1.0;
        }
        let number = count as f64;
        let error = glyphs.values().map(|[wrongs, _]| wrongs).sum::<f64>() / number;
        let apart = glyphs
            .values()
            .map(|[wrongs, all]| (wrongs - all * error).powi(2));
        let variance = apart.sum::<f64>() / (number * number);
        let variance = variance * glyphs.len() as f64 / (glyphs.len() as f64 - 1.0);
        // All right or all wrong: nothing is known of how they hang together.
        if error <= 0.0 || error >= 1.0 {
            return glyphs.len();
        }
        let independent = (error * (1.0 - error) / variance).round() as usize;
        independent.clamp(1, count)
    }

    /// What the nearest neighbour is to be measured on.
    pub(super) fn fold(&self) -> Fold {
        Fold {
            train: self.train.clone(),
            test: self.validation.clone(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn copies_that_are_wrong_together_count_once() {
        let examples = Examples::load(None).unwrap();
        let training: Vec<usize> = (0..examples.count()).collect();
        let pictures = Pictures::part(&examples, &training, 3).unwrap();
        let groups = examples.pictures().groups().unwrap();
        let count = pictures.validation.len();
        let of = |wrong: &dyn Fn(usize, usize) -> bool| -> usize {
            let kept = pictures.validation.iter().enumerate();
            let wrong: Vec<bool> = kept
                .map(|(place, &picture)| wrong(place, picture))
                .collect();
            pictures.independent(&examples, &wrong)
        };
        // Every glyph of some characters, with all its copies.
        let together =
            of(&|_, picture| groups[picture].is_multiple_of(5) && examples.label(picture) < 2);
        assert!(together < count / 8, "{together} of {count}");
        // One copy of each glyph: less than chance would have them differ.
        assert_eq!(of(&|place, _| place.is_multiple_of(9)), count);
        let glyphs = of(&|_, _| false);
        assert!(glyphs <= count / 9 && glyphs > count / 30, "{glyphs}");
    }

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
}
