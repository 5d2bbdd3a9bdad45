//! Data sets that are drawn, with nothing to download: pictures with known factors of variation, on
//! which Larochelle, Erhan, Courville, Bergstra and Bengio compared deep architectures with shallow
//! ones ("An empirical evaluation of deep architectures on problems with many factors of variation",
//! ICML 2007, section 4).
//!
//! A set is a function of its seed and the number of a picture: the first hundred pictures of a thousand
//! are those of a hundred. The paper takes 10,000 to train on, 2,000 to validate, and 50,000 to test.

mod convex;
mod rectangles;

pub use convex::convex;
pub use rectangles::{rectangles, rectangles_image};

use crate::random::{Domain, Random};
use crate::{Dataset, Error, Tensor};

/// Height and width of a picture.
const SIZE: usize = 28;

/// Random numbers of one attempt at a picture, as many as are asked for.
struct Draws {
    random: Random,
    picture: usize,
    words: Vec<u32>,
    taken: usize,
}

impl Draws {
    fn new(seed: u64, set: usize, picture: usize, attempt: u64) -> Self {
        let random = Random::new(seed, Domain::Data, set, attempt);
        let mut words = vec![0; 8];
        random.words(picture, &mut words);
        Draws {
            random,
            picture,
            words,
            taken: 0,
        }
    }

    fn word(&mut self) -> u32 {
        if self.taken == self.words.len() {
            // A longer stretch of a stream begins with the shorter one.
            self.words.resize(4 * self.taken, 0);
            self.random.words(self.picture, &mut self.words);
        }
        self.taken += 1;
        self.words[self.taken - 1]
    }

    /// A whole number below `count`, each as likely.
    fn below(&mut self, count: usize) -> usize {
        ((u64::from(self.word()) * count as u64) >> 32) as usize
    }

    /// A number in (0, 1).
    fn fraction(&mut self) -> f64 {
        (f64::from(self.word()) + 0.5) / (1_u64 << 32) as f64
    }
}

/// The first picture that an attempt brings forth, from the attempts of one picture.
fn first<T>(mut attempt: impl FnMut(u64) -> Option<T>) -> T {
    (0..)
        .find_map(&mut attempt)
        .expect("each attempt succeeds with a probability above 0")
}

/// A set of two classes, `draw`n picture by picture.
fn two_classes(
    pictures: usize,
    mut draw: impl FnMut(usize, &mut [f32]) -> bool,
) -> Result<Dataset, Error> {
    if pictures == 0 {
        return Err(Error::configuration("a set of 0 pictures is asked for")
            .with_hint("ask for at least 1"));
    }
    let Some(values) = pictures.checked_mul(SIZE * SIZE) else {
        return Err(Error::configuration(format!(
            "{pictures} pictures are more than memory holds"
        ))
        .with_hint("ask for fewer"));
    };
    let mut pixels = vec![0.0; values];
    let drawn = pixels.chunks_exact_mut(SIZE * SIZE).enumerate();
    let labels = drawn.map(|(number, picture)| u32::from(draw(number, picture)));
    let labels = labels.collect();
    Dataset::classes(Tensor::new([pictures, SIZE, SIZE, 1], pixels)?, labels, 2)
}
