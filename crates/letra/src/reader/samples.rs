//! Batches of drawn lines with what they say, on all cores while a network learns.

use std::thread;

use letra_nn::decoding::Alphabet;
use letra_nn::prelude::*;
use letra_type::{LINE_HEIGHT, LineSampler, Workbench};

use super::learning::{BATCH, WIDTH};
use crate::learning::{Budget, workbenches};

/// Values of a line.
const LINE: usize = LINE_HEIGHT * WIDTH;

/// Batches of lines in any faces, never the same ones twice.
pub(super) struct DrawnLines<'a> {
    sampler: &'a LineSampler,
    alphabet: &'a Alphabet,
    benches: Vec<Workbench>,
    seed: u64,
    budget: Budget,
}

impl<'a> DrawnLines<'a> {
    /// Drawn on so many threads; 0 takes one a core.
    pub(super) fn new(
        sampler: &'a LineSampler,
        alphabet: &'a Alphabet,
        seed: u64,
        budget: Budget,
        threads: usize,
    ) -> Self {
        Self {
            sampler,
            alphabet,
            benches: workbenches(threads),
            seed,
            budget,
        }
    }

    /// The lines of some indices: their pictures, and what they say.
    fn draw(&mut self, first: u64, count: usize) -> (Vec<f32>, Vec<String>) {
        let (mut pixels, mut texts) = (vec![0.0; count * LINE], vec![String::new(); count]);
        let share = count.div_ceil(self.benches.len()).max(1);
        let (sampler, seed) = (self.sampler, self.seed);
        thread::scope(|scope| {
            let parts = pixels
                .chunks_mut(share * LINE)
                .zip(texts.chunks_mut(share))
                .zip(&mut self.benches);
            for (part, ((pixels, texts), bench)) in parts.enumerate() {
                scope.spawn(move || {
                    let mut strip = vec![0; LINE];
                    let lines = pixels.chunks_exact_mut(LINE).zip(texts);
                    for (index, (pixels, text)) in (first + (part * share) as u64..).zip(lines) {
                        sampler.draw(seed, index, bench, &mut strip, text);
                        to_columns(&strip, WIDTH, pixels);
                    }
                });
            }
        });
        (pixels, texts)
    }
}

/// Grey levels in rows, dark on light, to ink from 0 to 1 in columns. Where there are more columns than
/// the rows are wide, the last ones are without ink.
pub(super) fn to_columns(levels: &[u8], width: usize, ink: &mut [f32]) {
    ink.fill(0.0);
    for (column, ink) in ink.chunks_exact_mut(LINE_HEIGHT).take(width).enumerate() {
        for (ink, row) in ink.iter_mut().zip(levels.chunks_exact(width)) {
            *ink = f32::from(255 - row[column]) / 255.0;
        }
    }
}

impl Source for DrawnLines<'_> {
    fn steps(&self, epoch: usize) -> usize {
        self.budget.steps(epoch)
    }

    fn batch(&mut self, step: u64) -> Result<Option<Dataset>, Error> {
        let (pixels, texts) = self.draw(step * BATCH as u64, BATCH);
        let labels = texts.iter().map(|text| self.alphabet.labels(text));
        let labels: Vec<Vec<u32>> = labels.collect::<Result<_, _>>()?;
        let lines = Tensor::new([BATCH, WIDTH, LINE_HEIGHT, 1], pixels)?;
        let labels = Ctc::new().pad(&labels)?;
        Dataset::classes(lines, labels, self.alphabet.classes()).map(Some)
    }
}
