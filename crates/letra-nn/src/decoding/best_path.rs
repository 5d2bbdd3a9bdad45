use super::probabilities::rows;
use super::symbol::Symbol;
use crate::Error;
use crate::targets::largest;

/// Best-path decoding: the most probable symbol of each step, equal neighbours made one and blanks
/// left out (Graves, Fernández, Gomez and Schmidhuber 2006, section 3.2). Keras's `ctc_decode` with
/// the strategy "greedy".
///
/// The labels of the most probable path need not be the most probable labels, since many paths spell
/// the same; [`BeamSearch`](super::BeamSearch) looks for these.
///
/// ```
/// use letra_nn::decoding::BestPath;
///
/// // Four steps of three classes, the first of which is the blank.
/// let said = [
///     0.1, 0.8, 0.1, //
///     0.2, 0.7, 0.1, //
///     0.9, 0.0, 0.1, //
///     0.3, 0.1, 0.6,
/// ];
/// let symbols = BestPath::new().decode(3, &said)?;
/// assert_eq!((symbols[0].label, symbols[0].steps.clone()), (1, 0..2));
/// assert_eq!((symbols[1].label, symbols[1].confidence), (2, 0.6));
/// # Ok::<(), letra_nn::Error>(())
/// ```
#[derive(Debug, Clone, Copy)]
pub struct BestPath {
    blank: u32,
}

impl BestPath {
    /// Where class 0 is the blank, as in Keras.
    pub fn new() -> Self {
        BestPath { blank: 0 }
    }

    /// The class that says nothing; 0 at first. Keras's `mask_index`.
    pub fn blank(mut self, blank: u32) -> Self {
        self.blank = blank;
        self
    }

    /// The labels of the best path through `[steps, classes]` probabilities, from the first to the
    /// last.
    ///
    /// # Errors
    /// When the blank is no class or a row is not one of probabilities.
    pub fn decode(&self, classes: usize, probabilities: &[f32]) -> Result<Vec<Symbol>, Error> {
        let rows = rows(classes, self.blank, probabilities)?;
        let path: Vec<u32> = rows.map(|row| largest(row) as u32).collect();
        let mut symbols = Vec::new();
        let mut start = 0;
        for run in path.chunk_by(|one, next| one == next) {
            let (label, steps) = (run[0], start..start + run.len());
            start = steps.end;
            if label != self.blank {
                let probability = |step: usize| probabilities[step * classes + label as usize];
                symbols.push(Symbol::new(label, steps, probability));
            }
        }
        Ok(symbols)
    }

    /// ln of the best path's probability: at most that of its labels, which other paths spell, too.
    ///
    /// # Errors
    /// As [`BestPath::decode`].
    pub fn log_probability(&self, classes: usize, probabilities: &[f32]) -> Result<f64, Error> {
        let rows = rows(classes, self.blank, probabilities)?;
        Ok(rows
            .map(|row| libm::log(f64::from(row[largest(row)])))
            .sum())
    }
}

/// The labels of the best path through values `[steps, classes]`, probabilities or logits; `room` is
/// where they are put.
pub(crate) fn spelled(classes: usize, blank: u32, values: &[f32], room: &mut Vec<u32>) {
    room.clear();
    room.extend(values.chunks_exact(classes).map(|row| largest(row) as u32));
    room.dedup();
    room.retain(|&label| label != blank);
}
