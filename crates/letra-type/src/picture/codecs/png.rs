//! PNG files.

use std::io::{Cursor, Read};

use png::{ColorType, Limits, Transformations};

use super::orientation::upright;
use super::{fail, greys_of_colours, greys_of_rgba, on_ground, shrink};
use crate::error::Result;
use crate::picture::{MOST_OF_COLOURS, MOST_PIXELS, Picture, check_size, check_size_of_colours};

/// What a PNG file begins with.
pub(super) const SIGNATURE: &[u8] = b"\x89PNG\r\n\x1a\n";

/// The most bytes the decoder takes beside the picture itself.
const MEMORY: usize = 64 << 20;

pub(super) fn decode(file: &str, bytes: &[u8]) -> Result<Picture> {
    let picture = stored(file, bytes)?;
    let (exif, xmp) = notes(bytes);
    Ok(upright(picture, exif.as_deref(), xmp.as_deref()))
}

/// The picture as it is stored, which need not be upright.
fn stored(file: &str, bytes: &[u8]) -> Result<Picture> {
    let mut decoder = png::Decoder::new_with_limits(Cursor::new(bytes), Limits { bytes: MEMORY });
    decoder.set_transformations(Transformations::normalize_to_color8());
    decoder.set_ignore_text_chunk(true);
    decoder.set_ignore_iccp_chunk(true);
    let header = decoder
        .read_header_info()
        .map_err(|error| fail(file, error))?;
    let (width, height) = (header.width as usize, header.height as usize);
    let shrink = shrink(width, height, MOST_PIXELS);
    match header.interlaced {
        true => check_size_of_colours(file, width, height)?,
        false if shrink == 1 => check_size(file, width, height)?,
        false => {}
    }
    let mut reader = decoder.read_info().map_err(|error| fail(file, error))?;
    if width * height > MOST_OF_COLOURS {
        return smaller(file, &mut reader, (width, height), shrink);
    }
    let size = reader
        .output_buffer_size()
        .ok_or_else(|| fail(file, "it is too large"))?;
    let mut samples = vec![0; size];
    let frame = reader
        .next_frame(&mut samples)
        .map_err(|error| fail(file, error))?;
    let pixels = greys(file, frame.color_type, samples)?;
    Ok(Picture::from_parts(width, height, pixels))
}

/// Reads a picture row by row and keeps the mean of every square of `shrink × shrink` pixels; what
/// is over at the right and at the bottom is left out.
fn smaller(
    file: &str,
    reader: &mut png::Reader<Cursor<&[u8]>>,
    (width, height): (usize, usize),
    shrink: usize,
) -> Result<Picture> {
    let (columns, rows) = (width / shrink, height / shrink);
    let colour = reader.output_color_type().0;
    let mut pixels = Vec::with_capacity(columns * rows);
    let mut sums = vec![0_u32; columns];
    let area = (shrink * shrink) as u32;
    for _ in 0..rows {
        sums.fill(0);
        for _ in 0..shrink {
            let row = reader
                .next_row()
                .map_err(|error| fail(file, error))?
                .ok_or_else(|| fail(file, "it does not hold all its pixels"))?;
            let levels = greys(file, colour, row.data().to_vec())?;
            for (sum, levels) in sums.iter_mut().zip(levels.chunks_exact(shrink)) {
                *sum += levels.iter().map(|&level| u32::from(level)).sum::<u32>();
            }
        }
        pixels.extend(sums.iter().map(|sum| ((sum + area / 2) / area) as u8));
    }
    Ok(Picture::from_parts(columns, rows, pixels))
}

/// Grey levels of samples, laid on a ground.
fn greys(file: &str, colour: ColorType, samples: Vec<u8>) -> Result<Vec<u8>> {
    Ok(match colour {
        ColorType::Grayscale => samples,
        ColorType::GrayscaleAlpha => on_ground(&samples, |[grey, alpha]: [u8; 2]| (grey, alpha)),
        ColorType::Rgb => greys_of_colours(&samples, |rgb: [u8; 3]| rgb),
        ColorType::Rgba => greys_of_rgba(&samples),
        ColorType::Indexed => return Err(fail(file, "its palette cannot be applied")),
    })
}

/// Exif and XMP, which may stand before the picture's data or after it.
fn notes(bytes: &[u8]) -> (Option<Vec<u8>>, Option<Vec<u8>>) {
    let (mut exif, mut xmp) = (None, None);
    let mut rest = &bytes[SIGNATURE.len()..];
    while let Some((length, after)) = rest.split_first_chunk()
        && let Some((kind, after)) = after.split_first_chunk::<4>()
        && let Some((data, after)) = after.split_at_checked(u32::from_be_bytes(*length) as usize)
    {
        match kind {
            b"eXIf" => exif = exif.or(Some(data.to_vec())),
            b"tEXt" | b"zTXt" => exif = exif.or_else(|| exif_of_text(data, kind == b"zTXt")),
            b"iTXt" => xmp = xmp.or_else(|| xmp_of_text(data)),
            _ => {}
        }
        // Each chunk ends with a checksum.
        rest = after.get(4..).unwrap_or(&[]);
    }
    (exif, xmp)
}

/// Exif as ImageMagick wrote it before there was a chunk for it: a name, a length, and the bytes
/// in hexadecimal digits.
fn exif_of_text(data: &[u8], compressed: bool) -> Option<Vec<u8>> {
    let text = data.strip_prefix(b"Raw profile type exif\0")?;
    let text = match compressed {
        true => inflated(text.get(1..)?),
        false => text.to_vec(),
    };
    let lines = text.split(|&byte| byte == b'\n').skip(3).flatten();
    let digits: Vec<u8> = lines
        .filter_map(|&digit| char::from(digit).to_digit(16))
        .map(|digit| digit as u8)
        .collect();
    let (pairs, _) = digits.as_chunks();
    Some(pairs.iter().map(|[high, low]| high << 4 | low).collect())
}

/// XMP of a chunk of international text: after the keyword whether it is compressed and how, then
/// a language and the keyword translated.
fn xmp_of_text(data: &[u8]) -> Option<Vec<u8>> {
    let [compressed, _, rest @ ..] = data.strip_prefix(b"XML:com.adobe.xmp\0")? else {
        return None;
    };
    let text = rest.splitn(3, |&byte| byte == 0).nth(2)?;
    Some(match compressed {
        1 => inflated(text),
        _ => text.to_vec(),
    })
}

/// As much of a compressed note as there is, up to a mebibyte.
fn inflated(bytes: &[u8]) -> Vec<u8> {
    let mut note = Vec::new();
    let mut decoder = flate2::read::ZlibDecoder::new(bytes).take(1 << 20);
    // What comes before damage is used.
    let _ = decoder.read_to_end(&mut note);
    note
}

/// The picture as a PNG file's bytes.
pub(crate) fn encode(picture: &Picture) -> Result<Vec<u8>> {
    let mut bytes = Vec::new();
    let mut encode = || {
        let mut encoder =
            png::Encoder::new(&mut bytes, picture.width() as u32, picture.height() as u32);
        encoder.set_color(ColorType::Grayscale);
        encoder.set_depth(png::BitDepth::Eight);
        let mut writer = encoder.write_header()?;
        writer.write_image_data(picture.pixels())?;
        writer.finish()
    };
    encode().map_err(|error| fail("the picture", error))?;
    Ok(bytes)
}
