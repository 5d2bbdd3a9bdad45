//! What a web font's header and directories claim, checked before memory is taken for it.

/// The most bytes that a web font may grow to: 64 MiB.
const MOST_BYTES: u64 = 64 << 20;

/// The most tables of a file; OpenType registers some fifty for a face.
const MOST_TABLES: usize = 4096;

/// The most tables of all faces of a collection together.
const MOST_FACE_TABLES: usize = 1 << 16;

/// A byte of a zlib stream unpacks to no more than that many (zlib's technical details).
const MOST_RATIO: u64 = 1032;

/// Checks the header and the table directory of a WOFF file: the tables lie within the file, do
/// not together have more bytes than it, and grow to no more than 64 MiB.
///
/// # Errors
/// What is wrong, as the end of a sentence that names the file.
pub(super) fn check_woff1(file: &[u8]) -> Result<(), String> {
    let mut bytes = Bytes(file);
    let tables = header(&mut bytes)?;
    bytes.skip(24)?;
    let (mut packed_bytes, mut grown_bytes) = (0, 0);
    for _ in 0..tables {
        bytes.skip(4)?;
        let [start, packed, grown] = [bytes.u32()?, bytes.u32()?, bytes.u32()?].map(u64::from);
        bytes.skip(4)?;
        if start + packed > file.len() as u64 {
            return Err("it is cut short: a table ends after the file".into());
        }
        if packed > grown || grown > packed.saturating_mul(MOST_RATIO) {
            return Err(format!(
                "its directory is damaged: {packed} bytes of a table cannot grow to {grown}"
            ));
        }
        packed_bytes += packed;
        grown_bytes += grown;
    }
    if packed_bytes > file.len() as u64 {
        return Err("its directory is damaged: tables overlap".into());
    }
    check_size(grown_bytes)
}

/// Checks the header, the table directory and the collection directory of a WOFF2 file: the
/// tables have no more than 64 MiB, neither as they are stored nor as they will be.
///
/// # Errors
/// As [`check_woff1`].
pub(super) fn check_woff2(file: &[u8]) -> Result<(), String> {
    let mut bytes = Bytes(file);
    let is_collection = file.get(4..8) == Some(b"ttcf");
    let tables = header(&mut bytes)?;
    bytes.skip(28)?;
    let (mut stored_bytes, mut grown_bytes) = (0, 0);
    for _ in 0..tables {
        // Six bits say which table it is, two how it was transformed.
        let flags = bytes.u8()?;
        let (known, transformation) = (flags & 0x3f, flags >> 6);
        let is_outlines = match known {
            SPELLED_OUT => matches!(&bytes.take()?, b"glyf" | b"loca"),
            known => matches!(known, GLYF | LOCA),
        };
        let grown = bytes.base_128()?;
        let stored = match is_outlines == (transformation == 0) {
            true => bytes.base_128()?,
            false => grown,
        };
        grown_bytes += u64::from(grown);
        stored_bytes += u64::from(stored);
    }
    check_size(grown_bytes.max(stored_bytes))?;
    if is_collection {
        check_collection(&mut bytes)?;
    }
    Ok(())
}

/// Places of two tables in WOFF2's list of those that are known, and the place that stands for one
/// whose name follows.
const GLYF: u8 = 10;
const LOCA: u8 = 11;
const SPELLED_OUT: u8 = 63;

/// The fields that both headers begin with; the number of tables.
fn header(bytes: &mut Bytes<'_>) -> Result<usize, String> {
    bytes.skip(12)?;
    let tables = usize::from(bytes.u16()?);
    bytes.skip(2)?;
    check_size(bytes.u32()?.into())?;
    match tables > MOST_TABLES {
        true => Err(format!("it has {tables} tables, more than {MOST_TABLES}")),
        false => Ok(tables),
    }
}

fn check_collection(bytes: &mut Bytes<'_>) -> Result<(), String> {
    bytes.skip(4)?;
    let mut all = 0;
    for _ in 0..bytes.short()? {
        let tables = bytes.short()?;
        bytes.skip(4)?;
        for _ in 0..tables {
            bytes.short()?;
        }
        // A face without tables takes memory, too.
        all += tables.max(1);
        if all > MOST_FACE_TABLES {
            return Err(format!(
                "its faces have more than {MOST_FACE_TABLES} tables"
            ));
        }
    }
    Ok(())
}

fn check_size(bytes: u64) -> Result<(), String> {
    match bytes > MOST_BYTES {
        true => Err(format!("it grows to {bytes} bytes, more than {MOST_BYTES}")),
        false => Ok(()),
    }
}

/// What is left to read of a file.
struct Bytes<'a>(&'a [u8]);

impl Bytes<'_> {
    fn skip(&mut self, count: usize) -> Result<(), String> {
        self.0 = self.0.get(count..).ok_or("it is cut short")?;
        Ok(())
    }

    fn take<const N: usize>(&mut self) -> Result<[u8; N], String> {
        let (first, rest) = self.0.split_first_chunk().ok_or("it is cut short")?;
        self.0 = rest;
        Ok(*first)
    }

    fn u8(&mut self) -> Result<u8, String> {
        self.take().map(u8::from_be_bytes)
    }

    fn u16(&mut self) -> Result<u16, String> {
        self.take().map(u16::from_be_bytes)
    }

    fn u32(&mut self) -> Result<u32, String> {
        self.take().map(u32::from_be_bytes)
    }

    /// A number of seven bits a byte, the highest first (WOFF2, UIntBase128).
    fn base_128(&mut self) -> Result<u32, String> {
        let mut number = 0_u32;
        for place in 0..5 {
            let byte = self.u8()?;
            let leads_with_zero = place == 0 && byte == 0x80;
            if leads_with_zero || number.leading_zeros() < 7 {
                break;
            }
            number = number << 7 | u32::from(byte & 0x7f);
            if byte & 0x80 == 0 {
                return Ok(number);
            }
        }
        Err("its directory is damaged: a length cannot be read".into())
    }

    /// A number of one to three bytes (WOFF2, 255UInt16).
    fn short(&mut self) -> Result<usize, String> {
        Ok(match self.u8()? {
            253 => self.u16()?.into(),
            254 => usize::from(self.u8()?) + 506,
            255 => usize::from(self.u8()?) + 253,
            value => value.into(),
        })
    }
}
