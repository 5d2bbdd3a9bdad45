//! Strangers of a model of few families: told by the catalogue that comes with letra.
//!
//! A network that learnt ten families has never seen what lies beyond them, and finds every stranger
//! much like one of the ten. The network that comes with letra has seen hundreds, so it is asked as
//! well: are these windows more like the own faces, as it sees them, or like another of its catalogue?

use letra_nn::prelude::*;
use letra_type::{Font, Sampler};
use serde::{Deserialize, Serialize};

use super::about::ALIKE;
use super::calibrating::logistic_regression;
use super::calibration::{WINDOWS, log_of};
use super::model::Recogniser;
use super::network::EMBEDDING;
use super::samples::Drawer;
use super::unit::cosine;
use crate::failure::Failure;

/// A model of more families than this has strangers enough of its own.
const FEW: usize = 60;

/// Readings that certainty is measured on, at least; and for each face, at least.
const READINGS: usize = 480;
const READINGS_A_FACE: usize = 4;

/// Seed of the samples it is measured on.
const SEED: u64 = 0x6261_636b_6772;

/// Steps that the values of a prototype are kept in: from −0.5 to 0.5.
const STEPS: f32 = 254.0;

/// The largest number of a calibration.
const LARGEST: f32 = 1e6;

/// What a model of few families keeps to tell strangers.
///
/// With *o* the largest likeness to an own face, *c* that to another face of the catalogue, both over
/// *k* windows as the catalogue's network sees them,
///
/// P(none of them) = σ(*b* + *w* · *o* + *m* · (*c* − *o*) + *u* · ln *k*).
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(super) struct Background {
    /// Which catalogue it was measured with.
    catalogue: u64,
    /// Prototypes of the own faces in the catalogue's network, in steps.
    own: Vec<Vec<i8>>,
    /// *b*, *w*, *m* and *u*.
    none: [f32; 4],
}

/// Windows as the catalogue's network sees them: their mean embedding.
pub(super) type Seen = Vec<f32>;

/// A background with the catalogue it was measured with.
pub(super) struct Catalogue {
    recogniser: Recogniser,
    /// Unit vectors, one after the other.
    own: Vec<f32>,
    /// Prototypes of the catalogue's faces that are none of the own ones.
    others: Vec<f32>,
    none: [f32; 4],
}

impl Background {
    /// Measures how strangers of a model's fonts are told; `None` where it has families enough.
    ///
    /// # Errors
    /// A font cannot be drawn.
    pub(super) fn measured(fonts: &[Font], sampler: &Sampler) -> Result<Option<Self>, Failure> {
        let mut families: Vec<&str> = fonts.iter().map(Font::family).collect();
        families.sort_unstable();
        families.dedup();
        if families.len() > FEW {
            return Ok(None);
        }
        let recogniser = Recogniser::built_in()?;
        let own = recogniser.prototypes_of(fonts)?;
        let mut catalogue = Catalogue::of(recogniser, own.clone(), &families, [0.0; 4]);
        let failed = |error: Error| Failure::network("cannot calibrate", &error);
        catalogue.calibrate(sampler).map_err(failed)?;
        Ok(Some(Self {
            catalogue: fingerprint(),
            own: own.chunks_exact(EMBEDDING).map(in_steps).collect(),
            none: catalogue.none,
        }))
    }

    /// Says what is wrong with one from a file.
    pub(super) fn check(&self, faces: usize) -> Result<(), String> {
        let credible = self.own.len() == faces
            && self.own.iter().all(|one| one.len() == EMBEDDING)
            && self.none.iter().all(|number| number.abs() <= LARGEST);
        match credible {
            true => Ok(()),
            false => Err("what it keeps of the catalogue is not of its faces".into()),
        }
    }

    /// With the catalogue; `None` where this version of letra comes with another one.
    ///
    /// # Errors
    /// None is known.
    pub(super) fn engaged(&self, families: &[&str]) -> Result<Option<Catalogue>, Failure> {
        if self.catalogue != fingerprint() {
            return Ok(None);
        }
        let value = |step: &i8| f32::from(*step) / STEPS;
        let own = self.own.iter().flatten().map(value).collect();
        let recogniser = Recogniser::built_in()?;
        Ok(Some(Catalogue::of(recogniser, own, families, self.none)))
    }

    /// Adds a face, or puts it in another's place; `prototype` as the catalogue's network has it.
    pub(super) fn put(&mut self, place: usize, prototype: &[f32]) {
        match self.own.get_mut(place) {
            Some(own) => *own = in_steps(prototype),
            None => self.own.push(in_steps(prototype)),
        }
    }
}

impl Catalogue {
    fn of(recogniser: Recogniser, own: Vec<f32>, families: &[&str], none: [f32; 4]) -> Self {
        let faces = recogniser.faces().iter().enumerate();
        let of_others = faces.filter(|(_, face)| !families.contains(&face.family.as_str()));
        let of_others = of_others.map(|(index, _)| recogniser.prototype(index));
        let strangers = recogniser.strangers().chunks_exact(EMBEDDING);
        let prototypes = of_others.chain(strangers);
        let others = prototypes.filter(|prototype| most_like(&own, prototype) < ALIKE);
        let others = others.flatten().copied().collect();
        Self {
            recogniser,
            own,
            others,
            none,
        }
    }

    /// The prototypes of fonts in the catalogue's network.
    ///
    /// # Errors
    /// A font cannot be drawn.
    pub(super) fn prototypes_of(&self, fonts: &[Font]) -> Result<Vec<f32>, Failure> {
        self.recogniser.prototypes_of(fonts)
    }

    /// How the catalogue's network sees some windows, one after the other.
    ///
    /// # Errors
    /// The windows have another shape.
    pub(super) fn see(&self, windows: &Tensor) -> Result<Vec<f32>, Error> {
        self.recogniser.embed(windows)
    }

    /// Probability that windows are of none of the own faces.
    pub(super) fn of_none(&self, seen: &[f32], windows: usize) -> f32 {
        let [bias, own, more, log] = self.none;
        let [of_own, of_others] = [&self.own, &self.others].map(|faces| most_like(faces, seen));
        let logit = bias + own * of_own + more * (of_others - of_own) + log * log_of(windows);
        1.0 / (1.0 + libm::expf(-logit))
    }

    /// Learns to tell strangers: samples of the own faces, and the same moved to where a face of the
    /// catalogue lies, half of these with that face's family left out of the catalogue.
    fn calibrate(&mut self, sampler: &Sampler) -> Result<(), Error> {
        let most = WINDOWS[WINDOWS.len() - 1];
        let faces = sampler.fonts().len();
        let readings = READINGS.max(READINGS_A_FACE * faces);
        let strangers = self.others.len() / EMBEDDING;
        let mut drawer = Drawer::new(sampler, 0);
        let (mut inputs, mut targets) = (Vec::new(), Vec::new());
        for reading in 0..readings {
            let face = reading % faces;
            let windows = drawer.draw_picture(SEED, reading as u64, face, most)?;
            let embeddings = self.see(&windows)?;
            for count in WINDOWS {
                let seen = mean(&embeddings[..count * EMBEDDING]);
                let mut example = |of_own: f32, of_others: f32, stranger: bool| {
                    let count = log_of(count);
                    inputs.extend([of_own, of_others - of_own, count]);
                    targets.push(f32::from(u8::from(stranger)));
                };
                let [own, others] = [&self.own, &self.others].map(|faces| most_like(faces, &seen));
                example(own, others, false);
                if strangers == 0 {
                    continue;
                }
                let stranger = reading * 7919 % strangers;
                let of_stranger = &self.others[stranger * EMBEDDING..][..EMBEDDING];
                let of_face = &self.own[face * EMBEDDING..][..EMBEDDING];
                let moved = seen.iter().zip(of_stranger).zip(of_face);
                let moved: Vec<f32> = moved
                    .map(|((seen, there), here)| seen + there - here)
                    .collect();
                let own = most_like(&self.own, &moved);
                let others = match reading % 2 {
                    0 => most_like(&self.others, &moved),
                    _ => self.most_like_but(of_stranger, &moved),
                };
                example(own, others, true);
            }
        }
        if let [bias, own, more, log] = logistic_regression(inputs, targets)?[..] {
            self.none = [bias, own, more, log];
        }
        Ok(())
    }

    /// The largest likeness to another face of the catalogue, without those like one.
    fn most_like_but(&self, left_out: &[f32], seen: &[f32]) -> f32 {
        let faces = self.others.chunks_exact(EMBEDDING);
        let kept = faces.filter(|face| cosine(face, left_out) < 0.5);
        kept.map(|face| cosine(face, seen)).fold(-1.0, f32::max)
    }
}

/// The mean of some embeddings.
pub(super) fn mean(embeddings: &[f32]) -> Seen {
    let count = (embeddings.len() / EMBEDDING).max(1) as f32;
    let mut mean = vec![0.0; EMBEDDING];
    for embedding in embeddings.chunks_exact(EMBEDDING) {
        for (sum, value) in mean.iter_mut().zip(embedding) {
            *sum += value / count;
        }
    }
    mean
}

pub(super) fn most_like(faces: &[f32], seen: &[f32]) -> f32 {
    let faces = faces.chunks_exact(EMBEDDING);
    faces.map(|face| cosine(face, seen)).fold(-1.0, f32::max)
}

fn in_steps(prototype: &[f32]) -> Vec<i8> {
    prototype
        .iter()
        .map(|value| (value * STEPS).round() as i8)
        .collect()
}

/// Tells one catalogue from another (Fowler, Noll and Vo, FNV-1a).
fn fingerprint() -> u64 {
    let model = super::model::BUILT_IN.iter();
    model.fold(0xcbf2_9ce4_8422_2325, |hash, byte| {
        (hash ^ u64::from(*byte)).wrapping_mul(0x0100_0000_01b3)
    })
}

#[cfg(test)]
mod tests {
    use letra_type::Distortions;

    use super::*;

    #[test]
    fn own_faces_are_known_and_those_of_the_catalogue_are_strangers() {
        let fonts = Font::built_in();
        let sampler = Sampler::new(&fonts, Distortions::default()).unwrap();
        let background = Background::measured(&fonts, &sampler).unwrap().unwrap();
        assert_eq!(background.check(fonts.len()), Ok(()));
        assert!(background.check(fonts.len() + 1).is_err());
        let families: Vec<&str> = fonts.iter().map(Font::family).collect();
        let catalogue = background.engaged(&families).unwrap().unwrap();
        let share = |faces: &[f32]| {
            let faces = faces.chunks_exact(EMBEDDING);
            let strangers = faces
                .clone()
                .filter(|face| catalogue.of_none(face, 1) > 0.5);
            strangers.count() as f32 / faces.len() as f32
        };
        assert_eq!(share(&catalogue.own), 0.0);
        assert!(share(&catalogue.others) > 0.95);
    }

    #[test]
    fn what_was_measured_with_another_catalogue_is_not_used() {
        let background = Background {
            catalogue: !fingerprint(),
            own: Vec::new(),
            none: [0.0; 4],
        };
        assert!(background.engaged(&[]).unwrap().is_none());
    }
}
