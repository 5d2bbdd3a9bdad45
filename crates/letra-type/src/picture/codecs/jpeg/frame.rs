//! The frame of a JPEG file: its components, and the samples that become of their blocks
//! (ITU-T T.81, annex A).

use super::transform::{Transform, level_block};
use super::{CUT_SHORT, Problem};

/// 64 coefficients, the lowest frequencies first.
pub(super) type Block = [i16; 64];

/// What the coefficients of a component are multiplied by, in the same order.
pub(super) type Quantisation = [u16; 64];

pub(super) struct Frame {
    pub(super) progressive: bool,
    pub(super) arithmetic: bool,
    /// Whether samples stand for themselves: a block is one of them.
    pub(super) lossless: bool,
    pub(super) width: usize,
    pub(super) height: usize,
    /// By how much the picture is made smaller: 1, 2, 4 or 8.
    pub(super) shrink: usize,
    /// Units of the scans of several components.
    pub(super) units_across: usize,
    pub(super) units_down: usize,
    pub(super) components: Vec<Component>,
}

pub(super) struct Component {
    pub(super) name: u8,
    /// Blocks of a unit.
    pub(super) columns: usize,
    pub(super) rows: usize,
    /// Blocks that hold pixels; there may be further ones to make whole units.
    pub(super) blocks_across: usize,
    pub(super) blocks_down: usize,
    /// Which of the quantisation tables it has.
    pub(super) table: usize,
    /// That table as it was when the component's first scan began; none before.
    pub(super) quantisation: Option<Quantisation>,
    /// All blocks, `stride` in a row; none where each is whole as it is read.
    blocks: Vec<Block>,
    stride: usize,
    /// Samples of a block's side.
    side: usize,
    /// The samples, `stride * side` in a row.
    pub(super) plane: Vec<u8>,
}

impl Frame {
    /// Section B.2.2.
    pub(super) fn read(marker: u8, segment: &[u8], shrink: usize) -> Result<Self, Problem> {
        let (&[_, high, low, left, right, count], specified) =
            segment.split_first_chunk().ok_or(CUT_SHORT)?;
        let height = usize::from(u16::from_be_bytes([high, low]));
        let width = usize::from(u16::from_be_bytes([left, right]));
        let (specified, _) = specified.as_chunks::<3>();
        let specified = specified.get(..usize::from(count)).ok_or(CUT_SHORT)?;
        let factors = specified.iter().map(|&[_, factors, _]| {
            let (across, down) = (usize::from(factors >> 4), usize::from(factors & 0x0f));
            ((1..=4).contains(&across) && (1..=4).contains(&down)).then_some((across, down))
        });
        let factors: Option<Vec<_>> = factors.collect();
        let factors = factors.ok_or("its components are sampled in no known way")?;
        let most_across = factors.iter().map(|&(across, _)| across).max();
        let most_down = factors.iter().map(|&(_, down)| down).max();
        let (most_across, most_down) = most_across.zip(most_down).ok_or("it holds no picture")?;
        if !(1..=4).contains(&count) {
            return Err("it has more than four components");
        }
        let progressive = matches!(marker, 0xc2 | 0xca);
        let lossless = marker == 0xc3;
        let whole = if lossless { 1 } else { 8 };
        let units_across = width.div_ceil(whole * most_across);
        let units_down = height.div_ceil(whole * most_down);
        let side = whole / shrink;
        let component = |(&[name, _, table], (columns, rows)): (&[u8; 3], (usize, usize))| {
            let stride = units_across * columns;
            let blocks = stride * units_down * rows;
            Component {
                name,
                columns,
                rows,
                blocks_across: (width * columns).div_ceil(whole * most_across),
                blocks_down: (height * rows).div_ceil(whole * most_down),
                table: usize::from(table),
                quantisation: None,
                blocks: vec![[0; 64]; if progressive { blocks } else { 0 }],
                stride,
                side,
                plane: vec![0; blocks * side * side],
            }
        };
        Ok(Self {
            progressive,
            arithmetic: matches!(marker, 0xc9 | 0xca),
            lossless,
            width,
            height,
            shrink,
            units_across,
            units_down,
            components: specified.iter().zip(factors).map(component).collect(),
        })
    }

    /// Whether there was a scan of every component.
    pub(super) fn has_all_components(&self) -> bool {
        let mut components = self.components.iter();
        components.all(|component| component.quantisation.is_some())
    }

    /// Makes samples of blocks that were held until the last scan.
    pub(super) fn transform(&mut self) {
        let components = self.components.iter_mut();
        components.for_each(Component::transform_all);
    }
}

impl Component {
    /// Lets a block be read, in full or in part, by its row and column.
    pub(super) fn update(
        &mut self,
        (row, column): (usize, usize),
        read: impl FnOnce(&mut Block) -> Result<(), Problem>,
    ) -> Result<(), Problem> {
        let place = row * self.stride + column;
        if let Some(block) = self.blocks.get_mut(place) {
            return read(block);
        }
        let mut block = [0; 64];
        read(&mut block)?;
        if let Some(quantisation) = &self.quantisation {
            let levels = level_block(&block, quantisation);
            self.put((row, column), &levels);
        }
        Ok(())
    }

    /// A sample of a lossless picture.
    pub(super) fn sample(&mut self, (row, column): (usize, usize)) -> &mut u8 {
        &mut self.plane[row * self.stride + column]
    }

    /// Puts back the bits that a lossless picture leaves out.
    pub(super) fn shift_samples(&mut self, bits: u8) {
        self.plane.iter_mut().for_each(|level| *level <<= bits);
    }

    fn transform_all(&mut self) {
        let blocks = std::mem::take(&mut self.blocks);
        let Some(quantisation) = self.quantisation else {
            return;
        };
        for (place, block) in blocks.iter().enumerate() {
            let levels = level_block(block, &quantisation);
            self.put((place / self.stride, place % self.stride), &levels);
        }
    }

    /// Puts the samples of a block in their place, each the mean of those it stands for.
    fn put(&mut self, (row, column): (usize, usize), levels: &Transform) {
        let (side, width) = (self.side, self.stride * self.side);
        let shrink = 8 / side;
        let rows = self.plane[row * side * width..].chunks_exact_mut(width);
        for (y, to) in rows.take(side).enumerate() {
            let to = &mut to[column * side..][..side];
            if shrink == 1 {
                to.copy_from_slice(&levels[8 * y..][..8]);
                continue;
            }
            for (x, to) in to.iter_mut().enumerate() {
                let places = (0..shrink).map(|down| 8 * (y * shrink + down) + x * shrink);
                let sum: u32 = places
                    .flat_map(|start| &levels[start..start + shrink])
                    .map(|&level| u32::from(level))
                    .sum();
                let count = (shrink * shrink) as u32;
                *to = ((sum + count / 2) / count) as u8;
            }
        }
    }

    /// A row of samples, with those that fill up units.
    pub(super) fn row(&self, row: usize) -> &[u8] {
        let width = self.stride * self.side;
        &self.plane[row * width..][..width]
    }
}
