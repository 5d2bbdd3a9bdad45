//! BMP files (Windows bitmaps, and those of OS/2 1.x), and bitmaps without their file header.

use super::{fail, luma, rgba};
use crate::error::Result;
use crate::picture::{Picture, check_size_of_colours, mix};

/// What a BMP file begins with.
pub(super) const SIGNATURE: &[u8] = b"BM";

const CUT_SHORT: &str = "it does not hold all its pixels";

/// Bytes of the file header.
const FILE_HEADER: usize = 14;

/// Whether a file begins with the header of a bitmap, as one from the clipboard does: a size of
/// such headers, and one plane.
pub(super) fn is_bitmap(bytes: &[u8]) -> bool {
    let Some((size, rest)) = bytes.split_first_chunk() else {
        return false;
    };
    let planes = match u32::from_le_bytes(*size) {
        12 => 4,
        40 | 52 | 56 | 64 | 108 | 124 => 8,
        _ => return false,
    };
    rest.get(planes..planes + 2) == Some(&[1, 0])
}

/// Decodes a file.
pub(super) fn decode(file: &str, bytes: &[u8]) -> Result<Picture> {
    let start = bytes.get(10..14).and_then(|start| start.first_chunk());
    let start = start.ok_or_else(|| fail(file, "it is cut short"))?;
    // Offsets count from the file header.
    let start = (u32::from_le_bytes(*start) as usize).saturating_sub(FILE_HEADER);
    decode_bitmap(file, &bytes[FILE_HEADER..], Some(start))
}

/// Decodes what follows a file header, which says where the pixels begin; without one they follow
/// what is before them.
pub(super) fn decode_bitmap(file: &str, bytes: &[u8], start: Option<usize>) -> Result<Picture> {
    let header = Header::read(bytes, start).map_err(|problem| fail(file, problem))?;
    check_size_of_colours(file, header.width, header.height)?;
    let mut pixels = header
        .pixels(bytes)
        .map_err(|problem| fail(file, problem))?;
    if header.bottom_up {
        let rows: Vec<&[u8]> = pixels.chunks_exact(header.width).rev().collect();
        pixels = rows.concat();
    }
    Ok(Picture::from_parts(header.width, header.height, pixels))
}

type Problem = &'static str;

struct Header {
    width: usize,
    height: usize,
    bottom_up: bool,
    /// Bits a pixel.
    bits: usize,
    compression: u32,
    /// Where the pixels begin.
    start: usize,
    /// Red, green, blue and opacity within a pixel of 16 or 32 bits.
    masks: [u32; 4],
    /// The grey level of each colour of the palette.
    palette: Vec<u8>,
}

const PLAIN: u32 = 0;
const RUNS_OF_BYTES: u32 = 1;
const RUNS_OF_NIBBLES: u32 = 2;
const MASKS: u32 = 3;
const MASKS_WITH_OPACITY: u32 = 6;

impl Header {
    fn read(bytes: &[u8], start: Option<usize>) -> std::result::Result<Self, Problem> {
        let short = |at: usize| -> std::result::Result<u16, Problem> {
            let two = bytes.get(at..).and_then(|bytes| bytes.first_chunk());
            two.copied()
                .map(u16::from_le_bytes)
                .ok_or("it is cut short")
        };
        let long = |at: usize| -> std::result::Result<u32, Problem> {
            Ok(u32::from(short(at)?) | u32::from(short(at + 2)?) << 16)
        };
        let size = long(0)? as usize;
        let (width, height, bits, compression, used) = match size {
            12 => (
                i32::from(short(4)?),
                i32::from(short(6)?),
                short(10)?,
                PLAIN,
                0,
            ),
            40..=1024 => (
                long(4)? as i32,
                long(8)? as i32,
                short(14)?,
                long(16)?,
                long(32)?,
            ),
            _ => return Err("its header is of no known kind"),
        };
        let bits = usize::from(bits);
        let mut masks = match bits {
            16 => [0x7c00, 0x03e0, 0x001f, 0],
            _ => [0x00ff_0000, 0x0000_ff00, 0x0000_00ff, 0],
        };
        let masked = matches!(compression, MASKS | MASKS_WITH_OPACITY);
        let mut after = size;
        if masked {
            let count = match size >= 56 || compression == MASKS_WITH_OPACITY {
                true => 4,
                false => 3,
            };
            // They follow the short header and are part of the longer ones.
            for (index, mask) in masks.iter_mut().take(count).enumerate() {
                *mask = long(40 + 4 * index)?;
            }
            if size == 40 {
                after += 4 * count;
            }
        }
        let entry = if size == 12 { 3 } else { 4 };
        let colours = match (bits, used as usize) {
            (1..=8, 0) => 1 << bits,
            (1..=8, used) => used.min(1 << bits),
            _ => 0,
        };
        let stored = bytes.get(after..).unwrap_or(&[]).chunks_exact(entry);
        let mut palette: Vec<u8> = stored
            .take(colours)
            .map(|colour| luma([colour[2], colour[1], colour[0]]))
            .collect();
        palette.resize(256, 0);
        Ok(Self {
            width: usize::try_from(width).unwrap_or(0),
            height: height.unsigned_abs() as usize,
            bottom_up: height > 0,
            bits,
            compression,
            // Some files say that the pixels begin where the palette does, which is then before them.
            start: start
                .filter(|&start| start != after)
                .unwrap_or(after + entry * colours),
            masks,
            palette,
        })
    }

    /// Grey levels in rows as they are stored, most often from the bottom.
    fn pixels(&self, bytes: &[u8]) -> std::result::Result<Vec<u8>, Problem> {
        let data = bytes.get(self.start..).ok_or(CUT_SHORT)?;
        match (self.compression, self.bits) {
            (RUNS_OF_BYTES, 8) | (RUNS_OF_NIBBLES, 4) => {
                let mut indices = self.runs(data)?;
                indices
                    .iter_mut()
                    .for_each(|index| *index = self.palette[usize::from(*index)]);
                Ok(indices)
            }
            (PLAIN, 1 | 2 | 4 | 8 | 16 | 24 | 32) | (MASKS | MASKS_WITH_OPACITY, 16 | 32) => {
                let stride = (self.width * self.bits).div_ceil(32) * 4;
                let length = (self.width * self.bits).div_ceil(8);
                if data.len() < stride * (self.height - 1) + length {
                    return Err(CUT_SHORT);
                }
                let mut pixels = Vec::with_capacity(self.width * self.height);
                for row in data.chunks(stride).take(self.height) {
                    self.add_row(row, &mut pixels);
                }
                Ok(pixels)
            }
            _ => Err("it is compressed in a way that is not read"),
        }
    }

    fn add_row(&self, row: &[u8], pixels: &mut Vec<u8>) {
        let bits = self.bits;
        match bits {
            1..=8 => pixels.extend((0..self.width).map(|column| {
                let bit = column * bits;
                let index = row[bit / 8] >> (8 - bits - bit % 8) & (0xff >> (8 - bits));
                self.palette[usize::from(index)]
            })),
            24 => {
                let (colours, _) = row.as_chunks::<3>();
                let colours = colours.iter().take(self.width);
                pixels.extend(colours.map(|&[blue, green, red]| luma([red, green, blue])));
            }
            _ => {
                let colours = row.chunks_exact(bits / 8).take(self.width);
                pixels.extend(colours.map(|bytes| {
                    let pixel = bytes
                        .iter()
                        .rev()
                        .fold(0, |pixel, &byte| pixel << 8 | u32::from(byte));
                    self.masked(pixel)
                }));
            }
        }
    }

    /// Grey of a pixel whose colours lie under masks, on white.
    fn masked(&self, pixel: u32) -> u8 {
        let part = |mask: u32| match mask {
            0 => 0,
            _ => {
                let most = u64::from(mask >> mask.trailing_zeros());
                let level = u64::from((pixel & mask) >> mask.trailing_zeros());
                (level * 255 / most) as u8
            }
        };
        let [red, green, blue, opacity] = self.masks;
        let alpha = if opacity == 0 { 255 } else { part(opacity) };
        let (grey, alpha) = rgba([part(red), part(green), part(blue), alpha]);
        mix(255, grey, alpha)
    }

    /// Indices of pixels that are stored as runs of one index, or of two in turn.
    fn runs(&self, data: &[u8]) -> std::result::Result<Vec<u8>, Problem> {
        let nibbles = self.bits == 4;
        let mut indices = vec![0; self.width * self.height];
        // Of a damaged file a run of several indices goes on in the next row, as in Pillow.
        let (mut at, mut column) = (0, 0);
        let mut data = data;
        let mut take = |count: usize| -> std::result::Result<&[u8], Problem> {
            let taken;
            (taken, data) = data.split_at_checked(count).ok_or(CUT_SHORT)?;
            Ok(taken)
        };
        let index = |bytes: &[u8], place: usize| match nibbles {
            true => bytes[place / 2 % bytes.len()] >> (4 * (1 - place % 2)) & 0x0f,
            false => bytes[place % bytes.len()],
        };
        while at < indices.len() {
            let pair = take(2)?;
            let (count, bytes) = match (pair[0], pair[1]) {
                (0, 0) => {
                    (at, column) = (at.next_multiple_of(self.width), 0);
                    continue;
                }
                (0, 1) => break,
                (0, 2) => {
                    let step = take(2)?;
                    at += usize::from(step[0]) + usize::from(step[1]) * self.width;
                    column = at % self.width;
                    continue;
                }
                (0, count) => {
                    let count = usize::from(count);
                    let length = if nibbles { count.div_ceil(2) } else { count };
                    let bytes = take(length.next_multiple_of(2))?;
                    (count, &bytes[..length])
                }
                (count, _) => {
                    let left = self.width.saturating_sub(column);
                    (usize::from(count).min(left), &pair[1..])
                }
            };
            for (place, to) in indices[at..].iter_mut().take(count).enumerate() {
                *to = index(bytes, place);
            }
            (at, column) = (at + count, column + count);
        }
        Ok(indices)
    }
}
