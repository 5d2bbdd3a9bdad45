//! What a network writes, character by character.

use letra_nn::prelude::*;
use letra_nn::random::Random;

use super::corpus::{Corpus, tempered};

/// What logits are divided by.
pub(super) const TEMPERATURES: [f64; 3] = [0.5, 0.8, 1.1];

/// Words that are invented at a temperature, of so many that are written.
const WORDS: usize = 12;
const TRIED: usize = 64;

/// Characters that are written after a text.
const CHARACTERS: usize = 300;

/// A network that writes.
pub(super) struct Writer<'a> {
    pub(super) corpus: &'a Corpus,
    pub(super) network: &'a Trainer,
    pub(super) temperature: f64,
    pub(super) random: Random,
}

impl Writer<'_> {
    /// Words that are none of those that were learnt, each once.
    pub(super) fn words(&self) -> Result<Vec<String>, Error> {
        let (corpus, edge) = (self.corpus, self.corpus.edge());
        let mut words = vec![vec![edge]; TRIED];
        for step in 0..corpus.steps() {
            let said = self
                .network
                .predict(&Sequences::of_integers(&words, corpus.steps())?)?;
            let drawn = self.random.uniform(step, TRIED);
            for (index, word) in words.iter_mut().enumerate() {
                let is_open = word.len() == step + 1 && (step == 0 || word[step] != edge);
                // The last step says how a word of the greatest length ends.
                if is_open && step + 1 < corpus.steps() {
                    let row = said.sample(index).chunks_exact(corpus.classes()).nth(step);
                    word.push(row.map_or(edge, |row| self.draw(row, drawn[index])));
                }
            }
        }
        let mut invented: Vec<String> = Vec::new();
        for word in &words {
            let letters: Vec<u32> = word.iter().copied().filter(|&one| one != edge).collect();
            let spelled = corpus.spelled(&letters);
            if !letters.is_empty() && !corpus.knows(&letters) && !invented.contains(&spelled) {
                invented.push(spelled);
            }
        }
        invented.truncate(WORDS);
        Ok(invented)
    }

    /// What comes after the beginning of the text that was kept back, or as much of it as there was time
    /// for.
    pub(super) fn text(&self, stopped: impl Fn() -> bool) -> Result<String, Error> {
        let (corpus, steps) = (self.corpus, self.corpus.steps());
        let mut text = corpus.prompt();
        let begun = text.len();
        for step in 0..CHARACTERS {
            if stopped() {
                break;
            }
            let window = vec![text[text.len().saturating_sub(steps)..].to_vec()];
            let last = window[0].len() - 1;
            let said = self
                .network
                .predict(&Sequences::of_integers(&window, steps)?)?;
            let row = said.sample(0).chunks_exact(corpus.classes()).nth(last);
            let drawn = self.random.uniform(step, 1);
            text.push(row.map_or(corpus.edge(), |row| self.draw(row, drawn[0])));
        }
        Ok(corpus.spelled(&text[begun..]))
    }

    /// The class that a number from 0 to 1 draws.
    fn draw(&self, probabilities: &[f32], drawn: f32) -> u32 {
        let mut left = f64::from(drawn);
        let last = probabilities.len().saturating_sub(1) as u32;
        for class in 0..last {
            left -= tempered(probabilities, class, self.temperature);
            if left < 0.0 {
                return class;
            }
        }
        last
    }
}
