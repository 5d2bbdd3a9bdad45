//! The padded picture, split by channel and by parity of row and column; and the lanes of the
//! output.

use super::{GROUP, Geometry, LANES};
use crate::convolution::vector::array;

/// Layout of the planes of one sample: `[channels, parts, parts]`, each of `plane` elements, `parts`
/// being 2 with a pool and 1 without.
#[derive(Clone, Debug)]
pub(super) struct Planes {
    geometry: Geometry,
    parts: usize,
    /// Distance of two rows of a plane.
    pub(super) stride: usize,
    /// Distance of two planes.
    plane: usize,
    /// Rows of positions.
    pub(super) rows: usize,
    /// Positions of a row; the lanes from there to `stride` mean nothing.
    pub(super) columns: usize,
    /// Flattened positions, rounded up so that every step of the kernels is whole.
    pub(super) lanes: usize,
    /// For each row of the kernel and channel, how far from a position the planes lie in which its
    /// first tap finds the cells: `[row of the window][parity of the column]`.
    pub(super) taps: Vec<[[usize; 2]; 2]>,
}

impl Planes {
    pub(super) fn new(geometry: &Geometry, pooled: bool) -> Self {
        let parts = if pooled { 2 } else { 1 };
        let (rows, columns) = (
            geometry.output_height() / parts,
            geometry.output_width() / parts,
        );
        // The farthest that a tap of the last cell reaches beyond a position, in rows and columns.
        let reach = geometry.kernel.map(|taps| (taps + parts - 2) / parts);
        let stride = columns + reach[1];
        let step = if pooled { LANES } else { 4 * LANES };
        let lanes = (rows * stride - reach[1]).next_multiple_of(step);
        let plane = lanes + reach[0] * stride + reach[1];
        let place = |row: usize, channel: usize| {
            array(|line| {
                let row = row + line * (parts - 1);
                let of = |parity| ((channel * parts + row % parts) * parts + parity) * plane;
                array(|parity| of(parity * (parts - 1)) + row / parts * stride)
            })
        };
        let channels = geometry.channels;
        let taps = (0..geometry.kernel[0])
            .flat_map(|row| (0..channels).map(move |channel| place(row, channel)));
        Self {
            geometry: *geometry,
            parts,
            stride,
            plane,
            rows,
            columns,
            lanes,
            taps: taps.collect(),
        }
    }

    /// Elements of all planes.
    pub(super) fn len(&self) -> usize {
        self.geometry.channels * self.cells() * self.plane
    }

    /// Cells of a window.
    pub(super) fn cells(&self) -> usize {
        self.parts * self.parts
    }

    /// Elements of one output sample.
    pub(super) fn output_len(&self) -> usize {
        self.rows * self.columns * self.geometry.filters
    }

    /// Splits one sample. Where no pixel falls the planes keep what they hold: they are to be filled
    /// with zeros before the first sample.
    pub(super) fn split(&self, input: &[f32], planes: &mut [f32]) {
        let Geometry {
            width,
            channels,
            padding,
            ..
        } = self.geometry;
        let parts = self.parts;
        let used = self.plane / self.stride * parts;
        let used = used.saturating_sub(padding.top);
        // Of a pair of columns that fall on one place of two planes, the first may be padding.
        let skipped = padding.left % parts;
        let start = padding.left / parts;
        for (y, row) in input.chunks_exact(width * channels).enumerate().take(used) {
            let y = y + padding.top;
            for channel in 0..channels {
                let plane = (channel * parts + y % parts) * parts * self.plane;
                let lines = &mut planes[plane..][..parts * self.plane];
                let (first, second) = lines.split_at_mut((parts - 1) * self.plane);
                let line = y / parts * self.stride + start..(y / parts + 1) * self.stride;
                if parts == 1 {
                    take_every(channels, &row[channel..], &mut second[line]);
                    continue;
                }
                let (first, second) = (&mut first[line.clone()], &mut second[line]);
                if skipped == 0 {
                    take_pairs(channels, &row[channel..], first, second);
                } else {
                    second[0] = row[channel];
                    let rest = &row[(channels + channel).min(row.len())..];
                    take_pairs(channels, rest, &mut first[1..], &mut second[1..]);
                }
            }
        }
    }

    /// From `[filters, lanes]` to channels last, without the lanes that mean nothing.
    pub(super) fn interleave(&self, flat: &[f32], output: &mut [f32]) {
        let Self {
            stride,
            columns,
            lanes,
            ..
        } = *self;
        let filters = self.geometry.filters;
        for (row, output) in output.chunks_exact_mut(columns * filters).enumerate() {
            let line = |filter: usize| &flat[filter * lanes + row * stride..][..columns];
            if filters == GROUP {
                let lines = [line(0), line(1), line(2), line(3)];
                for (column, output) in output.as_chunks_mut::<GROUP>().0.iter_mut().enumerate() {
                    *output = [
                        lines[0][column],
                        lines[1][column],
                        lines[2][column],
                        lines[3][column],
                    ];
                }
            } else {
                for filter in 0..filters {
                    for (&value, output) in
                        line(filter).iter().zip(output.chunks_exact_mut(filters))
                    {
                        output[filter] = value;
                    }
                }
            }
        }
    }

    /// From channels last to `[filters, lanes]`; lanes that mean nothing keep what they hold.
    pub(super) fn deinterleave(&self, values: &[f32], flat: &mut [f32]) {
        let Self {
            stride,
            columns,
            lanes,
            ..
        } = *self;
        let filters = self.geometry.filters;
        for (row, values) in values.chunks_exact(columns * filters).enumerate() {
            if filters == GROUP {
                let (values, _) = values.as_chunks::<GROUP>();
                let (first, rest) = flat[row * stride..].split_at_mut(lanes);
                let (second, rest) = rest.split_at_mut(lanes);
                let (third, fourth) = rest.split_at_mut(lanes);
                let lines = first.iter_mut().zip(second).zip(third).zip(fourth);
                for ((((first, second), third), fourth), values) in lines.zip(values) {
                    [*first, *second, *third, *fourth] = *values;
                }
            } else {
                for filter in 0..filters {
                    let flat = &mut flat[filter * lanes + row * stride..][..columns];
                    for (flat, values) in flat.iter_mut().zip(values.chunks_exact(filters)) {
                        *flat = values[filter];
                    }
                }
            }
        }
    }
}

/// Copies every `step`-th value, as many as there are and find room.
#[inline(always)]
fn take_every(step: usize, from: &[f32], to: &mut [f32]) {
    if step == 1 {
        let length = from.len().min(to.len());
        to[..length].copy_from_slice(&from[..length]);
    } else {
        for (to, &value) in to.iter_mut().zip(from.iter().step_by(step)) {
            *to = value;
        }
    }
}

/// Copies every `step`-th value, in turn to one line and the other, as many as there are and find
/// room.
#[inline(always)]
fn take_pairs(step: usize, from: &[f32], even: &mut [f32], odd: &mut [f32]) {
    if step == 1 {
        let (pairs, last) = from.as_chunks::<2>();
        for ((even, odd), pair) in even.iter_mut().zip(odd).zip(pairs) {
            *even = pair[0];
            *odd = pair[1];
        }
        if let (Some(&last), Some(even)) = (last.first(), even.get_mut(pairs.len())) {
            *even = last;
        }
    } else {
        take_every(2 * step, from, even);
        take_every(2 * step, &from[step.min(from.len())..], odd);
    }
}
