//! Lines of text found in any picture.

mod blots;
mod boxes;
mod chain;
mod connected;
mod form;
mod large;
mod line;
mod mask;
mod near;

pub(crate) use form::{BASELINE, LETTER_HEIGHT, level, level_line};
pub use form::{LINE_HEIGHT, WINDOW_WIDTH, letter_height};
pub use line::TextLine;
pub(crate) use mask::reduced;
pub use near::find_line_near;

use std::panic::resume_unwind;
use std::thread;

use crate::picture::Picture;
use blots::{Blot, blots};
use chain::{Chain, chains};
use mask::{Grey, inked};

/// Pictures are reduced to at most so many pixels before they are searched.
const MOST_SEARCHED: usize = 6_000_000;

/// Pictures of so many pixels are searched in both polarities at once: less is done before a thread begins.
const WORTH_A_THREAD: usize = 1 << 16;

/// Heights of letters that are found at one scale, in pixels; larger ones at coarser scales.
const LEAST_LETTER: f32 = 5.0;
const LARGEST_LETTER: f32 = 72.0;

/// The fewest grey levels between the means of a line's ink and of what lies between it.
const LEAST_CONTRAST: f32 = 12.0;

/// Rows that tell what lies around a line, and those close to it, in letter heights from the baseline.
const AROUND: [f32; 2] = [-1.35, 0.5];
const CLOSE: [f32; 2] = [-1.08, 0.08];

/// How much a letter counts where two lines are found in one place: of a line of whole blots whose
/// ground reaches beyond it, of one found in a box by itself, and of any other.
const SURE: usize = 3;
const BOXED: usize = 2;
const DOUBTFUL: usize = 1;

/// The most boxes of a picture that are searched by themselves.
const MOST_BOXES: usize = 200;

/// The most lines that are found in a picture, the longest first.
const MOST_LINES: usize = 400;

/// Finds the lines of text in a picture, from top to bottom: dark on light or light on dark, of
/// any size from about 7 pixels of height on, level or aslant by up to about ten degrees.
///
/// Ink is what differs from its surroundings; blots of ink of like height that stand beside one
/// another on a line are its letters. Where no line is found, a single letter that stands alone
/// is taken for one. A picture without text has none.
///
/// Pictures of more than six million pixels are searched at half their size or less, and for small
/// letters at their own size in bands; time and memory are bounded whatever the picture shows.
pub fn find_lines(picture: &Picture) -> Vec<TextLine> {
    let (grey, factor) = reduced_to_search(picture);
    let mut found = search(&grey, factor);
    if factor > 1 {
        found.extend(large::small_lines(picture));
    }
    let lines = match without_doubles(found) {
        none if none.is_empty() => lone_letter(&grey, factor).into_iter().collect(),
        found => found,
    };
    in_order(without_marks(lines))
}

/// Whether the text of a picture seems to run from top to bottom or from bottom to top: it finds
/// clearly more along columns than along rows. Such a picture is to be
/// [turned](Picture::turned) by a quarter first.
///
/// Pictures of more than six million pixels are judged by their large letters, and by the small
/// ones of the parts that show most.
pub fn runs_vertically(picture: &Picture) -> bool {
    let (grey, factor) = reduced_to_search(picture);
    let letters = |lines: Vec<TextLine>| {
        let lengths = lines.iter().map(|line| line.letters);
        lengths.filter(|&letters| letters >= 4).sum::<usize>()
    };
    // What is doubtful along a line is common across lines.
    let sure = |mut found: Vec<Candidate>| {
        found.retain(|candidate| candidate.weight == SURE);
        without_doubles(found)
    };
    let of_all = |grey: &Grey| {
        let mut lines = sure(search(grey, factor));
        // Small letters that were reduced are a texture that has no direction of its own.
        lines.retain(|line| factor == 1 || !large::is_small(line));
        letters(lines)
    };
    let (across, down) = (of_all(&grey), of_all(&grey.transposed()));
    let (mut small_across, mut small_down) = (0, 0);
    if factor > 1 {
        let of_part = |grey: Grey| {
            let mut lines = sure(search_scale(grey, 1.0));
            lines.retain(large::is_small);
            letters(lines)
        };
        for part in large::busiest(picture) {
            small_down += of_part(part.transposed());
            small_across += of_part(part);
        }
    }
    // Lines of small text look like large letters from afar: what there is more of is asked.
    let (across, down) = match small_across + small_down > across + down {
        true => (small_across, small_down),
        false => (across, down),
    };
    down >= 4 && down > 2 * across
}

/// A picture at the size that is searched, and by which factor it was reduced.
fn reduced_to_search(picture: &Picture) -> (Grey, usize) {
    let mut factor = 1;
    while picture.pixels().len() / (factor * factor) > MOST_SEARCHED {
        factor += 1;
    }
    let size = (picture.width(), picture.height());
    (reduced(picture.pixels(), size, factor), factor)
}

/// What may be a line.
struct Candidate {
    line: TextLine,
    /// How much each of its letters counts, see [`SURE`].
    weight: usize,
}

/// Lines at every scale.
fn search(grey: &Grey, factor: usize) -> Vec<Candidate> {
    let mut found = Vec::new();
    let mut scale = 1;
    loop {
        let reduced = match scale {
            1 => grey.clone(),
            _ => grey.reduced(scale),
        };
        if reduced.width < 6 || reduced.height < 6 {
            break;
        }
        found.extend(search_scale(reduced, (factor * scale) as f32));
        // Letters that fill the picture are as high as it is.
        if (reduced_height(grey, scale)) <= LARGEST_LETTER {
            break;
        }
        scale *= 2;
    }
    found
}

fn reduced_height(grey: &Grey, scale: usize) -> f32 {
    grey.height as f32 / scale as f32
}

/// Lines of letters of 5 to 72 pixels, of both polarities; those in boxes, such as buttons, too.
fn search_scale(grey: Grey, factor: f32) -> Vec<Candidate> {
    let mut noise = grey.noise();
    let grey = match noise > 3.0 {
        true => grey.smoothed(),
        false => grey,
    };
    if noise > 3.0 {
        noise = grey.noise().max(0.375 * noise);
    }
    let both = |grey: &Grey| {
        let ink = inked(grey, noise);
        in_both(grey.levels.len(), |light_on_dark| {
            let ink = &ink[usize::from(light_on_dark)];
            search_polarity(grey, ink, factor, light_on_dark)
        })
    };
    let mut found = Vec::new();
    for (lines, boxes) in both(&grey) {
        found.extend(lines);
        for around in boxes {
            let inside = both(&grey.part(&around)).into_iter();
            let lines = inside.flat_map(|(lines, _)| lines);
            found.extend(lines.filter_map(|candidate| boxes::placed(candidate, &around, factor)));
        }
    }
    found
}

/// What is found dark on light and light on dark, at once where there is much to search.
fn in_both<T: Send>(pixels: usize, search: impl Fn(bool) -> T + Sync) -> [T; 2] {
    if pixels < WORTH_A_THREAD {
        return [false, true].map(search);
    }
    thread::scope(|scope| {
        let light = scope.spawn(|| search(true));
        let dark = search(false);
        // What it panicked with goes on here.
        let light = light.join().unwrap_or_else(|panic| resume_unwind(panic));
        [dark, light]
    })
}

/// Lines of one polarity, and blots that may be boxes with text in them.
fn search_polarity(
    grey: &Grey,
    ink: &[bool],
    factor: f32,
    light_on_dark: bool,
) -> (Vec<Candidate>, Vec<Blot>) {
    let blots = blots(ink, grey.width);
    let letters = |mut letters: Vec<Blot>| {
        letters.retain(may_be_letter);
        letters
            .iter_mut()
            .for_each(|blot| blot.measure(grey, light_on_dark));
        letters
    };
    let candidates = |letters: Vec<Blot>, whole: bool| {
        let chains = chains(letters).into_iter().filter(is_text);
        let candidate = |chain: Chain| {
            let ground = ground(grey, ink, &chain)?;
            let weight = match whole && ground == Ground::Around {
                true => SURE,
                false => DOUBTFUL,
            };
            let line = TextLine::from_chain(&chain, factor, light_on_dark)?;
            Some(Candidate { line, weight })
        };
        chains.filter_map(candidate).collect::<Vec<_>>()
    };
    let boxes = blots.iter().filter(|blot| boxes::is_box(blot, grey));
    let boxes = boxes.copied().take(MOST_BOXES).collect();
    let parts = connected::parts(&blots, ink, grey.width);
    let mut found = match parts.is_empty() {
        true => Vec::new(),
        false => candidates(letters(parts), false),
    };
    found.extend(candidates(letters(blots), true));
    (found, boxes)
}

/// What lies between the letters of a line.
#[derive(PartialEq)]
enum Ground {
    /// Lies above and below the line as well.
    Around,
    /// Ends close to the letters, as a tight box does.
    Box,
}

/// The ground of a line whose ink differs from what lies between it in the blots' boxes. Gaps between
/// letters differ less from that than from what lies above and below; so does text in a box that is no
/// higher than its letters.
fn ground(grey: &Grey, ink: &[bool], chain: &Chain) -> Option<Ground> {
    let (mut sums, mut counts) = ([0_u64; 2], [0_u64; 2]);
    for blot in &chain.blots {
        for row in blot.top as usize..blot.bottom as usize {
            let start = row * grey.width;
            let pixels = start + blot.left as usize..start + blot.right as usize;
            for (&level, &inked) in grey.levels[pixels.clone()].iter().zip(&ink[pixels]) {
                sums[usize::from(inked)] += u64::from(level);
                counts[usize::from(inked)] += 1;
            }
        }
    }
    let columns = chain.blots[0].left..chain.blots[chain.blots.len() - 1].right;
    let level_at = |away: [f32; 2]| {
        let mut levels = [0_usize; 256];
        for column in columns.clone() {
            let baseline = chain.baseline_at(column as f32);
            for away in away {
                let row = (baseline + away * chain.tall).clamp(0.0, grey.height as f32 - 1.0);
                let level = grey.levels[row as usize * grey.width + column as usize];
                levels[usize::from(level)] += 1;
            }
        }
        median(&levels)
    };
    let mean = |of: usize| sums[of] as f32 / counts[of].max(1) as f32;
    let inked = mean(1);
    let around = level_at(AROUND);
    let between = if counts[0] == 0 { around } else { mean(0) };
    let contrast = (inked - between).abs();
    let belongs = |level: f32| (inked - level).abs() > (between - level).abs();
    match contrast >= LEAST_CONTRAST {
        true if belongs(around) => Some(Ground::Around),
        true if belongs(level_at(CLOSE)) => Some(Ground::Box),
        _ => None,
    }
}

fn median(counts: &[usize; 256]) -> f32 {
    let all: usize = counts.iter().sum();
    let mut count = 0;
    let level = counts.iter().position(|&of_level| {
        count += of_level;
        2 * count >= all
    });
    level.unwrap_or(0) as f32
}

/// Neither too large nor too small, nor a rule, nor a frame.
fn may_be_letter(blot: &Blot) -> bool {
    let (width, height) = (blot.width(), blot.height());
    let filled = blot.area as f32 / (width * height);
    let sides = (LEAST_LETTER..=LARGEST_LETTER).contains(&height) && width <= 10.0 * height;
    let solid = filled > 0.9 && width > 0.6 * height;
    sides && width >= 1.0 && filled >= 0.1 && !solid
}

/// Whether a chain stands and fills its line as text does.
fn is_text(chain: &Chain) -> bool {
    let blots = &chain.blots;
    let heights = || blots.iter().map(Blot::height);
    let highest = heights().fold(0.0, f32::max);
    let lowest = heights().fold(f32::INFINITY, f32::min);
    let length = (blots[blots.len() - 1].right - blots[0].left) as f32;
    let filled: f32 = blots.iter().map(Blot::width).sum::<f32>() / length;
    let area: f32 = blots.iter().map(|blot| blot.area as f32).sum();
    let cover = area
        / blots
            .iter()
            .map(|blot| blot.width() * blot.height())
            .sum::<f32>();
    let stands = match blots.len() {
        2 | 3 => chain.placed > 0.99 && chain.standing > 0.3 && highest <= 2.2 * lowest,
        4..=6 => chain.placed > 0.79 && chain.standing > 0.3 || chain.standing >= 0.6,
        _ => chain.standing >= 0.5,
    };
    stands
        && filled >= 0.35
        && (0.15..=0.85).contains(&cover)
        && length >= 1.2 * highest
        && chain.slope.abs() <= 0.3
}

/// Each line once: of two that share most of their place, or less if one is the other's ground,
/// the one of more letters, see [`SURE`].
fn without_doubles(mut candidates: Vec<Candidate>) -> Vec<TextLine> {
    candidates.sort_by_key(|known| std::cmp::Reverse(known.line.letters * known.weight));
    let mut kept: Vec<TextLine> = Vec::new();
    for Candidate { line, .. } in candidates {
        if kept.len() < MOST_LINES && !kept.iter().any(|other| other.shares_place(&line)) {
            kept.push(line);
        }
    }
    kept
}

/// The one letter of a picture that shows nothing else.
fn lone_letter(grey: &Grey, factor: usize) -> Option<TextLine> {
    let longest = grey.width.max(grey.height);
    let scale = longest.div_ceil(60).max(1);
    let small = grey.reduced(scale);
    let noise = small.noise();
    let mut inks = [false, true].into_iter().zip(inked(&small, noise));
    inks.find_map(|(light_on_dark, ink)| {
        let all = blots(&ink, small.width);
        let large: Vec<&Blot> = all
            .iter()
            .filter(|blot| blot.height() >= LEAST_LETTER && blot.area >= 8)
            .collect();
        let [letter] = large.as_slice() else {
            return None;
        };
        let inside = letter.left > 0
            && letter.top > 0
            && (letter.right as usize) < small.width
            && (letter.bottom as usize) < small.height;
        // A ring of ground around something dark is no light letter.
        let mut frame = frame(&small);
        frame.sort_unstable();
        let frame = f32::from(frame[frame.len() / 2]);
        let inks = small.levels.iter().zip(&ink).filter(|(_, ink)| **ink);
        let level = inks.map(|(&level, _)| f32::from(level)).sum::<f32>()
            / ink.iter().filter(|&&ink| ink).count() as f32;
        let differs = if light_on_dark {
            level - frame
        } else {
            frame - level
        } >= LEAST_CONTRAST;
        let filled = letter.area as f32 / (letter.width() * letter.height());
        let shape = filled < 0.74 || letter.height() > 2.5 * letter.width();
        let mut measured = **letter;
        measured.measure(&small, light_on_dark);
        let chain = Chain {
            blots: vec![measured],
            slope: 0.0,
            baseline: measured.lower,
            standing: 1.0,
            placed: 1.0,
            tall: letter.height(),
        };
        (inside && differs && shape && filled > 0.1 && letter.width() <= 3.0 * letter.height())
            .then(|| TextLine::from_chain(&chain, (factor * scale) as f32, light_on_dark))
            .flatten()
    })
}

/// The outermost levels of a picture.
fn frame(grey: &Grey) -> Vec<u8> {
    let (width, height) = (grey.width, grey.height);
    let rows = grey.levels.chunks_exact(width);
    rows.enumerate()
        .flat_map(|(row, levels)| match row == 0 || row + 1 == height {
            true => levels.to_vec(),
            false => vec![levels[0], levels[width - 1]],
        })
        .collect()
}

/// What is no line but the marks of another: dots and rings above its capitals.
fn without_marks(lines: Vec<TextLine>) -> Vec<TextLine> {
    let kept = lines
        .iter()
        .filter(|line| !lines.iter().any(|other| line.marks(other)));
    kept.cloned().collect()
}

/// Row after row from top to bottom, and from left to right where lines stand beside one another.
fn in_order(mut lines: Vec<TextLine>) -> Vec<TextLine> {
    lines.sort_by(|one, other| one.top().total_cmp(&other.top()));
    let mut rows: Vec<Vec<TextLine>> = Vec::new();
    for line in lines {
        match rows.last_mut().filter(|row| row[0].is_beside(&line)) {
            Some(row) => row.push(line),
            None => rows.push(vec![line]),
        }
    }
    for row in &mut rows {
        row.sort_by(|one, other| one.left.total_cmp(&other.left));
    }
    rows.concat()
}
