//! What a strip or tile compressed by LZMA holds: a stream of xz's format, of one block.

use std::io::Read;

use lzma_rust2::Lzma2Reader;
use lzma_rust2::filter::delta::DeltaReader;

use super::Problem;

const DAMAGED: Problem = "its LZMA stream is not one that libtiff writes";

const STREAM_HEADER: usize = 12;

/// Filters by their numbers in the format (xz file format 1.2, section 5.3).
const DELTA: u8 = 3;
const LZMA2: u8 = 0x21;

/// A reader of the stream's bytes, of which no more than `length` are wanted, however large a window
/// the stream asks for. Its check sums are not looked at.
pub(super) fn reader(data: &[u8], length: usize) -> Result<Box<dyn Read + '_>, Problem> {
    let block = data.get(STREAM_HEADER..).ok_or(DAMAGED)?;
    let is_stream = data.starts_with(b"\xfd7zXZ\0");
    let size = 4 * (1 + usize::from(*block.first().ok_or(DAMAGED)?));
    let (header, compressed) = block.split_at_checked(size).ok_or(DAMAGED)?;
    let flags = header[1];
    let mut fields = &header[2..];
    // Its compressed and its whole length may be stated.
    for stated in [0x40, 0x80] {
        if flags & stated != 0 {
            pass_number(&mut fields)?;
        }
    }
    let (difference, window) = match (flags & 0x03, fields) {
        (0, &[LZMA2, 1, window, ..]) => (None, window),
        (1, &[DELTA, 1, difference, LZMA2, 1, window, ..]) => (Some(difference), window),
        _ => return Err(DAMAGED),
    };
    if !is_stream || window > 40 {
        return Err(DAMAGED);
    }
    let window = (2 | u64::from(window & 1)) << (window / 2 + 11);
    let window = window.min(length as u64) as u32;
    let reader = Lzma2Reader::new(compressed, window, None);
    Ok(match difference {
        None => Box::new(reader),
        Some(difference) => Box::new(DeltaReader::new(reader, usize::from(difference) + 1)),
    })
}

/// Passes a number whose bytes but the last have their highest bit set.
fn pass_number(bytes: &mut &[u8]) -> Result<(), Problem> {
    let last = bytes.iter().position(|byte| byte & 0x80 == 0);
    *bytes = &bytes[last.ok_or(DAMAGED)? + 1..];
    Ok(())
}
