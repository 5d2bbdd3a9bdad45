//! What is learnt: words of a language, or a text.

use std::collections::BTreeMap;
use std::fs;
use std::io::Read as _;
use std::path::Path;

use letra_nn::prelude::*;
use letra_nn::random::Random;
use letra_type::Texts;

use crate::failure::Failure;
use crate::report::numbers::thousands;

/// The most bytes of a text that are read: 64 MiB.
const MOST_BYTES: u64 = 64 << 20;

/// The most characters that are told apart; rarer ones are all [`OTHER`].
const MOST_KINDS: usize = 250;
const OTHER: char = '\u{fffd}';

/// The share of a text, and one word in so many, that is kept back.
const KEPT_BACK: usize = 10;

/// Steps of the network on a text, and the shortest text: some windows to learn, and one to keep back.
const WINDOW: usize = 64;
const SHORTEST: usize = 20 * WINDOW;

/// The most characters of a text that is kept back that are measured.
const MOST_MEASURED: usize = 100_000;

/// The least probability that counts, so that what rounds to 0 takes bits that can be counted.
const LEAST: f64 = 1e-30;

/// What stands before the first character of a word and after its last.
const EDGE: u32 = 0;

/// What a corpus consists of.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    /// Words, each on its own.
    Words,
    /// One text.
    Text,
}

/// What the task learns.
#[derive(Debug)]
pub(in super::super) struct Corpus {
    name: String,
    title: String,
    kind: Kind,
    /// The characters by their numbers; number 0 is the edge of a word.
    alphabet: Vec<char>,
    /// What is learnt: words, or one text.
    learnt: Vec<Vec<u32>>,
    kept_back: Vec<Vec<u32>>,
    /// Steps of the network.
    steps: usize,
}

impl Corpus {
    /// The words of some languages.
    pub(in super::super) fn of_languages(names: &[String]) -> Result<Vec<Self>, Failure> {
        let texts = Texts::new();
        let of = |name: &String| {
            let words = texts.words(name).ok_or_else(|| {
                let known: Vec<_> = texts.languages().collect();
                Failure::usage(format!("there are no words of the language {name}"))
                    .hint(format!("--language takes {}", known.join(", ")))
            })?;
            Ok(Self::of_words(name, words))
        };
        names.iter().map(of).collect()
    }

    fn of_words<'a>(name: &str, words: impl Iterator<Item = &'a str>) -> Self {
        let mut known = Vec::new();
        for word in words.map(str::to_lowercase) {
            if !known.contains(&word) {
                known.push(word);
            }
        }
        let alphabet = alphabet(known.iter().flat_map(|word| word.chars()), usize::MAX);
        let numbers = numbers(&alphabet);
        let spelled = |word: &String| word.chars().map(|one| numbers[&one]).collect();
        let words: Vec<Vec<u32>> = known.iter().map(spelled).collect();
        // Those kept back are as frequent as the others.
        let chosen = |is_kept: bool| -> Vec<Vec<u32>> {
            let words = words.iter().enumerate();
            let words = words.filter(|(rank, _)| (rank % KEPT_BACK == KEPT_BACK - 1) == is_kept);
            words.map(|(_, word)| word.clone()).collect()
        };
        let longest = words.iter().map(Vec::len).max().unwrap_or(0);
        Self {
            name: name.to_owned(),
            title: format!("words of {}", capitalised(name)),
            kind: Kind::Words,
            alphabet,
            learnt: chosen(false),
            kept_back: chosen(true),
            steps: longest + 1,
        }
    }

    /// The text of a file.
    pub(in super::super) fn read(file: &Path) -> Result<Self, Failure> {
        let mut bytes = Vec::new();
        fs::File::open(file)
            .and_then(|file| file.take(MOST_BYTES + 1).read_to_end(&mut bytes))
            .map_err(|error| {
                Failure::file("read", file, &error)
                    .hint("check the path, and that the file may be read")
            })?;
        let name = file.display();
        if bytes.len() as u64 > MOST_BYTES {
            return Err(
                Failure::new(format!("{name} is larger than {MOST_BYTES} bytes"))
                    .hint("cut it into pieces"),
            );
        }
        let text = String::from_utf8(bytes).map_err(|error| {
            let place = error.utf8_error().valid_up_to();
            Failure::new(format!("{name} is not in UTF-8, from byte {place}"))
                .hint("save it as plain text in UTF-8")
        })?;
        Self::of_text(&text).map_err(|failure| failure.about(file))
    }

    fn of_text(text: &str) -> Result<Self, Failure> {
        let characters: Vec<char> = text.chars().filter(|&one| one != '\r').collect();
        let count = characters.len();
        if count < SHORTEST {
            return Err(Failure::new(format!(
                "the text has {count} characters, which are too few to learn from"
            ))
            .hint(format!("give at least {}", thousands(SHORTEST as u64))));
        }
        let alphabet = alphabet(characters.iter().copied(), MOST_KINDS);
        // The edge is no character.
        if alphabet.len() < 3 {
            return Err(Failure::new(format!(
                "the text consists of one character, {:?}, over and over",
                characters[0]
            ))
            .hint("give a text of several"));
        }
        let known = numbers(&alphabet);
        let other = known.get(&OTHER).copied().unwrap_or(EDGE);
        let number = |one: &char| known.get(one).copied().unwrap_or(other);
        let numbers: Vec<u32> = characters.iter().map(number).collect();
        let (learnt, kept_back) = numbers.split_at(count - (count / KEPT_BACK).max(WINDOW + 1));
        Ok(Self {
            name: "text".into(),
            title: "the text".into(),
            kind: Kind::Text,
            alphabet,
            learnt: vec![learnt.to_vec()],
            kept_back: vec![kept_back[..kept_back.len().min(MOST_MEASURED)].to_vec()],
            steps: WINDOW,
        })
    }

    /// What files call it.
    pub(super) fn name(&self) -> &str {
        &self.name
    }

    /// What tables call it.
    pub(super) fn title(&self) -> &str {
        &self.title
    }

    pub(super) fn kind(&self) -> Kind {
        self.kind
    }

    /// Steps of the network.
    pub(super) fn steps(&self) -> usize {
        self.steps
    }

    /// Characters, and the edge of a word.
    pub(super) fn classes(&self) -> usize {
        self.alphabet.len()
    }

    /// Characters that are counted in a row.
    pub(super) fn order(&self) -> usize {
        match self.kind {
            Kind::Words => 3,
            Kind::Text => 6,
        }
    }

    /// What is learnt, as numbers of characters.
    pub(super) fn learnt(&self) -> Vec<&[u32]> {
        self.learnt.iter().map(Vec::as_slice).collect()
    }

    /// What is kept back.
    pub(super) fn kept_back(&self) -> impl Iterator<Item = &[u32]> {
        self.kept_back.iter().map(Vec::as_slice)
    }

    /// Whether a word is one of those that are learnt.
    pub(super) fn knows(&self, word: &[u32]) -> bool {
        self.learnt.iter().any(|known| known == word)
    }

    /// The beginning of what is kept back, to be written on.
    pub(super) fn prompt(&self) -> Vec<u32> {
        self.kept_back
            .iter()
            .flatten()
            .copied()
            .take(WINDOW)
            .collect()
    }

    /// Numbers as characters.
    pub(super) fn spelled(&self, numbers: &[u32]) -> String {
        let character = |&number: &u32| self.alphabet.get(number as usize);
        let characters = numbers.iter().filter(|&&number| number != EDGE);
        characters.filter_map(character).collect()
    }

    /// Number of the edge of a word.
    pub(super) fn edge(&self) -> u32 {
        EDGE
    }

    /// Draws a batch: words, or windows of the text.
    pub(super) fn batch(&self, random: &Random, count: usize) -> Result<Dataset, Error> {
        let drawn = random.uniform(0, count);
        let below =
            |share: f32, most: usize| ((f64::from(share) * most as f64) as usize).min(most - 1);
        let lines: Vec<Vec<u32>> = match self.kind {
            Kind::Words => {
                let chosen = drawn.iter().map(|&share| below(share, self.learnt.len()));
                chosen.map(|word| framed(&self.learnt[word])).collect()
            }
            Kind::Text => {
                let text = &self.learnt[0];
                let first = drawn
                    .iter()
                    .map(|&share| below(share, text.len() - self.steps));
                first
                    .map(|first| text[first..=first + self.steps].to_vec())
                    .collect()
            }
        };
        self.dataset(&lines)
    }

    /// Lines of numbers, each number but the last with the one that comes after it.
    fn dataset(&self, lines: &[Vec<u32>]) -> Result<Dataset, Error> {
        let mut labels = vec![EDGE; lines.len() * self.steps];
        for (row, line) in labels.chunks_exact_mut(self.steps).zip(lines) {
            row[..line.len() - 1].copy_from_slice(&line[1..]);
        }
        let count = self.classes();
        Sequences::of_integers(&inputs(lines), self.steps)?
            .with_targets(Targets::Classes { labels, count })
    }

    /// Bits that a character takes of what is kept back. In a text, the network is given the half
    /// window before it at least.
    pub(super) fn bits(&self, network: &Trainer) -> Result<f64, Error> {
        let (lines, skipped): (Vec<Vec<u32>>, usize) = match self.kind {
            Kind::Words => (self.kept_back.iter().map(|word| framed(word)).collect(), 0),
            Kind::Text => {
                let half = self.steps / 2;
                let windows = self.kept_back[0].windows(self.steps + 1).step_by(half);
                (windows.map(<[u32]>::to_vec).collect(), half)
            }
        };
        let (mut sum, mut count) = (0.0, 0.0_f64);
        // A part at a time, as there is an output for each character of the alphabet.
        for lines in lines.chunks(256) {
            let inputs = inputs(lines);
            let said = network.predict(&Sequences::of_integers(&inputs, self.steps)?)?;
            for (index, line) in lines.iter().enumerate() {
                let rows = said.sample(index).chunks_exact(self.classes());
                for (row, &label) in rows.zip(&line[1..]).skip(skipped) {
                    sum -= tempered(row, label, 1.0).max(LEAST).log2();
                    count += 1.0;
                }
            }
        }
        Ok(sum / count.max(1.0))
    }

    /// What there is, in a sentence.
    pub(super) fn in_words(&self) -> String {
        let count = |texts: &[Vec<u32>]| match self.kind {
            Kind::Words => thousands(texts.len() as u64),
            Kind::Text => thousands(texts.iter().map(Vec::len).sum::<usize>() as u64),
        };
        format!(
            "Of {}, {} {} are learnt and {} are kept back; they are of {} different characters.",
            self.title,
            count(&self.learnt),
            match self.kind {
                Kind::Words => "words",
                Kind::Text => "characters",
            },
            count(&self.kept_back),
            self.alphabet.len() - 1
        )
    }
}

/// The probability of a class where logits are divided by a temperature: of the probabilities *p* at
/// temperature 1, *p*ᵢ^(1 / *T*) / Σ *p*^(1 / *T*).
pub(super) fn tempered(probabilities: &[f32], class: u32, temperature: f64) -> f64 {
    let weight = |probability: f32| f64::from(probability).powf(1.0 / temperature);
    let sum: f64 = probabilities
        .iter()
        .map(|&probability| weight(probability))
        .sum();
    let chosen = probabilities.get(class as usize);
    chosen.map_or(0.0, |&probability| weight(probability) / sum)
}

/// All but the last of each line.
fn inputs(lines: &[Vec<u32>]) -> Vec<Vec<u32>> {
    lines
        .iter()
        .map(|line| line[..line.len() - 1].to_vec())
        .collect()
}

/// A word between its edges.
fn framed(word: &[u32]) -> Vec<u32> {
    [&[EDGE], word, &[EDGE]].concat()
}

/// The characters, those that are frequent, in order; the first stands for the edge of a word.
fn alphabet(characters: impl Iterator<Item = char>, most: usize) -> Vec<char> {
    let mut counts: BTreeMap<char, usize> = BTreeMap::new();
    for one in characters {
        *counts.entry(one).or_default() += 1;
    }
    let mut kinds: Vec<(char, usize)> = counts.into_iter().collect();
    if kinds.len() > most {
        kinds.sort_by_key(|&(one, count)| (std::cmp::Reverse(count), one));
        kinds.truncate(most);
        kinds.retain(|&(one, _)| one != OTHER);
        kinds.push((OTHER, 0));
    }
    let mut alphabet: Vec<char> = kinds.into_iter().map(|(one, _)| one).collect();
    alphabet.sort_unstable();
    alphabet.insert(EDGE as usize, '\0');
    alphabet
}

fn numbers(alphabet: &[char]) -> BTreeMap<char, u32> {
    let characters = alphabet.iter().enumerate().skip(1);
    characters
        .map(|(number, &one)| (one, number as u32))
        .collect()
}

fn capitalised(name: &str) -> String {
    let mut characters = name.chars();
    let first = characters.next().map(|first| first.to_uppercase());
    first.into_iter().flatten().chain(characters).collect()
}

#[cfg(test)]
mod tests {
    use letra_nn::random::Domain;

    use super::*;

    #[test]
    fn one_word_in_ten_is_kept_back_and_learnt_by_nobody() {
        let corpus = &Corpus::of_languages(&["german".into()]).unwrap()[0];
        let (learnt, kept) = (corpus.learnt.len(), corpus.kept_back.len());
        assert!(
            kept * 9 <= learnt + 9 && kept * 9 >= learnt - 9,
            "{learnt} {kept}"
        );
        assert!(corpus.kept_back.iter().all(|word| !corpus.knows(word)));
        assert!(
            corpus
                .kept_back
                .iter()
                .all(|word| word.len() < corpus.steps)
        );
        let first = corpus.spelled(&corpus.learnt[0]);
        assert!(first.chars().all(char::is_lowercase), "{first}");
        assert!(Corpus::of_languages(&["klingon".into()]).is_err());
    }

    #[test]
    fn texts_that_nothing_can_be_learnt_from_are_refused() {
        for (text, says) in [
            (String::new(), "0 characters"),
            ("a".repeat(5000), "'a', over and over"),
            ("ab".repeat(100), "200 characters"),
        ] {
            let failure = Corpus::of_text(&text).unwrap_err();
            assert!(failure.message().contains(says), "{failure}");
            assert!(failure.what_to_do().is_some());
        }
    }

    #[test]
    fn rare_characters_become_one() {
        let common: String = (0..400)
            .map(|index| char::from(b'a' + (index % 26) as u8))
            .collect();
        let rare: String = (0..300)
            .filter_map(|index| char::from_u32(0x4e00 + index))
            .collect();
        let text = common.repeat(10) + &rare;
        let corpus = Corpus::of_text(&text).unwrap();
        assert!(corpus.classes() <= MOST_KINDS + 2, "{}", corpus.classes());
        let last = corpus.kept_back[0].last().copied().unwrap();
        assert_eq!(corpus.spelled(&[last]), OTHER.to_string());
    }

    #[test]
    fn every_character_of_a_batch_is_followed_by_its_next() {
        let text: String = (0..3000)
            .map(|index| char::from(b'a' + (index % 7) as u8))
            .collect();
        let corpus = Corpus::of_text(&text).unwrap();
        let random = Random::new(1, Domain::Shuffle, 1, 1);
        let batch = corpus.batch(&random, 4).unwrap();
        let Targets::Classes { labels, .. } = batch.targets() else {
            panic!("classes");
        };
        for (input, &label) in batch.inputs().data().iter().zip(labels) {
            assert_eq!((*input as u32) % 7 + 1, label);
        }
    }

    #[test]
    fn temperatures_sharpen_and_blur() {
        let [cold, usual, hot] = [0.5, 1.0, 2.0].map(|heat| tempered(&[0.2, 0.8], 1, heat));
        assert!(cold > usual && usual > hot && hot > 0.5);
        assert!((usual - 0.8).abs() < 1e-6);
        // Half the temperature squares the odds.
        assert!((cold - 16.0 / 17.0).abs() < 1e-6);
    }
}
