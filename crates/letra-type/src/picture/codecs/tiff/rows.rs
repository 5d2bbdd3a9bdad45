//! Rows of a strip or tile as they are before they were compressed.

use std::io::{Cursor, Read};

use weezl::BitOrder;
use weezl::decode::{Configuration, Decoder};

use super::fax::Fax;
use super::{CUT_SHORT, Problem};

const DAMAGED: Problem = "its compressed data is cut short or damaged";

/// Where the rows of one strip, or tile, come from.
pub(super) enum Rows<'a> {
    Plain(&'a [u8]),
    PackBits(PackBits<'a>),
    Lzw(Decoder, &'a [u8]),
    Deflate(flate2::read::ZlibDecoder<&'a [u8]>),
    Lzma(Box<dyn Read + 'a>),
    Fax(Fax<'a>),
    /// Samples that are decoded already.
    Whole(Cursor<Vec<u8>>),
}

impl<'a> Rows<'a> {
    pub(super) fn lzw(data: &'a [u8]) -> Self {
        let configuration = Configuration::with_tiff_size_switch(BitOrder::Msb, 8);
        // What comes after the last row need not be sound.
        let decoder = configuration.with_yield_on_full_buffer(true).build();
        Self::Lzw(decoder, data)
    }

    pub(super) fn pack_bits(data: &'a [u8]) -> Self {
        Self::PackBits(PackBits {
            data,
            run: 0,
            repeated: None,
        })
    }

    /// Reads the next row.
    pub(super) fn fill(&mut self, row: &mut [u8]) -> Result<(), Problem> {
        match self {
            Self::Plain(data) => data.read_exact(row).map_err(|_| CUT_SHORT),
            Self::Whole(data) => data.read_exact(row).map_err(|_| CUT_SHORT),
            Self::Deflate(data) => data.read_exact(row).map_err(|_| DAMAGED),
            Self::Lzma(data) => data.read_exact(row).map_err(|_| DAMAGED),
            Self::PackBits(data) => data.fill(row),
            Self::Lzw(decoder, data) => fill_by_lzw(decoder, data, row),
            Self::Fax(fax) => fax.fill(row),
        }
    }
}

fn fill_by_lzw(decoder: &mut Decoder, data: &mut &[u8], mut row: &mut [u8]) -> Result<(), Problem> {
    while !row.is_empty() {
        let step = decoder.decode_bytes(data, row);
        *data = &data[step.consumed_in..];
        row = &mut row[step.consumed_out..];
        if step.status.is_err() || (step.consumed_in, step.consumed_out) == (0, 0) {
            return Err(DAMAGED);
        }
    }
    Ok(())
}

/// Runs of bytes as they are, or of one byte repeated (TIFF 6.0, section 9).
pub(super) struct PackBits<'a> {
    data: &'a [u8],
    /// How many bytes of the present run are left.
    run: usize,
    repeated: Option<u8>,
}

impl PackBits<'_> {
    fn fill(&mut self, mut row: &mut [u8]) -> Result<(), Problem> {
        while !row.is_empty() {
            if self.run == 0 {
                self.begin_run()?;
            }
            let length = self.run.min(row.len());
            let (now, rest) = row.split_at_mut(length);
            match self.repeated {
                Some(byte) => now.fill(byte),
                None => self.data.read_exact(now).map_err(|_| CUT_SHORT)?,
            }
            self.run -= length;
            row = rest;
        }
        Ok(())
    }

    fn begin_run(&mut self) -> Result<(), Problem> {
        let mut byte = || -> Result<u8, Problem> {
            let (&first, rest) = self.data.split_first().ok_or(CUT_SHORT)?;
            self.data = rest;
            Ok(first)
        };
        match byte()? {
            count @ 0..=127 => (self.run, self.repeated) = (1 + usize::from(count), None),
            // No run at all.
            128 => {}
            count => (self.run, self.repeated) = (257 - usize::from(count), Some(byte()?)),
        }
        Ok(())
    }
}
