//! The decisions that a block's coefficients are made of (ITU-T T.81, sections F.1.4, F.2.4 and
//! G.1.3).

use super::decoder::{Bin, Decoder};
use super::{Block, DAMAGED, Problem};

/// Decisions of differences of DC coefficients (table F.4).
pub(super) type DcBins = [Bin; 49];

/// Decisions of AC coefficients (table F.5).
pub(super) type AcBins = [Bin; 245];

/// What the conditioning of the segment DAC states, or may leave as it is.
#[derive(Clone, Copy)]
pub(in crate::picture::codecs::jpeg) struct Conditioning {
    /// Bounds of small differences of DC coefficients, as powers of two.
    pub(super) lower: u8,
    pub(super) upper: u8,
    /// The last AC coefficient of the low ones.
    pub(super) low: u8,
}

impl Default for Conditioning {
    fn default() -> Self {
        Self {
            lower: 0,
            upper: 1,
            low: 5,
        }
    }
}

/// From bins of the first two decisions of a size on, those of its further ones (table F.4's X1 for
/// DC, table F.5's X2 for AC); the bins of its bits are as much further on.
const DC_SIZES: usize = 20;
const LOW_AC_SIZES: usize = 189;
const HIGH_AC_SIZES: usize = 217;
const BITS: usize = 14;

/// How a coefficient's size, 1 and up, is decided: first whether it is more than 1, then by
/// doublings, then bit by bit (figures F.23 and F.24).
fn size(
    decoder: &mut Decoder,
    bins: &mut [Bin],
    first: &[usize],
    further: usize,
) -> Result<i32, Problem> {
    let mut doubled = 0;
    for &bin in first {
        if !decoder.decide(&mut bins[bin]) {
            return Ok(doubled + 1);
        }
        doubled = (2 * doubled).max(1);
    }
    let mut bin = further;
    while decoder.decide(&mut bins[bin]) {
        doubled *= 2;
        if doubled == 1 << 15 {
            return Err(DAMAGED);
        }
        bin += 1;
    }
    let mut size = doubled;
    let mut bit = doubled / 2;
    while bit > 0 {
        if decoder.decide(&mut bins[bin + BITS]) {
            size |= bit;
        }
        bit /= 2;
    }
    Ok(size + 1)
}

/// How far a DC coefficient is from the one before it; `context` says of what kind the difference
/// before was: none, small or large, and its sign (figures F.19 to F.22).
pub(super) fn dc_difference(
    decoder: &mut Decoder,
    bins: &mut DcBins,
    context: &mut usize,
    conditioning: Conditioning,
) -> Result<i32, Problem> {
    let start = *context;
    *context = 0;
    if !decoder.decide(&mut bins[start]) {
        return Ok(0);
    }
    let negative = decoder.decide(&mut bins[start + 1]);
    let sign = usize::from(negative);
    let size = size(decoder, bins, &[start + 2 + sign], DC_SIZES)?;
    if size > 1 << conditioning.upper {
        *context = 12 + 4 * sign;
    } else if size > (1 << conditioning.lower) >> 1 {
        *context = 4 + 4 * sign;
    }
    Ok(if negative { -size } else { size })
}

/// The coefficients of a band that had none yet, `shift` bits below their values (figure F.20).
pub(super) fn ac_band(
    decoder: &mut Decoder,
    bins: &mut AcBins,
    block: &mut Block,
    band: (usize, usize),
    shift: u8,
    conditioning: Conditioning,
) -> Result<(), Problem> {
    let (mut place, end) = band;
    while place <= end && !decoder.decide(&mut bins[3 * (place - 1)]) {
        while !decoder.decide(&mut bins[3 * (place - 1) + 1]) {
            place += 1;
            if place > end {
                return Err(DAMAGED);
            }
        }
        let negative = decoder.decide_evenly();
        let further = match place <= usize::from(conditioning.low) {
            true => LOW_AC_SIZES,
            false => HIGH_AC_SIZES,
        };
        let size = size(decoder, bins, &[3 * (place - 1) + 2; 2], further)?;
        let size = if negative { -size } else { size };
        block[place] = (size << shift) as i16;
        place += 1;
    }
    Ok(())
}

/// One bit more of a band's coefficients (figure G.11).
pub(super) fn refine_ac_band(
    decoder: &mut Decoder,
    bins: &mut AcBins,
    block: &mut Block,
    band: (usize, usize),
    shift: u8,
) -> Result<(), Problem> {
    let (mut place, end) = band;
    let step = (1_i32 << shift) as i16;
    // Up to the last coefficient that there was the band cannot end.
    let known = (1..=end).rev().find(|&place| block[place] != 0);
    let known = known.unwrap_or(0);
    while place <= end && !(place > known && decoder.decide(&mut bins[3 * (place - 1)])) {
        loop {
            let bin = 3 * (place - 1);
            match block[place] {
                0 => {
                    if decoder.decide(&mut bins[bin + 1]) {
                        let negative = decoder.decide_evenly();
                        block[place] = if negative { step.wrapping_neg() } else { step };
                        break;
                    }
                }
                coefficient => {
                    if decoder.decide(&mut bins[bin + 2]) {
                        let more = step.wrapping_mul(coefficient.signum());
                        block[place] = coefficient.wrapping_add(more);
                    }
                    break;
                }
            }
            place += 1;
            if place > end {
                return Err(DAMAGED);
            }
        }
        place += 1;
    }
    Ok(())
}
