use std::collections::BTreeMap;

use crate::Error;

/// Letters and their labels.
///
/// ```
/// use letra_nn::decoding::Alphabet;
///
/// let alphabet = Alphabet::new("abc ")?;
/// assert_eq!(alphabet.labels("cab")?, [3, 1, 2]);
/// assert_eq!(alphabet.text(&[1, 4, 2]), "a b");
/// // Those, and the blank.
/// assert_eq!(alphabet.classes(), 5);
/// # Ok::<(), letra_nn::Error>(())
/// ```
#[derive(Debug, Clone, PartialEq)]
pub struct Alphabet {
    letters: Vec<char>,
    numbers: BTreeMap<char, u32>,
    blank: u32,
}

impl Alphabet {
    /// The letters have the labels 1, 2, … in their order; 0 is the blank, as in Keras.
    ///
    /// # Errors
    /// When there are none, or one comes twice.
    pub fn new(letters: &str) -> Result<Self, Error> {
        Self::with_blank(letters, 0)
    }

    /// The letters have the numbers from 0 on, but for `blank`, which is left out.
    ///
    /// # Errors
    /// When there are none, one comes twice, or `blank` is more than their number.
    pub fn with_blank(letters: &str, blank: u32) -> Result<Self, Error> {
        let letters: Vec<char> = letters.chars().collect();
        if letters.is_empty() || blank as usize > letters.len() {
            return Err(Error::configuration(format!(
                "an alphabet has {} letters and the blank {blank}",
                letters.len()
            ))
            .with_hint("give at least one letter, and for the blank a number up to theirs"));
        }
        let labels = (0..).filter(|label| *label != blank);
        let mut numbers = BTreeMap::new();
        for (&letter, label) in letters.iter().zip(labels) {
            if numbers.insert(letter, label).is_some() {
                return Err(Error::configuration(format!(
                    "the alphabet has the letter {letter:?} twice"
                ))
                .with_hint("give each once"));
            }
        }
        Ok(Alphabet {
            letters,
            numbers,
            blank,
        })
    }

    /// Number of classes that a network is to tell apart: letters and blank.
    pub fn classes(&self) -> usize {
        self.letters.len() + 1
    }

    /// The class that says nothing.
    pub fn blank(&self) -> u32 {
        self.blank
    }

    /// The labels of a text.
    ///
    /// # Errors
    /// When a letter is not in the alphabet.
    pub fn labels(&self, text: &str) -> Result<Vec<u32>, Error> {
        let label = |letter: char| {
            self.numbers.get(&letter).copied().ok_or_else(|| {
                Error::data(format!("the alphabet has no {letter:?}, as in {text:?}"))
                    .with_hint("add it, or leave it out of the text")
            })
        };
        text.chars().map(label).collect()
    }

    /// The text of some labels; of those that are no letter's, such as the blank, nothing.
    pub fn text(&self, labels: &[u32]) -> String {
        let letter = |&label: &u32| {
            let place = match label.cmp(&self.blank) {
                std::cmp::Ordering::Less => label,
                std::cmp::Ordering::Equal => return None,
                std::cmp::Ordering::Greater => label - 1,
            };
            self.letters.get(place as usize)
        };
        labels.iter().filter_map(letter).collect()
    }
}
