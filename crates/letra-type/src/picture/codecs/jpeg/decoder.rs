//! The segments of a JPEG file, one after the other, up to its end.

use super::arithmetic::{self, Conditioning, condition};
use super::frame::{Frame, Quantisation};
use super::huffman::{self, Tables};
use super::markers::{DAC, DHT, DQT, DRI, EOI, JPG, SIGNATURE, SOS, next_marker, split_segment};
use super::scan::{Coder, Scan};
use super::{CUT_SHORT, DAMAGED, Problem, lossless};

/// The most blocks that all scans of an arithmetic-coded picture together pass over; a picture of
/// the most pixels has a million of each component.
const MOST_BLOCKS: usize = 1 << 25;

/// Reads the frame of a file, whose size must have been checked, with all its samples.
pub(super) fn decode(bytes: &[u8], shrink: usize) -> Result<Frame, Problem> {
    let mut state = State {
        shrink,
        frame: None,
        quantisation: [None; 4],
        tables: Tables::standard(),
        conditioning: [Conditioning::default(); 16],
        restart: 0,
        blocks: 0,
    };
    let mut rest = &bytes[SIGNATURE.len()..];
    while !state.is_done() {
        let marker;
        (marker, rest) = next_marker(rest).ok_or(CUT_SHORT)?;
        if marker == EOI {
            break;
        }
        // Markers without a segment.
        if matches!(marker, 0x01 | 0xd0..=0xd8) {
            continue;
        }
        let segment;
        (segment, rest) = split_segment(rest).ok_or(CUT_SHORT)?;
        rest = state.read(marker, segment, rest)?;
    }
    let mut frame = state.frame.ok_or("it holds no picture")?;
    if !frame.has_all_components() {
        return Err("it does not hold all its pixels");
    }
    frame.transform();
    Ok(frame)
}

/// What was stated so far.
struct State {
    shrink: usize,
    frame: Option<Frame>,
    quantisation: [Option<Quantisation>; 4],
    tables: Tables,
    conditioning: [Conditioning; 16],
    /// Units between restart markers; 0 if there are none.
    restart: usize,
    /// How many blocks were passed over.
    blocks: usize,
}

impl State {
    /// Whether what may follow has nothing to do with the picture.
    fn is_done(&self) -> bool {
        let frame = self.frame.as_ref();
        frame.is_some_and(|frame| {
            !frame.progressive && !frame.arithmetic && frame.has_all_components()
        })
    }

    /// Reads a segment, and of a scan what follows it; returns what is left.
    fn read<'a>(
        &mut self,
        marker: u8,
        segment: &[u8],
        rest: &'a [u8],
    ) -> Result<&'a [u8], Problem> {
        match marker {
            DQT => self.define_quantisation(segment)?,
            DHT => self.tables.define(segment)?,
            DAC => condition(&mut self.conditioning, segment)?,
            DRI => {
                let interval = *segment.first_chunk().ok_or(CUT_SHORT)?;
                self.restart = usize::from(u16::from_be_bytes(interval));
            }
            JPG => {}
            0xc0..=0xcf if self.frame.is_none() => {
                self.frame = Some(Frame::read(marker, segment, self.shrink)?);
            }
            SOS => return self.read_scan(segment, rest),
            _ => {}
        }
        Ok(rest)
    }

    fn read_scan<'a>(&mut self, segment: &[u8], rest: &'a [u8]) -> Result<&'a [u8], Problem> {
        let frame = self.frame.as_mut().ok_or("it holds no picture")?;
        let scan = Scan::read(segment, frame)?;
        for index in scan.components() {
            let component = &mut frame.components[index];
            self.blocks += component.blocks_across * component.blocks_down;
            if component.quantisation.is_some() {
                if !frame.progressive {
                    return Err("it is stored in too many passes");
                }
                continue;
            }
            let table = self.quantisation.get(component.table).copied().flatten();
            component.quantisation = match frame.lossless {
                true => Some([1; 64]),
                false => Some(table.ok_or(DAMAGED)?),
            };
        }
        if frame.arithmetic && self.blocks > MOST_BLOCKS {
            return Err("it is stored in too many passes");
        }
        if frame.lossless {
            let coder = huffman::Coder::new(rest, self.tables.clone());
            return lossless::decode(&scan, frame, coder, self.restart);
        }
        let coder = match frame.arithmetic {
            true => {
                let coder = arithmetic::Coder::new(rest, self.conditioning);
                Coder::Arithmetic(Box::new(coder))
            }
            false => {
                let coder = huffman::Coder::new(rest, self.tables.clone());
                Coder::Huffman(Box::new(coder))
            }
        };
        scan.decode(frame, coder, self.restart)
    }

    /// Section B.2.4.1.
    fn define_quantisation(&mut self, mut segment: &[u8]) -> Result<(), Problem> {
        while let Some((&place, rest)) = segment.split_first() {
            let wide = place >> 4 != 0;
            let (factors, after) = rest
                .split_at_checked(if wide { 128 } else { 64 })
                .ok_or(CUT_SHORT)?;
            let table = self.quantisation.get_mut(usize::from(place & 0x0f));
            *table.ok_or(DAMAGED)? = Some(std::array::from_fn(|place| match wide {
                true => u16::from_be_bytes([factors[2 * place], factors[2 * place + 1]]),
                false => factors[place].into(),
            }));
            segment = after;
        }
        Ok(())
    }
}
