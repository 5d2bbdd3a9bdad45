//! Files to test with, and numbers that look random.

#![allow(dead_code, reason = "each test file uses some")]

pub(crate) mod font_file;
pub(crate) mod lossless_jpeg;
pub(crate) mod tiff;
pub(crate) mod web_font_file;

use std::io::{Cursor, Write};

use letra_type::{Font, Picture, centred_glyph};
use zip::write::SimpleFileOptions;
use zip::{CompressionMethod, ZipWriter};

/// An npy file of version 1: the header's dictionary and the array's bytes.
pub(crate) fn npy(dictionary: &str, bytes: &[u8]) -> Vec<u8> {
    let mut file = b"\x93NUMPY\x01\x00".to_vec();
    file.extend((dictionary.len() as u16 + 1).to_le_bytes());
    file.extend(dictionary.bytes().chain([b'\n']));
    file.extend(bytes);
    file
}

/// The header of a row-major array of bytes.
pub(crate) fn header(shape: &str) -> String {
    format!("{{'descr': '|u1', 'fortran_order': False, 'shape': {shape}, }}")
}

/// A zip archive of files, deflated.
pub(crate) fn archive(files: &[(&str, Vec<u8>)]) -> Vec<u8> {
    let mut writer = ZipWriter::new(Cursor::new(Vec::new()));
    let options = SimpleFileOptions::default().compression_method(CompressionMethod::Deflated);
    for (name, bytes) in files {
        writer.start_file(*name, options).unwrap();
        writer.write_all(bytes).unwrap();
    }
    writer.finish().unwrap().into_inner()
}

/// An npz file of pictures and labels.
pub(crate) fn npz(shape: [usize; 3], pictures: &[u8], labels: &[u8]) -> Vec<u8> {
    let [count, height, width] = shape;
    archive(&[
        (
            "arr_0.npy",
            npy(&header(&format!("({count}, {height}, {width})")), pictures),
        ),
        (
            "arr_1.npy",
            npy(&header(&format!("({},)", labels.len())), labels),
        ),
    ])
}

/// A glyph, dark on light, in a picture of `side × side` pixels, at a size in pixels per em.
pub(crate) fn glyph_picture(font: &Font, character: char, size: f32, side: usize) -> Picture {
    let mut picture = Picture::blank(side, side, 255).unwrap();
    let outline = letra_type::Outline::of(font, character, size).unwrap();
    let (x, y) = outline.bounds().unwrap().centre();
    let middle = side as f32 / 2.0;
    let at = (middle - x, middle - y);
    letra_type::draw_line(&mut picture, font, &character.to_string(), size, at, 0).unwrap();
    picture
}

/// A built-in glyph as a picture of 36×36, dark on light.
pub(crate) fn small_glyph(character: char) -> Picture {
    let ink = centred_glyph(&Font::built_in()[0], character, 30.0).unwrap();
    Picture::new(36, 36, ink.iter().map(|ink| 255 - ink).collect()).unwrap()
}

/// A linear congruential generator (D. Knuth, MMIX).
pub(crate) struct Numbers(pub(crate) u64);

impl Numbers {
    /// A number below `bound`.
    pub(crate) fn below(&mut self, bound: usize) -> usize {
        self.0 = self
            .0
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) as usize % bound
    }
}
