//! The most probable row of signs for a line of ink.

use std::ops::Range;

use super::signs::{Sign, Signs, Template, Templates};
use crate::lines::LINE_HEIGHT;

/// The least share of a sign's own ink that must gain at a place for it to be tried there.
const LEAST_SHARE: f32 = 0.35;

/// The most signs tried at a place by what they gain, and the most by the share of their own ink
/// that gains: the latter are narrow.
const MOST_SIGNS: usize = 24;

/// Places beside one another whose signs compete, in half pixels, and what share of the best
/// score a sign must have to be tried beside it.
const BESIDE: usize = 2;
const NEARLY_BEST: f32 = 0.9;

/// How far the pen may stand beyond where the advance would have it, in half pixels.
const LOOSEST: usize = 3;

/// How far before, for kerning: a share of the em, and at most of the sign's own advance.
const TIGHTEST: f32 = 0.17;
const TIGHTEST_OF_ADVANCE: f32 = 0.45;

/// What a pixel of difference from the advance costs, in squares of ink; the cost grows with the
/// difference's square.
const AWAY: f32 = 0.15;

/// What a half pixel without a sign costs.
const BLANK: f32 = 0.02;

/// The least width of a space, in widths of the font's own.
const LEAST_SPACE: f32 = 0.55;

/// A way that gains so much less than another to the same place is given up.
const GIVEN_UP: f32 = 25.0;
const GIVEN_UP_TO_SPACE: f32 = 4.0;

/// A line's ink: shares from 0 (ground) to 1, in 40 rows of `width`.
#[derive(Debug)]
pub(super) struct LineInk {
    pub(super) width: usize,
    pub(super) shares: Vec<f32>,
}

impl LineInk {
    /// Of a levelled line.
    pub(super) fn of((levels, width): (Vec<u8>, usize)) -> Self {
        let share = |&level: &u8| f32::from(255 - level) / 255.0;
        Self {
            width,
            shares: levels.iter().map(share).collect(),
        }
    }

    /// The ink made fainter: its shares divided by a depth.
    pub(super) fn fainter(mut self, depth: f32) -> Self {
        self.shares.iter_mut().for_each(|share| *share /= depth);
        self
    }

    /// The sum of squares.
    pub(super) fn energy(&self) -> f32 {
        self.shares.iter().map(|share| share * share).sum()
    }

    /// By how much the squares of what is left fall with a sign, for the pen at every column:
    /// `Σ I² − Σ (I − T)² = 2 Σ I T − Σ T²`.
    fn gains(&self, template: &Template) -> Vec<f32> {
        let mut gains = vec![-template.energy; self.width];
        let width = self.width as isize;
        let rows = self.shares.chunks_exact(self.width).skip(template.top);
        let lines = template.shares.chunks_exact(template.columns.max(1));
        for (ink, line) in rows.zip(lines) {
            for (column, &share) in line.iter().enumerate() {
                let ahead = template.left + column as isize;
                let (first, end) = ((-ahead).clamp(0, width), (width - ahead).clamp(0, width));
                if share == 0.0 || first >= end {
                    continue;
                }
                let gains = &mut gains[first as usize..end as usize];
                let ink = &ink[(first + ahead) as usize..(end + ahead) as usize];
                let twice = 2.0 * share;
                gains
                    .iter_mut()
                    .zip(ink)
                    .for_each(|(gain, ink)| *gain += twice * ink);
            }
        }
        gains
    }
}

/// What characters cost after one another: minus natural logarithms of probabilities.
#[derive(Debug)]
pub(super) struct Costs {
    /// Rows of what follows each sign, the last row what follows a space.
    pub(super) pairs: Vec<f32>,
    /// Of a space after each sign.
    pub(super) spaces: Vec<f32>,
}

impl Costs {
    fn pair(&self, last: usize, next: usize) -> f32 {
        self.pairs[last * self.spaces.len() + next]
    }

    fn after_space(&self, next: usize) -> f32 {
        self.pair(self.spaces.len(), next)
    }
}

/// A sign at a place, reached by the best way.
struct Node {
    /// Index among the templates.
    template: usize,
    /// The pen before and after it, in half pixels.
    place: usize,
    exit: usize,
    value: f32,
    /// The sign before it, and whether a space stands between.
    before: Option<usize>,
    space: bool,
}

/// The best way to a place with a space, or nothing, right before it.
#[derive(Clone, Copy)]
struct Blank {
    value: f32,
    before: Option<usize>,
}

/// A sign of a decoded line.
#[derive(Debug, Clone, Copy)]
pub(super) struct Placed {
    /// Index among the templates.
    pub(super) template: usize,
    /// The pen, in half pixels.
    pub(super) place: usize,
    /// Whether a space stands before it.
    pub(super) space: bool,
}

/// A decoded line.
#[derive(Debug)]
pub(super) struct Decoded {
    pub(super) signs: Vec<Placed>,
    /// By how much the squares of ink fall, less what the characters cost.
    pub(super) value: f32,
}

/// What a decoder works with.
pub(super) struct Decoder<'a> {
    pub(super) signs: &'a Signs,
    pub(super) templates: &'a Templates,
    pub(super) costs: &'a Costs,
    /// What a cost of 1 weighs, in squares of ink.
    pub(super) weight: f32,
    /// Half pixels from a place that is tried to the next: 1 or 2.
    pub(super) step: usize,
}

impl Decoder<'_> {
    /// Finds the row of signs that leaves the least squares of ink and costs least, of those
    /// that are [tried](Self::tried).
    ///
    /// The Viterbi algorithm over pen positions: the best way to a sign at a place goes on from
    /// the best way to any sign that ends about there, or from a space.
    pub(super) fn decode(&self, tried: &[Vec<(usize, f32)>]) -> Decoded {
        let places = tried.len();
        let sign = |node: &Node| self.templates.signs[node.template];
        let least_space = ((2.0 * LEAST_SPACE * self.signs.space) as usize).max(1);
        let mut nodes: Vec<Node> = Vec::new();
        let mut ending: Vec<Vec<usize>> = vec![Vec::new(); places + 1];
        let mut blank = Blank {
            value: 0.0,
            before: None,
        };
        for (place, tried) in tried.iter().enumerate() {
            blank.value -= BLANK;
            let ended = place.checked_sub(least_space);
            for &index in ended.map_or(&[][..], |place| &ending[place]) {
                let node = &nodes[index];
                let value = node.value - self.weight * self.costs.spaces[sign(node)];
                if value > blank.value {
                    blank = Blank {
                        value,
                        before: Some(index),
                    };
                }
            }
            let furthest = (2.0 * TIGHTEST * self.signs.size) as usize;
            let ends = place.saturating_sub(LOOSEST)..(place + furthest + 1).min(places);
            let best = nodes_best(&nodes, &ending[ends.clone()]);
            let least = (best - GIVEN_UP).max(blank.value - GIVEN_UP_TO_SPACE);
            let before: Vec<usize> = ending[ends]
                .iter()
                .flatten()
                .copied()
                .filter(|&index| nodes[index].value >= least && nodes[index].place < place)
                .collect();
            for &(template, gain) in tried {
                let next = self.templates.signs[template];
                let mut way = (
                    blank.value - self.weight * self.costs.after_space(next),
                    blank.before,
                    true,
                );
                for &index in &before {
                    let node = &nodes[index];
                    let away = place.abs_diff(node.exit) as f32 / 2.0;
                    let cost = self.weight * self.costs.pair(sign(node), next) + AWAY * away * away;
                    let value = node.value - cost;
                    if value <= way.0 || self.too_tight(node, place) {
                        continue;
                    }
                    let value = value - 2.0 * self.overlap(node, template, place);
                    if value > way.0 {
                        way = (value, Some(index), false);
                    }
                }
                let advance = (2.0 * self.signs.all[next].advance).round() as usize;
                let exit = (place + advance.max(1)).min(places);
                ending[exit].push(nodes.len());
                nodes.push(Node {
                    template,
                    place,
                    exit,
                    value: way.0 + gain,
                    before: way.1,
                    space: way.2,
                });
            }
        }
        traced(&nodes)
    }

    /// The signs worth a try at every half pixel, and what each gains there.
    pub(super) fn tried(&self, ink: &LineInk) -> Vec<Vec<(usize, f32)>> {
        let places = 2 * ink.width;
        let mut tried: Vec<Vec<(usize, f32)>> = vec![Vec::new(); places];
        let mut gains = vec![0.0; places.div_ceil(self.step)];
        for (index, phases) in self.templates.of_signs.iter().enumerate() {
            let phases = if self.step == 1 {
                &phases[..]
            } else {
                &phases[..1]
            };
            for (phase, template) in phases.iter().enumerate() {
                let own = gains.iter_mut().skip(phase).step_by(phases.len());
                own.zip(ink.gains(template))
                    .for_each(|(to, gain)| *to = gain);
            }
            let least = LEAST_SHARE * phases[0].energy;
            for (at, &gain) in gains.iter().enumerate() {
                if gain < least {
                    continue;
                }
                let around = at.saturating_sub(BESIDE)..(at + BESIDE + 1).min(gains.len());
                let best = gains[around].iter().copied().fold(0.0, f32::max);
                if gain >= NEARLY_BEST * best {
                    tried[at * self.step].push((index, gain));
                }
            }
        }
        let share = |&(index, gain): &(usize, f32)| gain / self.templates.of_signs[index][0].energy;
        for tried in tried
            .iter_mut()
            .filter(|tried| tried.len() > 2 * MOST_SIGNS)
        {
            tried.sort_by(|one, two| two.1.total_cmp(&one.1));
            tried[MOST_SIGNS..].sort_by(|one, two| share(two).total_cmp(&share(one)));
            tried.truncate(2 * MOST_SIGNS);
        }
        tried
    }

    /// Whether a sign at a place stands too far within the one before it.
    fn too_tight(&self, before: &Node, place: usize) -> bool {
        let advance = self.sign(before.template).advance;
        let tightest = (TIGHTEST_OF_ADVANCE * advance).min(TIGHTEST * self.signs.size);
        place as f32 + 2.0 * tightest < before.exit as f32
    }

    /// The ink that a sign shares with the one before it.
    fn overlap(&self, before: &Node, template: usize, place: usize) -> f32 {
        let one = &self.templates.of_signs[before.template][before.place % 2];
        let two = &self.templates.of_signs[template][place % 2];
        one.overlap(two, (place / 2) as isize - (before.place / 2) as isize)
    }

    fn sign(&self, template: usize) -> &Sign {
        &self.signs.all[self.templates.signs[template]]
    }

    /// The rows that letters A to Z and a to z and digits reach.
    pub(super) fn plain_rows(&self) -> Range<usize> {
        let (mut first, mut end) = (LINE_HEIGHT, 0);
        for (index, [template, _]) in self.templates.of_signs.iter().enumerate() {
            if self.sign(index).plain {
                first = first.min(template.top);
                end = end.max(template.top + template.shares.len() / template.columns.max(1));
            }
        }
        first..end
    }

    /// The decoded text.
    pub(super) fn text(&self, decoded: &Decoded) -> String {
        let mut text = String::new();
        for placed in &decoded.signs {
            if placed.space && !text.is_empty() {
                text.push(' ');
            }
            text.push_str(&self.sign(placed.template).text);
        }
        text
    }

    /// The decoded signs as ink, as wide as the line.
    pub(super) fn drawn(&self, decoded: &Decoded, width: usize) -> Vec<f32> {
        let mut drawn = vec![0.0_f32; width * LINE_HEIGHT];
        for placed in &decoded.signs {
            let template = &self.templates.of_signs[placed.template][placed.place % 2];
            let left = (placed.place / 2) as isize + template.left;
            let rows = drawn.chunks_exact_mut(width).skip(template.top);
            let lines = template.shares.chunks_exact(template.columns.max(1));
            for (row, line) in rows.zip(lines) {
                for (column, share) in line.iter().enumerate() {
                    let at = usize::try_from(left + column as isize).ok();
                    if let Some(ink) = at.and_then(|at| row.get_mut(at)) {
                        *ink = (*ink + share).min(1.0);
                    }
                }
            }
        }
        drawn
    }
}

/// The highest value of nodes.
fn nodes_best(nodes: &[Node], ending: &[Vec<usize>]) -> f32 {
    let values = ending.iter().flatten().map(|&index| nodes[index].value);
    values.fold(f32::NEG_INFINITY, f32::max)
}

/// The way to the node of the highest value.
fn traced(nodes: &[Node]) -> Decoded {
    let best = (0..nodes.len()).max_by(|&one, &two| nodes[one].value.total_cmp(&nodes[two].value));
    let mut decoded = Decoded {
        value: best.map_or(0.0, |best| nodes[best].value),
        signs: Vec::new(),
    };
    let mut at = best;
    while let Some(node) = at.map(|at| &nodes[at]) {
        decoded.signs.push(Placed {
            template: node.template,
            place: node.place,
            space: node.space,
        });
        at = node.before;
    }
    decoded.signs.reverse();
    decoded
}
