//! IDX files, in which MNIST and sets like it come.

use std::fs::File;
use std::io::{BufRead, BufReader, ErrorKind, Read};
use std::path::Path;

use flate2::bufread::MultiGzDecoder;

use crate::shape::product;
use crate::{Dataset, Error, Tensor};

/// Whole numbers up to this are held exactly.
const MOST_INTEGER: u32 = 1 << f32::MANTISSA_DIGITS;
/// The largest size of an axis, a signed whole number of four bytes.
const MOST_SIZE: u32 = i32::MAX as u32;
/// What a byte of a gzip file can become at most: a deflated code of two bits stands for 258.
const MOST_INFLATED: u64 = 1032;

impl Tensor {
    /// Reads an array of an IDX file, the format of MNIST and Fashion-MNIST (LeCun, Cortes and Burges),
    /// with gzip around it or not: whole numbers of one, two or four bytes up to 2²⁴, fractional ones of
    /// four or eight, which are rounded to single precision. The values are as they stand: a grey of
    /// 0 to 255 is one.
    ///
    /// ```
    /// use letra_nn::prelude::*;
    ///
    /// let folder = std::env::temp_dir().join("letra-read-idx");
    /// std::fs::create_dir_all(&folder).unwrap();
    /// let path = folder.join("bytes.idx");
    /// // Zeros, bytes (8), 2 axes: 2 rows of 3.
    /// let file = [&[0, 0, 8, 2, 0, 0, 0, 2, 0, 0, 0, 3][..], &[1, 2, 3, 4, 5, 255]].concat();
    /// std::fs::write(&path, file).unwrap();
    /// let tensor = Tensor::read_idx(&path)?;
    /// assert_eq!((tensor.shape(), tensor.data()[5]), (&[2, 3][..], 255.0));
    /// # std::fs::remove_dir_all(folder).unwrap();
    /// # Ok::<(), letra_nn::Error>(())
    /// ```
    ///
    /// # Errors
    /// When the file cannot be read, does not begin as such a file does, is shorter or longer than it
    /// says, or holds a whole number above 2²⁴.
    pub fn read_idx(path: impl AsRef<Path>) -> Result<Self, Error> {
        let (tensor, _) = read(path.as_ref())?;
        Ok(tensor)
    }
}

impl Dataset {
    /// Reads pictures and their classes from two IDX files, such as `train-images-idx3-ubyte.gz` and
    /// `train-labels-idx1-ubyte.gz`: inputs `[samples, height, width, 1]`, and a class from 0 to
    /// `count` − 1 for each. Pictures of bytes become numbers from 0 to 1; others stay as they are, and
    /// so do arrays of other than three axes.
    ///
    /// # Errors
    /// As [`Tensor::read_idx`]; when there is not one label a picture, or a label is no whole number
    /// below `count`.
    pub fn read_idx(
        pictures: impl AsRef<Path>,
        labels: impl AsRef<Path>,
        count: usize,
    ) -> Result<Self, Error> {
        let (mut inputs, kind) = read(pictures.as_ref())?;
        if let Kind::Byte = kind {
            inputs.data_mut().iter_mut().for_each(|grey| *grey /= 255.0);
        }
        if let [samples, height, width] = *inputs.shape() {
            inputs = inputs.reshape([samples, height, width, 1])?;
        }
        Dataset::classes(inputs, read_labels(labels.as_ref())?, count)
    }
}

/// One label a sample.
fn read_labels(path: &Path) -> Result<Vec<u32>, Error> {
    let (labels, _) = read(path)?;
    if labels.shape().len() != 1 {
        return Err(Error::file(
            path,
            format!(
                "it holds an array of shape {:?}, not a list of labels",
                labels.shape()
            ),
        )
        .with_hint("give the file of the labels, and that of the pictures before it"));
    }
    let label = |(place, &value): (usize, &f32)| match value >= 0.0 && value.fract() == 0.0 {
        true => Ok(value as u32),
        false => Err(Error::file(path, format!("label {place} is {value}"))
            .with_hint("a label is a whole number from 0 up")),
    };
    labels.data().iter().enumerate().map(label).collect()
}

/// What the values of a file are.
#[derive(Clone, Copy)]
enum Kind {
    Byte,
    SignedByte,
    Short,
    Integer,
    Float,
    Double,
}

impl Kind {
    fn of(code: u8) -> Option<Self> {
        match code {
            0x08 => Some(Kind::Byte),
            0x09 => Some(Kind::SignedByte),
            0x0B => Some(Kind::Short),
            0x0C => Some(Kind::Integer),
            0x0D => Some(Kind::Float),
            0x0E => Some(Kind::Double),
            _ => None,
        }
    }

    fn bytes(self) -> usize {
        match self {
            Kind::Byte | Kind::SignedByte => 1,
            Kind::Short => 2,
            Kind::Integer | Kind::Float => 4,
            Kind::Double => 8,
        }
    }

    /// A value from its bytes, or the whole number that single precision does not hold.
    fn value(self, bytes: &[u8]) -> Result<f32, i32> {
        let value = match (self, bytes) {
            (Kind::Byte, &[byte]) => f32::from(byte),
            (Kind::SignedByte, &[byte]) => f32::from(byte as i8),
            (Kind::Short, &[a, b]) => f32::from(i16::from_be_bytes([a, b])),
            (Kind::Integer, &[a, b, c, d]) => {
                let value = i32::from_be_bytes([a, b, c, d]);
                if value.unsigned_abs() > MOST_INTEGER {
                    return Err(value);
                }
                value as f32
            }
            (Kind::Float, &[a, b, c, d]) => f32::from_be_bytes([a, b, c, d]),
            (_, &[a, b, c, d, e, f, g, h]) => f64::from_be_bytes([a, b, c, d, e, f, g, h]) as f32,
            _ => f32::NAN,
        };
        Ok(value)
    }
}

/// The array of a file, and what its values were.
fn read(path: &Path) -> Result<(Tensor, Kind), Error> {
    let wrong = |message: String| Error::file(path, message);
    let failed = |error: std::io::Error| match error.kind() {
        ErrorKind::UnexpectedEof => wrong("it is cut short".into()).with_hint("copy it again"),
        ErrorKind::InvalidData | ErrorKind::InvalidInput => {
            wrong(format!("its gzip cannot be undone: {error}")).with_hint("copy it again")
        }
        _ => Error::io(path, error),
    };
    let (mut source, most) = open(path).map_err(|error| Error::io(path, error))?;
    let (kind, shape) = read_header(&mut *source, path, &failed)?;
    let values = product(&shape);
    let bytes = values.and_then(|values| values.checked_mul(kind.bytes()));
    // Nothing is made room for that is not there.
    let bytes = bytes.filter(|&bytes| bytes as u64 <= most).ok_or_else(|| {
        wrong(format!(
            "it is cut short: an array of shape {shape:?} is longer"
        ))
        .with_hint("copy it again")
    })?;
    let mut data = Vec::new();
    let read = (&mut source).take(bytes as u64).read_to_end(&mut data);
    if read.map_err(failed)? < bytes {
        return Err(wrong(format!(
            "it is cut short: of an array of shape {shape:?} it holds {} bytes of {bytes}",
            data.len()
        ))
        .with_hint("copy it again"));
    }
    if source.read(&mut [0]).map_err(failed)? > 0 {
        return Err(wrong(format!(
            "it goes on after the {bytes} bytes of an array of shape {shape:?}"
        ))
        .with_hint("choose a file of one array"));
    }
    let values = data
        .chunks_exact(kind.bytes())
        .map(|bytes| kind.value(bytes));
    let values = values.collect::<Result<Vec<f32>, i32>>().map_err(|value| {
        wrong(format!(
            "it holds {value}, and single precision holds whole numbers to {MOST_INTEGER} only"
        ))
        .with_hint("scale them, or number them anew from 0")
    })?;
    Ok((Tensor::new(shape, values)?, kind))
}

/// What a file holds, without gzip, and how many bytes that can be at most.
fn open(path: &Path) -> std::io::Result<(Box<dyn Read>, u64)> {
    let file = File::open(path)?;
    let length = file.metadata()?.len();
    let mut file = BufReader::new(file);
    let is_gzip = file.fill_buf()?.starts_with(&[0x1F, 0x8B]);
    Ok(match is_gzip {
        true => (
            Box::new(MultiGzDecoder::new(file)),
            length.saturating_mul(MOST_INFLATED),
        ),
        false => (Box::new(file), length),
    })
}

/// Two zeros, the kind of the values, the number of axes, and the size of each.
fn read_header(
    source: &mut dyn Read,
    path: &Path,
    failed: &dyn Fn(std::io::Error) -> Error,
) -> Result<(Kind, Vec<usize>), Error> {
    let mut magic = [0; 4];
    source.read_exact(&mut magic).map_err(failed)?;
    let [0, 0, code, axes] = magic else {
        return Err(Error::file(
            path,
            format!("it begins with the bytes {magic:02x?}, and an IDX file with two zeros"),
        )
        .with_hint("choose an IDX file, such as train-images-idx3-ubyte"));
    };
    let Some(kind) = Kind::of(code) else {
        return Err(Error::file(
            path,
            format!("its values are of kind {code:#04x}, which the format does not have"),
        )
        .with_hint("the kinds are 0x08, 0x09, 0x0b, 0x0c, 0x0d and 0x0e"));
    };
    let mut shape = Vec::new();
    for axis in 1..=axes {
        let mut size = [0; 4];
        source.read_exact(&mut size).map_err(failed)?;
        let size = u32::from_be_bytes(size);
        if size > MOST_SIZE {
            return Err(Error::file(
                path,
                format!("axis {axis} has size {size}, and the format's largest is {MOST_SIZE}"),
            )
            .with_hint("copy it again, or write it with smaller axes"));
        }
        shape.push(size as usize);
    }
    Ok((kind, shape))
}

#[cfg(test)]
mod tests {
    use std::io::Write;

    use flate2::Compression;
    use flate2::write::GzEncoder;
    use proptest::prelude::*;

    use super::*;

    fn file(code: u8, sizes: &[u32], data: &[u8]) -> Vec<u8> {
        let sizes_bytes = sizes.iter().flat_map(|size| size.to_be_bytes());
        let start = [0, 0, code, sizes.len() as u8].into_iter();
        start
            .chain(sizes_bytes)
            .chain(data.iter().copied())
            .collect()
    }

    fn zipped(bytes: &[u8]) -> Vec<u8> {
        let mut encoder = GzEncoder::new(Vec::new(), Compression::default());
        encoder.write_all(bytes).unwrap();
        encoder.finish().unwrap()
    }

    fn read_bytes(bytes: &[u8]) -> Result<Tensor, Error> {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("array.idx");
        std::fs::write(&path, bytes).unwrap();
        Tensor::read_idx(path)
    }

    #[test]
    fn numbers_of_all_kinds_are_read() {
        let cases: [(u8, Vec<u8>, [f32; 2]); 6] = [
            (0x08, vec![7, 255], [7.0, 255.0]),
            (0x09, vec![7, 255], [7.0, -1.0]),
            (
                0x0B,
                [300_i16, -2].iter().flat_map(|v| v.to_be_bytes()).collect(),
                [300.0, -2.0],
            ),
            (
                0x0C,
                [1 << 24, -5]
                    .iter()
                    .flat_map(|v: &i32| v.to_be_bytes())
                    .collect(),
                [16_777_216.0, -5.0],
            ),
            (
                0x0D,
                [0.5_f32, -1.25]
                    .iter()
                    .flat_map(|v| v.to_be_bytes())
                    .collect(),
                [0.5, -1.25],
            ),
            (
                0x0E,
                [0.1_f64, 1e300]
                    .iter()
                    .flat_map(|v| v.to_be_bytes())
                    .collect(),
                [0.1, f32::INFINITY],
            ),
        ];
        for (code, data, wanted) in cases {
            let plain = file(code, &[2, 1], &data);
            for bytes in [zipped(&plain), plain] {
                let tensor = read_bytes(&bytes).unwrap();
                assert_eq!(tensor.shape(), [2, 1]);
                assert_eq!(tensor.data(), wanted, "kind {code}");
            }
        }
    }

    #[test]
    fn a_set_has_pictures_and_their_classes() {
        let folder = tempfile::tempdir().unwrap();
        let path = |name: &str| folder.path().join(name);
        let pixels = file(0x08, &[2, 1, 3], &[0, 51, 255, 102, 0, 0]);
        std::fs::write(path("pictures"), zipped(&pixels)).unwrap();
        std::fs::write(path("labels"), file(0x08, &[2], &[3, 0])).unwrap();
        let data = Dataset::read_idx(path("pictures"), path("labels"), 4).unwrap();
        assert_eq!(data.inputs().shape(), [2, 1, 3, 1]);
        assert_eq!(data.inputs().data(), [0.0, 0.2, 1.0, 0.4, 0.0, 0.0]);
        assert!(
            matches!(data.targets(), crate::Targets::Classes { labels, count: 4 } if labels == &[3, 0])
        );
        let refused = |labels: &str, count: usize, word: &str| {
            let error = Dataset::read_idx(path("pictures"), path(labels), count)
                .unwrap_err()
                .to_string();
            assert!(error.contains(word), "{error}");
        };
        refused("labels", 3, "3");
        refused("pictures", 4, "not a list of labels");
        std::fs::write(path("one"), file(0x08, &[1], &[3])).unwrap();
        refused("one", 4, "1");
        std::fs::write(path("negative"), file(0x09, &[2], &[255, 0])).unwrap();
        refused("negative", 4, "label 0 is -1");
    }

    #[test]
    fn what_is_no_such_file_is_refused() {
        let refused = |bytes: &[u8], word: &str| {
            let error = read_bytes(bytes).unwrap_err();
            assert!(error.to_string().contains(word), "{error}");
            assert!(error.hint().is_some(), "{error}");
        };
        refused(b"\x89PNG\r\n", "two zeros");
        refused(&file(0x0A, &[1], &[0]), "0x0a");
        refused(&file(0x08, &[1 << 31], &[0]), "2147483648");
        refused(&file(0x08, &[(1 << 31) - 1; 4], &[0]), "cut short");
        refused(&file(0x08, &[(1 << 31) - 1], &[0]), "cut short");
        refused(&zipped(&file(0x08, &[(1 << 31) - 1], &[0; 9])), "cut short");
        refused(&file(0x08, &[3], &[0, 1]), "cut short");
        refused(&file(0x08, &[1], &[0, 1]), "goes on");
        refused(&zipped(&file(0x08, &[1], &[0, 1])), "goes on");
        refused(
            &file(0x0C, &[1], &((1 << 24) + 1_i32).to_be_bytes()),
            "16777217",
        );
        refused(&[], "cut short");
        refused(&[0, 0, 8], "cut short");
        let whole = zipped(&file(0x08, &[40], &[3; 40]));
        for end in 2..whole.len() {
            refused(&whole[..end], "");
        }
        assert!(
            Tensor::read_idx("/nowhere/array.idx")
                .unwrap_err()
                .to_string()
                .contains("array.idx")
        );
    }

    proptest! {
        /// Any bytes give an array or an error.
        #[test]
        fn no_bytes_panic(mut bytes: Vec<u8>, start: bool) {
            if start && bytes.len() > 4 {
                bytes[..2].fill(0);
                bytes[2] = 8 + bytes[2] % 7;
                bytes[3] %= 4;
            }
            let _ = read_bytes(&bytes);
            let _ = read_bytes(&zipped(&bytes));
        }

        #[test]
        fn bytes_of_any_shape_are_read(shape in prop::collection::vec(0_usize..6, 0..4)) {
            let values: usize = shape.iter().product();
            let data: Vec<u8> = (0..values).map(|place| (place * 37 % 256) as u8).collect();
            let sizes: Vec<u32> = shape.iter().map(|&size| size as u32).collect();
            let tensor = read_bytes(&file(0x08, &sizes, &data)).unwrap();
            prop_assert_eq!(tensor.shape(), &shape[..]);
            prop_assert!(tensor.data().iter().zip(&data).all(|(&read, &byte)| read == f32::from(byte)));
        }
    }
}
