//! TIFF files (TIFF 6.0, and BigTIFF): the first page.

mod fax;
mod lab;
mod layout;
mod rows;
mod tags;
mod xz;

use std::io::Cursor;

use layout::{Compression, Layout, Numbers};
use rows::Rows;

use self::fax::Fax;
use super::directory::Directory;
use super::orientation::{ORIENTATION, turned};
use super::{fail, jpeg};
use crate::error::Result;
use crate::picture::{Picture, check_size_of_colours};

type Problem = &'static str;

const CUT_SHORT: Problem = "it does not hold all its pixels";

/// Whether a file begins as TIFF files do.
pub(super) fn is_tiff(bytes: &[u8]) -> bool {
    [b"II*\0", b"MM\0*", b"II+\0", b"MM\0+"]
        .iter()
        .any(|start| bytes.starts_with(*start))
}

pub(super) fn decode(file: &str, bytes: &[u8]) -> Result<Picture> {
    let directory =
        Directory::first(bytes).ok_or_else(|| fail(file, "its directory is cut short"))?;
    let layout = Layout::read(&directory).map_err(|problem| fail(file, problem))?;
    let (width, height) = (layout.width, layout.height);
    check_size_of_colours(file, width, height)?;
    check_size_of_colours(file, layout.part_width, layout.part_height)?;
    layout
        .check_parts(bytes.len())
        .map_err(|problem| fail(file, problem))?;
    let turned_round: Vec<u8>;
    let bytes = match layout.lowest_bit_first {
        true => {
            turned_round = bytes.iter().map(|byte| byte.reverse_bits()).collect();
            &turned_round
        }
        false => bytes,
    };
    let layout = &layout;
    let pixels = Reader {
        file,
        bytes,
        layout,
    }
    .pixels()?;
    if layout.numbers == Numbers::Fractions && pixels.iter().all(|&level| level <= 1) {
        return Err(fail(
            file,
            "its samples are fractions, of which nothing tells the white; save it with whole numbers",
        ));
    }
    let orientation = directory.value(ORIENTATION).unwrap_or(1);
    let picture = Picture::from_parts(width, height, pixels);
    Ok(turned(picture, u16::try_from(orientation).unwrap_or(1)))
}

struct Reader<'a> {
    file: &'a str,
    bytes: &'a [u8],
    layout: &'a Layout<'a>,
}

impl<'a> Reader<'a> {
    /// Grey levels on white, part by part.
    fn pixels(&self) -> Result<Vec<u8>> {
        let layout = self.layout;
        // Zeros take no memory before something is written over them.
        let mut pixels = vec![0; layout.width * layout.height];
        for top in (0..layout.height).step_by(layout.part_height) {
            let bottom = layout.height.min(top + layout.part_height);
            for left in (0..layout.width).step_by(layout.part_width) {
                let right = layout.width.min(left + layout.part_width);
                let part =
                    top / layout.part_height * layout.parts_across() + left / layout.part_width;
                let rows = pixels[top * layout.width..bottom * layout.width]
                    .chunks_exact_mut(layout.width);
                self.read_part(part, rows.map(|row| &mut row[left..right]))?;
            }
        }
        Ok(pixels)
    }

    /// Reads a strip or tile, of all its planes.
    fn read_part<'p>(&self, part: usize, rows: impl Iterator<Item = &'p mut [u8]>) -> Result<()> {
        let layout = self.layout;
        let planes = layout.planes();
        let mut sources = (0..planes)
            .map(|plane| self.rows(part + plane * layout.parts_of_a_plane()))
            .collect::<Result<Vec<_>>>()?;
        let samples_of_a_row = layout.samples_of_a_row();
        let mut stored = vec![0; layout.bytes_of_a_row()];
        let mut samples = vec![0; layout.part_width * layout.samples];
        for row in rows {
            for (plane, source) in sources.iter_mut().enumerate() {
                source
                    .fill(&mut stored)
                    .map_err(|problem| fail(self.file, problem))?;
                layout.add_differences(&mut stored);
                let places = samples[plane..].iter_mut().step_by(planes);
                layout.unpack(&stored, places.take(samples_of_a_row));
            }
            for (grey, pixel) in row.iter_mut().zip(samples.chunks_exact(layout.samples)) {
                *grey = layout.grey(pixel);
            }
        }
        Ok(())
    }

    /// The rows of a strip or tile of one plane.
    fn rows(&self, part: usize) -> Result<Rows<'a>> {
        let layout = self.layout;
        let data = layout
            .data(self.bytes, part)
            .ok_or_else(|| fail(self.file, CUT_SHORT))?;
        Ok(match layout.compression {
            Compression::None => Rows::Plain(data),
            Compression::PackBits => Rows::pack_bits(data),
            Compression::Lzw => Rows::lzw(data),
            Compression::Deflate => Rows::Deflate(flate2::read::ZlibDecoder::new(data)),
            Compression::Lzma => {
                let length = layout.bytes_of_a_row() * layout.part_height;
                Rows::Lzma(xz::reader(data, length).map_err(|problem| fail(self.file, problem))?)
            }
            Compression::Fax(coding) => Rows::Fax(Fax::new(data, layout.part_width, coding)),
            Compression::Jpeg { tables, smooth } => Rows::Whole(self.jpeg(tables, data, smooth)?),
        })
    }

    /// The samples of a strip or tile that is a JPEG file but for its tables, which are one, too.
    fn jpeg(&self, tables: &[u8], data: &[u8], smooth: bool) -> Result<Cursor<Vec<u8>>> {
        let layout = self.layout;
        let tables = tables.strip_suffix(&[0xff, 0xd9]).unwrap_or(tables);
        let whole;
        let data = match data.strip_prefix(jpeg::SIGNATURE) {
            Some(rest) if !tables.is_empty() => {
                whole = [tables, rest].concat();
                &whole
            }
            _ => data,
        };
        let samples = jpeg::samples(self.file, data, smooth)?;
        // The last strip may be of the height that is left.
        match samples.width == layout.part_width
            && samples.height <= layout.part_height
            && samples.of_a_pixel == layout.samples / layout.planes()
        {
            true => Ok(Cursor::new(samples.levels)),
            false => Err(fail(
                self.file,
                "a part of it is of another size than stated",
            )),
        }
    }
}
