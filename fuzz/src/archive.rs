//! Labelled pictures as NumPy archives.

use std::io::{Cursor, Write as _};

use zip::write::SimpleFileOptions;
use zip::{CompressionMethod, ZipWriter};

/// An npz archive of `labels.len()` pictures of `height` by `width` pixels, one after the other,
/// in the seminar's format.
pub fn npz(
    (height, width): (usize, usize),
    pixels: &[u8],
    labels: &[u8],
    method: CompressionMethod,
) -> Vec<u8> {
    let mut archive = ZipWriter::new(Cursor::new(Vec::new()));
    let count = labels.len();
    for (name, shape, bytes) in [
        ("arr_0", format!("{count}, {height}, {width}"), pixels),
        ("arr_1", format!("{count},"), labels),
    ] {
        let mut header =
            format!("{{'descr': '|u1', 'fortran_order': False, 'shape': ({shape}), }}");
        // The header's lengths and line end together fill blocks of 64 bytes.
        while (header.len() + 11) % 64 != 0 {
            header.push(' ');
        }
        header.push('\n');
        let options = SimpleFileOptions::default().compression_method(method);
        let length = (header.len() as u16).to_le_bytes();
        archive
            .start_file(format!("{name}.npy"), options)
            .expect("a file in memory");
        for part in [b"\x93NUMPY\x01\x00", &length[..], header.as_bytes(), bytes] {
            archive.write_all(part).expect("memory takes all");
        }
    }
    archive.finish().expect("memory takes all").into_inner()
}
