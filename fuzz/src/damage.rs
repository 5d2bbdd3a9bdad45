//! Sound files made unsound.

/// A linear congruential generator (D. Knuth, MMIX).
pub struct Numbers(u64);

impl Numbers {
    pub fn of(seed: u64, input: u64) -> Self {
        let mut numbers = Self(seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) ^ input);
        // Neighbours begin alike.
        for _ in 0..4 {
            numbers.below(2);
        }
        numbers
    }

    /// A number below `bound`; 0 if that is 0.
    pub fn below(&mut self, bound: usize) -> usize {
        self.0 = self
            .0
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) as usize % bound.max(1)
    }
}

/// Values that lengths and counts trip over.
const AWKWARD: [u32; 10] = [
    0,
    1,
    0x7f,
    0x80,
    0xff,
    0x7fff,
    0x8000,
    0xffff,
    0x7fff_ffff,
    0xffff_ffff,
];

/// One of the files, damaged in one to twelve places, some also cut short or put together with
/// another.
pub fn damaged(corpus: &[Vec<u8>], numbers: &mut Numbers) -> Vec<u8> {
    let mut bytes = corpus[numbers.below(corpus.len())].clone();
    let changes = 1 + numbers.below(12);
    for _ in 0..changes {
        if bytes.is_empty() {
            break;
        }
        // Half of the changes fall on the first bytes, where headers are.
        let reach = match numbers.below(2) {
            0 => bytes.len().min(512),
            _ => bytes.len(),
        };
        let at = numbers.below(reach);
        match numbers.below(8) {
            0 => bytes[at] ^= 1 << numbers.below(8),
            1 => bytes[at] = numbers.below(256) as u8,
            2 => {
                let value = AWKWARD[numbers.below(AWKWARD.len())] as u16;
                put(&mut bytes, at & !1, &value.to_be_bytes());
            }
            3 => {
                let value = AWKWARD[numbers.below(AWKWARD.len())];
                put(&mut bytes, at & !3, &value.to_be_bytes());
            }
            4 => {
                let value = AWKWARD[numbers.below(AWKWARD.len())];
                put(&mut bytes, at & !3, &value.to_le_bytes());
            }
            5 => {
                let length = numbers.below(64);
                let from = numbers.below(bytes.len());
                let some = bytes[from..].iter().take(length).copied();
                let some: Vec<u8> = some.collect();
                put(&mut bytes, at, &some);
            }
            6 => {
                let end = bytes.len().min(at + numbers.below(64));
                bytes.drain(at..end);
            }
            _ => {
                let value = numbers.below(256) as u8;
                bytes.insert(at, value);
            }
        }
    }
    match numbers.below(12) {
        0 => bytes.truncate(numbers.below(bytes.len())),
        1 => {
            let other = &corpus[numbers.below(corpus.len())];
            let at = numbers.below(bytes.len().min(other.len()));
            bytes.truncate(at);
            bytes.extend_from_slice(&other[at..]);
        }
        _ => {}
    }
    bytes
}

/// Writes over what is there, as far as it goes.
fn put(bytes: &mut [u8], at: usize, value: &[u8]) {
    for (byte, &value) in bytes[at..].iter_mut().zip(value) {
        *byte = value;
    }
}
