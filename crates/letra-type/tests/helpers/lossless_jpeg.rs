//! Lossless JPEG files.

/// A lossless file: components by their names, rows of `columns` pixels, each sample predicted by
/// the one before it.
pub(crate) fn lossless(names: &[u8], columns: usize, samples: &[u8]) -> Vec<u8> {
    let count = names.len();
    let rows = samples.len() / count / columns;
    let mut bytes = vec![0xff, 0xd8, 0xff, 0xc4, 0, 36, 0, 0, 0, 0, 0, 17];
    bytes.extend([0; 11]);
    bytes.extend(0..17);
    let length = 8 + 3 * count as u8;
    bytes.extend([0xff, 0xc3, 0, length, 8, 0, rows as u8, 0, columns as u8]);
    bytes.push(count as u8);
    names.iter().for_each(|&name| bytes.extend([name, 0x11, 0]));
    bytes.extend([0xff, 0xda, 0, 6 + 2 * count as u8, count as u8]);
    names.iter().for_each(|&name| bytes.extend([name, 0]));
    bytes.extend([1, 0, 0]);
    let mut bits = String::new();
    for (place, &sample) in samples.iter().enumerate() {
        let before = match (place / count) % columns {
            0 if place < count => 128,
            0 => samples[place - columns * count],
            _ => samples[place - count],
        };
        let difference = i32::from(sample) - i32::from(before);
        let size = (32 - difference.unsigned_abs().leading_zeros()) as usize;
        let value = difference - i32::from(difference < 0);
        bits += &format!("{size:05b}");
        let digits = format!("{:032b}", value);
        bits += &digits[32 - size..];
    }
    while !bits.len().is_multiple_of(8) {
        bits.push('1');
    }
    for byte in bits.as_bytes().chunks(8) {
        let byte = u8::from_str_radix(std::str::from_utf8(byte).unwrap(), 2).unwrap();
        bytes.push(byte);
        if byte == 0xff {
            bytes.push(0);
        }
    }
    [&bytes[..], &[0xff, 0xd9]].concat()
}
