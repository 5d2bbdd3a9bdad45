//! Compressed web fonts put together table by table, sound ones and hostile ones.

#![allow(dead_code, reason = "each test file uses some")]

use super::font_file::FontFile;

/// A table of a WOFF file: its name, its bytes as they are stored, and how long it claims to be.
pub(crate) type Table = ([u8; 4], Vec<u8>, u32);

/// A WOFF file that claims to grow to a size. `tables` are stored one after the other, or all from
/// the same place on.
pub(crate) fn woff(size: u32, tables: &[Table], overlapping: bool) -> Vec<u8> {
    let start = 44 + 20 * tables.len();
    let (mut directory, mut data) = (Vec::new(), Vec::new());
    for (tag, stored, length) in tables {
        let place = if overlapping { 0 } else { data.len() };
        directory.extend(tag);
        for number in [(start + place) as u32, stored.len() as u32, *length, 0] {
            directory.extend(number.to_be_bytes());
        }
        if place == data.len() {
            data.extend(stored);
            data.resize(data.len().next_multiple_of(4), 0);
        }
    }
    let mut file = b"wOFF\0\x01\0\0".to_vec();
    file.extend(((start + data.len()) as u32).to_be_bytes());
    file.extend((tables.len() as u16).to_be_bytes());
    file.extend([0; 2]);
    file.extend(size.to_be_bytes());
    file.extend([0; 24]);
    [file, directory, data].concat()
}

/// A table of a WOFF2 file: its name, how it was transformed, and how long it claims to be.
pub(crate) type Claim = ([u8; 4], u8, u32);

/// A WOFF2 file of a flavour, tables, what follows their directory, and their bytes.
pub(crate) fn woff2(
    flavour: &[u8; 4],
    claims: &[Claim],
    collection: &[u8],
    data: &[u8],
) -> Vec<u8> {
    let mut directory = Vec::new();
    for (tag, transformation, length) in claims {
        directory.push(63 | transformation << 6);
        directory.extend(tag);
        directory.extend(base_128(*length));
    }
    directory.extend(collection);
    let stream = brotli(data);
    let mut file = b"wOF2".to_vec();
    let end = 48 + directory.len() + stream.len();
    file.extend(flavour);
    file.extend((end.next_multiple_of(4) as u32).to_be_bytes());
    file.extend((claims.len() as u16).to_be_bytes());
    file.extend([0; 2]);
    for number in [1000, stream.len() as u32] {
        file.extend(number.to_be_bytes());
    }
    file.extend([0; 24]);
    file.extend(directory);
    file.extend(stream);
    file.resize(end.next_multiple_of(4), 0);
    file
}

fn base_128(number: u32) -> Vec<u8> {
    let mut bytes = vec![(number & 0x7f) as u8];
    let mut left = number >> 7;
    while left > 0 {
        bytes.insert(0, 0x80 | (left & 0x7f) as u8);
        left >>= 7;
    }
    bytes
}

/// A stream of blocks that are not compressed (RFC 7932, section 9.2), with windows of 64 KiB.
fn brotli(data: &[u8]) -> Vec<u8> {
    let mut stream = Vec::new();
    for (index, block) in data.chunks(1 << 16).enumerate() {
        // Not the last, four digits of length, the length less 1, not compressed.
        let header = (block.len() as u32 - 1) << 3 | 1 << 19;
        let header = if index == 0 { header << 1 } else { header };
        stream.extend(&header.to_le_bytes()[..3]);
        stream.extend(block);
    }
    // The last, and empty.
    stream.push(3);
    stream
}

/// The claims of a font's tables, and their bytes. In a collection loca follows glyf.
pub(crate) fn claims(font: &FontFile) -> (Vec<Claim>, Vec<u8>) {
    let mut tables: Vec<_> = font.tables.iter().collect();
    tables.sort_by_key(|(tag, _)| (tag == b"loca", tag == b"glyf"));
    // Of glyf and loca, 0 is a transformation and 3 is none.
    let transformation = |tag: &[u8; 4]| {
        if matches!(tag, b"glyf" | b"loca") {
            3
        } else {
            0
        }
    };
    let claim =
        |(tag, bytes): &&([u8; 4], Vec<u8>)| (*tag, transformation(tag), bytes.len() as u32);
    let bytes = tables.iter().flat_map(|(_, bytes)| bytes.clone());
    (tables.iter().map(claim).collect(), bytes.collect())
}

/// The flavour of TrueType fonts.
pub(crate) const TRUE_TYPE: &[u8; 4] = b"\0\x01\0\0";
