//! Directories of TIFF files (TIFF 6.0, section 2, and BigTIFF), which Exif is written in, too.

/// What is stated of the first picture of a file.
pub(super) struct Directory<'a> {
    bytes: &'a [u8],
    little: bool,
    /// Bytes of a count, and of an offset, within an entry: 4, or 8 in BigTIFF.
    wide: usize,
    entries: &'a [u8],
}

impl<'a> Directory<'a> {
    /// The first directory of a file or of Exif; none if the bytes are neither or it is beyond
    /// their end.
    pub(super) fn first(bytes: &'a [u8]) -> Option<Self> {
        let (little, wide) = match bytes.get(..4)? {
            b"II*\0" => (true, 4),
            b"MM\0*" => (false, 4),
            b"II+\0" => (true, 8),
            b"MM\0+" => (false, 8),
            _ => return None,
        };
        let number = |at: usize, size: usize| -> Option<usize> {
            let end = at.checked_add(size)?;
            usize::try_from(number(bytes.get(at..end)?, little)).ok()
        };
        let start = number(wide, wide)?;
        let size = if wide == 4 { 2 } else { 8 };
        let count = number(start, size)?;
        let entries = &bytes[start + size..];
        // Of a directory that is cut short the entries that are there are used.
        let length = count.saturating_mul(4 + 2 * wide).min(entries.len());
        Some(Self {
            bytes,
            little,
            wide,
            entries: &entries[..length],
        })
    }

    /// Whether numbers are stored from their lowest byte.
    pub(super) fn is_little_endian(&self) -> bool {
        self.little
    }

    /// The whole numbers, or bytes, of a tag.
    pub(super) fn values(&self, tag: u16) -> Option<Values<'a>> {
        let mut entries = self.entries.chunks_exact(4 + 2 * self.wide);
        let number = |bytes: &[u8]| number(bytes, self.little);
        let entry = entries.find(|entry| number(&entry[..2]) == u64::from(tag))?;
        let size = match number(&entry[2..4]) {
            1 | 2 | 6 | 7 => 1,
            3 => 2,
            4 | 13 => 4,
            16 | 18 => 8,
            _ => return None,
        };
        let (count, place) = entry[4..].split_at(self.wide);
        let length = usize::try_from(number(count)).ok()?.checked_mul(size)?;
        let data = match place.get(..length) {
            Some(data) => data,
            None => {
                let start = usize::try_from(number(place)).ok()?;
                self.bytes.get(start..start.checked_add(length)?)?
            }
        };
        Some(Values {
            data,
            size,
            little: self.little,
        })
    }

    /// The first number of a tag.
    pub(super) fn value(&self, tag: u16) -> Option<u64> {
        self.values(tag)?.get(0)
    }
}

/// Numbers of one tag.
pub(super) struct Values<'a> {
    pub(super) data: &'a [u8],
    size: usize,
    little: bool,
}

impl Values<'_> {
    pub(super) fn len(&self) -> usize {
        self.data.len() / self.size
    }

    pub(super) fn get(&self, index: usize) -> Option<u64> {
        let bytes = self.data.chunks_exact(self.size).nth(index)?;
        Some(number(bytes, self.little))
    }

    pub(super) fn iter(&self) -> impl Iterator<Item = u64> {
        let numbers = self.data.chunks_exact(self.size);
        numbers.map(|bytes| number(bytes, self.little))
    }
}

fn number(bytes: &[u8], little: bool) -> u64 {
    let add = |sum: u64, &byte: &u8| sum << 8 | u64::from(byte);
    match little {
        true => bytes.iter().rev().fold(0, add),
        false => bytes.iter().fold(0, add),
    }
}
