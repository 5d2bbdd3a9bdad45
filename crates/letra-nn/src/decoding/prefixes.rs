//! The beginnings of texts that a search has met, as a tree.

use std::collections::BTreeMap;

use super::word_list::WordList;

/// The number of the empty text.
pub(super) const EMPTY: usize = 0;

/// A text: another one and a label.
#[derive(Debug, Clone, Copy)]
pub(super) struct Prefix {
    pub(super) parent: usize,
    /// Of the empty text, nothing.
    pub(super) last: Option<u32>,
    pub(super) length: usize,
    /// ln of the probability that the language model gives it.
    pub(super) language: f64,
    /// Where it stands in the list of words.
    pub(super) place: usize,
}

/// Texts, each of which has one number.
#[derive(Debug)]
pub(super) struct Prefixes {
    all: Vec<Prefix>,
    numbers: BTreeMap<(usize, u32), usize>,
}

impl Prefixes {
    /// The empty text alone.
    pub(super) fn new() -> Self {
        let empty = Prefix {
            parent: EMPTY,
            last: None,
            length: 0,
            language: 0.0,
            place: WordList::START,
        };
        Prefixes {
            all: vec![empty],
            numbers: BTreeMap::new(),
        }
    }

    pub(super) fn get(&self, number: usize) -> Prefix {
        self.all[number]
    }

    /// The number of a text with one more label, which may have been met before.
    pub(super) fn extend(
        &mut self,
        parent: usize,
        label: u32,
        language: f64,
        place: usize,
    ) -> usize {
        let fresh = self.all.len();
        let number = *self.numbers.entry((parent, label)).or_insert(fresh);
        if number == fresh {
            self.all.push(Prefix {
                parent,
                last: Some(label),
                length: self.all[parent].length + 1,
                language,
                place,
            });
        }
        number
    }

    /// The labels of a text, put into `labels`.
    pub(super) fn labels(&self, number: usize, labels: &mut Vec<u32>) {
        labels.clear();
        let mut number = number;
        while let Some(label) = self.all[number].last {
            labels.push(label);
            number = self.all[number].parent;
        }
        labels.reverse();
    }
}
