//! PNG and JPEG files.

use std::io::Cursor;

use exif::{In, Tag};
use png::{ColorType, Limits, Transformations};
use zune_jpeg::JpegDecoder;
use zune_jpeg::zune_core::colorspace::ColorSpace;
use zune_jpeg::zune_core::options::DecoderOptions;

use crate::error::{Error, Result};
use crate::picture::{Picture, check_size, mix};

/// The most bytes the PNG decoder takes beside the picture itself.
const PNG_MEMORY: usize = 64 << 20;

/// The longest side and the most pixels of a PNG file that is made smaller while it is read.
const LONGEST_READ: usize = 32_768;
const MOST_READ: usize = 1 << 29;

/// Decodes a PNG or JPEG file to grey, upright.
pub(crate) fn decode(file: &str, bytes: &[u8]) -> Result<Picture> {
    if bytes.is_empty() {
        return Err(Error::EmptyFile { file: file.into() });
    }
    if bytes.starts_with(b"\x89PNG\r\n\x1a\n") {
        decode_png(file, bytes)
    } else if bytes.starts_with(&[0xff, 0xd8]) {
        decode_jpeg(file, bytes)
    } else {
        Err(fail(file, "it is neither PNG nor JPEG"))
    }
}

fn fail(file: &str, problem: impl ToString) -> Error {
    Error::Picture {
        file: file.into(),
        problem: problem.to_string(),
    }
}

fn decode_png(file: &str, bytes: &[u8]) -> Result<Picture> {
    let mut decoder =
        png::Decoder::new_with_limits(Cursor::new(bytes), Limits { bytes: PNG_MEMORY });
    decoder.set_transformations(Transformations::normalize_to_color8());
    decoder.set_ignore_text_chunk(true);
    decoder.set_ignore_iccp_chunk(true);
    let header = decoder
        .read_header_info()
        .map_err(|error| fail(file, error))?;
    let (width, height) = (header.width as usize, header.height as usize);
    let shrink = shrink(width, height);
    if shrink == 1 || header.interlaced {
        check_size(file, width, height)?;
    }
    let mut reader = decoder.read_info().map_err(|error| fail(file, error))?;
    if shrink > 1 {
        let picture = smaller(file, &mut reader, (width, height), shrink)?;
        let exif = reader.info().exif_metadata.as_deref();
        return Ok(upright(picture, exif));
    }
    let size = reader
        .output_buffer_size()
        .ok_or_else(|| fail(file, "it is too large"))?;
    let mut samples = vec![0; size];
    let frame = reader
        .next_frame(&mut samples)
        .map_err(|error| fail(file, error))?;
    let pixels = greys(file, frame.color_type, samples)?;
    let exif = reader.info().exif_metadata.as_deref();
    Ok(upright(Picture::from_parts(width, height, pixels), exif))
}

/// By which factor a picture beyond the limits is made smaller as it is read: the least one that
/// brings it within them; 1 if it is within them or further beyond than is read at all.
fn shrink(width: usize, height: usize) -> usize {
    let readable = width.max(height) <= LONGEST_READ && width * height <= MOST_READ;
    let fits = |factor: &usize| {
        let (width, height) = (width / factor, height / factor);
        check_size("", width, height).is_ok()
    };
    match readable {
        true => (1..=8).find(fits).unwrap_or(1),
        false => 1,
    }
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

/// Grey levels of samples, laid on white.
fn greys(file: &str, colour: ColorType, samples: Vec<u8>) -> Result<Vec<u8>> {
    Ok(match colour {
        ColorType::Grayscale => samples,
        ColorType::GrayscaleAlpha => on_white(&samples, |[grey, alpha]: [u8; 2]| (grey, alpha)),
        ColorType::Rgb => on_white(&samples, |rgb: [u8; 3]| (luma(rgb), 255)),
        ColorType::Rgba => on_white(&samples, |[red, green, blue, alpha]: [u8; 4]| {
            (luma([red, green, blue]), alpha)
        }),
        ColorType::Indexed => return Err(fail(file, "its palette cannot be applied")),
    })
}

fn decode_jpeg(file: &str, bytes: &[u8]) -> Result<Picture> {
    let options = DecoderOptions::default()
        .set_max_width(usize::from(u16::MAX))
        .set_max_height(usize::from(u16::MAX))
        .set_strict_mode(true)
        .jpeg_set_out_colorspace(ColorSpace::RGB);
    let mut decoder = JpegDecoder::new_with_options(Cursor::new(bytes), options);
    decoder
        .decode_headers()
        .map_err(|error| fail(file, error))?;
    let info = decoder
        .info()
        .ok_or_else(|| fail(file, "it has no header"))?;
    let (width, height) = (usize::from(info.width), usize::from(info.height));
    check_size(file, width, height)?;
    let samples = decoder.decode().map_err(|error| fail(file, error))?;
    let pixels = on_white(&samples, |rgb: [u8; 3]| (luma(rgb), 255));
    if pixels.len() != width * height {
        return Err(fail(file, "it does not hold all its pixels"));
    }
    Ok(upright(
        Picture::from_parts(width, height, pixels),
        decoder.exif().map(Vec::as_slice),
    ))
}

/// Luma of ITU-R BT.601: 0.299 R + 0.587 G + 0.114 B.
fn luma([red, green, blue]: [u8; 3]) -> u8 {
    ((u32::from(red) * 299 + u32::from(green) * 587 + u32::from(blue) * 114 + 500) / 1000) as u8
}

/// Grey levels of pixels of `N` samples, laid on white by their opacity.
fn on_white<const N: usize>(samples: &[u8], grey_and_alpha: fn([u8; N]) -> (u8, u8)) -> Vec<u8> {
    let (pixels, _) = samples.as_chunks::<N>();
    let over_white = |&pixel: &[u8; N]| {
        let (grey, alpha) = grey_and_alpha(pixel);
        mix(255, grey, alpha)
    };
    pixels.iter().map(over_white).collect()
}

/// The picture turned as its Exif orientation (1 to 8) says; as it is if there is none.
fn upright(picture: Picture, exif: Option<&[u8]>) -> Picture {
    let orientation = exif
        .and_then(|bytes| exif::Reader::new().read_raw(bytes.to_vec()).ok())
        .and_then(|exif| {
            exif.get_field(Tag::Orientation, In::PRIMARY)?
                .value
                .get_uint(0)
        });
    turned(picture, orientation.unwrap_or(1))
}

/// Exif 2.32, section 4.6.4: where row 0 and column 0 of the stored picture belong.
fn turned(picture: Picture, orientation: u32) -> Picture {
    let (width, height) = (picture.width(), picture.height());
    let (right, bottom) = (width - 1, height - 1);
    let pixels = picture.pixels();
    let build = |width: usize, height: usize, from: &dyn Fn(usize, usize) -> (usize, usize)| {
        let stored = |index: usize| {
            let (column, row) = from(index % width, index / width);
            pixels[row * picture.width() + column]
        };
        Picture::from_parts(width, height, (0..width * height).map(stored).collect())
    };
    match orientation {
        2 => build(width, height, &|x, y| (right - x, y)),
        3 => build(width, height, &|x, y| (right - x, bottom - y)),
        4 => build(width, height, &|x, y| (x, bottom - y)),
        5 => build(height, width, &|x, y| (y, x)),
        6 => build(height, width, &|x, y| (y, bottom - x)),
        7 => build(height, width, &|x, y| (right - y, bottom - x)),
        8 => build(height, width, &|x, y| (right - y, x)),
        _ => picture,
    }
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
