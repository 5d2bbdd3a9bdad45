//! Lines put together from words, figures and marks.

use std::fmt::Write;

use super::{Language, Script};
use crate::font::Font;
use crate::random::Random;

/// Writes lines of text as they stand in books, on screens, signs and bills: in thirteen
/// languages of Latin script, with digits, marks, titles and capitals.
///
/// The words are each language's 800 most frequent ones in help pages and programs' messages, as
/// often as they were counted there (`words/count`), and words that a chain of letters makes up
/// after them.
///
/// ```
/// use letra_type::Texts;
///
/// let texts = Texts::new();
/// assert_eq!(texts.languages().count(), 13);
/// assert!(texts.languages().any(|language| language == "portuguese"));
/// ```
#[derive(Debug)]
pub struct Texts {
    languages: Vec<Language>,
}

/// Which texts a face can set.
#[derive(Debug, Clone)]
pub(crate) struct Repertoire {
    /// Indices of the languages whose letters it has, capitals included.
    languages: Vec<usize>,
    digits: bool,
    /// The marks it has, from [`MARKS`].
    marks: Vec<char>,
}

/// Marks that a line may use where the face has them.
pub(crate) const MARKS: &str = ".,;:!?'\"()-&/%+=@#*[]$–—…“”„‘’«»€£§°©";

/// Characters of lines that have no words: every letter as often as every other.
const PLAIN: &str = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";

impl Texts {
    /// The texts of all languages that are written in Latin letters.
    pub fn new() -> Self {
        let mut texts = Self::of_all_scripts();
        texts.languages.retain(|one| one.script == Script::Latin);
        texts
    }

    /// The texts of these, and of Greek, Russian and Ukrainian.
    pub fn of_all_scripts() -> Self {
        Self {
            languages: Language::all(),
        }
    }

    /// Names of the languages, in English and lower case, in order.
    pub fn languages(&self) -> impl Iterator<Item = &'static str> + '_ {
        self.languages.iter().map(|language| language.name)
    }

    /// The words of a language, the most frequent first; nothing where there is no such language.
    ///
    /// ```
    /// # use letra_type::Texts;
    /// let texts = Texts::new();
    /// let mut words = texts.words("german").expect("a language of the list");
    /// assert!(words.any(|word| word == "nicht"));
    /// assert!(texts.words("klingon").is_none());
    /// ```
    pub fn words(&self, language: &str) -> Option<impl Iterator<Item = &'static str> + '_> {
        let language = self.languages.iter().find(|one| one.name == language)?;
        Some(language.words())
    }

    /// The languages themselves.
    pub(crate) fn all(&self) -> &[Language] {
        &self.languages
    }

    /// Which of the texts a face can set.
    pub(crate) fn repertoire(&self, font: &Font) -> Repertoire {
        let has = |letter: char| font.glyph(letter).is_some_and(|glyph| glyph.to_u32() != 0);
        let has_both = |letter: char| has(letter) && letter.to_uppercase().all(has);
        let can_set = |language: &Language| language.letters().iter().all(|&one| has_both(one));
        Repertoire {
            languages: (0..self.languages.len())
                .filter(|&index| can_set(&self.languages[index]))
                .collect(),
            digits: ('0'..='9').all(has),
            marks: MARKS.chars().filter(|&mark| has(mark)).collect(),
        }
    }

    /// Writes a line of at least so many characters, most of them letters; a line may also be one
    /// word only.
    pub(crate) fn write(
        &self,
        repertoire: &Repertoire,
        characters: usize,
        random: &mut Random,
        line: &mut String,
    ) {
        line.clear();
        let language = match repertoire.languages.as_slice() {
            [] => None,
            // English is everywhere: a third of all lines.
            several if random.happens(1.0 / 3.0) => several
                .iter()
                .map(|&index| &self.languages[index])
                .find(|language| language.name == "english"),
            several => Some(&self.languages[*random.one_of(several)]),
        };
        let writer = Writer {
            language,
            repertoire,
            characters,
        };
        let other_script = language.is_some_and(|one| one.script != Script::Latin);
        match random.below(100) {
            _ if other_script && random.happens(0.7) => writer.prose(random, line),
            0..55 => writer.prose(random, line),
            55..66 => writer.title(random, line),
            66..76 => {
                writer.prose(random, line);
                writer.capitals(line);
            }
            76..86 => writer.figures(random, line),
            86..92 => writer.address(random, line),
            _ if other_script => writer.title(random, line),
            _ => writer.mixture(random, line),
        }
        // A mark that the face lacks leaves two spaces.
        let mut last = ' ';
        line.retain(|letter| {
            let twice = letter == ' ' && last == ' ';
            last = letter;
            !twice
        });
    }
}

impl Default for Texts {
    fn default() -> Self {
        Self::new()
    }
}

/// Writes one line.
struct Writer<'a> {
    language: Option<&'a Language>,
    repertoire: &'a Repertoire,
    characters: usize,
}

impl Writer<'_> {
    fn short(&self, line: &str) -> bool {
        line.trim_end().chars().count() < self.characters
    }

    fn word(&self, random: &mut Random, line: &mut String) {
        match self.language {
            Some(language) => language.add_word(random, line),
            None => {
                let letters = &PLAIN[26..];
                for _ in 0..2 + random.below(7) {
                    let at = random.below(letters.len());
                    line.push_str(&letters[at..=at]);
                }
            }
        }
    }

    /// A mark if the face has it.
    fn mark(&self, mark: char, line: &mut String) {
        if self.repertoire.marks.contains(&mark) {
            line.push(mark);
        }
    }

    /// A word with a capital letter first.
    fn capital_word(&self, random: &mut Random, line: &mut String) {
        let start = line.len();
        self.word(random, line);
        let word = line.split_off(start);
        let mut letters = word.chars();
        if let Some(first) = letters.next() {
            self.push_capital(first, line);
            line.push_str(letters.as_str());
        }
    }

    fn push_capital(&self, letter: char, line: &mut String) {
        match (letter, self.language) {
            ('i', Some(language)) if language.name == "turkish" => line.push('İ'),
            _ => line.extend(letter.to_uppercase()),
        }
    }

    /// Words in sentences, from anywhere in one on.
    fn prose(&self, random: &mut Random, line: &mut String) {
        let mut starts = random.happens(0.4);
        while self.short(line) {
            if random.happens(0.04) && self.repertoire.digits {
                self.figure(random, line);
            } else if starts || random.happens(0.06) {
                self.capital_word(random, line);
            } else {
                self.word(random, line);
            }
            starts = false;
            match random.below(100) {
                0..9 => self.mark(',', line),
                9..16 => {
                    self.mark(*random.one_of(&['.', '.', '.', '.', '!', '?', '…']), line);
                    starts = true;
                }
                16..18 => self.mark(*random.one_of(&[':', ';', ')']), line),
                18..20 => {
                    line.push(' ');
                    self.mark(*random.one_of(&['–', '—', '-', '&', '(']), line);
                }
                _ => {}
            }
            line.push(' ');
            if random.happens(0.02) {
                self.mark(*random.one_of(&['“', '„', '«', '"', '\'', '(', '‘']), line);
            }
        }
        line.truncate(line.trim_end().len());
    }

    /// Words with capital letters.
    fn title(&self, random: &mut Random, line: &mut String) {
        while self.short(line) {
            self.capital_word(random, line);
            line.push(' ');
            if random.happens(0.06) {
                self.mark('&', line);
                line.push(' ');
            }
        }
        line.truncate(line.trim_end().len());
    }

    fn capitals(&self, line: &mut String) {
        let lower = std::mem::take(line);
        for letter in lower.chars() {
            self.push_capital(letter, line);
        }
    }

    /// Figures among words, as on bills and in tables.
    fn figures(&self, random: &mut Random, line: &mut String) {
        while self.short(line) {
            if self.repertoire.digits && random.happens(0.6) {
                self.figure(random, line);
            } else if random.happens(0.5) {
                self.capital_word(random, line);
            } else {
                self.word(random, line);
            }
            line.push(' ');
        }
        line.truncate(line.trim_end().len());
    }

    /// A year, date, time, price, share or number.
    fn figure(&self, random: &mut Random, line: &mut String) {
        let of = |random: &mut Random, from: usize, to: usize| from + random.below(to - from);
        let written = match random.below(8) {
            0 => write!(line, "{}", of(random, 1800, 2100)),
            1 => write!(
                line,
                "{}.{}.{}",
                of(random, 1, 32),
                of(random, 1, 13),
                of(random, 1950, 2050)
            ),
            2 => write!(line, "{:02}:{:02}", of(random, 0, 24), of(random, 0, 60)),
            3 => write!(line, "{},{:02}", of(random, 1, 1000), of(random, 0, 100)),
            4 => write!(line, "{}%", of(random, 1, 100)),
            5 => write!(
                line,
                "+{} {}",
                of(random, 10, 99),
                of(random, 1000, 999_999)
            ),
            6 => write!(line, "{}-{:02}", of(random, 1, 10_000), of(random, 0, 100)),
            _ => write!(line, "{}", of(random, 0, 100_000)),
        };
        debug_assert!(written.is_ok(), "a string takes all that is written");
        if random.happens(0.2) {
            self.mark(*random.one_of(&['€', '$', '£', '°', '%']), line);
        }
        let known = |mark: char| mark.is_ascii_digit() || mark == ' ';
        if line
            .chars()
            .any(|mark| !known(mark) && MARKS.contains(mark))
        {
            line.retain(|mark| !MARKS.contains(mark) || self.repertoire.marks.contains(&mark));
        }
    }

    /// Addresses of the web, of mail and of files.
    fn address(&self, random: &mut Random, line: &mut String) {
        let joints = &['.', '-', '/', '@'];
        while self.short(line) {
            self.word(random, line);
            if random.happens(0.25) && self.repertoire.digits {
                line.push(char::from(b'0' + random.below(10) as u8));
            }
            self.mark(*random.one_of(joints), line);
        }
    }

    /// Every letter as often as every other, in groups, with digits and marks.
    fn mixture(&self, random: &mut Random, line: &mut String) {
        while self.short(line) {
            for _ in 0..2 + random.below(8) {
                let at = random.below(PLAIN.len() + 14);
                match PLAIN.get(at..=at) {
                    Some(letter) => line.push_str(letter),
                    None if at < PLAIN.len() + 10 && self.repertoire.digits => {
                        line.push(char::from(b'0' + (at - PLAIN.len()) as u8));
                    }
                    None => {
                        if let [first, ..] = self.repertoire.marks.as_slice() {
                            let several = &self.repertoire.marks;
                            line.push(*several.get(random.below(several.len())).unwrap_or(first));
                        }
                    }
                }
            }
            line.push(' ');
        }
        line.truncate(line.trim_end().len());
    }
}

#[cfg(test)]
mod tests {
    use super::Texts;
    use crate::font::Font;
    use crate::random::Random;

    #[test]
    fn lines_hold_only_what_the_face_can_set() {
        let texts = Texts::of_all_scripts();
        for font in Font::built_in() {
            let repertoire = texts.repertoire(&font);
            let mut line = String::new();
            for index in 0..500 {
                texts.write(&repertoire, 20, &mut Random::new(5, index), &mut line);
                assert!(line.chars().count() >= 20, "{line:?}");
                assert!(line.chars().count() < 80, "{line:?}");
                assert!(!line.contains("  "), "{line:?}");
                for letter in line.chars() {
                    assert!(font.covers(letter), "{letter:?} of {line:?}");
                }
            }
        }
    }

    #[test]
    fn the_same_numbers_write_the_same_line() {
        let texts = Texts::new();
        let repertoire = texts.repertoire(&Font::built_in()[0]);
        let write = |index| {
            let mut line = String::new();
            texts.write(&repertoire, 30, &mut Random::new(1, index), &mut line);
            line
        };
        assert_eq!(write(7), write(7));
        assert_ne!(write(7), write(8));
    }
}
