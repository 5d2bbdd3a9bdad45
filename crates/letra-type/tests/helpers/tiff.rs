//! TIFF files of any tags.

use letra_type::Picture;

/// A file of one picture, its tags in the order of their numbers, the data after them.
pub(crate) struct Tiff {
    little: bool,
    tags: Vec<(u16, Vec<u32>)>,
    pub(crate) data: Vec<u8>,
}

pub(crate) const BITS: u16 = 258;
pub(crate) const COMPRESSION: u16 = 259;
pub(crate) const COLOURS: u16 = 262;
pub(crate) const FILL_ORDER: u16 = 266;
pub(crate) const STRIP_OFFSETS: u16 = 273;
pub(crate) const ORIENTATION: u16 = 274;
pub(crate) const SAMPLES: u16 = 277;
pub(crate) const ROWS_PER_STRIP: u16 = 278;
pub(crate) const STRIP_BYTE_COUNTS: u16 = 279;
pub(crate) const PLANAR: u16 = 284;
pub(crate) const T4_OPTIONS: u16 = 292;
pub(crate) const PREDICTOR: u16 = 317;
pub(crate) const COLOUR_MAP: u16 = 320;
pub(crate) const EXTRA_SAMPLES: u16 = 338;
pub(crate) const SAMPLE_FORMAT: u16 = 339;

impl Tiff {
    /// A grey picture of 8 bits in one strip.
    pub(crate) fn grey(width: u32, height: u32, data: &[u8]) -> Self {
        let tags = vec![(256, vec![width]), (257, vec![height])];
        Self {
            little: true,
            tags,
            data: data.to_vec(),
        }
        .with(BITS, &[8])
        .with(COLOURS, &[1])
        .with(STRIP_OFFSETS, &[0])
        .with(STRIP_BYTE_COUNTS, &[data.len() as u32])
    }

    pub(crate) fn with(mut self, tag: u16, values: &[u32]) -> Self {
        self.tags.retain(|(other, _)| *other != tag);
        self.tags.push((tag, values.to_vec()));
        self.tags.sort();
        self
    }

    pub(crate) fn without(mut self, tag: u16) -> Self {
        self.tags.retain(|(other, _)| *other != tag);
        self
    }

    pub(crate) fn big_endian(mut self) -> Self {
        self.little = false;
        self
    }

    /// Every number takes four bytes; those of strips and tiles count from the start of the data.
    /// The next directory is this one again.
    pub(crate) fn bytes(&self) -> Vec<u8> {
        let short = |number: u16| match self.little {
            true => number.to_le_bytes(),
            false => number.to_be_bytes(),
        };
        let long = |number: u32| match self.little {
            true => number.to_le_bytes(),
            false => number.to_be_bytes(),
        };
        let after = 8 + 2 + 12 * self.tags.len() + 4;
        let longer = self.tags.iter().filter(|(_, values)| values.len() > 1);
        let start = after + longer.map(|(_, values)| 4 * values.len()).sum::<usize>();
        let mut bytes = if self.little { b"II*\0" } else { b"MM\0*" }.to_vec();
        bytes.extend(long(8));
        bytes.extend(short(self.tags.len() as u16));
        let mut lists = Vec::new();
        for (tag, values) in &self.tags {
            let shift = if matches!(*tag, STRIP_OFFSETS | 324) {
                start as u32
            } else {
                0
            };
            let values: Vec<u8> = values
                .iter()
                .flat_map(|&value| long(value + shift))
                .collect();
            bytes.extend(short(*tag));
            bytes.extend(short(4));
            bytes.extend(long(values.len() as u32 / 4));
            match values.len() {
                4 => bytes.extend(&values),
                _ => bytes.extend(long((after + lists.len()) as u32)),
            }
            lists.extend(if values.len() == 4 { vec![] } else { values });
        }
        bytes.extend(long(8));
        [bytes, lists, self.data.clone()].concat()
    }

    pub(crate) fn read(&self) -> letra_type::Result<Picture> {
        Picture::from_bytes("the file", &self.bytes())
    }

    pub(crate) fn pixels(&self) -> Vec<u8> {
        self.read().unwrap().pixels().to_vec()
    }

    pub(crate) fn problem(&self) -> String {
        self.read().unwrap_err().to_string()
    }
}
