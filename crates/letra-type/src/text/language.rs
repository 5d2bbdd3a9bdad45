//! Words of a language, the frequent ones often.

use std::collections::HashMap;

use crate::random::Random;

/// How many letters at the end of a word decide what may follow.
const MEMORY: usize = 2;

/// The longest word that the chain of letters makes.
const LONGEST: usize = 13;

/// The mark of a word's beginning and end in the chain of letters.
const EDGE: char = '\0';

/// The combining dot above.
const DOT_ABOVE: char = '\u{307}';

/// A script that letra's languages are written in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Script {
    Latin,
    Greek,
    Cyrillic,
}

impl Script {
    /// That of the first letter of a text that has one of its own.
    pub(crate) fn of(text: &str) -> Self {
        let of_letter = |letter: char| match letter {
            'A'..='Z' | 'a'..='z' | 'À'..='ɏ' => Some(Self::Latin),
            '\u{370}'..='\u{3ff}' => Some(Self::Greek),
            '\u{400}'..='\u{4ff}' => Some(Self::Cyrillic),
            _ => None,
        };
        text.chars().find_map(of_letter).unwrap_or(Self::Latin)
    }
}

/// A language: its most frequent words, and a chain of letters that makes words like them.
#[derive(Debug)]
pub(crate) struct Language {
    /// Its name in English, in lower case.
    pub(crate) name: &'static str,
    /// What it is written in.
    pub(crate) script: Script,
    words: Vec<&'static str>,
    /// Sums of the words' counts up to each.
    sums: Vec<f32>,
    /// What follows the last letters of a word, each as often as it does.
    chain: HashMap<[char; MEMORY], Vec<char>>,
    /// Every letter of its words, in lower case.
    letters: Vec<char>,
}

macro_rules! languages {
    ($($name:literal)*) => {
        /// Every language with a list of words.
        pub(crate) fn all() -> Vec<Self> {
            vec![$(Self::new($name, include_str!(concat!("words/", $name, ".txt")))),*]
        }
    };
}

impl Language {
    languages! {
        "czech" "dutch" "english" "french" "german" "hungarian" "italian" "polish" "portuguese"
        "romanian" "spanish" "swedish" "turkish" "greek" "russian" "ukrainian"
    }

    /// A language of a list of words and how often each was counted (`words/count`).
    ///
    /// A chain over pairs of letters (A. Markov, 1913) learns from the list how the language's
    /// words are spelled.
    fn new(name: &'static str, list: &'static str) -> Self {
        let (words, counts): (Vec<&str>, Vec<f32>) = list
            .lines()
            .filter_map(|line| line.split_once(' '))
            .filter_map(|(word, count)| Some((word, count.parse::<f32>().ok()?)))
            .unzip();
        let mut sum = 0.0;
        let sums = counts.iter().map(|count| {
            sum += count;
            sum
        });
        let sums = sums.collect();
        let mut chain: HashMap<_, Vec<char>> = HashMap::new();
        for word in &words {
            let mut last = [EDGE; MEMORY];
            let lower = word.to_lowercase();
            // In lower case, the Turkish İ is an i and a dot of its own, which nobody writes.
            let letters = lower.chars().filter(|&letter| letter != DOT_ABOVE);
            for letter in letters.chain([EDGE]) {
                chain.entry(last).or_default().push(letter);
                last = follow(last, letter);
            }
        }
        let mut letters: Vec<char> = words.iter().flat_map(|word| word.chars()).collect();
        letters.sort_unstable();
        letters.dedup();
        Self {
            name,
            script: Script::of(list),
            words,
            sums,
            chain,
            letters,
        }
    }

    /// Every character of its words.
    pub(crate) fn letters(&self) -> &[char] {
        &self.letters
    }

    /// Its most frequent words, the most frequent first.
    pub(crate) fn words(&self) -> impl Iterator<Item = &'static str> + '_ {
        self.words.iter().copied()
    }

    /// Adds a word: one of the list by its frequency, or one time in three one that the chain of
    /// letters makes up, so that a reader of many lines meets more than a few hundred words.
    pub(crate) fn add_word(&self, random: &mut Random, text: &mut String) {
        if random.happens(1.0 / 3.0) {
            self.make_word(random, text);
        } else {
            let total = self.sums.last().copied().unwrap_or(0.0);
            let drawn = random.unit() * total;
            let rank = self.sums.partition_point(|&sum| sum < drawn);
            text.push_str(self.words[rank.min(self.words.len() - 1)]);
        }
    }

    fn make_word(&self, random: &mut Random, text: &mut String) {
        let mut last = [EDGE; MEMORY];
        for _ in 0..LONGEST {
            let Some(next) = self.chain.get(&last) else {
                return;
            };
            match *random.one_of(next) {
                EDGE => return,
                letter => {
                    text.push(letter);
                    last = follow(last, letter);
                }
            }
        }
    }
}

/// The last letters after one more.
fn follow(mut last: [char; MEMORY], letter: char) -> [char; MEMORY] {
    last.rotate_left(1);
    last[MEMORY - 1] = letter;
    last
}

#[cfg(test)]
mod tests {
    use super::Language;
    use crate::random::Random;

    #[test]
    fn frequent_words_come_often_and_made_up_ones_are_many() {
        let languages = Language::all();
        let english = languages.iter().find(|one| one.name == "english").unwrap();
        let mut random = Random::seeded(1);
        let words: Vec<String> = (0..10_000)
            .map(|_| {
                let mut word = String::new();
                english.add_word(&mut random, &mut word);
                word
            })
            .collect();
        let count = |wanted: &str| words.iter().filter(|word| *word == wanted).count();
        assert!(count("the") > 200 && count("the") > 3 * count("screen"));
        let mut different = words.clone();
        different.sort();
        different.dedup();
        assert!(different.len() > 800, "{}", different.len());
        assert!(words.iter().all(|word| !word.is_empty() && word.len() < 40));
    }

    #[test]
    fn made_up_words_have_the_letters_of_their_language() {
        for language in Language::all() {
            let mut random = Random::seeded(2);
            for _ in 0..2000 {
                let mut word = String::new();
                language.make_word(&mut random, &mut word);
                let known = |letter: char| {
                    let mut same = language.letters().iter().flat_map(|one| one.to_lowercase());
                    letter.is_alphabetic() && same.any(|one| one == letter)
                };
                let marks = |letter: char| letter == '-' || letter == '\'';
                assert!(word.chars().all(|one| known(one) || marks(one)), "{word:?}");
            }
        }
    }

    #[test]
    fn word_lists_hold_words_each_once() {
        for language in Language::all() {
            let mut words = language.words.clone();
            assert_eq!(words.len(), 800, "{}", language.name);
            assert!(words.iter().all(|word| {
                word.chars()
                    .all(|letter| letter.is_alphabetic() || letter == '\'' || letter == '-')
            }));
            words.sort_unstable();
            words.dedup();
            assert_eq!(words.len(), language.words.len(), "{}", language.name);
        }
    }
}
