//! Files of pictures: PNG, JPEG, WebP, GIF, BMP and TIFF.

mod bmp;
mod colour;
mod directory;
mod foreign;
mod gif;
mod jpeg;
mod orientation;
mod png;
mod tiff;
mod webp;

use std::path::Path;

use self::colour::greys_of_colours;
use super::{LONGEST_SIDE, Picture, mix};
use crate::error::{Error, Result};
use crate::file::{read_whole, write_whole};

/// The most pixels of a file that is made smaller while it is read.
const MOST_READ: usize = 1 << 29;

impl Picture {
    /// Reads a PNG, JPEG, WebP, GIF, BMP or TIFF file as grey: colours by their luma (ITU-R
    /// BT.601), or by how they differ where that hides what the picture shows, turned as its Exif or XMP orientation says; of an animation the first picture, of
    /// several pages the first. What is transparent is laid on white; of a PNG, WebP or GIF that is
    /// mostly transparent and light elsewhere, as white letters alone are, on black.
    ///
    /// A picture may have 67,108,864 pixels, a PNG 268,435,456 and a JPEG 134,217,728. Larger PNGs and
    /// JPEGs are made smaller as they are read, up to 536,870,912 pixels; no side may be above 65,535.
    /// Progressive JPEGs up to 268,435,456 samples, interlaced PNGs and lossless JPEGs not.
    ///
    /// # Errors
    /// The file is missing, empty, larger than 256 MiB, of none of these formats, cut short or
    /// damaged, or the picture is larger than said.
    pub fn from_file(path: &Path) -> Result<Self> {
        Self::from_bytes(&path.display().to_string(), &read_whole(path)?)
    }

    /// As [`Picture::from_file`], from the file's bytes; errors call the file by the name given.
    ///
    /// # Errors
    /// As [`Picture::from_file`].
    pub fn from_bytes(file: &str, bytes: &[u8]) -> Result<Self> {
        decode(file, bytes)
    }

    /// The picture as the bytes of a PNG file.
    ///
    /// # Errors
    /// The encoder fails, which it has no reason to.
    pub fn to_png(&self) -> Result<Vec<u8>> {
        png::encode(self)
    }

    /// Writes the picture as a PNG file, whole or not at all.
    ///
    /// # Errors
    /// The folder cannot be written or has no room; an older file of that name is then as it was.
    pub fn save_png(&self, path: &Path) -> Result<()> {
        write_whole(path, &self.to_png()?)
    }
}

/// Decodes a file of a picture to grey, upright; of several pictures the first.
fn decode(file: &str, bytes: &[u8]) -> Result<Picture> {
    if bytes.is_empty() {
        return Err(Error::EmptyFile { file: file.into() });
    }
    if bytes.starts_with(png::SIGNATURE) {
        png::decode(file, bytes)
    } else if bytes.starts_with(jpeg::SIGNATURE) {
        jpeg::decode(file, bytes)
    } else if webp::is_webp(bytes) {
        webp::decode(file, bytes)
    } else if bytes.starts_with(gif::SIGNATURE) {
        gif::decode(file, bytes)
    } else if bytes.starts_with(bmp::SIGNATURE) {
        bmp::decode(file, bytes)
    } else if tiff::is_tiff(bytes) {
        tiff::decode(file, bytes)
    } else if bmp::is_bitmap(bytes) {
        bmp::decode_bitmap(file, bytes, None)
    } else {
        Err(match foreign::format(bytes) {
            Some(format) => fail(file, format_args!("it is {format}, which is not read")),
            None => fail(file, "it is not a PNG, JPEG, WebP, GIF, BMP or TIFF"),
        })
    }
}

fn fail(file: &str, problem: impl ToString) -> Error {
    Error::Picture {
        file: file.into(),
        problem: problem.to_string(),
    }
}

/// A picture turned clockwise by so many quarters.
pub(super) fn turned_by_quarters(picture: Picture, quarters: usize) -> Picture {
    orientation::turned(picture, [1, 6, 3, 8][quarters % 4])
}

/// By which factor a picture beyond the limits is made smaller as it is read: the least one that
/// brings it within them, `most` pixels in all; 1 if it is within them or further beyond than is read at all.
fn shrink(width: usize, height: usize, most: usize) -> usize {
    let readable = width.max(height) <= LONGEST_SIDE && width * height <= MOST_READ;
    let fits = |factor: &usize| {
        let (width, height) = (width / factor, height / factor);
        width.min(height) > 0 && width * height <= most
    };
    match readable {
        true => (1..=8).find(fits).unwrap_or(1),
        false => 1,
    }
}

/// Luma of ITU-R BT.601: 0.299 R + 0.587 G + 0.114 B.
fn luma([red, green, blue]: [u8; 3]) -> u8 {
    ((u32::from(red) * 299 + u32::from(green) * 587 + u32::from(blue) * 114 + 500) / 1000) as u8
}

/// Red, green and blue of luma and two differences of colour (ITU-T T.871, section 7), in steps of
/// 1/65,536.
fn rgb_of([luma, blue, red]: [u8; 3]) -> [u8; 3] {
    let luma = i32::from(luma) << 16 | 1 << 15;
    let (blue, red) = (i32::from(blue) - 128, i32::from(red) - 128);
    [
        luma + 91_881 * red,
        luma - 22_554 * blue - 46_802 * red,
        luma + 116_130 * blue,
    ]
    .map(|level| (level >> 16).clamp(0, 255) as u8)
}

/// Grey of three inks and black on white paper, where 255 is none.
fn printed(inks: [u8; 3], black: u8) -> u8 {
    let over = |ink: u8| ((u32::from(ink) * u32::from(black) + 127) / 255) as u8;
    luma(inks.map(over))
}

/// Grey levels of pixels of `N` samples, laid on white by their opacity; on black where most is
/// transparent and the rest so light that white would hide it.
fn on_ground<const N: usize>(samples: &[u8], grey_and_alpha: fn([u8; N]) -> (u8, u8)) -> Vec<u8> {
    let (pixels, _) = samples.as_chunks::<N>();
    let (mut light, mut opacity) = (0_u64, 0_u64);
    for &pixel in pixels {
        let (grey, alpha) = grey_and_alpha(pixel);
        light += u64::from(grey) * u64::from(alpha);
        opacity += u64::from(alpha);
    }
    let is_thin = 2 * opacity < 255 * pixels.len() as u64;
    let ground = match is_thin && light > LIGHT * opacity {
        true => 0,
        false => 255,
    };
    greys(samples, |pixel| {
        let (grey, alpha) = grey_and_alpha(pixel);
        mix(ground, grey, alpha)
    })
}

/// Grey levels of pixels of `N` samples.
fn greys<const N: usize>(samples: &[u8], grey: impl Fn([u8; N]) -> u8) -> Vec<u8> {
    let (pixels, _) = samples.as_chunks::<N>();
    pixels.iter().map(|&pixel| grey(pixel)).collect()
}

/// The mean level, weighted by opacity, above which white does not show what is laid on it.
const LIGHT: u64 = 200;

/// Grey levels of pixels of red, green, blue and opacity, laid on a ground if one is not opaque.
fn greys_of_rgba(samples: &[u8]) -> Vec<u8> {
    let (pixels, _) = samples.as_chunks::<4>();
    match pixels.iter().all(|pixel| pixel[3] == 255) {
        true => greys_of_colours(samples, |[red, green, blue, _]| [red, green, blue]),
        false => on_ground(samples, rgba),
    }
}

/// Grey of a pixel of red, green, blue and opacity, and that opacity.
fn rgba([red, green, blue, alpha]: [u8; 4]) -> (u8, u8) {
    (luma([red, green, blue]), alpha)
}
