//! The markers that part a JPEG file (ITU-T T.81, annex B), and its segments.

/// What a JPEG file begins with: the marker SOI.
pub(in crate::picture::codecs) const SIGNATURE: &[u8] = &[0xff, 0xd8];

pub(super) const DHT: u8 = 0xc4;
pub(super) const JPG: u8 = 0xc8;
pub(super) const DAC: u8 = 0xcc;
pub(super) const EOI: u8 = 0xd9;
pub(super) const SOS: u8 = 0xda;
pub(super) const DQT: u8 = 0xdb;
pub(super) const DRI: u8 = 0xdd;
pub(super) const APP0: u8 = 0xe0;
pub(super) const APP1: u8 = 0xe1;
pub(super) const APP14: u8 = 0xee;

/// The next marker and what follows it.
pub(super) fn next_marker(bytes: &[u8]) -> Option<(u8, &[u8])> {
    let at = bytes
        .array_windows()
        .position(|&[fill, marker]| fill == 0xff && !matches!(marker, 0 | 0xff))?;
    Some((bytes[at + 1], &bytes[at + 2..]))
}

/// The contents of a segment, before which their length stands, and what follows it.
pub(super) fn split_segment(bytes: &[u8]) -> Option<(&[u8], &[u8])> {
    let (length, rest) = bytes.split_first_chunk()?;
    let length = usize::from(u16::from_be_bytes(*length)).checked_sub(2)?;
    rest.split_at_checked(length)
}
