//! What a pair is told of a picture: its class and, where that is known, its character.

use letra_nn::learners::AdversarialTrainer;
use letra_nn::prelude::*;
use letra_nn::random::{Domain, Random};
use maud::Markup;

use super::{MEASURED, SHOWN};
use crate::failure::Failure;
use crate::lab::adversarial::showing::{between, broad, drawn, signed};
use crate::lab::tasks::gallery::{Gallery, grids};
use crate::lab::tasks::lots::{Lot, Work, labels};

/// Columns of a sheet of characters, two rows a class, and of one of classes alone.
const COLUMNS: usize = 31;
const ALIKE: usize = 20;

/// Characters that are drawn in mixtures of two classes, and how many pictures there are of each.
const MIXED: &str = "Rag";
const MIXTURES: usize = 12;

/// The conditions of the training pictures.
pub(super) struct Told {
    classes: Vec<String>,
    /// Without doubles, in order; none where they are not known.
    characters: Vec<char>,
    /// The training pictures that are learnt: where characters are known, the one of each class and character that is
    /// nearest to the middle, since where a glyph stands is not told.
    pictures: Vec<usize>,
    /// What they are told by, one-hot both, side by side.
    conditions: Tensor,
    /// The picture of each class and character, where there is one.
    real: Vec<Option<Vec<f32>>>,
}

impl Told {
    pub(super) fn of(work: &Work<'_>, lot: &Lot) -> Self {
        let shown = lot.characters.as_ref().map_or(&[][..], |both| &both[0]);
        let mut characters = shown.to_vec();
        characters.sort_unstable();
        characters.dedup();
        let mut told = Told {
            classes: work.class_names(),
            characters,
            pictures: Vec::new(),
            conditions: Tensor::zeros([0, 1]),
            real: Vec::new(),
        };
        let number = |character: &char| told.characters.binary_search(character).unwrap_or(0);
        let places: Vec<[usize; 2]> = (labels(&lot.train).iter().enumerate())
            .map(|(picture, &class)| [class as usize, shown.get(picture).map_or(0, number)])
            .collect();
        let mut real: Vec<Option<(f32, usize)>> = vec![None; told.kinds()];
        for (picture, &place) in places.iter().enumerate() {
            let off = off_the_middle(lot.train.inputs().sample(picture), work.shape().width);
            let known = &mut real[told.kind(place)];
            if known.is_none_or(|(least, _)| off < least) {
                *known = Some((off, picture));
            }
        }
        told.pictures = match told.characters.is_empty() {
            true => (0..places.len()).collect(),
            false => real.iter().flatten().map(|(_, picture)| *picture).collect(),
        };
        let learnt = told.pictures.iter().map(|&picture| places[picture]);
        told.conditions = told.conditions_of(&learnt.collect::<Vec<_>>());
        let picture = |(_, picture)| lot.train.inputs().sample(picture).to_vec();
        told.real = real.into_iter().map(|known| known.map(picture)).collect();
        told
    }

    /// Values of a condition.
    pub(super) fn values(&self) -> usize {
        self.classes.len() + self.characters.len()
    }

    /// How many things there are to draw.
    fn kinds(&self) -> usize {
        self.classes.len() * self.characters.len().max(1)
    }

    fn kind(&self, [class, character]: [usize; 2]) -> usize {
        class * self.characters.len().max(1) + character
    }

    fn place(&self, kind: usize) -> [usize; 2] {
        let characters = self.characters.len().max(1);
        [kind / characters, kind % characters]
    }

    fn conditions_of(&self, places: &[[usize; 2]]) -> Tensor {
        let values = self.values();
        let mut conditions = Tensor::zeros([places.len(), values]);
        let rows = conditions.data_mut().chunks_exact_mut(values.max(1));
        for (row, &[class, character]) in rows.zip(places) {
            row[class] = 1.0;
            if !self.characters.is_empty() {
                row[self.classes.len() + character] = 1.0;
            }
        }
        conditions
    }

    /// What the pair learns: pictures with values from −1 to 1, and what they are told by.
    pub(super) fn data(&self, lot: &Lot) -> Result<Dataset, Error> {
        let pictures = signed(&lot.train.inputs().select(&self.pictures));
        Dataset::unlabelled(pictures)?.and_input(self.conditions.clone())
    }

    /// So many training pictures of those, drawn by chance, and their conditions.
    pub(super) fn like_data(&self, lot: &Lot, samples: usize) -> (Vec<usize>, Tensor) {
        let random = Random::new(lot.seed, Domain::Sampling, 0, MEASURED);
        let count = self.pictures.len();
        let place = |share: f32| ((share * count as f32) as usize).min(count.saturating_sub(1));
        let drawn = random.uniform(0, samples).into_iter();
        let places: Vec<usize> = drawn.map(place).collect();
        let pictures = places.iter().map(|&place| self.pictures[place]).collect();
        (pictures, self.conditions.select(&places))
    }

    /// Conditions of so many things, spread over all.
    pub(super) fn spread(&self, samples: usize) -> Result<Tensor, Error> {
        let places: Vec<[usize; 2]> = (0..samples)
            .map(|sample| self.place((2 * sample + 1) * self.kinds() / (2 * samples)))
            .collect();
        Ok(self.conditions_of(&places))
    }

    /// All characters of all classes as the pair draws them, and real ones; where characters are not known, some of each
    /// class.
    pub(super) fn alphabets(
        &self,
        pair: &AdversarialTrainer,
        width: usize,
    ) -> Result<Vec<Markup>, Error> {
        let named = self.classes.join(", ");
        let wrapped = |shown: Result<Markup, Failure>| {
            shown.map_err(|failure| Error::data(failure.to_string()))
        };
        if self.characters.is_empty() {
            let kinds = (0..self.classes.len()).flat_map(|class| [[class, 0]; ALIKE]);
            let conditions = self.conditions_of(&kinds.collect::<Vec<_>>());
            let samples = pair.sample_of(&[conditions], SHOWN)?;
            let note = format!("From top to bottom: {named}.");
            let title = "Told the class: samples of each";
            return Ok(vec![wrapped(broad(
                title,
                &note,
                &drawn(&samples, width),
                ALIKE,
            ))?]);
        }
        let all: Vec<[usize; 2]> = (0..self.kinds()).map(|kind| self.place(kind)).collect();
        let samples = pair.sample_of(&[self.conditions_of(&all)], SHOWN)?;
        let note = format!("From top to bottom: {named}. One sample each, as it came.");
        let title = "Told typeface and character: the alphabets";
        let drawn = broad(title, &note, &drawn(&samples, width), COLUMNS);
        let values = samples.sample_values();
        let blank = vec![0.0; values];
        let real = self.real.iter();
        let real = real.flat_map(|picture| picture.as_ref().unwrap_or(&blank));
        let real = Tensor::new(samples.shape(), real.copied().collect())?;
        let note = "A training picture of each; where a place is empty, there was none.";
        let title = "The alphabets as they are";
        let real = broad(title, note, &grids(&real, width), COLUMNS);
        let mut shown = vec![wrapped(drawn)?, wrapped(real)?];
        if self.classes.len() > 1 {
            shown.push(wrapped(self.mixtures(pair, width)?.drawn())?);
        }
        Ok(shown)
    }

    /// Characters on the way from each class to the next, which nobody drew.
    fn mixtures(&self, pair: &AdversarialTrainer, width: usize) -> Result<Gallery<'static>, Error> {
        let wanted = MIXED.chars();
        let known = |character: &char| self.characters.binary_search(character).ok();
        let mut chosen: Vec<usize> = wanted.filter_map(|character| known(&character)).collect();
        if chosen.is_empty() {
            chosen = (0..self.characters.len().min(2)).collect();
        }
        let mut rows = Vec::new();
        for class in 0..self.classes.len() - 1 {
            for &character in &chosen {
                let ends = self.conditions_of(&[[class, character], [class + 1, character]]);
                let conditions = between(&ends, MIXTURES)?;
                let noise = pair.noise(1, SHOWN).select(&[0; MIXTURES]);
                let samples = pair.generate(&noise, &[conditions])?;
                let name = format!("{} to {}", self.classes[class], self.classes[class + 1]);
                rows.push((name, drawn(&samples, width)));
            }
        }
        Ok(Gallery {
            title: "Told a little less of one typeface, a little more of another",
            note: "The noise stays; of the class that the pair is told, a share moves from one to the next.",
            headings: Vec::new(),
            rows,
        })
    }
}

/// How far the middle of a picture's ink is from its own, in pixels.
fn off_the_middle(ink: &[f32], width: usize) -> f32 {
    let (mut all, mut right, mut down) = (0.0, 0.0, 0.0);
    for (place, ink) in ink.iter().enumerate() {
        all += ink;
        right += ink * (place % width) as f32;
        down += ink * (place / width) as f32;
    }
    let height = ink.len() / width;
    let off = |sum: f32, side: usize| sum / f32::max(all, 1e-6) - (side as f32 - 1.0) / 2.0;
    off(right, width).hypot(off(down, height))
}
