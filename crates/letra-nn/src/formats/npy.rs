//! Tensors in NumPy's files.

use std::fs::File;
use std::io::{BufReader, Read, Seek};
use std::path::Path;

use npyz::{DType, NpyFile, Order, TypeChar, WriterBuilder};

use crate::network::write_whole;
use crate::{Error, Tensor};

/// Whole numbers up to this are held exactly.
const MOST_INTEGER: u64 = 1 << f32::MANTISSA_DIGITS;

impl Tensor {
    /// Reads an array that NumPy's `save` wrote (`.npy`): of truth values, of whole numbers up to
    /// 2²⁴, of fractional ones, which are rounded to single precision; in either order of bytes, by
    /// rows or by columns.
    ///
    /// # Errors
    /// When the file cannot be read, is cut short, or holds something else.
    #[doc(alias = "load")]
    pub fn read_npy(path: impl AsRef<Path>) -> Result<Self, Error> {
        let path = path.as_ref();
        let wrong = |message: String| Error::file(path, message);
        let open = || {
            let mut file = File::open(path)?;
            let length = file.metadata()?.len();
            let fits = claims_what_fits(&mut file)?;
            file.rewind()?;
            Ok((file, length, fits))
        };
        let (file, length, fits) = open().map_err(|error| Error::io(path, error))?;
        if !fits {
            return Err(
                wrong("it claims more values than a computer can number".into())
                    .with_hint("save it again"),
            );
        }
        let file = NpyFile::new(BufReader::new(file)).map_err(|error| Error::io(path, error))?;
        let shape: Vec<usize> = file.shape().iter().map(|&size| size as usize).collect();
        let DType::Plain(kind) = file.dtype() else {
            return Err(wrong("its values are records of several fields".into())
                .with_hint("save each field as an array of its own"));
        };
        // Nothing is made room for that is not there.
        let bytes = kind.num_bytes().unwrap_or(1).max(1) as u64;
        if crate::shape::product(&shape)
            .is_none_or(|values| (values as u64).saturating_mul(bytes) > length)
        {
            return Err(wrong(format!(
                "it is cut short: an array of shape {shape:?} is longer"
            ))
            .with_hint("copy or save it again"));
        }
        let by_columns = file.order() == Order::Fortran;
        let (code, size) = (kind.type_char(), kind.size_field());
        let values = values(file, code, size).map_err(|error| match error {
            Problem::Io(error) => Error::io(path, error),
            Problem::Kind => wrong(format!("it holds values of kind {kind}"))
                .with_hint("save it as numbers: array.astype(\"float32\")"),
            Problem::Integer(value) => wrong(format!(
                "it holds {value}, and single precision holds whole numbers to {MOST_INTEGER} only"
            ))
            .with_hint("scale them, or number them anew from 0"),
        })?;
        match by_columns {
            false => Tensor::new(shape, values),
            true => Tensor::new(shape.clone(), by_rows(&shape, &values)),
        }
    }

    /// Writes the tensor for NumPy's `load`, in single precision (`.npy`). The file is there whole or
    /// not at all.
    ///
    /// # Errors
    /// When the file cannot be written.
    #[doc(alias = "save")]
    pub fn write_npy(&self, path: impl AsRef<Path>) -> Result<(), Error> {
        let path = path.as_ref();
        let shape: Vec<u64> = self.shape().iter().map(|&size| size as u64).collect();
        let mut bytes = Vec::new();
        let mut write = || {
            let options = npyz::WriteOptions::new().default_dtype().shape(&shape);
            let mut writer = options.writer(&mut bytes).begin_nd()?;
            writer.extend(self.data())?;
            writer.finish()
        };
        write().map_err(|error| Error::io(path, error))?;
        write_whole(path, &bytes)
    }
}

/// Whether the sizes in the header of a file have a product: npyz multiplies them without a look. A
/// header that is longer than any that NumPy writes does not fit either.
fn claims_what_fits(file: &mut File) -> std::io::Result<bool> {
    const HEADER: u64 = 1 << 16;
    let mut start = Vec::new();
    file.take(HEADER).read_to_end(&mut start)?;
    // The version's first byte says how long the length is.
    let length = match (start.get(6), start.get(8..12)) {
        (Some(1), Some(&[low, high, ..])) => 10 + u64::from(u16::from_le_bytes([low, high])),
        (Some(_), Some(&[a, b, c, d])) => 12 + u64::from(u32::from_le_bytes([a, b, c, d])),
        // Npyz says what is wrong.
        _ => return Ok(true),
    };
    if length > HEADER {
        return Ok(false);
    }
    let header = String::from_utf8_lossy(&start[..start.len().min(length as usize)]);
    let after = |quoted: &str| {
        header
            .split(quoted)
            .skip(1)
            .map(str::to_owned)
            .collect::<Vec<_>>()
    };
    let mut places = after("'shape'").into_iter().chain(after("\"shape\""));
    Ok(places.all(|place| {
        let sizes = place
            .split_once('(')
            .and_then(|(_, rest)| rest.split_once(')'));
        let mut sizes = sizes
            .map_or("", |(sizes, _)| sizes)
            .split(',')
            .map(str::trim);
        let product = sizes.try_fold(1_u64, |product, size| match size.parse::<u64>() {
            Ok(size) => product.checked_mul(size.max(1)),
            // Npyz refuses what is no number.
            Err(_) if size.bytes().all(|letter| letter.is_ascii_digit()) && !size.is_empty() => {
                None
            }
            Err(_) => Some(product),
        });
        product.is_some_and(|product| product <= isize::MAX as u64)
    }))
}

enum Problem {
    Io(std::io::Error),
    /// No numbers.
    Kind,
    /// A whole number that single precision does not hold.
    Integer(i128),
}

/// The values of a file in single precision.
fn values<R: Read>(file: NpyFile<R>, code: TypeChar, size: u64) -> Result<Vec<f32>, Problem> {
    match (code, size) {
        (TypeChar::Float, 8) => Ok(read::<f64, R>(file)?
            .into_iter()
            .map(|value| value as f32)
            .collect()),
        (TypeChar::Float, 4) => read::<f32, R>(file),
        (TypeChar::Bool, _) => {
            let flags = read::<bool, R>(file)?;
            Ok(flags
                .into_iter()
                .map(|flag| f32::from(u8::from(flag)))
                .collect())
        }
        (TypeChar::Int, 1) => integers::<i8, R>(file),
        (TypeChar::Int, 2) => integers::<i16, R>(file),
        (TypeChar::Int, 4) => integers::<i32, R>(file),
        (TypeChar::Int, 8) => integers::<i64, R>(file),
        (TypeChar::Uint, 1) => integers::<u8, R>(file),
        (TypeChar::Uint, 2) => integers::<u16, R>(file),
        (TypeChar::Uint, 4) => integers::<u32, R>(file),
        (TypeChar::Uint, 8) => integers::<u64, R>(file),
        _ => Err(Problem::Kind),
    }
}

fn read<T: npyz::Deserialize, R: Read>(file: NpyFile<R>) -> Result<Vec<T>, Problem> {
    file.into_vec().map_err(Problem::Io)
}

fn integers<T, R>(file: NpyFile<R>) -> Result<Vec<f32>, Problem>
where
    T: npyz::Deserialize + Into<i128>,
    R: Read,
{
    let values = read::<T, R>(file)?.into_iter().map(Into::into);
    values
        .map(
            |value: i128| match value.unsigned_abs() <= u128::from(MOST_INTEGER) {
                true => Ok(value as f32),
                false => Err(Problem::Integer(value)),
            },
        )
        .collect()
}

/// Values that lie by columns, the first axis running fastest, by rows.
fn by_rows(shape: &[usize], values: &[f32]) -> Vec<f32> {
    let steps: Vec<usize> = shape
        .iter()
        .scan(1, |step, size| Some(std::mem::replace(step, *step * size)))
        .collect();
    let mut place = vec![0; shape.len()];
    (0..values.len())
        .map(|_| {
            let index: usize = place
                .iter()
                .zip(&steps)
                .map(|(place, step)| place * step)
                .sum();
            for (place, size) in place.iter_mut().zip(shape).rev() {
                *place += 1;
                if *place < *size {
                    break;
                }
                *place = 0;
            }
            values[index]
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A file as NumPy writes it.
    fn file(
        kind: &str,
        by_columns: bool,
        shape: &str,
        data: &[u8],
    ) -> (tempfile::TempDir, std::path::PathBuf) {
        let by_columns = if by_columns { "True" } else { "False" };
        let mut header =
            format!("{{'descr': '{kind}', 'fortran_order': {by_columns}, 'shape': {shape}, }}");
        while (10 + header.len() + 1) % 64 != 0 {
            header.push(' ');
        }
        header.push('\n');
        let mut bytes = b"\x93NUMPY\x01\0".to_vec();
        bytes.extend((header.len() as u16).to_le_bytes());
        bytes.extend(header.as_bytes());
        bytes.extend(data);
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("array.npy");
        std::fs::write(&path, bytes).unwrap();
        (folder, path)
    }

    fn read(kind: &str, by_columns: bool, shape: &str, data: &[u8]) -> Result<Tensor, Error> {
        let (_folder, path) = file(kind, by_columns, shape, data);
        Tensor::read_npy(path)
    }

    #[test]
    fn numbers_of_all_kinds_and_orders_are_read() {
        let doubles: Vec<u8> = [0.5_f64, -2.0, 1e300]
            .iter()
            .flat_map(|value| value.to_le_bytes())
            .collect();
        let tensor = read("<f8", false, "(3,)", &doubles).unwrap();
        assert_eq!(tensor.data(), [0.5, -2.0, f32::INFINITY]);
        let big: Vec<u8> = [1.5_f32, 4.0]
            .iter()
            .flat_map(|value| value.to_be_bytes())
            .collect();
        assert_eq!(read(">f4", false, "(2, 1)", &big).unwrap().shape(), [2, 1]);
        assert_eq!(
            read(">f4", false, "(2, 1)", &big).unwrap().data(),
            [1.5, 4.0]
        );
        assert_eq!(
            read("|u1", false, "(2,)", &[7, 255]).unwrap().data(),
            [7.0, 255.0]
        );
        assert_eq!(
            read("<i2", false, "(1,)", &[0xfe, 0xff]).unwrap().data(),
            [-2.0]
        );
        assert_eq!(
            read("|b1", false, "(2,)", &[1, 0]).unwrap().data(),
            [1.0, 0.0]
        );
        // [[0, 1, 2], [3, 4, 5]] by columns.
        let tensor = read("|u1", true, "(2, 3)", &[0, 3, 1, 4, 2, 5]).unwrap();
        assert_eq!(tensor.data(), [0.0, 1.0, 2.0, 3.0, 4.0, 5.0]);
    }

    #[test]
    fn what_is_no_array_of_numbers_is_refused() {
        let refused = |result: Result<Tensor, Error>, word: &str| {
            let error = result.unwrap_err().to_string();
            assert!(error.contains(word), "{error}");
        };
        refused(
            read("<f4", false, "(1000000, 1000000)", &[0; 8]),
            "cut short",
        );
        refused(
            read("<f4", false, "(18446744073709551615, 2)", &[0; 8]),
            "more values",
        );
        refused(read("<U4", false, "(1,)", &[0; 16]), "astype");
        let large = (1_i64 << 40).to_le_bytes();
        refused(read("<i8", false, "(1,)", &large), "1099511627776");
        refused(Tensor::read_npy("/nowhere/array.npy"), "array.npy");
        // Another key before, and more than a header's length.
        let sizes = "(18446744073709551615, 18446744073709551615, 2)";
        refused(
            read("<f4', 'xshape': (1,), 'x': '", false, sizes, &[0; 8]),
            "",
        );
        let spaces = " ".repeat(60_000);
        refused(
            read("<f4", false, &format!("{spaces}{spaces}{sizes}"), &[0; 8]),
            "",
        );
    }

    #[test]
    fn what_is_written_is_read_again() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("array.npy");
        for shape in [vec![6], vec![2, 3], vec![], vec![0, 4]] {
            let values: usize = shape.iter().product();
            let tensor = Tensor::new(shape, (0..values).map(|i| i as f32 / 3.0).collect()).unwrap();
            tensor.write_npy(&path).unwrap();
            assert_eq!(Tensor::read_npy(&path).unwrap(), tensor);
        }
    }
}
