//! WebP files.

use std::io::Cursor;

use image_webp::WebPDecoder;

use super::orientation::upright;
use super::{fail, greys_of_colours, greys_of_rgba};
use crate::error::Result;
use crate::picture::{Picture, check_size_of_colours};

/// The most bytes the decoder takes for notes beside the picture.
const MEMORY: usize = 64 << 20;

/// Whether a file begins as WebP files do.
pub(super) fn is_webp(bytes: &[u8]) -> bool {
    bytes.starts_with(b"RIFF") && bytes.get(8..12) == Some(b"WEBP")
}

pub(super) fn decode(file: &str, bytes: &[u8]) -> Result<Picture> {
    let mut decoder = WebPDecoder::new(Cursor::new(bytes)).map_err(|error| fail(file, error))?;
    decoder.set_memory_limit(MEMORY);
    let (width, height) = decoder.dimensions();
    let (width, height) = (width as usize, height as usize);
    check_size_of_colours(file, width, height)?;
    let size = decoder
        .output_buffer_size()
        .ok_or_else(|| fail(file, "it is too large"))?;
    let mut samples = vec![0; size];
    decoder
        .read_image(&mut samples)
        .map_err(|error| fail(file, error))?;
    let pixels = match decoder.has_alpha() {
        true => greys_of_rgba(&samples),
        false => greys_of_colours(&samples, |rgb: [u8; 3]| rgb),
    };
    // Notes that cannot be read are none.
    let exif = decoder.exif_metadata().ok().flatten();
    let xmp = decoder.xmp_metadata().ok().flatten();
    let picture = Picture::from_parts(width, height, pixels);
    Ok(upright(picture, exif.as_deref(), xmp.as_deref()))
}
