//! The adaptive binary arithmetic decoder of ITU-T T.81, annex D.

/// What is known of one kind of decision: how probable its less probable symbol is, as a row of
/// [`STATES`], and which symbol is the more probable.
#[derive(Clone, Copy, Default)]
pub(super) struct Bin {
    state: u8,
    more_probable: bool,
}

pub(super) struct Decoder<'a> {
    data: &'a [u8],
    /// The code register; what is compared is its upper half.
    code: u32,
    /// The size of the present interval.
    interval: u32,
    /// How many bits of the code register's last byte are not shifted yet.
    bits: u32,
}

impl<'a> Decoder<'a> {
    /// Begins with the first bytes of a scan or of what follows a restart marker (figure D.19).
    pub(super) fn new(data: &'a [u8]) -> Self {
        let mut decoder = Self {
            data,
            code: 0,
            interval: 1 << 16,
            bits: 0,
        };
        for _ in 0..2 {
            decoder.code |= decoder.next_byte() << 8;
            decoder.code <<= 8;
        }
        decoder
    }

    /// The next decision of a kind, from which its probability is learnt (figures D.14 to D.16).
    pub(super) fn decide(&mut self, bin: &mut Bin) -> bool {
        let (estimate, after_less, after_more, switch) = STATES[usize::from(bin.state)];
        self.interval -= estimate;
        let upper = self.code >> 16 >= self.interval;
        if !upper && self.interval >= 0x8000 {
            return bin.more_probable;
        }
        // The larger part belongs to the more probable symbol, whichever it is.
        let less = upper != (self.interval < estimate);
        if upper {
            self.code -= self.interval << 16;
            self.interval = estimate;
        }
        self.renormalise();
        if !less {
            bin.state = after_more;
            return bin.more_probable;
        }
        let symbol = !bin.more_probable;
        bin.more_probable ^= switch;
        bin.state = after_less;
        symbol
    }

    /// The next decision of a kind that is even and of which nothing is learnt.
    pub(super) fn decide_evenly(&mut self) -> bool {
        self.decide(&mut Bin::default())
    }

    /// The marker that ends the data, and what follows it; what is left before it is passed over.
    pub(super) fn rest(&self) -> &'a [u8] {
        let is_marker = |&[fill, marker]: &[u8; 2]| fill == 0xff && !matches!(marker, 0 | 0xff);
        let at = self.data.array_windows().position(is_marker);
        &self.data[at.unwrap_or(self.data.len())..]
    }

    /// Figure D.17.
    fn renormalise(&mut self) {
        while self.interval < 0x8000 {
            if self.bits == 0 {
                self.code |= self.next_byte() << 8;
                self.bits = 8;
            }
            self.interval <<= 1;
            self.code <<= 1;
            self.bits -= 1;
        }
    }

    /// The next byte, a zero stuffed after 0xff left out; before a marker zeros without end
    /// (figures D.20 and D.21).
    fn next_byte(&mut self) -> u32 {
        let length = match self.data {
            [0xff, 0, ..] => 2,
            [] | [0xff, ..] => return 0,
            _ => 1,
        };
        let byte = self.data[0];
        self.data = &self.data[length..];
        u32::from(byte)
    }
}

/// Table D.3: the size of the less probable symbol's part, the states after it and after the more
/// probable one, and whether the former makes the symbols change their parts.
#[rustfmt::skip]
const STATES: [(u32, u8, u8, bool); 113] = [
    (0x5a1d, 1, 1, true),
    (0x2586, 14, 2, false),
    (0x1114, 16, 3, false),
    (0x080b, 18, 4, false),
    (0x03d8, 20, 5, false),
    (0x01da, 23, 6, false),
    (0x00e5, 25, 7, false),
    (0x006f, 28, 8, false),
    (0x0036, 30, 9, false),
    (0x001a, 33, 10, false),
    (0x000d, 35, 11, false),
    (0x0006, 9, 12, false),
    (0x0003, 10, 13, false),
    (0x0001, 12, 13, false),
    (0x5a7f, 15, 15, true),
    (0x3f25, 36, 16, false),
    (0x2cf2, 38, 17, false),
    (0x207c, 39, 18, false),
    (0x17b9, 40, 19, false),
    (0x1182, 42, 20, false),
    (0x0cef, 43, 21, false),
    (0x09a1, 45, 22, false),
    (0x072f, 46, 23, false),
    (0x055c, 48, 24, false),
    (0x0406, 49, 25, false),
    (0x0303, 51, 26, false),
    (0x0240, 52, 27, false),
    (0x01b1, 54, 28, false),
    (0x0144, 56, 29, false),
    (0x00f5, 57, 30, false),
    (0x00b7, 59, 31, false),
    (0x008a, 60, 32, false),
    (0x0068, 62, 33, false),
    (0x004e, 63, 34, false),
    (0x003b, 32, 35, false),
    (0x002c, 33, 9, false),
    (0x5ae1, 37, 37, true),
    (0x484c, 64, 38, false),
    (0x3a0d, 65, 39, false),
    (0x2ef1, 67, 40, false),
    (0x261f, 68, 41, false),
    (0x1f33, 69, 42, false),
    (0x19a8, 70, 43, false),
    (0x1518, 72, 44, false),
    (0x1177, 73, 45, false),
    (0x0e74, 74, 46, false),
    (0x0bfb, 75, 47, false),
    (0x09f8, 77, 48, false),
    (0x0861, 78, 49, false),
    (0x0706, 79, 50, false),
    (0x05cd, 48, 51, false),
    (0x04de, 50, 52, false),
    (0x040f, 50, 53, false),
    (0x0363, 51, 54, false),
    (0x02d4, 52, 55, false),
    (0x025c, 53, 56, false),
    (0x01f8, 54, 57, false),
    (0x01a4, 55, 58, false),
    (0x0160, 56, 59, false),
    (0x0125, 57, 60, false),
    (0x00f6, 58, 61, false),
    (0x00cb, 59, 62, false),
    (0x00ab, 61, 63, false),
    (0x008f, 61, 32, false),
    (0x5b12, 65, 65, true),
    (0x4d04, 80, 66, false),
    (0x412c, 81, 67, false),
    (0x37d8, 82, 68, false),
    (0x2fe8, 83, 69, false),
    (0x293c, 84, 70, false),
    (0x2379, 86, 71, false),
    (0x1edf, 87, 72, false),
    (0x1aa9, 87, 73, false),
    (0x174e, 72, 74, false),
    (0x1424, 72, 75, false),
    (0x119c, 74, 76, false),
    (0x0f6b, 74, 77, false),
    (0x0d51, 75, 78, false),
    (0x0bb6, 77, 79, false),
    (0x0a40, 77, 48, false),
    (0x5832, 80, 81, true),
    (0x4d1c, 88, 82, false),
    (0x438e, 89, 83, false),
    (0x3bdd, 90, 84, false),
    (0x34ee, 91, 85, false),
    (0x2eae, 92, 86, false),
    (0x299a, 93, 87, false),
    (0x2516, 86, 71, false),
    (0x5570, 88, 89, true),
    (0x4ca9, 95, 90, false),
    (0x44d9, 96, 91, false),
    (0x3e22, 97, 92, false),
    (0x3824, 99, 93, false),
    (0x32b4, 99, 94, false),
    (0x2e17, 93, 86, false),
    (0x56a8, 95, 96, true),
    (0x4f46, 101, 97, false),
    (0x47e5, 102, 98, false),
    (0x41cf, 103, 99, false),
    (0x3c3d, 104, 100, false),
    (0x375e, 99, 93, false),
    (0x5231, 105, 102, false),
    (0x4c0f, 106, 103, false),
    (0x4639, 107, 104, false),
    (0x415e, 103, 99, false),
    (0x5627, 105, 106, true),
    (0x50e7, 108, 107, false),
    (0x4b85, 109, 103, false),
    (0x5597, 110, 109, false),
    (0x504f, 111, 107, false),
    (0x5a10, 110, 111, true),
    (0x5522, 112, 109, false),
    (0x59eb, 112, 111, true),
];
