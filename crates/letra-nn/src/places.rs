//! How much the places of an output count.

use std::ops::Range;

use crate::Error;
use crate::rows::Rows;

/// How much each place of an output counts, for all samples of a data set. A place is a row of the
/// output: a sample or, where the output has several axes, a step, a pixel.
#[derive(Debug, Clone, Default)]
pub(crate) struct Places {
    /// Numbers a sample.
    each: usize,
    /// What a place counts in the loss and in weighted metrics, 0 for padding: `[samples, each]`.
    weights: Vec<f32>,
    /// 1 for what is no padding, else 0: `[samples, each]`; nothing where there is no padding.
    mask: Vec<f32>,
    /// How many of its rows are no padding, for each sample; nothing where there is no padding.
    counted: Vec<u32>,
}

/// How much some places count.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Counting<'a> {
    /// In the loss and in weighted metrics, of as many rows each; all alike where there are none.
    pub(crate) weights: Option<&'a [f32]>,
    /// Which are no padding, of as many; all where there is none.
    pub(crate) mask: Option<&'a [f32]>,
}

impl Places {
    /// Of an output of so many rows a sample, by weights `[samples, …]` and a mask `[samples, steps]`;
    /// none where all count alike.
    ///
    /// # Errors
    /// When the rows of a sample are not shared out evenly among its weights.
    pub(crate) fn new(
        samples: usize,
        rows: usize,
        weights: Option<&[f32]>,
        mask: Option<&[f32]>,
    ) -> Result<Option<Self>, Error> {
        let own = weights.map_or(1, |weights| weights.len() / samples.max(1));
        if own == 0 || !rows.is_multiple_of(own) {
            return Err(Error::data(format!(
                "an output has {rows} places a sample but the weights are {own} for each"
            ))
            .with_hint("give one a sample, or one a place"));
        }
        let Some(mask) = mask else {
            return Ok(weights.map(|weights| Places {
                each: own,
                weights: weights.to_vec(),
                ..Places::default()
            }));
        };
        let steps = mask.len() / samples.max(1);
        let mut places = Places {
            each: rows,
            ..Places::default()
        };
        for sample in 0..samples {
            let mask = &mask[sample * steps..(sample + 1) * steps];
            let of_row = |row: usize| mask[row * steps / rows];
            places.mask.extend((0..rows).map(of_row));
            places.weights.extend((0..rows).map(|row| {
                let weight = weights.map(|weights| weights[sample * own + row * own / rows]);
                // What is padding does not count, whatever its weight is.
                weight.unwrap_or(1.0) * of_row(row)
            }));
            let counted = (0..rows).filter(|&row| of_row(row) != 0.0).count();
            places.counted.push(counted as u32);
        }
        Ok(Some(places))
    }

    /// How much the places of some samples of a batch count. They are brought together in `room`
    /// where they are scattered.
    pub(crate) fn of<'a>(
        &'a self,
        rows: Rows<'_>,
        samples: Range<usize>,
        room: &'a mut Vec<f32>,
    ) -> Counting<'a> {
        let each = self.each;
        let (weights, mask) = match rows {
            Rows::Contiguous(start, _) => {
                let range = (start + samples.start) * each..(start + samples.end) * each;
                let mask = self.mask.get(range.clone()).unwrap_or_default();
                (&self.weights[range], mask)
            }
            Rows::Scattered(indices) => {
                room.clear();
                for values in [&self.weights, &self.mask] {
                    let chosen = indices[samples.clone()].iter();
                    let of = |&index: &usize| values.get(index * each..(index + 1) * each);
                    room.extend(chosen.filter_map(of).flatten());
                }
                room.split_at(samples.len() * each)
            }
        };
        Counting {
            weights: Some(weights),
            mask: Some(mask).filter(|mask| !mask.is_empty()),
        }
    }

    /// How many rows of each sample are no padding, where there is some.
    pub(crate) fn counted_each(&self) -> Option<&[u32]> {
        Some(&self.counted[..]).filter(|counted| !counted.is_empty())
    }

    /// How many rows of a batch are no padding, of so many a sample.
    pub(crate) fn counted(&self, batch: Rows<'_>, rows: usize) -> usize {
        let samples = batch.count();
        match self.counted.is_empty() {
            true => samples * rows,
            false => (0..samples)
                .map(|sample| self.counted[batch.index(sample)] as usize)
                .sum(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn weights_and_masks_meet_at_the_rows() {
        let mask = [1.0, 1.0, 1.0, 0.0];
        let places = Places::new(2, 4, Some(&[2.0, 3.0]), Some(&mask))
            .unwrap()
            .unwrap();
        let mut room = Vec::new();
        let batch = Rows::Scattered(&[1, 0]);
        let counting = places.of(batch, 0..2, &mut room);
        assert_eq!(
            counting.weights,
            Some(&[3.0, 3.0, 0.0, 0.0, 2.0, 2.0, 2.0, 2.0][..])
        );
        assert_eq!(
            counting.mask,
            Some(&[1.0, 1.0, 0.0, 0.0, 1.0, 1.0, 1.0, 1.0][..])
        );
        assert_eq!(places.counted(batch, 4), 6);
        assert_eq!(places.counted(Rows::Contiguous(1, 1), 4), 2);
    }

    #[test]
    fn weights_without_a_mask_stay_as_they_are() {
        assert!(Places::new(2, 3, None, None).unwrap().is_none());
        let places = Places::new(2, 3, Some(&[2.0, 3.0]), None).unwrap().unwrap();
        let mut room = Vec::new();
        let counting = places.of(Rows::Contiguous(1, 1), 0..1, &mut room);
        assert_eq!((counting.weights, counting.mask), (Some(&[3.0][..]), None));
        assert_eq!(places.counted(Rows::Contiguous(0, 2), 3), 6);
        assert!(Places::new(2, 3, Some(&[1.0; 4]), None).is_err());
    }
}
