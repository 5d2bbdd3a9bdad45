//! Huffman tables (ITU-T T.81, annex C and section F.2.2.3).

use super::bits::Bits;
use crate::picture::codecs::jpeg::{CUT_SHORT, DAMAGED, Problem};

/// Codes of so many bits are looked up at once.
const QUICK: u32 = 9;

#[derive(Clone)]
pub(in crate::picture::codecs::jpeg) struct Table {
    /// Of each beginning the bits and the symbol of its code; no bits where it is longer.
    quick: Vec<(u8, u8)>,
    /// Of each number of bits the code after the last one, and by how much its codes are more than
    /// the places of their symbols.
    ends: [usize; 17],
    ahead: [usize; 17],
    symbols: Vec<u8>,
}

impl Table {
    /// Reads what a segment has of a table after its class and number, and returns what follows.
    pub(in crate::picture::codecs::jpeg) fn read(segment: &[u8]) -> Result<(Self, &[u8]), Problem> {
        let (counts, rest) = segment.split_first_chunk::<16>().ok_or(CUT_SHORT)?;
        let length = counts.iter().map(|&count| usize::from(count)).sum();
        let (symbols, rest) = rest.split_at_checked(length).ok_or(CUT_SHORT)?;
        Ok((Self::new(counts, symbols)?, rest))
    }

    /// A table of how many codes there are of each number of bits, and their symbols in order.
    pub(super) fn new(counts: &[u8; 16], symbols: &[u8]) -> Result<Self, Problem> {
        let mut table = Self {
            quick: vec![(0, 0); 1 << QUICK],
            ends: [0; 17],
            ahead: [0; 17],
            symbols: symbols.to_vec(),
        };
        let (mut code, mut place) = (0, 0);
        for bits in 1..=16 {
            let count = usize::from(counts[bits - 1]);
            table.ahead[bits] = code - place;
            for _ in 0..count {
                if bits <= QUICK as usize {
                    let free = QUICK as usize - bits;
                    let same = (code << free)..((code + 1) << free);
                    let quick = table.quick.get_mut(same).ok_or(DAMAGED)?;
                    quick.fill((bits as u8, symbols[place]));
                }
                (code, place) = (code + 1, place + 1);
            }
            table.ends[bits] = if count > 0 { code } else { 0 };
            if code > 1 << bits {
                return Err(DAMAGED);
            }
            code *= 2;
        }
        Ok(table)
    }

    /// The next symbol; 0, as in libjpeg, where there is no such code.
    pub(super) fn symbol(&self, bits: &mut Bits) -> u8 {
        let (length, symbol) = self.quick[bits.peek(QUICK)];
        if length > 0 {
            bits.skip(u32::from(length));
            return symbol;
        }
        for length in QUICK + 1..=16 {
            let code = bits.peek(length);
            let at = length as usize;
            if code < self.ends[at] {
                bits.skip(length);
                let place = code.checked_sub(self.ahead[at]);
                let symbol = place.and_then(|place| self.symbols.get(place));
                return symbol.copied().unwrap_or(0);
            }
        }
        bits.skip(16);
        let _ = bits.take(1);
        0
    }
}
