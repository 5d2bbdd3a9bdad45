//! Arithmetic coding of the blocks of JPEG files, sequential and progressive (ITU-T T.81, annexes D,
//! F and G).

mod block;
mod decoder;

pub(super) use block::Conditioning;

use block::{AcBins, DcBins, ac_band, dc_difference, refine_ac_band};
use decoder::{Bin, Decoder};

use super::frame::Block;
use super::markers::next_marker;
use super::scan::{Scan, Scanned};
use super::{DAMAGED, Problem};

/// Section B.2.4.3.
pub(super) fn condition(all: &mut [Conditioning; 16], segment: &[u8]) -> Result<(), Problem> {
    let (pairs, _) = segment.as_chunks();
    for &[table, value] in pairs {
        let conditioning = &mut all[usize::from(table & 0x0f)];
        match table >> 4 {
            0 => (conditioning.lower, conditioning.upper) = (value & 0x0f, value >> 4),
            _ => conditioning.low = value,
        }
    }
    Ok(())
}

/// What is learnt in a scan, and forgotten where it restarts.
struct Learnt {
    dc: [DcBins; 4],
    ac: [AcBins; 4],
    /// Of each component of the frame the DC coefficient before, and the kind of its difference.
    before: [(i32, usize); 4],
}

impl Learnt {
    fn nothing() -> Self {
        Self {
            dc: [[Bin::default(); 49]; 4],
            ac: [[Bin::default(); 245]; 4],
            before: [(0, 0); 4],
        }
    }
}

/// Reads the blocks of a scan.
pub(super) struct Coder<'a> {
    decoder: Decoder<'a>,
    learnt: Learnt,
    conditioning: [Conditioning; 16],
}

impl<'a> Coder<'a> {
    pub(super) fn new(data: &'a [u8], conditioning: [Conditioning; 16]) -> Self {
        Self {
            decoder: Decoder::new(data),
            learnt: Learnt::nothing(),
            conditioning,
        }
    }

    pub(super) fn restart(&mut self) -> Result<(), Problem> {
        match next_marker(self.decoder.rest()) {
            Some((0xd0..=0xd7, rest)) => self.decoder = Decoder::new(rest),
            _ => return Err(DAMAGED),
        }
        self.learnt = Learnt::nothing();
        Ok(())
    }

    pub(super) fn rest(&self) -> &'a [u8] {
        self.decoder.rest()
    }

    pub(super) fn block(
        &mut self,
        scan: &Scan,
        scanned: &Scanned,
        block: &mut Block,
    ) -> Result<(), Problem> {
        let (start, end) = scan.band;
        if start == 0 && scan.refines {
            block[0] |= i16::from(self.decoder.decide_evenly()) << scan.shift;
        } else if start == 0 {
            let (before, context) = &mut self.learnt.before[scanned.index];
            let bins = &mut self.learnt.dc[scanned.dc_table];
            let conditioning = self.conditioning[scanned.dc_table];
            let difference = dc_difference(&mut self.decoder, bins, context, conditioning)?;
            *before = before.wrapping_add(difference);
            block[0] = (*before << scan.shift) as i16;
        }
        if end == 0 {
            return Ok(());
        }
        let band = (start.max(1), end);
        let bins = &mut self.learnt.ac[scanned.ac_table];
        match scan.refines {
            true => refine_ac_band(&mut self.decoder, bins, block, band, scan.shift),
            false => {
                let conditioning = self.conditioning[scanned.ac_table];
                ac_band(
                    &mut self.decoder,
                    bins,
                    block,
                    band,
                    scan.shift,
                    conditioning,
                )
            }
        }
    }
}
