//! One array in NumPy's npy format, version 1 to 3: of bytes, or of any numbers.
//!
//! The format (NumPy Enhancement Proposal 1): `\x93NUMPY`, two bytes of version, the length of
//! the header, the header as a Python dictionary in text, the array's bytes.

use std::io::Read;

/// The longest header read; NumPy itself writes 118 bytes for a plain array.
const HEADER_LIMIT: usize = 4096;

/// An array of unsigned bytes in row-major order.
#[derive(Debug)]
pub(crate) struct Array {
    /// Length of each axis.
    pub(crate) shape: Vec<usize>,
    /// As many bytes as the product of the axes.
    pub(crate) bytes: Vec<u8>,
}

/// Reads an array of `axes` axes and at most `limit` bytes.
///
/// Memory grows with the bytes that are really there, not with what the header promises.
///
/// # Errors
/// What is wrong, as the end of a sentence that begins with the array's name.
pub(crate) fn read(
    source: &mut impl Read,
    axes: usize,
    limit: usize,
) -> std::result::Result<Array, String> {
    let header = header(source)?;
    let element = value(&header, "descr")?.trim_matches(['\'', '"']);
    if !matches!(element, "|u1" | "u1" | "<u1" | ">u1") {
        return Err(format!("holds elements of type {element}, not uint8 (|u1)"));
    }
    let shape = row_major(&header)?;
    if shape.len() != axes {
        return Err(format!("has the shape {shape:?}, not {axes} axes"));
    }
    let bytes = contents(source, &shape, 1, limit)?;
    Ok(Array { shape, bytes })
}

/// An array of numbers in row-major order.
#[derive(Debug)]
pub(crate) struct Numbers {
    /// Length of each axis.
    pub(crate) shape: Vec<usize>,
    /// As many numbers as the product of the axes.
    pub(crate) values: Vec<f32>,
    /// Whether they were unsigned bytes.
    pub(crate) are_bytes: bool,
}

/// Reads an array of truth values, whole or fractional numbers of any number of axes and at most
/// `limit` bytes; each is rounded to single precision.
///
/// # Errors
/// What is wrong, as the end of a sentence that begins with the array's name.
pub(crate) fn read_numbers(
    source: &mut impl Read,
    limit: usize,
) -> std::result::Result<Numbers, String> {
    let header = header(source)?;
    let element = value(&header, "descr")?.trim_matches(['\'', '"']);
    let Some((size, number)) = decoder(element) else {
        return Err(format!(
            "holds elements of type {element}, not numbers in little-endian order (such as <f4)"
        ));
    };
    let shape = row_major(&header)?;
    let bytes = contents(source, &shape, size, limit)?;
    Ok(Numbers {
        shape,
        values: bytes.chunks_exact(size).map(number).collect(),
        are_bytes: element == "|u1",
    })
}

/// What number bytes are.
type Decode = fn(&[u8]) -> f32;

/// Bytes of an element of a type, and what number they are.
fn decoder(element: &str) -> Option<(usize, Decode)> {
    macro_rules! number {
        ($kind:ty) => {
            (size_of::<$kind>(), |bytes| {
                let mut number = [0; size_of::<$kind>()];
                number.copy_from_slice(bytes);
                <$kind>::from_le_bytes(number) as f32
            })
        };
    }
    Some(match element {
        "|b1" | "|u1" => number!(u8),
        "|i1" => number!(i8),
        "<u2" => number!(u16),
        "<i2" => number!(i16),
        "<u4" => number!(u32),
        "<i4" => number!(i32),
        "<u8" => number!(u64),
        "<i8" => number!(i64),
        "<f4" => number!(f32),
        "<f8" => number!(f64),
        _ => return None,
    })
}

/// The shape of an array that is stored row by row.
fn row_major(header: &str) -> std::result::Result<Vec<usize>, String> {
    let shape = shape(value(header, "shape")?)?;
    if shape.len() > 1 && value(header, "fortran_order")? != "False" {
        return Err("is stored column by column (Fortran order), not row by row".into());
    }
    Ok(shape)
}

/// The bytes of an array whose elements take `size` each.
fn contents(
    source: &mut impl Read,
    shape: &[usize],
    size: usize,
    limit: usize,
) -> std::result::Result<Vec<u8>, String> {
    let length = shape
        .iter()
        .try_fold(size, |product, &axis| product.checked_mul(axis))
        .filter(|&length| length <= limit)
        .ok_or_else(|| format!("has the shape {shape:?}, more than {limit} bytes"))?;
    let mut bytes = Vec::new();
    source
        .take(length as u64 + 1)
        .read_to_end(&mut bytes)
        .map_err(|error| format!("cannot be unpacked: {error}"))?;
    if bytes.len() < length {
        return Err(format!("is cut short: {} of {length} bytes", bytes.len()));
    }
    if bytes.len() > length {
        return Err(format!("has more bytes than its shape {shape:?} allows"));
    }
    Ok(bytes)
}

fn header(source: &mut impl Read) -> std::result::Result<String, String> {
    let mut take = |count: usize| {
        let mut bytes = vec![0; count];
        match source.read_exact(&mut bytes) {
            Ok(()) => Ok(bytes),
            Err(error) => Err(format!("is cut short in its header: {error}")),
        }
    };
    let start = take(8)?;
    if !start.starts_with(b"\x93NUMPY") {
        return Err("is not in NumPy's npy format".into());
    }
    let length = match start[6] {
        1 => take(2)?
            .iter()
            .rev()
            .fold(0, |sum, &byte| sum << 8 | usize::from(byte)),
        2 | 3 => take(4)?
            .iter()
            .rev()
            .fold(0, |sum, &byte| sum << 8 | usize::from(byte)),
        version => return Err(format!("is of npy version {version}, which is unknown")),
    };
    if length > HEADER_LIMIT {
        return Err(format!(
            "has a header of {length} bytes, more than {HEADER_LIMIT}"
        ));
    }
    String::from_utf8(take(length)?).map_err(|_| "has a header that is not text".into())
}

/// The text of a value in a flat Python dictionary, up to the comma that ends it.
fn value<'a>(header: &'a str, key: &str) -> std::result::Result<&'a str, String> {
    let missing = || format!("has a header without {key}");
    let start = [format!("'{key}'"), format!("\"{key}\"")]
        .iter()
        .find_map(|quoted| header.find(quoted).map(|at| at + quoted.len()))
        .ok_or_else(missing)?;
    let rest = header[start..]
        .trim_start()
        .strip_prefix(':')
        .ok_or_else(missing)?
        .trim_start();
    let end = match rest.strip_prefix('(') {
        Some(tuple) => tuple.find(')').map(|at| at + 2),
        None => rest.find([',', '}']),
    };
    Ok(rest[..end.ok_or_else(missing)?].trim_end())
}

/// `(2790, 36, 36)` as lengths.
fn shape(text: &str) -> std::result::Result<Vec<usize>, String> {
    let inner = text
        .strip_prefix('(')
        .and_then(|text| text.strip_suffix(')'));
    inner
        .and_then(|inner| {
            inner
                .trim()
                .trim_end_matches(',')
                .split(',')
                .filter(|axis| !axis.trim().is_empty())
                .map(|axis| axis.trim().parse().ok())
                .collect()
        })
        .ok_or_else(|| format!("has a shape that cannot be read: {text}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A file of a type, a shape and bytes.
    fn file(element: &str, shape: &str, bytes: &[u8]) -> Vec<u8> {
        let header =
            format!("{{'descr': '{element}', 'fortran_order': False, 'shape': {shape}, }}\n");
        let length = (header.len() as u16).to_le_bytes();
        [b"\x93NUMPY\x01\x00", &length[..], header.as_bytes(), bytes].concat()
    }

    fn read(file: &[u8]) -> std::result::Result<Numbers, String> {
        read_numbers(&mut &file[..], 1 << 20)
    }

    #[test]
    fn numbers_of_every_type_are_read() {
        let both = |element: &str, bytes: &[u8]| {
            let numbers = read(&file(element, "(2,)", bytes)).unwrap();
            (numbers.values, numbers.are_bytes)
        };
        assert_eq!(both("|u1", &[1, 255]), (vec![1.0, 255.0], true));
        assert_eq!(both("|i1", &[1, 255]), (vec![1.0, -1.0], false));
        assert_eq!(both("<i2", &[1, 0, 254, 255]).0, [1.0, -2.0]);
        let long = [7_i64, -3].map(i64::to_le_bytes).concat();
        assert_eq!(both("<i8", &long).0, [7.0, -3.0]);
        let double = [0.5_f64, f64::NAN].map(f64::to_le_bytes).concat();
        let values = both("<f8", &double).0;
        assert!(values[0] == 0.5 && values[1].is_nan());
    }

    #[test]
    fn what_are_no_numbers_or_not_there_is_refused() {
        for (element, shape, says) in [
            ("<U4", "(2,)", "<U4"),
            (">f4", "(2,)", ">f4"),
            ("<f4", "(3,)", "cut short"),
            ("<f4", "(1,)", "more bytes"),
            ("<f4", "(4294967296, 4294967296)", "more than"),
        ] {
            let problem = read(&file(element, shape, &[0; 8])).unwrap_err();
            assert!(problem.contains(says), "{problem}");
        }
    }
}
