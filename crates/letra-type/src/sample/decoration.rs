//! What stands beside letters on screens, posters and in films: strokes along them, boxes, outlines
//! and shadows.

use super::effects::{Greys, lay_over};
use super::render::Placement;
use super::wear::Wear;
use crate::random::Random;

/// A straight stroke along the letters, as one underlines and strikes out.
///
/// ```
/// use letra_type::Rule;
///
/// let underline = Rule { middle: -0.2, thickness: 0.08, span: (0.0, 1.0), skips_ink: true };
/// assert!(underline.middle < 0.0);
/// ```
#[derive(Debug, Clone, PartialEq)]
pub struct Rule {
    /// How far its middle is above the baseline, in cap heights; below 0 for an underline.
    pub middle: f32,
    /// In cap heights; drawn at least one pixel thick.
    pub thickness: f32,
    /// Where it begins and ends, as shares of the line's length.
    pub span: (f32, f32),
    /// Whether it leaves room for the letters that cross it, as browsers' underlines do.
    pub skips_ink: bool,
}

/// A box that the line stands in, on a ground of another level: a button, a chip, a subtitle's.
///
/// ```
/// use letra_type::Panel;
///
/// let chip = Panel { above: 0.3, below: 0.3, beside: 0.6, outside: 255.0, border: None };
/// assert!(chip.above < 1.0);
/// ```
#[derive(Debug, Clone, PartialEq)]
pub struct Panel {
    /// From the capitals' upper edge to the box's, in cap heights.
    pub above: f32,
    /// From the baseline to the box's lower edge, in cap heights.
    pub below: f32,
    /// From the first and the last letter to the box's sides, in cap heights.
    pub beside: f32,
    /// The grey level around it, 0 to 255.
    pub outside: f32,
    /// The grey level of a border of about a pixel.
    pub border: Option<f32>,
}

/// A stroke around the letters.
///
/// ```
/// use letra_type::Stroke;
///
/// let subtitle = Stroke { width: 2.0, level: 0.0, hollow: false };
/// assert!(!subtitle.hollow);
/// ```
#[derive(Debug, Clone, PartialEq)]
pub struct Stroke {
    /// Pixels.
    pub width: f32,
    /// Grey level, 0 to 255.
    pub level: f32,
    /// Whether the ground shows through the letters, so that the stroke is all that is seen of them.
    pub hollow: bool,
}

/// The letters once more, beside and beneath themselves.
///
/// ```
/// use letra_type::Shadow;
///
/// let shadow = Shadow { right: 1, down: 1, level: 0.0, strength: 0.5 };
/// assert!(shadow.strength <= 1.0);
/// ```
#[derive(Debug, Clone, PartialEq)]
pub struct Shadow {
    /// Pixels to the right, below 0 to the left.
    pub right: isize,
    /// Pixels down.
    pub down: isize,
    /// Grey level, 0 to 255.
    pub level: f32,
    /// How much of the ground it hides: 0 to 1.
    pub strength: f32,
}

impl Wear {
    /// What a web page, a button, a subtitle or a poster adds to letters; each with its share of `often`
    /// of all pictures.
    pub(super) fn decorate(&mut self, often: [f32; 4], random: &mut Random) {
        let [rule, panel, stroke, shadow] = often;
        let mut drawn = random.unit();
        let mut is_it = |share: f32| {
            drawn -= share;
            (-share..0.0).contains(&drawn)
        };
        if is_it(rule) {
            self.rule = Some(rule_of(random));
        } else if is_it(panel) {
            self.panel = Some(self.panel_of(random));
        } else if is_it(stroke) {
            self.stroke = Some(self.stroke_of(random));
        } else if is_it(shadow) {
            self.shadow = Some(self.shadow_of(random));
        }
    }

    fn panel_of(&self, random: &mut Random) -> Panel {
        // Far enough from the ground to be seen; often the page is white.
        let outside = match random.happens(0.5) {
            true if self.ground < 235.0 => 255.0,
            _ => apart(self.ground, 20.0, random),
        };
        Panel {
            above: random.between((0.1, 0.8)),
            below: random.between((0.15, 0.8)),
            beside: random.between((0.15, 1.5)),
            outside,
            border: random.happens(0.3).then(|| random.between((0.0, 255.0))),
        }
    }

    fn stroke_of(&self, random: &mut Random) -> Stroke {
        let hollow = random.happens(0.3);
        // Hollow letters need strokes that leave a ground inside.
        let most = if hollow { 0.05 } else { 0.12 };
        Stroke {
            width: (self.cap_height * random.between((0.02, most))).max(0.6),
            level: match hollow {
                true => self.ink,
                // Mostly on the ground's side, as black around white.
                false if random.happens(0.8) => match self.ink > self.ground {
                    true => random.between((0.0, 60.0_f32.min(self.ground + 1.0))),
                    false => random.between((195.0_f32.max(self.ground - 1.0), 255.0)),
                },
                false => apart(self.ink, 40.0, random),
            },
            hollow,
        }
    }

    fn shadow_of(&self, random: &mut Random) -> Shadow {
        let reach = (self.cap_height * random.between((0.03, 0.14))).max(1.0) as isize;
        Shadow {
            right: if random.happens(0.8) { reach } else { 0 },
            down: reach,
            level: match random.happens(0.8) {
                true => random.between((0.0, 60.0)),
                false => random.between((0.0, 255.0)),
            },
            strength: random.between((0.25, 1.0)),
        }
    }
}

fn rule_of(random: &mut Random) -> Rule {
    let struck_out = random.happens(0.35);
    let middle = match struck_out {
        true => random.between((0.28, 0.45)),
        false => random.between((-0.35, -0.08)),
    };
    let whole = random.happens(0.7);
    let from = if whole {
        0.0
    } else {
        random.between((0.0, 0.7))
    };
    let to = if whole {
        1.0
    } else {
        random.between((from, 1.0))
    };
    Rule {
        middle,
        thickness: random.between((0.04, 0.14)),
        span: (from, to),
        skips_ink: !struck_out && random.happens(0.5),
    }
}

/// A level at least so far from another.
fn apart(level: f32, least: f32, random: &mut Random) -> f32 {
    let below = (level - least).max(0.0);
    let above = (255.0 - level - least).max(0.0);
    let drawn = random.unit() * (below + above);
    match drawn < below {
        true => drawn,
        false => level + least + drawn - below,
    }
}

impl Shadow {
    /// Lays it on the ground, from the shares of ink of the letters.
    pub(super) fn lay(&self, greys: &mut Greys, shares: &[u8], moved: &mut Vec<u8>) {
        let width = greys.width;
        moved.clear();
        moved.resize(shares.len(), 0);
        let distance = self.down * width as isize + self.right;
        for (pixel, share) in moved.iter_mut().enumerate() {
            let column = (pixel % width) as isize - self.right;
            let from = pixel as isize - distance;
            if let (true, Some(&from)) = (
                (0..width as isize).contains(&column),
                usize::try_from(from).ok().and_then(|from| shares.get(from)),
            ) {
                *share = (f32::from(from) * self.strength) as u8;
            }
        }
        lay_over(greys, moved, self.level, 1.0);
    }
}

impl Panel {
    /// Lays the ground around it over the picture.
    pub(super) fn surround(&self, greys: &mut Greys, wear: &Wear, placement: &Placement) {
        let cap_height = wear.cap_height * placement.size;
        let edges = Edges {
            left: placement.x - self.beside * cap_height,
            right: placement.x + placement.length + self.beside * cap_height,
            top: placement.baseline - (1.0 + self.above) * cap_height,
            bottom: placement.baseline + self.below * cap_height,
        };
        edges.fill_outside(greys, self.outside);
        if let Some(border) = self.border {
            edges.fill_edge(greys, border);
        }
    }
}

/// The sides of a box, in pixels.
struct Edges {
    left: f32,
    right: f32,
    top: f32,
    bottom: f32,
}

impl Edges {
    fn fill_outside(&self, greys: &mut Greys, outside: f32) {
        let width = greys.width;
        let within = |at: usize, from: f32, to: f32| {
            let at = at as f32;
            ((at + 1.0).min(to) - at.max(from)).clamp(0.0, 1.0)
        };
        for (row, levels) in greys.levels.chunks_exact_mut(width).enumerate() {
            let of_row = within(row, self.top, self.bottom);
            for (column, level) in levels.iter_mut().enumerate() {
                let share = of_row * within(column, self.left, self.right);
                *level = outside + (*level - outside) * share;
            }
        }
    }

    /// A border of one pixel, on whole pixels.
    fn fill_edge(&self, greys: &mut Greys, border: f32) {
        let (width, height) = (greys.width as isize, greys.height as isize);
        let whole = |edge: f32| edge.floor() as isize;
        let (left, right) = (whole(self.left), whole(self.right));
        let (top, bottom) = (whole(self.top), whole(self.bottom));
        let mut set = |row: isize, column: isize| {
            if (0..height).contains(&row) && (0..width).contains(&column) {
                greys.levels[(row * width + column) as usize] = border;
            }
        };
        for column in left.max(0)..=right.min(width - 1) {
            set(top, column);
            set(bottom, column);
        }
        for row in top.max(0)..=bottom.min(height - 1) {
            set(row, left);
            set(row, right);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sample::Origin;

    fn drawn(count: usize) -> Vec<Wear> {
        let draw = |index| {
            let mut wear = Wear::clean(Origin::Screenshot, 20.0);
            wear.ground = 200.0;
            wear.decorate([0.25; 4], &mut Random::new(4, index));
            wear
        };
        (0..count as u64).map(draw).collect()
    }

    #[test]
    fn each_picture_has_one_of_them() {
        let drawn = drawn(400);
        let counts = [
            drawn.iter().filter(|one| one.rule.is_some()).count(),
            drawn.iter().filter(|one| one.panel.is_some()).count(),
            drawn.iter().filter(|one| one.stroke.is_some()).count(),
            drawn.iter().filter(|one| one.shadow.is_some()).count(),
        ];
        assert_eq!(counts.iter().sum::<usize>(), 400);
        assert!(counts.iter().all(|&count| count > 70), "{counts:?}");
        for panel in drawn.iter().filter_map(|one| one.panel.as_ref()) {
            assert!((panel.outside - 200.0).abs() >= 20.0 && panel.outside <= 255.0);
        }
    }

    #[test]
    fn around_a_panel_is_another_ground() {
        let mut greys = Greys::default();
        greys.resize(4, 4);
        greys.levels.fill(100.0);
        let edges = Edges {
            left: 1.0,
            right: 3.5,
            top: 1.0,
            bottom: 9.0,
        };
        edges.fill_outside(&mut greys, 200.0);
        assert_eq!(greys.levels[..4], [200.0; 4]);
        assert_eq!(greys.levels[4..8], [200.0, 100.0, 100.0, 150.0]);
    }

    #[test]
    fn a_shadow_is_the_letters_moved() {
        let mut greys = Greys::default();
        greys.resize(3, 2);
        greys.levels.fill(200.0);
        let shadow = Shadow {
            right: 1,
            down: 1,
            level: 0.0,
            strength: 1.0,
        };
        shadow.lay(&mut greys, &[255, 0, 255, 0, 0, 0], &mut Vec::new());
        assert_eq!(greys.levels, [200.0, 200.0, 200.0, 200.0, 0.0, 200.0]);
    }
}
