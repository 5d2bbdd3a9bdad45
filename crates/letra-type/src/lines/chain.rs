//! Letters that stand beside one another.

use std::ops::RangeInclusive;

use super::blots::Blot;

/// The most blots that are looked at; a picture with more is texture, of which the largest count.
const MOST_BLOTS: usize = 20_000;

/// The widest gap within a line, in heights of its letters: a colon and a space of type of one width,
/// whose capitals are low.
const WIDEST_GAP: f32 = 2.5;

/// How far below the baseline a letter with a descender ends, and the least that it rises above it,
/// in heights of the line's taller letters.
const DESCENT: RangeInclusive<f32> = 0.1..=0.5;
const LEAST_ABOVE: f32 = 0.4;

/// Rows that blots are gathered by, in pixels.
const BAND: u32 = 32;

/// A line of blots in a picture, at that picture's scale.
#[derive(Debug, Clone)]
pub(crate) struct Chain {
    /// The blots from left to right.
    pub(crate) blots: Vec<Blot>,
    /// How many pixels the baseline falls a pixel to the right.
    pub(crate) slope: f32,
    /// Where the baseline is at column 0.
    pub(crate) baseline: f32,
    /// The share of blots that stand on the baseline.
    pub(crate) standing: f32,
    /// The share of blots that stand on the baseline or hang below it as far as descenders do.
    pub(crate) placed: f32,
    /// The height that four blots in five do not exceed.
    pub(crate) tall: f32,
}

impl Chain {
    /// The baseline's row at a column.
    pub(crate) fn baseline_at(&self, column: f32) -> f32 {
        self.baseline + self.slope * column
    }

    fn left(&self) -> f32 {
        self.blots[0].left as f32
    }

    fn right(&self) -> f32 {
        self.blots[self.blots.len() - 1].right as f32
    }

    fn height(&self) -> f32 {
        self.tall
    }

    /// Whether another chain stands to the right of this one, on its baseline.
    fn goes_on_in(&self, other: &Self) -> bool {
        let (low, high) = {
            let (one, other) = (self.height(), other.height());
            (one.min(other), one.max(other))
        };
        let gap = other.left() - self.right();
        // A short chain has no slope of its own to speak of.
        let slope = match self.blots.len() >= other.blots.len() {
            true => self.slope,
            false => other.slope,
        };
        let (here, there) = (self.blots[self.blots.len() - 1], other.blots[0]);
        let fall = slope * (middle(&there) - middle(&here));
        let step = other.baseline_at(middle(&there)) - self.baseline_at(middle(&here)) - fall;
        high <= 1.9 * low
            && (-0.3 * low..=WIDEST_GAP * high).contains(&gap)
            && step.abs() <= (0.2 * high).max(1.5)
    }

    /// The heights of the blots' upper edges above the baseline.
    pub(crate) fn tops(&self) -> Vec<f32> {
        let top = |blot: &Blot| self.baseline_at(middle(blot)) - blot.upper;
        self.blots.iter().map(top).collect()
    }
}

fn middle(blot: &Blot) -> f32 {
    (blot.left + blot.right) as f32 / 2.0
}

/// Links every blot that may be a letter to its nearest right neighbour of like height beside it.
pub(crate) fn chains(mut blots: Vec<Blot>) -> Vec<Chain> {
    if blots.len() > MOST_BLOTS {
        blots.sort_unstable_by_key(|blot| std::cmp::Reverse(blot.area));
        blots.truncate(MOST_BLOTS);
    }
    blots.sort_unstable_by_key(|blot| (blot.left, blot.top));
    let bands = blots.iter().map(|blot| blot.bottom / BAND + 1).max();
    let mut by_band = vec![Vec::new(); bands.unwrap_or(0) as usize];
    for (index, blot) in blots.iter().enumerate() {
        for band in blot.top / BAND..=blot.bottom / BAND {
            by_band[band as usize].push(index);
        }
    }
    let mut next = vec![None; blots.len()];
    let mut nearest_left: Vec<Option<(usize, f32)>> = vec![None; blots.len()];
    for (index, blot) in blots.iter().enumerate() {
        let right = (blot.top / BAND..=blot.bottom / BAND)
            .flat_map(|band| {
                let of_band = &by_band[band as usize];
                let from = of_band.partition_point(|&other| other <= index);
                let reach = blot.right as f32 + 4.0 * blot.height();
                of_band[from..]
                    .iter()
                    .take_while(|&&other| (blots[other].left as f32) < reach)
                    .copied()
                    .collect::<Vec<_>>()
            })
            .filter_map(|other| Some((other, gap(blot, &blots[other])?)))
            .min_by(|one, other| one.1.total_cmp(&other.1).then(one.0.cmp(&other.0)));
        // Each blot has one left neighbour, the nearest that wants it.
        if let Some((other, gap)) = right
            && nearest_left[other].is_none_or(|(_, known)| gap < known)
        {
            if let Some((left, _)) = nearest_left[other] {
                next[left] = None;
            }
            nearest_left[other] = Some((index, gap));
            next[index] = Some(other);
        }
    }
    let starts = (0..blots.len()).filter(|&index| nearest_left[index].is_none());
    let words = starts.map(|start| {
        let line = std::iter::successors(Some(start), |&index| next[index]);
        fitted(line.map(|index| blots[index]).collect())
    });
    let mut lines = joined(words.collect());
    lines.retain(|line| line.blots.len() > 1);
    lines
}

/// Joins chains, in the order of their left ends, that go on where others end: at like height on
/// the same baseline. What parts them may be a comma, a letter that stands alone, a wide space.
fn joined(words: Vec<Chain>) -> Vec<Chain> {
    let mut open: Vec<Chain> = Vec::new();
    let mut done = Vec::new();
    for word in words {
        let left = word.left();
        let (ended, still) = open.into_iter().partition(|line: &Chain| {
            line.right() + WIDEST_GAP * line.height().max(word.height()) < left
        });
        open = still;
        done.extend::<Vec<Chain>>(ended);
        let nearest = open
            .iter_mut()
            .filter(|line| line.goes_on_in(&word))
            .min_by(|one, other| {
                let gap = |line: &Chain| left - line.right();
                gap(one).abs().total_cmp(&gap(other).abs())
            });
        match nearest {
            Some(line) => {
                line.blots.extend(word.blots);
                *line = fitted(std::mem::take(&mut line.blots));
            }
            None => open.push(word),
        }
    }
    done.extend(open);
    done
}

/// The gap between a blot and one further right, if they may be letters of a line.
fn gap(blot: &Blot, other: &Blot) -> Option<f32> {
    let (low, high) = {
        let (one, other) = (blot.height(), other.height());
        (one.min(other), one.max(other))
    };
    let shared = blot.bottom.min(other.bottom) as f32 - blot.top.max(other.top) as f32;
    let gap = other.left as f32 - blot.right as f32;
    let alike = high <= 2.6 * low && shared >= 0.45 * low;
    (alike && gap > -0.6 * low && gap <= 1.5 * high).then_some(gap)
}

/// A chain of one blot or more, with its baseline.
fn fitted(blots: Vec<Blot>) -> Chain {
    let mut heights: Vec<f32> = blots.iter().map(Blot::height).collect();
    heights.sort_unstable_by(f32::total_cmp);
    let height = heights[heights.len() / 2];
    let tall = heights[heights.len() * 4 / 5];
    let length = (blots[blots.len() - 1].right - blots[0].left) as f32;
    let slope = match length > 4.0 * height {
        true => slope(&blots, height),
        false => 0.0,
    };
    let mut bottoms: Vec<f32> = blots
        .iter()
        .map(|blot| blot.lower - slope * middle(blot))
        .collect();
    bottoms.sort_unstable_by(f32::total_cmp);
    // Some letters reach below the baseline, none but marks stays above.
    let baseline = bottoms[(bottoms.len() - 1) * 2 / 5];
    let off = |blot: &Blot| blot.lower - slope * middle(blot) - baseline;
    let near = (0.13 * height).max(1.5);
    let standing: Vec<&Blot> = blots
        .iter()
        .filter(|blot| off(blot).abs() <= near)
        .collect();
    let share = standing.len() as f32 / blots.len() as f32;
    let hangs = |blot: &Blot| {
        let above = blot.height() - off(blot);
        DESCENT.contains(&(off(blot) / tall)) && above >= LEAST_ABOVE * tall
    };
    let hanging = blots.iter().filter(|blot| hangs(blot)).count();
    let placed = (standing.len() + hanging).min(blots.len()) as f32 / blots.len() as f32;
    let (slope, baseline) = match standing.len() >= 4 && slope != 0.0 {
        true => straight_line(&standing),
        false => (slope, baseline),
    };
    Chain {
        blots,
        slope,
        baseline,
        standing: share,
        placed,
        tall,
    }
}

/// Slope and height at column 0 of the straight line through the blots' lower edges, by least
/// squares.
fn straight_line(blots: &[&Blot]) -> (f32, f32) {
    let count = blots.len() as f32;
    let mean = |of: &dyn Fn(&Blot) -> f32| blots.iter().map(|blot| of(blot)).sum::<f32>() / count;
    let (x, y) = (mean(&middle), mean(&|blot| blot.lower));
    let across = mean(&|blot| (middle(blot) - x).powi(2));
    let along = mean(&|blot| (middle(blot) - x) * (blot.lower - y));
    let slope = along / across.max(1.0);
    (slope, y - slope * x)
}

/// The slope of the baseline: the median of the slopes between blots that stand far apart (H.
/// Theil, 1950), those of letters below the baseline taking part but not counting.
fn slope(blots: &[Blot], height: f32) -> f32 {
    let apart = (blots.len() / 2).max(1);
    let between = |one: &Blot, other: &Blot| {
        let across = middle(other) - middle(one);
        let down = other.lower - one.lower;
        (across > 1.5 * height).then_some(down / across)
    };
    let mut slopes: Vec<f32> = (1..=apart)
        .rev()
        .take(8)
        .flat_map(|step| blots.iter().zip(blots.get(step..).unwrap_or(&[])))
        .filter_map(|(one, other)| between(one, other))
        .collect();
    slopes.sort_unstable_by(f32::total_cmp);
    slopes.get(slopes.len() / 2).copied().unwrap_or(0.0)
}
