//! Outlines of glyphs with their curves made straight.

use super::face::{GlyphShape, Step};

type Point = (f32, f32);

/// How far sides may be from their curve, in em, for small, middle-sized and large letters: about
/// a fifteenth of a pixel, at most a tenth.
const TOLERANCES: [f32; FINENESSES] = [1.0 / 250.0, 1.0 / 1000.0, 1.0 / 4000.0];

/// How many degrees of fineness there are.
pub(crate) const FINENESSES: usize = 3;

/// Which fineness suits a size in pixels an em.
pub(crate) fn fineness(size: f32) -> usize {
    match size {
        size if size <= 25.0 => 0,
        size if size <= 100.0 => 1,
        _ => 2,
    }
}

/// An outline of straight sides, in font units, y upwards.
#[derive(Debug, Default)]
pub(crate) struct Flat {
    /// The corners of all contours, one after the other; each is closed.
    pub(crate) corners: Vec<Corner>,
    /// Where each contour ends among the corners.
    pub(crate) ends: Vec<usize>,
}

/// A corner, and where it goes as strokes gain weight.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Corner {
    pub(crate) x: f32,
    pub(crate) y: f32,
    /// Outwards, for one unit that both sides gain: of length 1, longer where they meet at an
    /// angle, at most 2.
    pub(crate) outwards: Point,
}

impl Flat {
    /// The outline of a glyph at a fineness.
    pub(crate) fn of(shape: &GlyphShape, fineness: usize, units_per_em: f32) -> Self {
        let tolerance = TOLERANCES[fineness] * units_per_em;
        let mut flat = Self::default();
        let mut contour: Vec<Point> = Vec::new();
        let mut points = shape
            .points
            .iter()
            .map(|&(x, y)| (f32::from(x), f32::from(y)));
        for step in &shape.steps {
            let mut next = || points.next().unwrap_or_default();
            let from = contour.last().copied().unwrap_or_default();
            match step {
                Step::Start => {
                    flat.close(&mut contour, shape.filled_left);
                    contour.push(next());
                }
                Step::Line => contour.push(next()),
                Step::Quadratic => {
                    let (control, to) = (next(), next());
                    let sides = sides(second_difference(from, control, to) / 4.0, tolerance);
                    contour.extend((1..=sides).map(|side| {
                        let t = side as f32 / sides as f32;
                        between(between(from, control, t), between(control, to, t), t)
                    }));
                }
                Step::Cubic => {
                    let (first, second, to) = (next(), next(), next());
                    let bend = second_difference(from, first, second)
                        .max(second_difference(first, second, to));
                    let sides = sides(0.75 * bend, tolerance);
                    contour.extend((1..=sides).map(|side| {
                        let t = side as f32 / sides as f32;
                        let (a, b) = (between(from, first, t), between(first, second, t));
                        let c = between(second, to, t);
                        between(between(a, b, t), between(b, c, t), t)
                    }));
                }
            }
        }
        flat.close(&mut contour, shape.filled_left);
        flat
    }

    /// Takes a contour over, and empties it.
    fn close(&mut self, contour: &mut Vec<Point>, filled_left: bool) {
        // Points that lie on each other have no side between them.
        contour.dedup_by(|next, last| distance(*next, *last) < 1e-3);
        while contour.len() > 1 && distance(contour[0], contour[contour.len() - 1]) < 1e-3 {
            contour.pop();
        }
        let count = contour.len();
        if count > 2 {
            let direction = |from: usize, to: usize| {
                let (from, to) = (contour[from % count], contour[to % count]);
                let length = distance(from, to);
                ((to.0 - from.0) / length, (to.1 - from.1) / length)
            };
            let mut before = direction(count - 1, 0);
            for (index, &(x, y)) in contour.iter().enumerate() {
                let after = direction(index, index + 1);
                let along = (before.0 + after.0, before.1 + after.1);
                before = after;
                let length = libm::hypotf(along.0, along.1);
                // At a sharp end there is no telling where outwards is.
                let far = match length > 0.2 {
                    true => (2.0 / length).min(2.0) / length,
                    false => 0.0,
                };
                let far = if filled_left { far } else { -far };
                self.corners.push(Corner {
                    x,
                    y,
                    outwards: (along.1 * far, -along.0 * far),
                });
            }
            self.ends.push(self.corners.len());
        }
        contour.clear();
    }
}

/// How many sides a curve takes that is `bend` away from one side: the distance shrinks with the
/// square of their number.
fn sides(bend: f32, tolerance: f32) -> usize {
    ((bend / tolerance).sqrt().ceil() as usize).clamp(1, 64)
}

/// The length of a curve's second difference at three points, from which follows how far it is
/// from a straight side: for a curve of degree two a quarter of it, for one of degree three at
/// most three quarters of the larger one (h² max |B″| / 8 with B″ twice and six times it).
fn second_difference(a: Point, b: Point, c: Point) -> f32 {
    libm::hypotf(a.0 - 2.0 * b.0 + c.0, a.1 - 2.0 * b.1 + c.1)
}

fn between(from: Point, to: Point, share: f32) -> Point {
    (
        from.0 + (to.0 - from.0) * share,
        from.1 + (to.1 - from.1) * share,
    )
}

fn distance(one: Point, other: Point) -> f32 {
    libm::hypotf(one.0 - other.0, one.1 - other.1)
}

#[cfg(test)]
mod tests {
    use super::{Flat, GlyphShape, Step, TOLERANCES, distance};

    /// A circle of radius 500 about (0, 0) by four curves, anticlockwise.
    fn circle(cubic: bool) -> GlyphShape {
        let mut shape = GlyphShape {
            points: vec![(500, 0)],
            steps: vec![Step::Start],
            filled_left: true,
            ..GlyphShape::default()
        };
        if cubic {
            let near = 276;
            for (x, y) in [(1_i16, 0_i16), (0, 1), (-1, 0), (0, -1)] {
                let (u, v) = (-y, x);
                let at = |along: i16, across: i16| (along * x + across * u, along * y + across * v);
                shape
                    .points
                    .extend([at(500, near), at(near, 500), at(0, 500)]);
                shape.steps.push(Step::Cubic);
            }
        } else {
            for (index, end) in (1..=16).zip(0..) {
                let angle = |eighth: f32| eighth * std::f32::consts::TAU / 16.0;
                let around = |radius: f32, eighth: f32| {
                    let (sin, cos) = angle(eighth).sin_cos();
                    ((radius * cos).round() as i16, (radius * sin).round() as i16)
                };
                let out = 500.0 / (angle(0.5)).cos();
                shape
                    .points
                    .extend([around(out, end as f32 + 0.5), around(500.0, index as f32)]);
                shape.steps.push(Step::Quadratic);
            }
        }
        shape
    }

    #[test]
    fn sides_are_as_near_to_the_curve_as_they_should_be() {
        for cubic in [false, true] {
            let shape = circle(cubic);
            let mut counts = Vec::new();
            for (fineness, tolerance) in TOLERANCES.iter().enumerate() {
                let flat = Flat::of(&shape, fineness, 1000.0);
                let corners = &flat.corners;
                assert_eq!(flat.ends, [corners.len()]);
                for (index, corner) in corners.iter().enumerate() {
                    let next = corners[(index + 1) % corners.len()];
                    let middle = ((corner.x + next.x) / 2.0, (corner.y + next.y) / 2.0);
                    let away = (500.0 - distance(middle, (0.0, 0.0))).abs();
                    // The circle's own curves are up to one unit off.
                    assert!(away < tolerance * 1000.0 + 1.0, "{away} with {tolerance}");
                }
                counts.push(corners.len());
            }
            assert!(
                counts[0] <= counts[1] && counts[1] < counts[2],
                "{counts:?}"
            );
        }
    }

    #[test]
    fn outwards_is_away_from_the_ink() {
        let mut shape = circle(true);
        let out = |shape: &GlyphShape| {
            let flat = Flat::of(shape, 1, 1000.0);
            let corners = flat.corners.iter();
            let out = corners.map(|one| (one.x * one.outwards.0 + one.y * one.outwards.1) / 500.0);
            out.collect::<Vec<_>>()
        };
        assert!(out(&shape).iter().all(|out| (out - 1.0).abs() < 0.05));
        shape.filled_left = false;
        assert!(out(&shape).iter().all(|out| (out + 1.0).abs() < 0.05));
    }

    #[test]
    fn what_has_no_area_is_left_out() {
        let shape = GlyphShape {
            points: vec![(3, 3), (3, 3), (7, 7), (3, 3), (9, 9)],
            steps: vec![Step::Start, Step::Line, Step::Line, Step::Line, Step::Start],
            ..GlyphShape::default()
        };
        assert!(Flat::of(&shape, 2, 1000.0).corners.is_empty());
    }
}
