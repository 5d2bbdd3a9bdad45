//! Pictures laid out with zeros around them and perhaps between their cells, each channel perhaps
//! several times, and each cell filled up to whole vectors.

use crate::convolution::Padding2;

/// How a picture is laid out.
#[derive(Clone, Copy, Debug)]
pub(super) struct Cells {
    /// Rows and columns of the picture.
    pub(super) sizes: [usize; 2],
    pub(super) padding: Padding2,
    /// Rows and columns from one cell of the picture to the next as laid out.
    pub(super) step: [usize; 2],
    pub(super) channels: usize,
    /// How often each channel is repeated, one after the other.
    pub(super) times: usize,
    /// Elements of a cell as laid out, at least `channels · times`.
    pub(super) cell: usize,
}

impl Cells {
    /// Columns as laid out.
    fn width(&self) -> usize {
        (self.sizes[1] - 1) * self.step[1] + 1 + self.padding.columns()
    }

    /// Elements of a picture as laid out.
    pub(super) fn laid_len(&self) -> usize {
        let height = (self.sizes[0] - 1) * self.step[0] + 1 + self.padding.rows();
        height * self.width() * self.cell
    }

    /// Whether a picture serves as it is.
    fn is_plain(&self) -> bool {
        self.padding == Padding2::default() && self.step[0] == 1 && self.has_plain_rows()
    }

    /// Whether the cells of a row lie as they do in the picture.
    fn has_plain_rows(&self) -> bool {
        self.step[1] == 1 && self.times == 1 && self.cell == self.channels
    }

    /// Elements of space that [`lay`](Self::lay) wants.
    pub(super) fn space(&self) -> usize {
        if self.is_plain() { 0 } else { self.laid_len() }
    }

    /// Places of a grid of cells as laid out, from the first one on.
    pub(super) fn places(&self, counts: [usize; 2], steps: [usize; 2]) -> Vec<u32> {
        let place = |row: usize, column: usize| {
            let at = row * steps[0] * self.width() + column * steps[1];
            (at * self.cell) as u32
        };
        (0..counts[0])
            .flat_map(|row| (0..counts[1]).map(move |column| place(row, column)))
            .collect()
    }

    /// Places of the picture's own cells as laid out.
    pub(super) fn inner_places(&self) -> Vec<u32> {
        let first = (self.padding.top * self.width() + self.padding.left) * self.cell;
        let mut places = self.places(self.sizes, self.step);
        places.iter_mut().for_each(|place| *place += first as u32);
        places
    }

    /// The picture as laid out, in `space` unless it serves as it is.
    pub(super) fn lay<'a>(&self, picture: &'a [f32], space: &'a mut [f32]) -> &'a [f32] {
        if self.is_plain() {
            return picture;
        }
        let row = self.sizes[1] * self.channels;
        let [left, right] = [self.padding.left, self.padding.right].map(|cells| cells * self.cell);
        let rows = space[..self.laid_len()].chunks_exact_mut(self.width() * self.cell);
        for (number, to) in rows.enumerate() {
            let inside = number.checked_sub(self.padding.top);
            let inside = inside.filter(|place| place.is_multiple_of(self.step[0]));
            let inside = inside.map(|place| place / self.step[0]);
            let Some(number) = inside.filter(|&number| number < self.sizes[0]) else {
                to.fill(0.0);
                continue;
            };
            let from = &picture[number * row..][..row];
            let end = to.len() - right;
            to[..left].fill(0.0);
            to[end..].fill(0.0);
            let to = &mut to[left..end];
            if self.has_plain_rows() {
                to.copy_from_slice(from);
                continue;
            }
            let cells = to.chunks_mut(self.cell * self.step[1]);
            for (to, from) in cells.zip(from.chunks_exact(self.channels)) {
                let (to, rest) = to.split_at_mut(self.times * self.channels);
                rest.fill(0.0);
                if self.times == 1 {
                    to.copy_from_slice(from);
                    continue;
                }
                for (to, &from) in to.chunks_exact_mut(self.times).zip(from) {
                    to.fill(from);
                }
            }
        }
        space
    }
}
