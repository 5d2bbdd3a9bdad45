//! Lossless scans of JPEG files, coded by Huffman's method (ITU-T T.81, annex H).

use super::frame::{Component, Frame};
use super::huffman::Coder;
use super::scan::Scan;
use super::{DAMAGED, Problem};

/// Reads a scan into the frame's samples, with a restart marker after so many units, and returns
/// what follows it.
pub(super) fn decode<'a>(
    scan: &Scan,
    frame: &mut Frame,
    mut coder: Coder<'a>,
    restart: usize,
) -> Result<&'a [u8], Problem> {
    let (predictor, _) = scan.band;
    let (across, down) = scan.units(frame);
    if !(1..=7).contains(&predictor) || scan.shift > 7 || !restart.is_multiple_of(across) {
        return Err(DAMAGED);
    }
    // The unit row that what is before it is not known for.
    let mut first = 0;
    for unit in 0..across * down {
        let restarts = restart > 0 && unit > 0 && unit % restart == 0;
        coder.begin_unit(restarts.then(|| ((unit / restart - 1) % 8) as u8))?;
        if restarts {
            first = unit / across;
        }
        for one in &scan.components {
            let component = &mut frame.components[one.index];
            let (columns, rows) = scan.blocks_of_a_unit(component);
            for place in 0..columns * rows {
                let row = unit / across * rows + place / columns;
                let column = unit % across * columns + place % columns;
                let known = row > first * rows;
                let predicted = match known || column > 0 {
                    true => predicted(component, (row, column), known, predictor),
                    false => 1 << (7 - scan.shift),
                };
                let level = predicted.wrapping_add(coder.difference(one)?);
                *component.sample((row, column)) = level as u8;
            }
        }
    }
    coder.begin_unit(None)?;
    for one in &scan.components {
        frame.components[one.index].shift_samples(scan.shift);
    }
    Ok(coder.rest())
}

/// What a sample is likely to be by those before and above it (table H.1); `known` says whether
/// there are some above.
fn predicted(
    component: &mut Component,
    (row, column): (usize, usize),
    known: bool,
    predictor: usize,
) -> i32 {
    let mut sample = |row, column| i32::from(*component.sample((row, column)));
    if !known {
        return sample(row, column - 1);
    }
    let above = sample(row - 1, column);
    if column == 0 {
        return above;
    }
    let (left, corner) = (sample(row, column - 1), sample(row - 1, column - 1));
    match predictor {
        1 => left,
        2 => above,
        3 => corner,
        4 => left + above - corner,
        5 => left + ((above - corner) >> 1),
        6 => above + ((left - corner) >> 1),
        _ => (left + above) >> 1,
    }
}
