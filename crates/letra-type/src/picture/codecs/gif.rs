//! GIF files.

use gif::{ColorOutput, DecodeOptions, MemoryLimit};

use super::{fail, on_ground, rgba};
use crate::error::Result;
use crate::picture::{Picture, check_size_of_colours};

/// What a GIF file begins with.
pub(super) const SIGNATURE: &[u8] = b"GIF8";

/// The first picture of a file, on white where it does not cover all.
pub(super) fn decode(file: &str, bytes: &[u8]) -> Result<Picture> {
    let with_palette;
    let bytes = match bytes.split_at_checked(SCREEN) {
        Some((screen, rest)) if screen[FLAGS] & HAS_PALETTE == 0 => {
            with_palette = add_grey_palette(screen, rest);
            &with_palette
        }
        _ => bytes,
    };
    let mut options = DecodeOptions::new();
    options.set_color_output(ColorOutput::RGBA);
    options.set_memory_limit(MemoryLimit::Unlimited);
    let mut decoder = options
        .read_info(bytes)
        .map_err(|error| fail(file, error))?;
    let (width, height) = (usize::from(decoder.width()), usize::from(decoder.height()));
    check_size_of_colours(file, width, height)?;
    let frame = decoder
        .next_frame_info()
        .map_err(|error| fail(file, error))?
        .ok_or_else(|| fail(file, "it holds no picture"))?;
    let (left, top) = (usize::from(frame.left), usize::from(frame.top));
    let (columns, rows) = (usize::from(frame.width), usize::from(frame.height));
    check_size_of_colours(file, columns, rows)?;
    let mut samples = vec![0; decoder.buffer_size()];
    decoder
        .read_into_buffer(&mut samples)
        .map_err(|error| fail(file, error))?;
    let frame = Picture::from_parts(columns, rows, on_ground(&samples, rgba));
    if (left, top, columns, rows) == (0, 0, width, height) {
        return Ok(frame);
    }
    let mut picture = Picture::blank(width, height, 255)?;
    picture.paste(&frame, (left, top), (columns, rows));
    Ok(picture)
}

/// Bytes of the signature and the logical screen descriptor, and where its flags are.
const SCREEN: usize = 13;
const FLAGS: usize = 10;
const HAS_PALETTE: u8 = 0x80;

/// The file with a palette of the 256 greys for all pictures that have none of their own: the
/// format leaves open what those are of, Pillow takes these, and the decoder refuses them.
fn add_grey_palette(screen: &[u8], rest: &[u8]) -> Vec<u8> {
    let greys = (0..=255).flat_map(|grey| [grey; 3]).collect::<Vec<u8>>();
    let mut whole = [screen, &greys, rest].concat();
    whole[FLAGS] |= HAS_PALETTE | 7;
    whole
}
