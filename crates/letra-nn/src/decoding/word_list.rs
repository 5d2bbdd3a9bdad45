use std::collections::{BTreeMap, BTreeSet};

use crate::Error;

/// Words that a text is to consist of, as a tree of their labels.
///
/// The labels that words have are letters, and stand in words of the list alone; all others, such as
/// spaces, digits and marks, stand freely before, between and after words (as in the word beam search
/// of Scheidl, Fiel and Sablatnig 2018).
///
/// ```
/// use letra_nn::decoding::{BeamSearch, WordList};
///
/// let words = WordList::new(&[vec![1, 2], vec![2, 2, 1]])?;
/// assert!(words.contains(&[1, 2]) && !words.contains(&[2]));
/// // Three steps that say 2, 1, 1 or so: neither is a word.
/// let said = [0.1, 0.3, 0.6, 0.1, 0.5, 0.4, 0.1, 0.5, 0.4];
/// assert_eq!(BeamSearch::new().decode(3, &said)?[0].labels, [2, 1]);
/// assert_eq!(BeamSearch::new().words(&words).decode(3, &said)?[0].labels, [1, 2]);
/// # Ok::<(), letra_nn::Error>(())
/// ```
#[derive(Debug, Clone)]
pub struct WordList {
    /// The first is before a word.
    places: Vec<Place>,
    letters: BTreeSet<u32>,
}

/// A place in a word.
#[derive(Debug, Clone, Default)]
struct Place {
    next: BTreeMap<u32, usize>,
    /// Whether a word may end here.
    ends: bool,
}

impl WordList {
    /// The place before a word.
    pub(super) const START: usize = 0;

    /// Of these words, each a list of labels.
    ///
    /// # Errors
    /// When there are none, or one has no labels.
    pub fn new(words: &[impl AsRef<[u32]>]) -> Result<Self, Error> {
        let mut list = WordList {
            places: vec![Place::default()],
            letters: BTreeSet::new(),
        };
        if words.is_empty() || words.iter().any(|word| word.as_ref().is_empty()) {
            return Err(
                Error::data("a list of words has none, or one without labels")
                    .with_hint("give at least one word, each with a label or more"),
            );
        }
        for word in words {
            list.add(word.as_ref());
        }
        Ok(list)
    }

    /// Further labels that stand in words alone, though none of the list has them.
    pub fn letters(mut self, letters: &[u32]) -> Self {
        self.letters.extend(letters);
        self
    }

    /// Whether a word is in the list.
    pub fn contains(&self, word: &[u32]) -> bool {
        let mut place = Self::START;
        for label in word {
            match self.places[place].next.get(label) {
                Some(&next) => place = next,
                None => return false,
            }
        }
        self.places[place].ends
    }

    fn add(&mut self, word: &[u32]) {
        let mut place = Self::START;
        for &label in word {
            self.letters.insert(label);
            let fresh = self.places.len();
            place = *self.places[place].next.entry(label).or_insert(fresh);
            if place == fresh {
                self.places.push(Place::default());
            }
        }
        self.places[place].ends = true;
    }

    /// Where a text stands after one more label; nowhere if that may not come.
    pub(super) fn after(&self, place: usize, label: u32) -> Option<usize> {
        match self.letters.contains(&label) {
            true => self.places[place].next.get(&label).copied(),
            false => self.may_end(place).then_some(Self::START),
        }
    }

    /// Whether a text may end here: outside a word, or where one is complete.
    pub(super) fn may_end(&self, place: usize) -> bool {
        place == Self::START || self.places[place].ends
    }
}
