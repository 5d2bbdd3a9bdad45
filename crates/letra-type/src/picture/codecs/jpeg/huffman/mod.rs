//! Huffman coding of the blocks of JPEG files, sequential and progressive (ITU-T T.81, annexes F and
//! G).

mod bits;
mod standard;
mod table;

use bits::Bits;
use table::Table;

use super::frame::Block;
use super::scan::{Scan, Scanned};
use super::{DAMAGED, Problem};

/// The tables of DC and of AC coefficients.
#[derive(Clone)]
pub(super) struct Tables {
    dc: [Option<Table>; 4],
    ac: [Option<Table>; 4],
}

impl Tables {
    /// Those that a file need not state.
    pub(super) fn standard() -> Self {
        let tables = |all: &[([u8; 16], &[u8]); 2]| {
            std::array::from_fn(|place| {
                let (counts, symbols) = all.get(place)?;
                Table::new(counts, symbols).ok()
            })
        };
        Self {
            dc: tables(&standard::DC),
            ac: tables(&standard::AC),
        }
    }

    /// Reads a segment of tables (section B.2.4.2).
    pub(super) fn define(&mut self, mut segment: &[u8]) -> Result<(), Problem> {
        while let Some((&place, rest)) = segment.split_first() {
            let table;
            (table, segment) = Table::read(rest)?;
            let tables = match place >> 4 {
                0 => &mut self.dc,
                1 => &mut self.ac,
                _ => return Err(DAMAGED),
            };
            *tables.get_mut(usize::from(place & 0x0f)).ok_or(DAMAGED)? = Some(table);
        }
        Ok(())
    }
}

/// Reads the blocks of a scan.
pub(super) struct Coder<'a> {
    bits: Bits<'a>,
    tables: Tables,
    /// Of each component of the frame the DC coefficient before.
    before: [i32; 4],
    /// How many blocks more end at once.
    ended: u32,
    /// Whether the data of the blocks up to the next restart are missing: they stay as they are.
    missing: bool,
}

impl<'a> Coder<'a> {
    pub(super) fn new(data: &'a [u8], tables: Tables) -> Self {
        Self {
            bits: Bits::new(data),
            tables,
            before: [0; 4],
            ended: 0,
            missing: false,
        }
    }

    pub(super) fn begin_unit(&mut self, restart: Option<u8>) -> Result<(), Problem> {
        self.missing |= self.bits.is_beyond_the_end()?;
        if let Some(number) = restart {
            self.missing &= !self.bits.restart(number);
            (self.before, self.ended) = ([0; 4], 0);
        }
        Ok(())
    }

    pub(super) fn rest(&self) -> &'a [u8] {
        self.bits.rest()
    }

    pub(super) fn block(
        &mut self,
        scan: &Scan,
        one: &Scanned,
        block: &mut Block,
    ) -> Result<(), Problem> {
        if self.missing {
            return Ok(());
        }
        let (start, end) = scan.band;
        if start == 0 && scan.refines {
            block[0] |= (self.bits.take(1) << scan.shift) as i16;
        } else if start == 0 {
            let table = self.tables.dc[one.dc_table].as_ref().ok_or(DAMAGED)?;
            let size = table.symbol(&mut self.bits);
            let difference = value(&mut self.bits, size)?;
            let before = &mut self.before[one.index];
            *before = before.wrapping_add(difference);
            block[0] = (*before << scan.shift) as i16;
        }
        if end == 0 {
            return Ok(());
        }
        match scan.refines {
            true => self.refine(scan, one, block),
            false => self.ac_band(scan, one, block),
        }
    }

    /// The difference of a lossless sample from what it was likely to be; 0 where data are missing.
    pub(super) fn difference(&mut self, one: &Scanned) -> Result<i32, Problem> {
        if self.missing {
            return Ok(0);
        }
        let table = self.tables.dc[one.dc_table].as_ref().ok_or(DAMAGED)?;
        match table.symbol(&mut self.bits) {
            16 => Ok(1 << 15),
            size => value(&mut self.bits, size),
        }
    }

    /// The coefficients of a band that had none yet (figure F.13, section G.1.2.2).
    fn ac_band(&mut self, scan: &Scan, one: &Scanned, block: &mut Block) -> Result<(), Problem> {
        if self.ended > 0 {
            self.ended -= 1;
            return Ok(());
        }
        let table = self.tables.ac[one.ac_table].as_ref().ok_or(DAMAGED)?;
        let (mut place, end) = (scan.band.0.max(1), scan.band.1);
        while place <= end {
            let symbol = table.symbol(&mut self.bits);
            let (zeros, size) = (symbol >> 4, symbol & 0x0f);
            if size == 0 && zeros < 15 {
                // In a sequential scan it is but this block that ends.
                if scan.band.0 > 0 {
                    self.ended = blocks_ended(&mut self.bits, zeros) - 1;
                }
                break;
            }
            place += usize::from(zeros);
            let value = value(&mut self.bits, size)?;
            if size > 0 {
                block[place.min(63)] = (value << scan.shift) as i16;
            }
            place += 1;
        }
        Ok(())
    }

    /// One bit more of a band's coefficients (section G.1.2.3).
    fn refine(&mut self, scan: &Scan, one: &Scanned, block: &mut Block) -> Result<(), Problem> {
        let (mut place, end) = scan.band;
        let step = (1_i32 << scan.shift) as i16;
        while self.ended == 0 && place <= end {
            let table = self.tables.ac[one.ac_table].as_ref().ok_or(DAMAGED)?;
            let symbol = table.symbol(&mut self.bits);
            let (mut zeros, size) = (symbol >> 4, symbol & 0x0f);
            if size == 0 && zeros < 15 {
                self.ended = blocks_ended(&mut self.bits, zeros);
                break;
            }
            let new = match (size, size > 0 && self.bits.take(1) == 1) {
                (0, _) => 0,
                (_, true) => step,
                (_, false) => step.wrapping_neg(),
            };
            while place <= end {
                if block[place] != 0 {
                    refine_coefficient(&mut self.bits, &mut block[place], step);
                } else if zeros == 0 {
                    break;
                } else {
                    zeros -= 1;
                }
                place += 1;
            }
            if new != 0 {
                block[place.min(63)] = new;
            }
            place += 1;
        }
        if self.ended > 0 {
            let rest = block[..=end].iter_mut().skip(place);
            for coefficient in rest.filter(|coefficient| **coefficient != 0) {
                refine_coefficient(&mut self.bits, coefficient, step);
            }
            self.ended -= 1;
        }
        Ok(())
    }
}

/// A value of so many bits: those whose first bit is 0 are negative (figure F.12).
fn value(bits: &mut Bits, size: u8) -> Result<i32, Problem> {
    match size {
        0 => Ok(0),
        1..=15 => {
            let value = bits.take(size.into());
            let half = 1 << (size - 1);
            Ok(if value < half {
                value - 2 * half + 1
            } else {
                value
            })
        }
        _ => Err(DAMAGED),
    }
}

/// How many blocks end at once, from this one on.
fn blocks_ended(bits: &mut Bits, size: u8) -> u32 {
    (1 << size) + bits.take(size.into()) as u32
}

fn refine_coefficient(bits: &mut Bits, coefficient: &mut i16, step: i16) {
    if bits.take(1) == 1 && *coefficient & step == 0 {
        *coefficient = coefficient.wrapping_add(step.wrapping_mul(coefficient.signum()));
    }
}
