//! The bits of a scan, without what is stuffed between them (ITU-T T.81, section B.1.1.5).

use crate::picture::codecs::jpeg::markers::next_marker;
use crate::picture::codecs::jpeg::{CUT_SHORT, Problem};

pub(super) struct Bits<'a> {
    data: &'a [u8],
    /// Bits read but not taken yet, the last one lowest.
    held: u64,
    count: u32,
    /// How many of the last ones held are zeros that there are not, after the end of the data.
    made: u32,
}

impl<'a> Bits<'a> {
    pub(super) fn new(data: &'a [u8]) -> Self {
        Self {
            data,
            held: 0,
            count: 0,
            made: 0,
        }
    }

    /// The next bits, at most 17, which stay.
    pub(super) fn peek(&mut self, count: u32) -> usize {
        if self.count < count {
            self.fill();
        }
        (self.held >> (self.count - count)) as usize & ((1 << count) - 1)
    }

    /// Takes bits that were looked at.
    pub(super) fn skip(&mut self, count: u32) {
        self.count -= count;
    }

    pub(super) fn take(&mut self, count: u32) -> i32 {
        let bits = self.peek(count);
        self.skip(count);
        bits as i32
    }

    fn fill(&mut self) {
        while self.count <= 48 {
            let byte = match self.data {
                [0xff, rest @ ..] => {
                    let fill = rest.iter().take_while(|&&byte| byte == 0xff).count();
                    match &rest[fill..] {
                        [0, rest @ ..] => {
                            self.data = rest;
                            0xff
                        }
                        _ => {
                            // Of what fills up before the marker no more than it takes stays.
                            self.data = &self.data[fill..];
                            self.make_zeros()
                        }
                    }
                }
                [byte, rest @ ..] => {
                    self.data = rest;
                    *byte
                }
                [] => self.make_zeros(),
            };
            self.held = self.held << 8 | u64::from(byte);
            self.count += 8;
        }
    }

    fn make_zeros(&mut self) -> u8 {
        self.made += 8;
        0
    }

    /// Whether bits were taken that there are not, because a marker ends the data.
    pub(super) fn is_beyond_the_end(&self) -> Result<bool, Problem> {
        let is_beyond = self.count < self.made;
        match is_beyond && next_marker(self.data).is_none() {
            true => Err(CUT_SHORT),
            false => Ok(is_beyond),
        }
    }

    /// Goes on after the restart marker of a number; says whether there is one there. Where another
    /// marker is found it is guessed, as libjpeg does, whether data are missing or too many.
    pub(super) fn restart(&mut self, number: u8) -> bool {
        (self.held, self.count, self.made) = (0, 0, 0);
        while let Some((marker, rest)) = next_marker(self.data) {
            self.data = &self.data[self.data.len() - rest.len() - 2..];
            let ahead = match marker {
                0xd0..=0xd7 => Some((marker - 0xd0 + 8 - number) % 8),
                _ => None,
            };
            match ahead {
                // It is of units to come, or of no scan: those up to it are missing.
                Some(1 | 2) => return false,
                None if marker >= 0xc0 => return false,
                // It is of units gone by.
                Some(6 | 7) | None => self.data = rest,
                Some(_) => {
                    self.data = rest;
                    return true;
                }
            }
        }
        self.data = &[];
        false
    }

    pub(super) fn rest(&self) -> &'a [u8] {
        self.data
    }
}
