//! Rows coded as fax machines send them (ITU-T T.4 and T.6).

use std::convert::Infallible;

use fax::BitReader;
use fax::maps::{Mode, black, mode, white};

use super::Problem;

const DAMAGED: Problem = "a row of its fax coding is damaged";

/// Bits that a code cut short and what fills up the last byte may have.
const MOST_FILLED: usize = 20;

/// How the rows follow one another.
#[derive(Clone, Copy, PartialEq)]
pub(super) enum Coding {
    /// Each begins with a byte and has no end mark (TIFF 6.0, section 10).
    Bytes,
    /// Group 3: an end mark stands between them.
    EndMarks {
        /// After the mark a bit says whether the row is coded by the one above it.
        two_dimensional: bool,
    },
    /// Group 4: each is coded by the one above it.
    TwoDimensional,
}

/// The bits of some bytes, the highest of each first.
struct Bits<'a> {
    data: &'a [u8],
    /// How many are read.
    at: usize,
}

impl Bits<'_> {
    fn left(&self) -> usize {
        (8 * self.data.len()).saturating_sub(self.at)
    }
}

impl BitReader for Bits<'_> {
    type Error = Infallible;

    /// After the last bit zeros, as the tables look at more than the last codes have; nothing from
    /// the end on.
    fn peek(&self, count: u8) -> Option<u16> {
        let rest = self.data.get(self.at / 8..)?;
        rest.first()?;
        let byte = |place: usize| u32::from(rest.get(place).copied().unwrap_or(0));
        let bits = byte(0) << 16 | byte(1) << 8 | byte(2);
        let bits = bits << (8 + self.at % 8);
        Some((u64::from(bits) >> (32 - count)) as u16)
    }

    fn consume(&mut self, count: u8) -> Result<(), Infallible> {
        self.at += usize::from(count);
        Ok(())
    }

    fn bits_to_byte_boundary(&self) -> u8 {
        (self.at.next_multiple_of(8) - self.at) as u8
    }
}

pub(super) struct Fax<'a> {
    bits: Bits<'a>,
    coding: Coding,
    width: u32,
    /// The columns where the colour changes in the row above, white before the first.
    above: Vec<u32>,
    /// As much of the same for the row being read as is known.
    changes: Vec<u32>,
    /// Whether a row has been read, and whether one was damaged.
    begun: bool,
    damaged: bool,
    /// Whether marks stand between the rows.
    marked: bool,
    ended: bool,
}

impl<'a> Fax<'a> {
    /// Rows of `width` pixels from the bits of `data`, the highest of each byte first.
    pub(super) fn new(data: &'a [u8], width: usize, coding: Coding) -> Self {
        Self {
            bits: Bits { data, at: 0 },
            coding,
            width: width as u32,
            above: Vec::new(),
            changes: Vec::new(),
            begun: false,
            damaged: false,
            marked: false,
            ended: false,
        }
    }

    /// Sets the bits of the next row's black pixels; after the end mark of the page all are white.
    pub(super) fn fill(&mut self, row: &mut [u8]) -> Result<(), Problem> {
        std::mem::swap(&mut self.above, &mut self.changes);
        self.changes.clear();
        if !self.ended {
            let row = self.read_row();
            // Damage may have taken rows, so that there are fewer than stated.
            if row.is_err() && self.damaged && self.bits.left() == 0 {
                self.end_in_white();
                self.ended = true;
            } else {
                row?;
            }
            self.begun = true;
        }
        row.fill(0);
        for run in self.changes.chunks(2) {
            let end = run.get(1).copied().unwrap_or(self.width);
            for column in run[0] as usize..end as usize {
                row[column / 8] |= 0x80 >> (column % 8);
            }
        }
        Ok(())
    }

    fn read_row(&mut self) -> Result<(), Problem> {
        match self.coding {
            Coding::Bytes => {
                let _ = self.bits.consume(self.bits.bits_to_byte_boundary());
                let row = self.by_runs();
                // The next row begins with the next byte.
                if row.is_err() && self.bits.left() > MOST_FILLED {
                    self.end_in_white();
                    return Ok(());
                }
                row
            }
            Coding::TwoDimensional => {
                let row = self.by_the_row_above();
                let left = self.bits.left();
                // As in libtiff the next row begins where a damaged one was left. Where the data
                // ends before there was damage it is cut short.
                self.damaged |= row.is_err() && self.begun && left > MOST_FILLED;
                if !self.damaged || row.is_ok() {
                    return row;
                }
                self.end_in_white();
                Ok(())
            }
            Coding::EndMarks { two_dimensional } => {
                let by_runs = self.pass_end_marks(two_dimensional)?;
                if self.ended {
                    return Ok(());
                }
                let row = match by_runs {
                    true => self.by_runs(),
                    false => self.by_the_row_above(),
                };
                // What was read of a damaged row stays; the next begins after the next mark.
                if row.is_err() {
                    self.end_in_white();
                    self.marked = true;
                    return self.bits.peek(11).map(|_| ()).ok_or(DAMAGED);
                }
                Ok(())
            }
        }
    }

    /// Leaves what is not known of a damaged row white. In the row below it counts, as in libtiff,
    /// that there was a change.
    fn end_in_white(&mut self) {
        if let (1, Some(&last)) = (self.changes.len() % 2, self.changes.last()) {
            self.changes.push(last);
        }
    }

    /// Passes what marks the end of a row, and says whether the next is coded by itself; two marks
    /// in a row are the end of the page.
    fn pass_end_marks(&mut self, tagged: bool) -> Result<bool, Problem> {
        let mut by_runs = true;
        let mut marks = 0;
        // Where there was one before the first row what is left of a damaged one is passed over.
        while self.marked && self.bits.peek(11).is_some_and(|bits| bits != 0) {
            let _ = self.bits.consume(1);
            self.damaged = true;
        }
        while self.bits.peek(11) == Some(0) {
            while self.bits.peek(1).ok_or(DAMAGED)? == 0 {
                let _ = self.bits.consume(1);
            }
            let _ = self.bits.consume(1);
            if tagged {
                by_runs = self.bits.peek(1).ok_or(DAMAGED)? == 1;
                let _ = self.bits.consume(1);
            }
            marks += 1;
        }
        self.marked |= marks > 0;
        self.ended = marks > 1;
        Ok(by_runs)
    }

    /// Runs of white and black in turn (T.4, section 4.1).
    fn by_runs(&mut self) -> Result<(), Problem> {
        let mut column = 0;
        let mut black = false;
        while column < self.width {
            column += self.run(black)?;
            black = !black;
            self.change(column);
        }
        Ok(())
    }

    /// Changes beside those of the row above (T.4, section 4.2; T.6, section 2.2).
    fn by_the_row_above(&mut self) -> Result<(), Problem> {
        // The imaginary white pixel before the first.
        let mut column = -1;
        let mut black = false;
        let mut next = 0;
        while column < i64::from(self.width) {
            // After the last change is that of the imaginary pixel at the end of the row.
            let above = |index: usize| self.above.get(index).copied().unwrap_or(self.width);
            let after = |index: usize| column < i64::from(above(index));
            while next > 0 && after(next - 1) {
                next -= 1;
            }
            while !after(next) {
                next += 1;
            }
            // The change to the other colour: to black those of even numbers are.
            next += usize::from((next % 2 == 1) != black);
            // Seven zeros begin an end mark; where it does not go on as one the page ends, too.
            if self.bits.peek(7) == Some(0) && self.bits.peek(12) != Some(1) {
                self.ended = self.begun;
                return Err(DAMAGED);
            }
            match mode::decode(&mut self.bits).ok_or(DAMAGED)? {
                Mode::Pass => column = i64::from(above(next + 1)),
                Mode::Vertical(beside) => {
                    let to = i64::from(above(next)) + i64::from(beside);
                    let to = u32::try_from(to).map_err(|_| DAMAGED)?;
                    if i64::from(to) < column {
                        return Err(DAMAGED);
                    }
                    column = i64::from(to);
                    black = !black;
                    self.change(to);
                }
                Mode::Horizontal => {
                    let first = column.max(0) as u32 + self.run(black)?;
                    let second = first + self.run(!black)?;
                    self.change(first);
                    self.change(second);
                    column = i64::from(second);
                }
                Mode::Extension => return Err("it has fax rows that are not coded"),
                Mode::EOF => {
                    self.ended = true;
                    return Ok(());
                }
            }
        }
        Ok(())
    }

    /// The length of a run, of which the codes for 64 and more are followed by others; no longer
    /// than it takes to fill a row and one code more.
    fn run(&mut self, dark: bool) -> Result<u32, Problem> {
        let mut run = 0;
        loop {
            let before = self.bits.at;
            let code = match dark {
                true => black::decode(&mut self.bits),
                false => white::decode(&mut self.bits),
            };
            let Some(code) = code else {
                self.bits.at = before;
                return Err(DAMAGED);
            };
            let code = u32::from(code);
            run += code;
            if code < 64 {
                return Ok(run);
            }
            if run > self.width + 64 {
                return Err(DAMAGED);
            }
        }
    }

    /// Changes the colour at a column; twice at the same is not at all. Of a damaged row a run
    /// that goes beyond its end is white, as in libtiff.
    fn change(&mut self, column: u32) {
        if column > self.width {
            self.end_in_white();
        } else if self.changes.last() == Some(&column) {
            self.changes.pop();
        } else if column < self.width {
            self.changes.push(column);
        }
    }
}
