use std::collections::BTreeMap;

use super::language_model::LanguageModel;
use crate::Error;

/// What stands before the first label of a text, and after its last.
const EDGE: u32 = u32::MAX;

/// The longest history that is looked at.
const MOST: usize = 32;

/// A model of labels by those before them, built from texts, with the smoothing of Witten and Bell.
///
/// After a history *h* that was seen *c*(*h*) times with *T*(*h*) different labels after it, the
/// probability of label *l* is
///
/// *p*(*l* | *h*) = (*c*(*h* *l*) + *T*(*h*) *p*(*l* | *h*′)) / (*c*(*h*) + *T*(*h*)),
///
/// *h*′ being *h* without its first label, and where *h* was never seen it is *p*(*l* | *h*′) (Witten
/// and Bell 1991, method C; interpolated as in Chen and Goodman 1998). The shortest history of all
/// gives each label, and the end of the text, the same. So none is impossible, and over all labels and
/// the end the probabilities add up to 1.
///
/// ```
/// use letra_nn::decoding::{Alphabet, LanguageModel, NGram};
///
/// let alphabet = Alphabet::new("abno")?;
/// let texts = ["banana", "nab", "bab"].map(|text| alphabet.labels(text));
/// let texts = texts.into_iter().collect::<Result<Vec<_>, _>>()?;
/// let model = NGram::new(3, 4, &texts)?;
/// let after_ba = |next: u32| model.log_probability(&[2, 1], next).exp();
/// assert!(after_ba(3) > after_ba(1) && after_ba(4) > 0.0);
/// # Ok::<(), letra_nn::Error>(())
/// ```
#[derive(Debug, Clone)]
pub struct NGram {
    order: usize,
    labels: usize,
    histories: BTreeMap<Vec<u32>, Followers>,
}

/// What came after a history.
#[derive(Debug, Clone, Default)]
struct Followers {
    total: u64,
    /// How often each.
    counts: BTreeMap<u32, u64>,
}

impl NGram {
    /// From texts, each a list of labels, by the `order` − 1 labels before each. `labels` is how many
    /// there are, without the blank: `Alphabet::classes` − 1.
    ///
    /// # Errors
    /// When the order is not from 1 to 32, or the texts have more labels than there are.
    pub fn new(order: usize, labels: usize, texts: &[impl AsRef<[u32]>]) -> Result<Self, Error> {
        if !(1..=MOST).contains(&order) {
            return Err(Error::configuration(format!(
                "a model of labels looks at {order} labels at once"
            ))
            .with_hint(format!("choose an order from 1 to {MOST}, such as 5")));
        }
        let mut model = NGram {
            order,
            labels,
            histories: BTreeMap::new(),
        };
        for text in texts {
            model.count(text.as_ref());
        }
        let seen = model.histories.get(&[][..]);
        let seen = seen.map_or(0, |all| {
            all.counts.keys().filter(|next| **next != EDGE).count()
        });
        match seen <= labels && labels > 0 {
            true => Ok(model),
            false => Err(Error::data(format!(
                "texts of {seen} different labels are said to be of {labels}"
            ))
            .with_hint("give the number of all labels, at least 1, without the blank")),
        }
    }

    /// Adds what a text says.
    fn count(&mut self, text: &[u32]) {
        let line: Vec<u32> = [&[EDGE], text, &[EDGE]].concat();
        for place in 1..line.len() {
            for start in place.saturating_sub(self.order - 1)..=place {
                let history = line[start..place].to_vec();
                let followers = self.histories.entry(history).or_default();
                followers.total += 1;
                *followers.counts.entry(line[place]).or_default() += 1;
            }
        }
    }

    fn probability(&self, prefix: &[u32], next: u32) -> f64 {
        // As much of the text so far as is looked at, with its beginning where that is part of it.
        let mut line = Vec::with_capacity(self.order);
        if prefix.len() + 1 < self.order {
            line.push(EDGE);
        }
        line.extend_from_slice(&prefix[prefix.len().saturating_sub(self.order - 1)..]);
        let mut probability = 1.0 / (self.labels as f64 + 1.0);
        for start in (0..=line.len()).rev() {
            let Some(followers) = self.histories.get(&line[start..]) else {
                break;
            };
            let count = followers.counts.get(&next).copied().unwrap_or(0) as f64;
            let (total, kinds) = (followers.total as f64, followers.counts.len() as f64);
            probability = (count + kinds * probability) / (total + kinds);
        }
        probability
    }
}

impl LanguageModel for NGram {
    fn log_probability(&self, prefix: &[u32], next: u32) -> f64 {
        libm::log(self.probability(prefix, next))
    }

    fn end_log_probability(&self, prefix: &[u32]) -> f64 {
        libm::log(self.probability(prefix, EDGE))
    }
}
