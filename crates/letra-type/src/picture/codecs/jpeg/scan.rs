//! Scans of a JPEG file: which coefficients of which components they hold, and their order
//! (ITU-T T.81, sections A.2 and B.2.3).

use super::frame::{Block, Component, Frame};
use super::{CUT_SHORT, DAMAGED, Problem, arithmetic, huffman};

/// The header of a scan (section B.2.3).
pub(super) struct Scan {
    pub(super) components: Vec<Scanned>,
    /// The first and the last coefficient; of a lossless scan the first is the way of predicting.
    pub(super) band: (usize, usize),
    /// Whether the scan has one bit more of coefficients that others began.
    pub(super) refines: bool,
    /// How many bits are left to later scans.
    pub(super) shift: u8,
}

pub(super) struct Scanned {
    pub(super) index: usize,
    pub(super) dc_table: usize,
    pub(super) ac_table: usize,
}

/// What a scan's blocks are read by.
pub(super) enum Coder<'a> {
    Huffman(Box<huffman::Coder<'a>>),
    Arithmetic(Box<arithmetic::Coder<'a>>),
}

impl<'a> Coder<'a> {
    /// Begins a unit; before the one with a restart marker of this number, if it is one.
    fn begin_unit(&mut self, restart: Option<u8>) -> Result<(), Problem> {
        match (self, restart) {
            (Self::Huffman(coder), restart) => coder.begin_unit(restart),
            (Self::Arithmetic(coder), Some(_)) => coder.restart(),
            (Self::Arithmetic(_), None) => Ok(()),
        }
    }

    fn block(&mut self, scan: &Scan, one: &Scanned, block: &mut Block) -> Result<(), Problem> {
        match self {
            Self::Huffman(coder) => coder.block(scan, one, block),
            Self::Arithmetic(coder) => coder.block(scan, one, block),
        }
    }

    /// What follows the scan, from its next marker on.
    fn rest(&self) -> &'a [u8] {
        match self {
            Self::Huffman(coder) => coder.rest(),
            Self::Arithmetic(coder) => coder.rest(),
        }
    }
}

impl Scan {
    pub(super) fn read(segment: &[u8], frame: &Frame) -> Result<Self, Problem> {
        let (&count, rest) = segment.split_first().ok_or(CUT_SHORT)?;
        let (specified, rest) = rest
            .split_at_checked(2 * usize::from(count))
            .ok_or(CUT_SHORT)?;
        let &[start, end, approximation, ..] = rest else {
            return Err(CUT_SHORT);
        };
        let mut components: Vec<Scanned> = Vec::new();
        for &[name, tables] in specified.as_chunks().0 {
            let index = frame.components.iter().position(|one| one.name == name);
            let index = index.ok_or(DAMAGED)?;
            let (dc_table, ac_table) = (usize::from(tables >> 4), usize::from(tables & 0x0f));
            let twice = components.iter().any(|other| other.index == index);
            if twice || dc_table > 3 || ac_table > 3 {
                return Err(DAMAGED);
            }
            components.push(Scanned {
                index,
                dc_table,
                ac_table,
            });
        }
        if components.is_empty() {
            return Err(DAMAGED);
        }
        let band = (usize::from(start), usize::from(end));
        let (refines, shift) = (approximation >> 4 > 0, approximation & 0x0f);
        match (frame.progressive, band) {
            (false, _) if frame.lossless => Ok(Self {
                components,
                band,
                refines: false,
                shift,
            }),
            (false, _) => Ok(Self {
                components,
                band: (0, 63),
                refines: false,
                shift: 0,
            }),
            (true, (0, 0) | (1.., ..=63))
                if shift <= 13 && start <= end && (start == 0 || components.len() == 1) =>
            {
                Ok(Self {
                    components,
                    band,
                    refines,
                    shift,
                })
            }
            _ => Err(DAMAGED),
        }
    }

    /// The components' places in the frame.
    pub(super) fn components(&self) -> impl Iterator<Item = usize> {
        self.components.iter().map(|one| one.index)
    }

    /// How many units the picture has in a row and in a column. Of one component a unit is a block,
    /// and those that hold no pixels are left out.
    pub(super) fn units(&self, frame: &Frame) -> (usize, usize) {
        match self.components.as_slice() {
            [one] => {
                let component = &frame.components[one.index];
                (component.blocks_across, component.blocks_down)
            }
            _ => (frame.units_across, frame.units_down),
        }
    }

    /// Columns and rows of a component's blocks in a unit.
    pub(super) fn blocks_of_a_unit(&self, component: &Component) -> (usize, usize) {
        match self.components.len() {
            1 => (1, 1),
            _ => (component.columns, component.rows),
        }
    }

    /// Reads the scan into the frame's blocks, with a restart marker after so many units, and
    /// returns what follows it.
    pub(super) fn decode<'a>(
        &self,
        frame: &mut Frame,
        mut coder: Coder<'a>,
        restart: usize,
    ) -> Result<&'a [u8], Problem> {
        let (across, down) = self.units(frame);
        let places = (0..down).flat_map(|row| (0..across).map(move |column| (row, column)));
        for (unit, place) in places.enumerate() {
            let restarts = restart > 0 && unit > 0 && unit % restart == 0;
            coder.begin_unit(restarts.then(|| ((unit / restart - 1) % 8) as u8))?;
            self.decode_unit(frame, &mut coder, place)?;
        }
        // What the last unit lacks is noticed where a further one would begin.
        coder.begin_unit(None)?;
        Ok(coder.rest())
    }

    fn decode_unit(
        &self,
        frame: &mut Frame,
        coder: &mut Coder,
        (unit_row, unit_column): (usize, usize),
    ) -> Result<(), Problem> {
        for one in &self.components {
            let component = &mut frame.components[one.index];
            let (columns, rows) = self.blocks_of_a_unit(component);
            for row in unit_row * rows..(unit_row + 1) * rows {
                for column in unit_column * columns..(unit_column + 1) * columns {
                    component.update((row, column), |block| coder.block(self, one, block))?;
                }
            }
        }
        Ok(())
    }
}
