use std::collections::BTreeSet;

use super::language_model::LanguageModel;
use super::prefixes::{EMPTY, Prefix, Prefixes};
use super::probabilities::rows;
use super::word_list::WordList;
use crate::Error;

/// A logarithm of 0.
const NEVER: f64 = f64::NEG_INFINITY;

/// Prefix beam search: the most probable labels, added up over the paths that spell them (Graves 2012,
/// "Supervised sequence labelling with recurrent neural networks", section 7.5; Hannun, Maas, Jurafsky
/// and Ng 2014, "First-pass large vocabulary continuous speech recognition", algorithm 1). Keras's
/// `ctc_decode` with the strategy "beam_search".
///
/// From step to step it keeps the `beam_width` best beginnings *l* of texts, by
///
/// *Q*(*l*) = ln *p*(*l* | *x*) + *α* ln *p*(*l*) + *β* |*l*|,
///
/// with the weight *α* of a [language model](Self::language_model) and the bonus *β* a
/// [label](Self::length_bonus) against the model's liking for short texts (Hannun et al. 2014, "Deep
/// Speech", section 2.2, where words are counted). With a beam that holds all beginnings the result is
/// exact. A [list of words](Self::words) leaves out texts of other words.
///
/// ```
/// use letra_nn::decoding::{BeamSearch, BestPath};
///
/// // Two steps that are blank rather than anything else, each: but one label is more probable than none.
/// let said = [0.6, 0.4, 0.6, 0.4];
/// assert!(BestPath::new().decode(2, &said)?.is_empty());
/// let found = BeamSearch::new().top_paths(2).decode(2, &said)?;
/// assert_eq!(found[0].labels, [1]);
/// assert!((found[0].log_probability.exp() - 0.64).abs() < 1e-6);
/// assert!(found[1].labels.is_empty());
/// # Ok::<(), letra_nn::Error>(())
/// ```
#[derive(Debug, Clone, Copy)]
pub struct BeamSearch<'a> {
    blank: u32,
    beam_width: usize,
    top_paths: usize,
    words: Option<&'a WordList>,
    language_model: Option<&'a dyn LanguageModel>,
    weight: f64,
    length_bonus: f64,
}

/// Labels that a search found.
///
/// ```
/// use letra_nn::decoding::BeamSearch;
///
/// let found = BeamSearch::new().top_paths(2).decode(2, &[0.6, 0.4, 0.6, 0.4])?;
/// assert!(found[0].labels == [1] && found[0].score > found[1].score);
/// // Without a language model and a bonus, both are one.
/// assert_eq!(found[0].score, found[0].log_probability);
/// # Ok::<(), letra_nn::Error>(())
/// ```
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub struct Candidate {
    /// The labels, from the first to the last.
    pub labels: Vec<u32>,
    /// ln *p*(*l* | *x*), as far as the beam held the paths: at most the true one.
    pub log_probability: f64,
    /// *Q*(*l*), by which candidates are ranked: the same where there is neither a language model nor a
    /// bonus.
    pub score: f64,
}

/// A beginning of a text at some step.
#[derive(Debug, Clone, Copy)]
struct Beam {
    prefix: usize,
    /// ln of all paths that spell it and end in a blank.
    blank: f64,
    /// ln of those that end in its last label.
    label: f64,
}

/// A beginning that may be kept for the next step.
struct Next {
    beam: Beam,
    score: f64,
    /// The label that makes a new text of the beam's, what the model says of that, and where it stands
    /// in the list of words.
    extension: Option<(u32, f64, usize)>,
}

impl<'a> BeamSearch<'a> {
    /// With a beam width of 100 and one result, where class 0 is the blank: Keras's defaults.
    pub fn new() -> Self {
        BeamSearch {
            blank: 0,
            beam_width: 100,
            top_paths: 1,
            words: None,
            language_model: None,
            weight: 0.0,
            length_bonus: 0.0,
        }
    }

    /// The class that says nothing; 0 at first. Keras's `mask_index`.
    pub fn blank(mut self, blank: u32) -> Self {
        self.blank = blank;
        self
    }

    /// How many beginnings are kept, at least 1; 100 at first.
    pub fn beam_width(mut self, beam_width: usize) -> Self {
        self.beam_width = beam_width;
        self
    }

    /// How many results are given, the best first, from 1 to the beam width; 1 at first.
    pub fn top_paths(mut self, top_paths: usize) -> Self {
        self.top_paths = top_paths;
        self
    }

    /// Only texts of these words, with anything that is no letter before, between and after them.
    pub fn words(mut self, words: &'a WordList) -> Self {
        self.words = Some(words);
        self
    }

    /// Texts are also ranked by how probable a model finds them, with a weight *α* of 0 or more; 1 to 2
    /// is usual.
    pub fn language_model(mut self, model: &'a dyn LanguageModel, weight: f64) -> Self {
        self.language_model = Some(model);
        self.weight = weight;
        self
    }

    /// What each label adds to the score, *β*; 0 at first.
    pub fn length_bonus(mut self, length_bonus: f64) -> Self {
        self.length_bonus = length_bonus;
        self
    }

    /// The most probable labels for `[steps, classes]` probabilities, the best first. There are fewer
    /// than asked for where there are no more in the beam; none at all where each text of it breaks off
    /// within a word.
    ///
    /// # Errors
    /// When a setting is out of its range, a row is not one of probabilities, or the language model
    /// gives something else than a logarithm of one.
    pub fn decode(&self, classes: usize, probabilities: &[f32]) -> Result<Vec<Candidate>, Error> {
        self.check()?;
        let rows = rows(classes, self.blank, probabilities)?;
        let mut prefixes = Prefixes::new();
        let mut beams = vec![Beam {
            prefix: EMPTY,
            blank: 0.0,
            label: NEVER,
        }];
        let mut said = Vec::with_capacity(classes);
        for row in rows {
            said.clear();
            said.extend(row.iter().map(|&y| libm::log(f64::from(y))));
            beams = self.step(&beams, &said, &mut prefixes)?;
        }
        self.results(&beams, &prefixes)
    }

    fn check(&self) -> Result<(), Error> {
        let wrong = if self.beam_width == 0 || !(1..=self.beam_width).contains(&self.top_paths) {
            format!(
                "a beam search of width {} is to give {} results",
                self.beam_width, self.top_paths
            )
        } else if !(self.weight >= 0.0 && self.weight.is_finite()) {
            format!("a language model has the weight {}", self.weight)
        } else if !self.length_bonus.is_finite() {
            format!("the bonus a label is {}", self.length_bonus)
        } else {
            return Ok(());
        };
        Err(Error::configuration(wrong).with_hint(
            "choose a width of at least 1, as many results or fewer, a weight of 0 or more and a finite bonus",
        ))
    }

    /// The beam after one more step, whose symbols have these logarithms of probabilities.
    fn step(
        &self,
        beams: &[Beam],
        said: &[f64],
        prefixes: &mut Prefixes,
    ) -> Result<Vec<Beam>, Error> {
        let mut next = self.stay(beams, said, prefixes);
        self.keep_best(&mut next);
        let least = match next.len() < self.beam_width {
            true => NEVER,
            false => next.last().map_or(NEVER, |last| last.score),
        };
        self.extend(beams, said, prefixes, least, &mut next)?;
        self.keep_best(&mut next);
        let kept = next.into_iter().map(
            |Next {
                 mut beam,
                 extension,
                 ..
             }| {
                if let Some((label, language, place)) = extension {
                    beam.prefix = prefixes.extend(beam.prefix, label, language, place);
                }
                beam
            },
        );
        Ok(kept.collect())
    }

    /// The texts of the beam that stay as they are: after a blank, after their last label once more, or
    /// after their last label when the text without it is in the beam, too.
    fn stay(&self, beams: &[Beam], said: &[f64], prefixes: &Prefixes) -> Vec<Next> {
        let mut by_prefix: Vec<(usize, Beam)> =
            beams.iter().map(|beam| (beam.prefix, *beam)).collect();
        by_prefix.sort_by_key(|(prefix, _)| *prefix);
        let known = |prefix: usize| {
            let place = by_prefix.binary_search_by_key(&prefix, |(prefix, _)| *prefix);
            place.ok().map(|place| by_prefix[place].1)
        };
        let stay = |beam: &Beam| {
            let prefix = prefixes.get(beam.prefix);
            let mut label = NEVER;
            if let Some(last) = prefix.last {
                let again = said[last as usize];
                label = beam.label + again;
                if let Some(parent) = known(prefix.parent) {
                    let ways = parent.before(last, &prefixes.get(prefix.parent));
                    label = log_add(label, ways + again);
                }
            }
            let beam = Beam {
                prefix: beam.prefix,
                blank: log_add(beam.blank, beam.label) + said[self.blank as usize],
                label,
            };
            Next {
                beam,
                score: self.score(&beam, prefix.language, prefix.length),
                extension: None,
            }
        };
        beams.iter().map(stay).collect()
    }

    /// The texts that the beam does not have yet, with one more label, as far as they score more than
    /// `least`.
    fn extend(
        &self,
        beams: &[Beam],
        said: &[f64],
        prefixes: &Prefixes,
        least: f64,
        next: &mut Vec<Next>,
    ) -> Result<(), Error> {
        let text = |beam: &Beam| {
            let prefix = prefixes.get(beam.prefix);
            prefix.last.map(|last| (prefix.parent, last))
        };
        let there: BTreeSet<(usize, u32)> = beams.iter().filter_map(text).collect();
        let mut labels = Vec::new();
        for beam in beams {
            let prefix = prefixes.get(beam.prefix);
            prefixes.labels(beam.prefix, &mut labels);
            for (label, &ln_y) in (0..).zip(said) {
                let longer = Beam {
                    label: beam.before(label, &prefix) + ln_y,
                    blank: NEVER,
                    ..*beam
                };
                // The model can only take from this.
                let most = self.score(&longer, prefix.language, prefix.length + 1);
                if label == self.blank || most <= least || there.contains(&(beam.prefix, label)) {
                    continue;
                }
                let Some(place) = self.place(&prefix, label) else {
                    continue;
                };
                let language = prefix.language + self.model_says(&labels, Some(label))?;
                let score = self.score(&longer, language, prefix.length + 1);
                if score > least {
                    next.push(Next {
                        beam: longer,
                        score,
                        extension: Some((label, language, place)),
                    });
                }
            }
        }
        Ok(())
    }

    /// Where a text stands in the list of words after one more label, if that may come.
    fn place(&self, prefix: &Prefix, label: u32) -> Option<usize> {
        match self.words {
            Some(words) => words.after(prefix.place, label),
            None => Some(WordList::START),
        }
    }

    /// What the language model says of one more label, or of the end.
    fn model_says(&self, prefix: &[u32], next: Option<u32>) -> Result<f64, Error> {
        let Some(model) = self.language_model else {
            return Ok(0.0);
        };
        let said = match next {
            Some(label) => model.log_probability(prefix, label),
            None => model.end_log_probability(prefix),
        };
        match said <= 0.0 {
            true => Ok(said),
            false => Err(Error::data(format!(
                "the language model gives the logarithm {said} of a probability"
            ))
            .with_hint("it must be 0 or less")),
        }
    }

    /// *Q* of a text.
    fn score(&self, beam: &Beam, language: f64, length: usize) -> f64 {
        // A weight of 0 is not to make a number that is none of what the model rules out.
        let language = match self.weight == 0.0 {
            true => 0.0,
            false => self.weight * language,
        };
        log_add(beam.blank, beam.label) + language + self.length_bonus * length as f64
    }

    /// Keeps the best, the first of equals, and none that cannot be.
    fn keep_best(&self, next: &mut Vec<Next>) {
        next.retain(|next| next.score > NEVER);
        next.sort_by(|one, other| other.score.total_cmp(&one.score));
        next.truncate(self.beam_width);
    }

    fn results(&self, beams: &[Beam], prefixes: &Prefixes) -> Result<Vec<Candidate>, Error> {
        let mut found = Vec::new();
        for beam in beams {
            let prefix = prefixes.get(beam.prefix);
            if self.words.is_some_and(|words| !words.may_end(prefix.place)) {
                continue;
            }
            let mut labels = Vec::with_capacity(prefix.length);
            prefixes.labels(beam.prefix, &mut labels);
            let language = prefix.language + self.model_says(&labels, None)?;
            found.push(Candidate {
                labels,
                log_probability: log_add(beam.blank, beam.label),
                score: self.score(beam, language, prefix.length),
            });
        }
        found.retain(|found| found.score > NEVER);
        found.sort_by(|one, other| other.score.total_cmp(&one.score));
        found.truncate(self.top_paths);
        Ok(found)
    }
}

impl Beam {
    /// ln of all paths that one more label makes a longer text of: after the same label, only those
    /// that end in a blank.
    fn before(&self, label: u32, prefix: &Prefix) -> f64 {
        match prefix.last == Some(label) {
            true => self.blank,
            false => log_add(self.blank, self.label),
        }
    }
}

/// ln(exp *a* + exp *b*).
fn log_add(a: f64, b: f64) -> f64 {
    let (more, less) = if a >= b { (a, b) } else { (b, a) };
    match less == NEVER {
        true => more,
        false => more + libm::log1p(libm::exp(less - more)),
    }
}
