//! The pictures of the experiment, and which of them train and which test.

use std::path::Path;

use clap::ValueEnum;
use letra_nn::prelude::*;
use letra_type::{Font, LabelledPictures, Split as Fold, glyph_set, ink_sides, read_npz};

use crate::failure::Failure;
use crate::identifier::Typefaces;
use crate::networks::Task;
use crate::report::picture::Grid;

/// How the pictures are parted into training and test pictures.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Split {
    /// The course's own 279 test pictures
    Seminar,
    /// A tenth of the pictures, drawn by the seed
    Random,
    /// Five folds, each with a fifth of the characters kept back
    UnseenCharacters,
}

impl Split {
    /// What the reader types.
    pub fn name(self) -> &'static str {
        match self {
            Self::Seminar => "seminar",
            Self::Random => "random",
            Self::UnseenCharacters => "unseen-characters",
        }
    }
}

/// The share of the pictures that a random split keeps for the test.
const RANDOM_TEST_SHARE: f64 = 0.1;

/// Labelled pictures as networks take them.
#[derive(Debug)]
pub struct Examples {
    pictures: LabelledPictures,
}

impl Examples {
    /// The pictures of an npz file, or those of the built-in typefaces.
    pub fn load(file: Option<&Path>) -> Result<Self, Failure> {
        let pictures = match file {
            Some(file) => read_npz(file)?,
            None => glyph_set(&Font::built_in())?,
        };
        Ok(Self { pictures })
    }

    /// The folds of a split: one, or five for unseen characters.
    pub fn folds(&self, split: Split, seed: u64) -> Result<Vec<Fold>, Failure> {
        let folds = match split {
            Split::Seminar => Fold::seminar(&self.pictures).map(|fold| vec![fold]),
            Split::Random => {
                Fold::random(self.count(), RANDOM_TEST_SHARE, seed).map(|fold| vec![fold])
            }
            Split::UnseenCharacters => Fold::unseen_characters(&self.pictures),
        };
        folds.map_err(|error| {
            Failure::new(error.to_string()).hint("--split random takes any pictures")
        })
    }

    /// The pictures themselves.
    pub fn pictures(&self) -> &LabelledPictures {
        &self.pictures
    }

    /// How many pictures there are.
    pub fn count(&self) -> usize {
        self.pictures.len()
    }

    /// The names of the typefaces.
    pub fn class_names(&self) -> &[String] {
        self.pictures.class_names()
    }

    /// What a network needs to know to learn these pictures.
    pub fn task(&self) -> Task {
        Task {
            height: self.pictures.height(),
            width: self.pictures.width(),
            classes: self.class_names().len(),
        }
    }

    /// What a model's file should say of these pictures.
    pub fn typefaces(&self) -> Typefaces {
        Typefaces {
            names: self.class_names().to_vec(),
            ink_sides: ink_sides(&self.pictures),
        }
    }

    /// The typeface of a picture.
    pub fn label(&self, picture: usize) -> usize {
        self.pictures.labels()[picture]
    }

    /// The character that a picture shows, where that is known.
    pub fn character(&self, picture: usize) -> Option<char> {
        self.pictures
            .characters()
            .map(|characters| characters[picture])
    }

    /// The pictures at `indices` with their typefaces, ink scaled to 0 to 1.
    pub fn dataset(&self, indices: &[usize]) -> Result<Dataset, Failure> {
        let task = self.task();
        let pixels = indices
            .iter()
            .flat_map(|&index| self.shares(index))
            .collect();
        let labels = indices
            .iter()
            .map(|&index| self.label(index) as u32)
            .collect();
        Tensor::new([indices.len(), task.height, task.width, 1], pixels)
            .and_then(|inputs| Dataset::classes(inputs, labels, task.classes))
            .map_err(|error| Failure::network("the pictures cannot be learnt", &error))
    }

    /// A picture as it is drawn on a page.
    pub fn grid(&self, picture: usize) -> Grid {
        Grid::new(self.task().width, self.shares(picture).collect())
    }

    fn shares(&self, picture: usize) -> impl Iterator<Item = f32> + '_ {
        self.pictures
            .picture(picture)
            .iter()
            .map(|&ink| f32::from(ink) / 255.0)
    }

    /// The picture of a character in a typeface that is closest to the middle; of any character
    /// where characters are not known.
    pub fn sample(&self, class: usize, character: char) -> usize {
        let of_class = || (0..self.count()).filter(|&picture| self.label(picture) == class);
        of_class()
            .filter(|&picture| self.character(picture) == Some(character))
            .min_by_key(|&picture| self.distance_from_middle(picture))
            .or_else(|| of_class().next())
            .unwrap_or(0)
    }

    /// How far the middle of the ink's box is from the middle of the picture, in half pixels.
    fn distance_from_middle(&self, picture: usize) -> usize {
        let width = self.task().width;
        let (mut rows, mut columns) = ((usize::MAX, 0), (usize::MAX, 0));
        let ink = self.pictures.picture(picture).iter().enumerate();
        for (pixel, _) in ink.filter(|(_, ink)| **ink > 127) {
            let (row, column) = (pixel / width, pixel % width);
            rows = (rows.0.min(row), rows.1.max(row));
            columns = (columns.0.min(column), columns.1.max(column));
        }
        let off = |(first, last): (usize, usize), side: usize| {
            (first.saturating_add(last)).abs_diff(side - 1)
        };
        off(rows, self.task().height) + off(columns, width)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_sample_of_a_glyph_is_the_one_in_the_middle() {
        let examples = Examples::load(None).unwrap();
        for class in 0..5 {
            let picture = examples.sample(class, 'R');
            assert_eq!(examples.label(picture), class);
            assert_eq!(examples.character(picture), Some('R'));
            assert_eq!(letra_type::SHIFTS[picture % 9], (0, 0));
        }
    }

    #[test]
    fn every_split_tests_each_picture_at_most_once() {
        let examples = Examples::load(None).unwrap();
        for (split, folds, tested) in [
            (Split::Seminar, 1, 279),
            (Split::Random, 1, 279),
            (Split::UnseenCharacters, 5, 2790),
        ] {
            let parts = examples.folds(split, 3).unwrap();
            assert_eq!(parts.len(), folds);
            let mut test: Vec<_> = parts.iter().flat_map(|fold| fold.test.clone()).collect();
            test.sort_unstable();
            test.dedup();
            assert_eq!(test.len(), tested);
        }
    }

    #[test]
    fn pixels_are_scaled_to_one() {
        let examples = Examples::load(None).unwrap();
        let data = examples.dataset(&[0, 600]).unwrap();
        assert_eq!(data.inputs().shape(), [2, 36, 36, 1]);
        let most = data.inputs().data().iter().copied().fold(0.0, f32::max);
        assert!((0.9..=1.0).contains(&most));
    }
}
