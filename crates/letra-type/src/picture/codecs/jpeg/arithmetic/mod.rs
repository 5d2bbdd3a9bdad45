//! Arithmetic-coded JPEG files, sequential and progressive, written anew without loss as ordinary
//! ones, so that all JPEG files take one way from there (ITU-T T.81, annexes B, D, F and G).

mod block;
mod decoder;
mod huffman;

use block::{AcBins, Conditioning, DcBins, ac_band, dc_difference, refine_ac_band};
use decoder::{Bin, Decoder};

use super::markers::{DAC, EOI, SIGNATURE, SOS, next_marker, split_segment};

type Problem = &'static str;

/// 64 coefficients, the lowest frequencies first.
type Block = [i16; 64];

const CUT_SHORT: Problem = "it is cut short";
const DAMAGED: Problem = "its arithmetic coding is damaged";

/// The most blocks that all scans together pass over; a picture of the most pixels has a million of
/// each component.
const MOST_BLOCKS: usize = 1 << 25;

const SEQUENTIAL: u8 = 0xc9;
const PROGRESSIVE: u8 = 0xca;
const DQT: u8 = 0xdb;
const DRI: u8 = 0xdd;

/// The file as one that is coded by Huffman's method. The frame's size must have been checked.
pub(super) fn to_huffman(bytes: &[u8]) -> Result<Vec<u8>, Problem> {
    let mut frame = None;
    let mut tables = Vec::new();
    let mut conditioning = [Conditioning::default(); 16];
    let mut restart = 0;
    let mut blocks = 0;
    let mut rest = &bytes[SIGNATURE.len()..];
    loop {
        let marker;
        (marker, rest) = next_marker(rest).ok_or(CUT_SHORT)?;
        if marker == EOI {
            break;
        }
        if matches!(marker, 0x01 | 0xd0..=0xd8) {
            continue;
        }
        let whole = rest;
        let segment;
        (segment, rest) = split_segment(rest).ok_or(CUT_SHORT)?;
        match (marker, &mut frame) {
            (SEQUENTIAL | PROGRESSIVE, None) => {
                frame = Some(Frame::read(segment, marker == PROGRESSIVE)?);
            }
            (DQT, _) => {
                tables.extend([0xff, DQT]);
                tables.extend(&whole[..2 + segment.len()]);
            }
            (DRI, _) => {
                let interval = *segment.first_chunk().ok_or(CUT_SHORT)?;
                restart = usize::from(u16::from_be_bytes(interval));
            }
            (DAC, _) => condition(&mut conditioning, segment)?,
            (SOS, Some(frame)) => {
                let scan = Scan::read(segment, frame)?;
                let order = frame.blocks(&scan.components());
                blocks += order.len();
                if blocks > MOST_BLOCKS {
                    return Err("it is stored in too many passes");
                }
                rest = scan.decode(frame, order, &conditioning, restart, rest)?;
            }
            _ => {}
        }
    }
    huffman::encode(&frame.ok_or("it holds no picture")?, &tables)
}

/// Section B.2.4.3.
fn condition(all: &mut [Conditioning; 16], segment: &[u8]) -> Result<(), Problem> {
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

struct Frame {
    /// The segment as it is, its length before it.
    header: Vec<u8>,
    progressive: bool,
    /// Units of the scans of several components.
    units_across: usize,
    units_down: usize,
    components: Vec<Component>,
}

struct Component {
    name: u8,
    /// Blocks of a unit.
    columns: usize,
    rows: usize,
    /// Blocks that hold pixels; there may be further ones to make whole units.
    blocks_across: usize,
    blocks_down: usize,
    /// All blocks, `units_across * columns` in a row.
    blocks: Vec<Block>,
}

impl Frame {
    /// Section B.2.2.
    fn read(segment: &[u8], progressive: bool) -> Result<Self, Problem> {
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
        let units_across = width.div_ceil(8 * most_across);
        let units_down = height.div_ceil(8 * most_down);
        let component = |(&[name, ..], (columns, rows)): (&[u8; 3], (usize, usize))| Component {
            name,
            columns,
            rows,
            blocks_across: (width * columns).div_ceil(8 * most_across),
            blocks_down: (height * rows).div_ceil(8 * most_down),
            blocks: vec![[0; 64]; units_across * columns * units_down * rows],
        };
        let components = specified.iter().zip(factors).map(component).collect();
        let length = (segment.len() as u16 + 2).to_be_bytes();
        Ok(Self {
            header: [&length, segment].concat(),
            progressive,
            units_across,
            units_down,
            components,
        })
    }

    /// The order in which a scan of some components passes over their blocks (section A.2): each
    /// as the component's index and the block's.
    fn blocks(&self, scanned: &[usize]) -> Vec<(usize, usize)> {
        let whole = |index: usize| {
            let component = &self.components[index];
            let across = self.units_across * component.columns;
            (component, across)
        };
        if let &[index] = scanned {
            let (component, across) = whole(index);
            let rows = 0..component.blocks_down;
            let columns = 0..component.blocks_across;
            return rows
                .flat_map(|row| {
                    columns
                        .clone()
                        .map(move |column| (index, row * across + column))
                })
                .collect();
        }
        let mut blocks = Vec::new();
        for unit_row in 0..self.units_down {
            for unit_column in 0..self.units_across {
                for &index in scanned {
                    let (component, across) = whole(index);
                    for row in 0..component.rows {
                        for column in 0..component.columns {
                            let row = unit_row * component.rows + row;
                            blocks.push((
                                index,
                                row * across + unit_column * component.columns + column,
                            ));
                        }
                    }
                }
            }
        }
        blocks
    }
}

/// The header of a scan (section B.2.3).
struct Scan {
    components: Vec<Scanned>,
    /// The first and the last coefficient.
    band: (usize, usize),
    /// Whether the scan has one bit more of coefficients that others began.
    refines: bool,
    /// How many bits are left to later scans.
    shift: u8,
}

struct Scanned {
    index: usize,
    dc_table: usize,
    ac_table: usize,
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

impl Scan {
    fn read(segment: &[u8], frame: &Frame) -> Result<Self, Problem> {
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

    /// The components' indices in the frame.
    fn components(&self) -> Vec<usize> {
        self.components.iter().map(|one| one.index).collect()
    }

    /// Decodes the scan's data into the frame's blocks in their order, and returns what follows it.
    fn decode<'a>(
        &self,
        frame: &mut Frame,
        order: Vec<(usize, usize)>,
        conditioning: &[Conditioning; 16],
        restart: usize,
        data: &'a [u8],
    ) -> Result<&'a [u8], Problem> {
        let mut decoder = Decoder::new(data);
        let mut learnt = Learnt::nothing();
        let of_a_unit = match self.components.as_slice() {
            [_] => 1,
            several => {
                let blocks = several.iter().map(|one| {
                    let component = &frame.components[one.index];
                    component.columns * component.rows
                });
                blocks.sum()
            }
        };
        for (done, (index, block)) in order.into_iter().enumerate() {
            if restart > 0 && done > 0 && done % (restart * of_a_unit) == 0 {
                match next_marker(decoder.rest()) {
                    Some((0xd0..=0xd7, rest)) => decoder = Decoder::new(rest),
                    _ => return Err(DAMAGED),
                }
                learnt = Learnt::nothing();
            }
            let scanned = self.components.iter().find(|one| one.index == index);
            let scanned = scanned.ok_or(DAMAGED)?;
            let block = &mut frame.components[index].blocks[block];
            self.decode_block(&mut decoder, &mut learnt, conditioning, scanned, block)?;
        }
        Ok(decoder.rest())
    }

    fn decode_block(
        &self,
        decoder: &mut Decoder,
        learnt: &mut Learnt,
        conditioning: &[Conditioning; 16],
        scanned: &Scanned,
        block: &mut Block,
    ) -> Result<(), Problem> {
        let (start, end) = self.band;
        if start == 0 && self.refines {
            block[0] |= i16::from(decoder.decide_evenly()) << self.shift;
        } else if start == 0 {
            let (before, context) = &mut learnt.before[scanned.index];
            let bins = &mut learnt.dc[scanned.dc_table];
            let conditioning = conditioning[scanned.dc_table];
            let difference = dc_difference(decoder, bins, context, conditioning)?;
            *before = before.wrapping_add(difference);
            block[0] = (*before << self.shift) as i16;
        }
        if end == 0 {
            return Ok(());
        }
        let band = (start.max(1), end);
        let bins = &mut learnt.ac[scanned.ac_table];
        match self.refines {
            true => refine_ac_band(decoder, bins, block, band, self.shift),
            false => {
                let conditioning = conditioning[scanned.ac_table];
                ac_band(decoder, bins, block, band, self.shift, conditioning)
            }
        }
    }
}
