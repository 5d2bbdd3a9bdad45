//! Coefficients as an ordinary sequential JPEG file, coded by Huffman's method.

use super::{Block, DAMAGED, Frame, Problem};

/// Bits of every code of a difference between DC coefficients; there are 16 sizes.
const DC_BITS: u8 = 5;

/// Bits of every code of an AC coefficient, of which there are 242; the code of ones alone is none.
const AC_BITS: u8 = 9;

/// The most blocks of a unit of a scan of several components (ITU-T T.81, section B.2.3).
const MOST_BLOCKS_OF_A_UNIT: usize = 10;

/// The symbols of AC coefficients: how many zeros come before, and how many bits it has; or the end
/// of the block, or sixteen zeros.
fn ac_symbols() -> impl Iterator<Item = u8> {
    (0..=255).filter(|symbol| symbol % 16 > 0 || matches!(symbol, 0 | 0xf0))
}

/// The file, with the quantisation tables' segments as they are given.
pub(super) fn encode(frame: &Frame, tables: &[u8]) -> Result<Vec<u8>, Problem> {
    let mut file = vec![0xff, 0xd8];
    file.extend(tables);
    file.extend([0xff, 0xc1]);
    file.extend(&frame.header);
    let dc: Vec<u8> = (0..16).collect();
    let ac: Vec<u8> = ac_symbols().collect();
    for (class, bits, symbols) in [(0x00, DC_BITS, &dc), (0x10, AC_BITS, &ac)] {
        let mut counts = [0; 16];
        counts[usize::from(bits) - 1] = symbols.len() as u8;
        file.extend([0xff, 0xc4]);
        file.extend((2 + 17 + symbols.len() as u16).to_be_bytes());
        file.push(class);
        file.extend(counts);
        file.extend(symbols);
    }
    let every: Vec<usize> = (0..frame.components.len()).collect();
    let blocks = frame.components.iter().map(|one| one.columns * one.rows);
    let of_a_scan = match blocks.sum::<usize>() > MOST_BLOCKS_OF_A_UNIT {
        true => 1,
        false => every.len(),
    };
    for scanned in every.chunks(of_a_scan) {
        file = scan(frame, scanned, file)?;
    }
    file.extend([0xff, 0xd9]);
    Ok(file)
}

/// Adds a scan of some components to a file.
fn scan(frame: &Frame, scanned: &[usize], mut file: Vec<u8>) -> Result<Vec<u8>, Problem> {
    let count = scanned.len() as u8;
    file.extend([0xff, 0xda, 0, 6 + 2 * count, count]);
    for &index in scanned {
        file.extend([frame.components[index].name, 0]);
    }
    file.extend([0, 63, 0]);
    let mut writer = Writer::new(file);
    let mut before = vec![0; frame.components.len()];
    for (index, block) in frame.blocks(scanned) {
        let block = &frame.components[index].blocks[block];
        writer.block(block, &mut before[index])?;
    }
    Ok(writer.finish())
}

struct Writer {
    file: Vec<u8>,
    /// Bits that are no whole byte yet, the last one lowest.
    bits: u32,
    count: u8,
    /// The code of each AC symbol.
    ac_codes: [u16; 256],
}

impl Writer {
    fn new(file: Vec<u8>) -> Self {
        let mut ac_codes = [0; 256];
        for (code, symbol) in ac_symbols().enumerate() {
            ac_codes[usize::from(symbol)] = code as u16;
        }
        Self {
            file,
            bits: 0,
            count: 0,
            ac_codes,
        }
    }

    fn put(&mut self, value: u16, count: u8) {
        self.bits = self.bits << count | u32::from(value);
        self.count += count;
        while self.count >= 8 {
            self.count -= 8;
            let byte = (self.bits >> self.count) as u8;
            self.file.push(byte);
            if byte == 0xff {
                self.file.push(0);
            }
        }
        self.bits &= (1 << self.count) - 1;
    }

    /// ITU-T T.81, section F.1.2.
    fn block(&mut self, block: &Block, before: &mut i32) -> Result<(), Problem> {
        let difference = i32::from(block[0]) - *before;
        *before = i32::from(block[0]);
        let (size, bits) = size_and_bits(difference)?;
        self.put(u16::from(size), DC_BITS);
        self.put(bits, size);
        let mut zeros = 0;
        let last = block.iter().rposition(|&coefficient| coefficient != 0);
        let last = last.unwrap_or(0);
        for &coefficient in &block[1..=last.max(1)] {
            if coefficient == 0 {
                zeros += 1;
                continue;
            }
            while zeros >= 16 {
                self.put(self.ac_codes[0xf0], AC_BITS);
                zeros -= 16;
            }
            let (size, bits) = size_and_bits(coefficient.into())?;
            self.put(self.ac_codes[usize::from(zeros << 4 | size)], AC_BITS);
            self.put(bits, size);
            zeros = 0;
        }
        if last < 63 {
            self.put(self.ac_codes[0], AC_BITS);
        }
        Ok(())
    }

    fn finish(mut self) -> Vec<u8> {
        // The last byte is filled up with ones.
        self.put(0x7f, 7);
        self.file
    }
}

/// How many bits a value takes, and these: of a negative one those of the value less 1.
fn size_and_bits(value: i32) -> Result<(u8, u16), Problem> {
    let size = (32 - value.unsigned_abs().leading_zeros()) as u8;
    let bits = if value < 0 { value - 1 } else { value };
    match size {
        ..=15 => Ok((size, (bits & ((1 << size) - 1)) as u16)),
        _ => Err(DAMAGED),
    }
}
