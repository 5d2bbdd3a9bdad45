use std::ops::Range;

use crate::buffer::LINE;
use crate::simd::prefetch;

/// Columns that are counted together: a word has a bit for each.
pub(super) const GROUP: usize = 64;

/// A matrix that is mostly zero: of each row the values that are not, and their columns.
#[derive(Debug)]
pub struct SparseRows {
    columns: Vec<u16>,
    values: Vec<f32>,
    /// For each row its groups of columns, and where the last ends.
    groups: Vec<Place>,
    /// Groups of a row.
    each: usize,
}

/// Where a group of a row's columns is.
#[derive(Debug, Clone, Copy)]
struct Place {
    /// Which of its columns are non-zero, the first in the lowest bit.
    mask: u64,
    /// Where it begins in the lists.
    start: u32,
}

/// The non-zero values of a row in a group of columns.
#[derive(Clone, Copy, Default)]
pub(super) struct Group<'a> {
    /// Which columns these are.
    pub(super) mask: u64,
    /// The values, in their order.
    pub(super) values: &'a [f32],
}

impl Group<'_> {
    /// The value of a non-zero column.
    #[inline(always)]
    pub(super) fn value(&self, column: usize) -> f32 {
        let before = self.mask & ((1 << (column % GROUP)) - 1);
        self.values[before.count_ones() as usize]
    }
}

impl SparseRows {
    /// From a dense matrix whose rows have `width` values. Nothing where more than a quarter of
    /// them is not zero, or they are too many.
    pub fn new(width: usize, data: &[f32]) -> Option<Self> {
        let most = data.len() / 4;
        if width == 0 || width > 1 << 16 || u32::try_from(most).is_err() {
            return None;
        }
        let each = width.div_ceil(GROUP);
        let mut groups = Vec::with_capacity(data.len() / width * (each + 1));
        let (mut columns, mut values) = (vec![0; most + GROUP], vec![0.0; most + GROUP]);
        let mut end = 0;
        for row in data.chunks_exact(width) {
            for (group, row) in row.chunks(GROUP).enumerate() {
                if end > most {
                    return None;
                }
                let start = end as u32;
                // Whatever is zero is overwritten by what comes next.
                let (columns, values) = (&mut columns[end..], &mut values[end..]);
                let (columns, values) = (&mut columns[..GROUP], &mut values[..GROUP]);
                let (mut count, mut mask) = (0, 0_u64);
                for (index, value) in row.iter().enumerate() {
                    let there = *value != 0.0;
                    columns[count % GROUP] = (group * GROUP + index) as u16;
                    values[count % GROUP] = *value;
                    count += usize::from(there);
                    mask |= u64::from(there) << index;
                }
                groups.push(Place { mask, start });
                end += count;
            }
            let start = end as u32;
            groups.push(Place { mask: 0, start });
        }
        if end > most {
            return None;
        }
        columns.truncate(end);
        values.truncate(end);
        Some(SparseRows {
            columns,
            values,
            groups,
            each,
        })
    }

    /// Row number `index`.
    #[inline(always)]
    pub fn row(&self, index: usize) -> SparseRow<'_> {
        let count = self.each + 1;
        SparseRow {
            matrix: self,
            groups: &self.groups[index * count..(index + 1) * count],
        }
    }
}

/// A row of [`SparseRows`].
#[derive(Debug, Clone, Copy)]
pub struct SparseRow<'a> {
    matrix: &'a SparseRows,
    groups: &'a [Place],
}

impl<'a> SparseRow<'a> {
    /// A group of columns, by its number; asks for the memory of its values.
    #[inline(always)]
    pub(super) fn group(&self, number: usize) -> Group<'a> {
        let lists = self.lists(number..number + 1);
        prefetch(&self.matrix.values, lists.start);
        prefetch(&self.matrix.values, lists.end);
        Group {
            mask: self.groups[number].mask,
            values: &self.matrix.values[lists],
        }
    }

    /// The columns of some groups where it is non-zero, and its values there.
    #[inline(always)]
    pub(super) fn within(&self, groups: Range<usize>) -> (&'a [u16], &'a [f32]) {
        let lists = self.lists(groups);
        (
            &self.matrix.columns[lists.clone()],
            &self.matrix.values[lists],
        )
    }

    /// Where some groups are in the lists.
    #[inline(always)]
    fn lists(&self, groups: Range<usize>) -> Range<usize> {
        self.groups[groups.start].start as usize..self.groups[groups.end].start as usize
    }

    /// Asks for the row's memory, which will soon be read.
    #[inline(always)]
    pub(super) fn prefetch(&self) {
        let lists = self.lists(0..self.matrix.each);
        for index in lists.clone().step_by(2 * LINE) {
            prefetch(&self.matrix.columns, index);
        }
        for index in lists.step_by(LINE) {
            prefetch(&self.matrix.values, index);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::noise::Noise;

    #[test]
    fn rows_hold_what_is_not_zero() {
        let mut noise = Noise::new(11);
        for width in [1, 3, 63, 64, 65, 200, 1296] {
            let mut data = noise.values(9 * width);
            for value in &mut data {
                if noise.between(0, 5) > 0 {
                    *value = 0.0;
                }
            }
            data[..width].fill(0.0);
            data[0] = -0.0;
            let Some(sparse) = SparseRows::new(width, &data) else {
                assert!(data.iter().filter(|value| **value != 0.0).count() > 2 * width);
                continue;
            };
            for (index, row) in data.chunks(width).enumerate() {
                let groups = width.div_ceil(GROUP);
                for some in [0..groups, 0..groups / 2, groups / 3..groups, 0..0] {
                    let (columns, values) = sparse.row(index).within(some.clone());
                    let range = some.start * GROUP..width.min(some.end * GROUP);
                    let mut dense = vec![0.0; width];
                    for (column, value) in columns.iter().zip(values) {
                        assert!(range.contains(&usize::from(*column)));
                        dense[usize::from(*column)] = *value;
                    }
                    assert_eq!(dense[range.clone()], row[range]);
                }
                for (number, columns) in row.chunks(GROUP).enumerate() {
                    let group = sparse.row(index).group(number);
                    for (column, value) in columns.iter().enumerate() {
                        let there = group.mask >> column & 1 == 1;
                        let found = if there { group.value(column) } else { 0.0 };
                        assert_eq!(found, *value);
                    }
                }
            }
        }
    }

    #[test]
    fn what_is_not_mostly_zero_or_too_wide_is_refused() {
        let mut data = vec![0.0; 4 * 100];
        data[..100].fill(1.0);
        assert!(SparseRows::new(100, &data).is_some());
        data[399] = f32::NAN;
        assert!(SparseRows::new(100, &data).is_none());
        assert!(SparseRows::new(100_000, &vec![0.0; 100_000]).is_none());
    }
}
