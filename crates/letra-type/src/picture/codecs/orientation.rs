//! Which way up a stored picture is to be shown.

use super::directory::Directory;
use crate::picture::Picture;

/// The orientation of TIFF and Exif 2.32 (tag 0x0112) and of XMP (`tiff:Orientation`): the same numbers.
pub(super) const ORIENTATION: u16 = 0x0112;

/// The picture turned as its Exif says; where that is silent, as its XMP says; else as it is.
pub(super) fn upright(picture: Picture, exif: Option<&[u8]>, xmp: Option<&[u8]>) -> Picture {
    let orientation = exif
        .and_then(exif_orientation)
        .or_else(|| xmp.and_then(xmp_orientation));
    turned(picture, orientation.unwrap_or(1))
}

/// The orientation in the first directory of Exif, which is a TIFF file without a picture.
///
/// Some writers leave the mark of a JPEG's Exif, `Exif\0\0`, before it.
fn exif_orientation(exif: &[u8]) -> Option<u16> {
    let tiff = exif.strip_prefix(b"Exif\0\0").unwrap_or(exif);
    let orientation = Directory::first(tiff)?.value(ORIENTATION)?;
    u16::try_from(orientation).ok()
}

/// The digit of `tiff:Orientation="6"` or `<tiff:Orientation>6<`.
fn xmp_orientation(xmp: &[u8]) -> Option<u16> {
    let name = b"tiff:Orientation";
    let values = xmp
        .windows(name.len())
        .enumerate()
        .filter(|(_, found)| *found == name)
        .map(|(at, _)| &xmp[at + name.len()..]);
    values
        .filter_map(|rest| rest.strip_prefix(b"=\"").or(rest.strip_prefix(b">")))
        .find_map(|value| value.first().filter(|digit| digit.is_ascii_digit()))
        .map(|digit| u16::from(digit - b'0'))
}

/// Exif 2.32, section 4.6.4: where row 0 and column 0 of the stored picture belong.
pub(super) fn turned(picture: Picture, orientation: u16) -> Picture {
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
