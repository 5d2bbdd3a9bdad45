//! How probable it is that one character follows another.

use std::collections::HashMap;

use crate::text::Texts;

/// The space, which stands for a word's beginning and end too.
pub(super) const SPACE: char = ' ';

/// The share of letter pairs that follow no statistics: each letter of the languages as often as
/// every other.
const ANY: f32 = 0.02;

/// How rare things are, as minus the natural logarithm of their probability. Estimates: what a
/// line shows decides, and these only between characters that look alike.
mod rare {
    /// A capital after a small letter.
    pub(super) const CAPITAL_WITHIN: f32 = 6.0;
    /// A capital at a word's beginning.
    pub(super) const CAPITAL_FIRST: f32 = 1.5;
    /// A small letter after two capitals, or a capital after a capital.
    pub(super) const CAPITALS: f32 = 1.0;
    /// A digit after a letter, or a letter after a digit.
    pub(super) const MIXED: f32 = 6.0;
    /// A number after a space.
    pub(super) const NUMBER: f32 = 2.5;
    /// One digit of ten.
    pub(super) const DIGIT: f32 = 2.3;
    /// A full stop, a comma.
    pub(super) const STOP: f32 = 3.0;
    /// Other marks that stand in sentences.
    pub(super) const MARK: f32 = 4.5;
    /// Marks that hardly stand in sentences.
    pub(super) const SIGN: f32 = 7.0;
    /// A letter right after a full stop, and what else wants a space between.
    pub(super) const CLOSE: f32 = 4.0;
}

/// The letter pairs of thirteen languages' words, each language as much as every other.
#[derive(Debug)]
pub(super) struct LetterPairs {
    counts: HashMap<(char, char), f32>,
    /// How often each letter is followed by anything.
    sums: HashMap<char, f32>,
    letters: usize,
}

impl LetterPairs {
    pub(super) fn of(texts: &Texts) -> Self {
        let (mut counts, mut sums) = (HashMap::new(), HashMap::<char, f32>::new());
        for language in texts.all() {
            let all: f32 = language.words().map(|(_, count)| count).sum();
            for (word, count) in language.words() {
                let share = count / all;
                let mut last = SPACE;
                for letter in word.chars().flat_map(char::to_lowercase).chain([SPACE]) {
                    *counts.entry((last, letter)).or_insert(0.0) += share;
                    *sums.entry(last).or_default() += share;
                    last = letter;
                }
            }
        }
        Self {
            letters: sums.len().max(1),
            counts,
            sums,
        }
    }

    /// Minus the natural logarithm of the probability that `next` follows `last`.
    pub(super) fn cost(&self, last: char, next: char) -> f32 {
        use Kind::{Capital, Digit, Mark, Small, Space};
        match (Kind::of(last), Kind::of(next)) {
            (Small, Small) | (Space, Small) => self.letters(last, next),
            (Capital, Small) => self.letters(last, next) + rare::CAPITALS / 2.0,
            (Capital, Capital) => self.letters(last, next) + rare::CAPITALS,
            (Space, Capital) => self.letters(last, next) + rare::CAPITAL_FIRST,
            (Small, Capital) => self.letters(last, next) + rare::CAPITAL_WITHIN,
            (Small | Capital, Space) => self.letters(last, SPACE),
            (Small | Capital, Digit) | (Digit, Small | Capital) => rare::MIXED + rare::DIGIT,
            (Digit, Digit) => rare::DIGIT,
            (Space, Digit) => rare::NUMBER + rare::DIGIT,
            (Digit, Space) => 1.0,
            (Mark, Digit) => 2.0 + rare::DIGIT,
            (Mark, Small | Capital) => rare::CLOSE + self.letters(SPACE, next),
            (Mark | Space, Space) => 0.5,
            (from, Mark) => Self::mark(from, next),
        }
    }

    /// How rare a mark is after a character of a kind.
    fn mark(last: Kind, mark: char) -> f32 {
        let opens = "“„«‘(¿¡[".contains(mark);
        let stops = ".,".contains(mark);
        let usual = ":;!?'’\"”»)-–…%€".contains(mark);
        match last {
            Kind::Space if opens || mark == '"' || mark == '–' => rare::MARK,
            Kind::Space => rare::SIGN,
            Kind::Mark if stops => rare::MARK,
            Kind::Mark => rare::SIGN,
            _ if stops => rare::STOP,
            _ if usual => rare::MARK,
            _ => rare::SIGN + 1.0,
        }
    }

    /// The pair's cost by its letters alone, capital or small.
    fn letters(&self, last: char, next: char) -> f32 {
        let (last, next) = (small(last), small(next));
        let count = self.counts.get(&(last, next)).copied().unwrap_or(0.0);
        let sum = self.sums.get(&last).copied().unwrap_or(0.0);
        let counted = if sum > 0.0 { count / sum } else { 0.0 };
        -libm::logf((1.0 - ANY) * counted + ANY / self.letters as f32)
    }
}

/// What kind of character it is.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Kind {
    Small,
    Capital,
    Digit,
    Mark,
    Space,
}

impl Kind {
    fn of(character: char) -> Self {
        match character {
            SPACE => Self::Space,
            _ if character.is_uppercase() => Self::Capital,
            _ if character.is_alphabetic() => Self::Small,
            _ if character.is_numeric() => Self::Digit,
            _ => Self::Mark,
        }
    }
}

/// The small letter of a letter.
fn small(letter: char) -> char {
    letter.to_lowercase().next().unwrap_or(letter)
}

#[cfg(test)]
mod tests {
    use super::LetterPairs;
    use crate::text::Texts;

    #[test]
    fn what_words_have_is_more_probable_than_what_they_have_not() {
        let pairs = LetterPairs::of(&Texts::new());
        let rarer = |(last, next), (other, than)| pairs.cost(last, next) > pairs.cost(other, than);
        assert!(rarer(('q', 'x'), ('q', 'u')));
        assert!(rarer(('a', 'I'), ('a', 'l')));
        assert!(rarer(('a', '1'), ('a', 'l')));
        assert!(rarer(('2', 'O'), ('2', '0')));
        assert!(rarer((' ', '.'), ('e', '.')));
        assert!(rarer(('P', '0'), ('P', 'O')));
    }
}
