//! GIF files.

use gif::{ColorOutput, DecodeOptions, MemoryLimit};

use super::{fail, on_white, rgba};
use crate::error::Result;
use crate::picture::{Picture, check_size};

/// What a GIF file begins with.
pub(super) const SIGNATURE: &[u8] = b"GIF8";

/// The first picture of a file, on white where it does not cover all.
pub(super) fn decode(file: &str, bytes: &[u8]) -> Result<Picture> {
    let mut options = DecodeOptions::new();
    options.set_color_output(ColorOutput::RGBA);
    options.set_memory_limit(MemoryLimit::Unlimited);
    let mut decoder = options
        .read_info(bytes)
        .map_err(|error| fail(file, error))?;
    let (width, height) = (usize::from(decoder.width()), usize::from(decoder.height()));
    check_size(file, width, height)?;
    let frame = decoder
        .next_frame_info()
        .map_err(|error| fail(file, error))?
        .ok_or_else(|| fail(file, "it holds no picture"))?;
    let (left, top) = (usize::from(frame.left), usize::from(frame.top));
    let (columns, rows) = (usize::from(frame.width), usize::from(frame.height));
    check_size(file, columns, rows)?;
    let mut samples = vec![0; decoder.buffer_size()];
    decoder
        .read_into_buffer(&mut samples)
        .map_err(|error| fail(file, error))?;
    let frame = Picture::from_parts(columns, rows, on_white(&samples, rgba));
    if (left, top, columns, rows) == (0, 0, width, height) {
        return Ok(frame);
    }
    let mut picture = Picture::blank(width, height, 255)?;
    picture.paste(&frame, (left, top), (columns, rows));
    Ok(picture)
}
