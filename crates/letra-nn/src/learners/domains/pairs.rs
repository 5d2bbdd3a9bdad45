//! Batches of both domains side by side.

use crate::dataset::{Dataset, Targets};
use crate::random::{Domain, Random};
use crate::{Error, Source, Tensor};

/// Samples of one domain in an order that goes on for ever: one random order of all after the other.
struct Stream {
    samples: usize,
    seed: u64,
    /// Of the source or of the target.
    place: usize,
    /// The order that was asked for last, and its number.
    order: (u64, Vec<usize>),
}

impl Stream {
    fn new(samples: usize, seed: u64, place: usize) -> Self {
        let mut stream = Stream {
            samples,
            seed,
            place,
            order: (0, Vec::new()),
        };
        stream.shuffle(0);
        stream
    }

    fn shuffle(&mut self, number: u64) {
        let random = Random::new(self.seed, Domain::Shuffle, self.place, number);
        self.order = (number, random.permutation(self.samples));
    }

    /// The samples of batch number `batch`, of so many.
    fn batch(&mut self, batch: u64, count: usize) -> Vec<usize> {
        let first = batch as u128 * count as u128;
        let samples = self.samples as u128;
        let at = |place: u128| ((place / samples) as u64, (place % samples) as usize);
        let mut rows = Vec::with_capacity(count);
        for place in first..first + count as u128 {
            let (number, row) = at(place);
            if number != self.order.0 {
                self.shuffle(number);
            }
            rows.push(self.order.1[row]);
        }
        rows
    }
}

/// Batches of as many samples of the source, with labels, as of the target: a function of the step alone.
pub(super) struct Pairs<'a> {
    source: &'a Dataset,
    target: &'a Tensor,
    batch: usize,
    streams: [Stream; 2],
    /// Whether the domains have outputs of their own, which are told where each sample is of.
    tells_domains: bool,
}

/// Places of the streams of random orders, beside those of other trainings.
const PLACES: [usize; 2] = [1 << 20, (1 << 20) + 1];

impl<'a> Pairs<'a> {
    pub(super) fn new(
        source: &'a Dataset,
        target: &'a Tensor,
        batch: usize,
        seed: u64,
        tells_domains: bool,
    ) -> Self {
        let batch = batch.min(source.samples()).min(target.samples());
        let [of_source, of_target] = PLACES;
        Pairs {
            streams: [
                Stream::new(source.samples(), seed, of_source),
                Stream::new(target.samples(), seed, of_target),
            ],
            source,
            target,
            batch,
            tells_domains,
        }
    }

    /// Samples of each domain in a batch.
    pub(super) fn batch_size(&self) -> usize {
        self.batch
    }
}

impl Source for Pairs<'_> {
    fn steps(&self, _epoch: usize) -> usize {
        (self.source.samples() / self.batch).max(1)
    }

    fn batch(&mut self, step: u64) -> Result<Option<Dataset>, Error> {
        let [of_source, of_target] = &mut self.streams;
        let source = self.source.select(&of_source.batch(step, self.batch));
        let target = self.target.select(&of_target.batch(step, self.batch));
        let mut pair = source.and_input(target)?;
        if self.tells_domains {
            for domain in [1.0, 0.0] {
                let all = Tensor::new([self.batch, 1], vec![domain; self.batch])?;
                pair = pair.and_targets(Targets::Values(all))?;
            }
        }
        Ok(Some(pair))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_sample_comes_once_a_round_and_a_batch_depends_on_its_number_alone() {
        let mut stream = Stream::new(10, 3, 0);
        let batches: Vec<Vec<usize>> = (0..10).map(|batch| stream.batch(batch, 4)).collect();
        let all = batches.concat();
        for round in all.chunks_exact(10) {
            let mut sorted = round.to_vec();
            sorted.sort_unstable();
            assert_eq!(sorted, (0..10).collect::<Vec<_>>());
        }
        assert_ne!(all[..10], all[10..20]);
        let mut fresh = Stream::new(10, 3, 0);
        assert_eq!(fresh.batch(7, 4), batches[7]);
        assert_eq!(fresh.batch(2, 4), batches[2]);
    }
}
