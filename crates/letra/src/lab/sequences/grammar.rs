//! The embedded Reber grammar (Cleeremans, Servan-Schreiber and McClelland 1989), as in Hochreiter
//! and Schmidhuber (1997, figure 4).

use letra_nn::random::Random;

/// The symbols.
pub(super) const SYMBOLS: &str = "BTPSXVE";
pub(super) const COUNT: usize = SYMBOLS.len();

const B: u8 = 0;
const T: u8 = 1;
const P: u8 = 2;
const S: u8 = 3;
const X: u8 = 4;
const V: u8 = 5;
const E: u8 = 6;

/// A node of the Reber grammar: two ways on, each a symbol and a node.
type Node = [(u8, usize); 2];

/// The Reber grammar between its B and its E. The second way of each node leads to the end without
/// going in circles.
const NODES: [Node; 5] = [
    [(T, 1), (P, 2)],
    [(S, 1), (X, 3)],
    [(T, 2), (V, 4)],
    [(X, 2), (S, END)],
    [(P, 3), (V, END)],
];
const END: usize = 5;

/// A string of the grammar.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Sentence {
    /// Numbers of its symbols.
    pub(super) symbols: Vec<u8>,
    /// For each symbol but the last, which symbols may come next, a bit each.
    pub(super) next: Vec<u8>,
}

impl Sentence {
    /// Draws one: at each node both ways are as likely.
    pub(super) fn draw(random: &Random, sample: usize) -> Self {
        const DRAWN: usize = 128;
        let mut drawn = random.uniform(sample, DRAWN).into_iter();
        let mut way = || drawn.next().map_or(1, |share| usize::from(share >= 0.5));
        let mut sentence = Self {
            symbols: vec![B],
            next: Vec::new(),
        };
        let embedding = [T, P][way()];
        sentence.add(embedding, &[T, P]);
        sentence.add(B, &[B]);
        let mut node = 0;
        while node != END {
            let ways = NODES[node];
            let (symbol, next) = ways[way()];
            sentence.add(symbol, &ways.map(|(symbol, _)| symbol));
            node = next;
        }
        sentence.add(E, &[E]);
        sentence.add(embedding, &[embedding]);
        sentence.add(E, &[E]);
        sentence
    }

    /// Adds a symbol, where some could have come.
    fn add(&mut self, symbol: u8, possible: &[u8]) {
        let bits = possible.iter().fold(0, |bits, symbol| bits | 1 << symbol);
        self.next.push(bits);
        self.symbols.push(symbol);
    }

    /// Whether the most active outputs after each symbol are those of the symbols that may come next
    /// (the paper's criterion); a row of [`COUNT`] outputs a symbol.
    pub(super) fn is_predicted_by(&self, outputs: &[f32]) -> bool {
        let rows = outputs.chunks_exact(COUNT);
        self.next.iter().zip(rows).all(|(possible, outputs)| {
            let of = |is_possible: bool| {
                let outputs = outputs.iter().enumerate();
                let chosen =
                    outputs.filter(move |(symbol, _)| (possible >> symbol & 1 == 1) == is_possible);
                chosen.map(|(_, &output)| output)
            };
            let least = of(true).fold(f32::INFINITY, f32::min);
            of(false).all(|output| output < least)
        })
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use letra_nn::random::Domain;

    use super::*;

    fn drawn(count: usize) -> Vec<Sentence> {
        let random = Random::new(1, Domain::Shuffle, 0, 0);
        (0..count)
            .map(|sample| Sentence::draw(&random, sample))
            .collect()
    }

    fn text(sentence: &Sentence) -> String {
        let symbols = sentence.symbols.iter();
        symbols
            .map(|&symbol| SYMBOLS.as_bytes()[symbol as usize] as char)
            .collect()
    }

    #[test]
    fn sentences_are_of_the_grammar() {
        let texts: Vec<_> = drawn(2000).iter().map(text).collect();
        for text in &texts {
            let second = &text[1..2];
            assert!(
                text.starts_with('B') && text.ends_with(&format!("E{second}E")),
                "{text}"
            );
            assert_eq!(&text[2..3], "B");
        }
        let all: BTreeSet<_> = texts.iter().map(String::as_str).collect();
        for known in [
            "BTBTXSETE",
            "BPBPVVEPE",
            "BTBPVPSETE",
            "BPBTXXVVEPE",
            "BPBTSSXSEPE",
        ] {
            assert!(all.contains(known), "{known}");
        }
        assert!(all.iter().all(|text| text.len() >= 9));
    }

    #[test]
    fn predictions_count_where_all_that_may_come_is_most_active() {
        let sentence = &drawn(1)[0];
        let outputs = |of: fn(bool, usize) -> f32| -> Vec<f32> {
            let rows = sentence.next.iter();
            rows.flat_map(|possible| {
                (0..COUNT).map(move |symbol| of(possible >> symbol & 1 == 1, symbol))
            })
            .collect()
        };
        assert!(
            sentence.is_predicted_by(&outputs(|is_possible, _| f32::from(u8::from(is_possible))))
        );
        assert!(!sentence.is_predicted_by(&outputs(|_, symbol| symbol as f32)));
        // As active as the others is not most active.
        assert!(!sentence.is_predicted_by(&outputs(|_, _| 0.5)));
        let mut one_off = outputs(|is_possible, _| f32::from(u8::from(is_possible)));
        let before_last = (sentence.next.len() - 2) * COUNT;
        one_off[before_last + T as usize] = 1.0;
        one_off[before_last + P as usize] = 1.0;
        assert!(!sentence.is_predicted_by(&one_off));
    }
}
