//! Words, and how they look in a typeface.

use letra_nn::prelude::*;
use letra_nn::random::{Domain, Random};
use letra_type::{Font, FontLibrary, Picture, Texts, draw_line};

use crate::failure::Failure;

/// Pixels of a picture of a word.
pub(super) const HEIGHT: usize = 24;
pub(super) const WIDTH: usize = 96;

/// Letters of a word.
pub(super) const LEAST: usize = 3;
pub(super) const MOST: usize = 6;

/// The letters a to z are numbers from 1; 0 is no letter.
pub(super) const SYMBOLS: usize = 27;

/// Size in pixels an em, and where the pen begins.
const SIZE: f32 = 17.0;
const PEN: (f32, f32) = (5.0, 17.0);

/// The faces: those of the built-in ones that differ most, by family and style.
const FACES: [[&str; 2]; 5] = [
    ["Libertinus Serif", "Regular"],
    ["Libertinus Serif", "Bold"],
    ["Libertinus Serif", "Italic"],
    ["DejaVu Sans Mono", "Book"],
    ["Ubuntu", "Light"],
];

/// Languages whose words are tested, none of which is trained.
const LANGUAGES: [&str; 5] = ["english", "german", "french", "spanish", "italian"];

/// One word in so many of the lists is kept for the test.
const KEPT: usize = 8;

/// Times that a made-up word is drawn again where it is one of the test.
const TRIES: u64 = 20;

/// Words to learn and to test, and the faces.
pub(super) struct Words {
    faces: Vec<Font>,
    known: Vec<String>,
    /// Words that are never trained on.
    pub(super) test: Vec<String>,
}

/// A word in a face.
#[derive(Debug, Clone)]
pub(super) struct Asked {
    pub(super) word: String,
    pub(super) face: usize,
}

impl Words {
    pub(super) fn new() -> Result<Self, Failure> {
        let texts = Texts::new();
        let mut all: Vec<String> = LANGUAGES
            .iter()
            .filter_map(|language| texts.words(language))
            .flatten()
            .filter(|word| word.bytes().all(|byte| byte.is_ascii_lowercase()))
            .filter(|word| (LEAST..=MOST).contains(&word.len()))
            .map(str::to_owned)
            .collect();
        all.sort_unstable();
        all.dedup();
        let (mut known, mut test) = (Vec::new(), Vec::new());
        for (place, word) in all.into_iter().enumerate() {
            match place.is_multiple_of(KEPT) {
                true => test.push(word),
                false => known.push(word),
            }
        }
        Ok(Self {
            faces: faces()?,
            known,
            test,
        })
    }

    pub(super) fn faces(&self) -> &[Font] {
        &self.faces
    }

    /// What the faces are called.
    pub(super) fn names(&self) -> Vec<String> {
        self.faces.iter().map(Font::name).collect()
    }

    /// A word to learn in a face: as often one of the lists as letters by chance, none of the test.
    pub(super) fn asked(&self, random: &Random, sample: usize) -> Asked {
        let below = |share: f32, count: usize| ((share * count as f32) as usize).min(count - 1);
        let drawn = random.uniform(sample, 3);
        let face = below(drawn[0], self.faces.len());
        let word = match drawn[1] < 0.5 && !self.known.is_empty() {
            true => self.known[below(drawn[2], self.known.len())].clone(),
            false => (0..TRIES)
                .map(|again| letters(&random.of_following_op(1 + again as usize), sample))
                .find(|word| self.test.binary_search(word).is_err())
                .unwrap_or_default(),
        };
        Asked { word, face }
    }

    /// Draws words: `[words, 24, 96, 1]`, ink from 0 to 1.
    pub(super) fn drawn(&self, asked: &[Asked]) -> Result<Tensor, Failure> {
        let mut ink = Vec::with_capacity(asked.len() * HEIGHT * WIDTH);
        for Asked { word, face } in asked {
            let mut picture = Picture::blank(WIDTH, HEIGHT, 255)?;
            draw_line(&mut picture, &self.faces[*face], word, SIZE, PEN, 0)?;
            let levels = picture.pixels().iter();
            ink.extend(levels.map(|&level| f32::from(255 - level) / 255.0));
        }
        Tensor::new([asked.len(), HEIGHT, WIDTH, 1], ink)
            .map_err(|error| Failure::network("the words", &error))
    }

    /// What networks are told of words: the letters' numbers `[words, 6]`, and the face one-hot.
    pub(super) fn conditions(&self, asked: &[Asked]) -> Result<[Tensor; 2], Error> {
        let mut letters = Tensor::zeros([asked.len(), MOST]);
        let rows = letters.data_mut().chunks_exact_mut(MOST);
        for (row, asked) in rows.zip(asked) {
            for (place, letter) in row.iter_mut().zip(asked.word.bytes()) {
                *place = f32::from(letter.saturating_sub(b'a') + 1);
            }
        }
        let faces: Vec<u32> = asked.iter().map(|asked| asked.face as u32).collect();
        Ok([letters, one_hot(&faces, self.faces.len())?])
    }

    /// So many words of the test, each in all faces.
    pub(super) fn to_test(&self, words: usize) -> Vec<Asked> {
        let count = words.clamp(1, self.test.len());
        let word = |place: usize| &self.test[place * self.test.len() / count];
        (0..count)
            .flat_map(|place| (0..self.faces.len()).map(move |face| (place, face)))
            .map(|(place, face)| Asked {
                word: word(place).clone(),
                face,
            })
            .collect()
    }
}

/// A word of letters by chance.
fn letters(random: &Random, sample: usize) -> String {
    let drawn = random.uniform(sample, 1 + MOST);
    let lengths = (MOST - LEAST + 1) as f32;
    let length = LEAST + (drawn[0] * lengths) as usize;
    let letter = |share: &f32| char::from(b'a' + ((share * 26.0) as u8).min(25));
    drawn[1..=length.min(MOST)].iter().map(letter).collect()
}

fn faces() -> Result<Vec<Font>, Failure> {
    let mut library = FontLibrary::new();
    library.add_built_in();
    let fonts = library.into_fonts();
    FACES
        .iter()
        .map(|[family, style]| {
            let is_it = |font: &&Font| font.family() == *family && font.style() == *style;
            fonts.iter().find(is_it).cloned().ok_or_else(|| {
                Failure::new(format!("there is no built-in {family} {style}"))
                    .hint("build letra with its typefaces")
            })
        })
        .collect()
}

/// Batches of words, never the same ones twice.
pub(super) struct DrawnWords<'a> {
    words: &'a Words,
    seed: u64,
    batch: usize,
    /// Steps of an epoch.
    steps: usize,
    /// Numbers of noise before the conditions and pictures as targets; without it, pictures come first.
    noise: Option<usize>,
}

impl<'a> DrawnWords<'a> {
    /// For a pair: pictures, and what they say.
    pub(super) fn for_a_pair(words: &'a Words, seed: u64, batch: usize, steps: usize) -> Self {
        Self {
            words,
            seed,
            batch,
            steps,
            noise: None,
        }
    }

    /// For a generator alone: noise, what pictures say, and the pictures as targets.
    pub(super) fn for_a_generator(
        words: &'a Words,
        seed: u64,
        batch: usize,
        steps: usize,
        noise: usize,
    ) -> Self {
        Self {
            noise: Some(noise),
            ..Self::for_a_pair(words, seed.wrapping_add(1), batch, steps)
        }
    }
}

impl Source for DrawnWords<'_> {
    fn steps(&self, _epoch: usize) -> usize {
        self.steps
    }

    fn batch(&mut self, step: u64) -> Result<Option<Dataset>, Error> {
        let random = Random::new(self.seed, Domain::Data, 0, step);
        let asked: Vec<Asked> = (0..self.batch)
            .map(|sample| self.words.asked(&random, sample))
            .collect();
        let drawn = self.words.drawn(&asked);
        let drawn = drawn.map_err(|failure| Error::data(failure.to_string()))?;
        let pictures = crate::lab::adversarial::showing::signed(&drawn);
        let [letters, faces] = self.words.conditions(&asked)?;
        let batch = match self.noise {
            Some(values) => {
                let random = Random::new(self.seed, Domain::Noise, 0, step);
                let noise = random.normal(0, self.batch * values);
                Dataset::values(Tensor::new([self.batch, values], noise)?, pictures)?
            }
            None => Dataset::unlabelled(pictures)?,
        };
        batch.and_input(letters)?.and_input(faces).map(Some)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_word_of_the_test_is_learnt() {
        let words = Words::new().unwrap();
        assert!(words.test.len() > 100 && words.known.len() > 1000);
        let random = Random::new(1, Domain::Data, 0, 0);
        let mut made_up = 0;
        for sample in 0..3000 {
            let Asked { word, face } = words.asked(&random, sample);
            assert!((LEAST..=MOST).contains(&word.len()) && face < 5, "{word}");
            assert!(!words.test.contains(&word), "{word}");
            made_up += usize::from(!words.known.contains(&word));
        }
        assert!((1200..1800).contains(&made_up), "{made_up}");
    }

    #[test]
    fn words_fit_into_their_pictures() {
        let words = Words::new().unwrap();
        let asked = (0..5).map(|face| Asked {
            word: "wmwmwm".into(),
            face,
        });
        let asked: Vec<Asked> = asked.collect();
        let drawn = words.drawn(&asked).unwrap();
        for (picture, name) in words.names().iter().enumerate() {
            let ink = drawn.sample(picture);
            let edges = (0..HEIGHT).flat_map(|row| [row * WIDTH, row * WIDTH + WIDTH - 1]);
            assert!(edges.clone().all(|edge| ink[edge] == 0.0), "{name}");
            assert!(ink[..WIDTH].iter().all(|&ink| ink == 0.0), "{name}");
            assert!(ink[(HEIGHT - 1) * WIDTH..].iter().all(|&ink| ink == 0.0));
        }
    }
}
