//! The picture that a scene is drawn in.

use crate::random::Random;
use crate::sample::effects::Greys;
use crate::sample::raster::Raster;

pub(super) type Point = (f32, f32);

/// Grey levels, and what shapes are laid on them with.
#[derive(Default)]
pub(super) struct Canvas {
    pub(super) greys: Greys,
    raster: Raster,
    shares: Vec<u8>,
}

/// How a shape is laid on the picture.
#[derive(Debug, Clone, Copy)]
pub(super) struct Paint {
    /// Grey level, 0 to 255.
    pub(super) level: f32,
    /// How much of what lies below it hides, 0 to 1.
    pub(super) opacity: f32,
    /// Whether a pixel is inked or not, without grey between.
    pub(super) aliased: bool,
}

impl Paint {
    /// Opaque and smooth.
    pub(super) fn of(level: f32) -> Self {
        Self {
            level,
            opacity: 1.0,
            aliased: false,
        }
    }
}

impl Canvas {
    /// Takes a size, all of one level.
    pub(super) fn clear(&mut self, side: usize, level: f32) {
        self.greys.resize(side, side);
        self.greys.levels.fill(level);
        self.raster.begin(side, side);
    }

    pub(super) fn side(&self) -> usize {
        self.greys.width
    }

    /// Adds a closed outline to what [`Canvas::lay`] lays; outlines that run the other way are holes.
    pub(super) fn outline(&mut self, corners: &[Point]) {
        self.raster.add(corners);
    }

    /// Adds a closed outline that is filled whichever way it runs.
    pub(super) fn solid(&mut self, corners: &[Point]) {
        let mut corners = corners.to_vec();
        if area(&corners) < 0.0 {
            corners.reverse();
        }
        self.raster.add(&corners);
    }

    /// Adds a line along some points, so many pixels thick.
    pub(super) fn stroke(&mut self, points: &[Point], thickness: f32) {
        for pair in points.windows(2) {
            let (from, to) = (pair[0], pair[1]);
            let (x, y) = (to.0 - from.0, to.1 - from.1);
            let length = (x * x + y * y).sqrt().max(1e-3);
            let half = 0.5 * thickness / length;
            let (u, v) = (x * half, y * half);
            // A little longer, so that bends close.
            self.solid(&[
                (from.0 - v - u, from.1 + u - v),
                (to.0 - v + u, to.1 + u + v),
                (to.0 + v + u, to.1 - u + v),
                (from.0 + v - u, from.1 - u - v),
            ]);
        }
    }

    /// Lays what was added on the picture.
    pub(super) fn lay(&mut self, paint: Paint) {
        self.raster.shares(&mut self.shares);
        let side = self.side();
        for (level, &share) in self.greys.levels.iter_mut().zip(&self.shares) {
            let share = match paint.aliased {
                true => f32::from(u8::from(share >= 128)),
                false => f32::from(share) / 255.0,
            };
            *level += (paint.level - *level) * share * paint.opacity;
        }
        self.raster.begin(side, side);
    }

    /// Mean and standard deviation of the levels at some places within a box of left, top, right and
    /// bottom; of all where none of it is in the picture.
    pub(super) fn measured(
        &self,
        [left, top, right, bottom]: [f32; 4],
        random: &mut Random,
    ) -> (f32, f32) {
        const PLACES: usize = 64;
        let last = (self.side() - 1) as f32;
        let (mut sum, mut squares) = (0.0, 0.0);
        for _ in 0..PLACES {
            let x = random.between((left, right)).clamp(0.0, last) as usize;
            let y = random.between((top, bottom)).clamp(0.0, last) as usize;
            let level = self.greys.levels[y * self.side() + x];
            sum += level;
            squares += level * level;
        }
        let mean = sum / PLACES as f32;
        let variance = squares / PLACES as f32 - mean * mean;
        (mean, variance.max(0.0).sqrt())
    }
}

/// Twice the area that corners enclose, below 0 for one of the two directions.
fn area(corners: &[Point]) -> f32 {
    let Some(&last) = corners.last() else {
        return 0.0;
    };
    let (mut from, mut sum) = (last, 0.0);
    for &to in corners {
        sum += from.0 * to.1 - to.0 * from.1;
        from = to;
    }
    sum
}

/// The corners of an ellipse about a middle, turned by an angle in radians.
pub(super) fn ellipse(middle: Point, half: Point, angle: f32) -> Vec<Point> {
    const CORNERS: usize = 24;
    let (sin, cos) = libm::sincosf(angle);
    let corner = |index: usize| {
        let (v, u) = libm::sincosf(index as f32 * std::f32::consts::TAU / CORNERS as f32);
        let (x, y) = (u * half.0, v * half.1);
        (middle.0 + x * cos - y * sin, middle.1 + x * sin + y * cos)
    };
    (0..CORNERS).map(corner).collect()
}

/// The corners of a rectangle about a middle, turned by an angle in radians.
pub(super) fn rectangle(middle: Point, half: Point, angle: f32) -> Vec<Point> {
    let (sin, cos) = libm::sincosf(angle);
    [(-1.0, -1.0), (1.0, -1.0), (1.0, 1.0), (-1.0, 1.0)]
        .into_iter()
        .map(|(u, v)| {
            let (x, y) = (u * half.0, v * half.1);
            (middle.0 + x * cos - y * sin, middle.1 + x * sin + y * cos)
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn shapes_are_filled_whichever_way_they_run() {
        let mut canvas = Canvas::default();
        canvas.clear(32, 200.0);
        let mut corners = rectangle((10.0, 10.0), (4.0, 4.0), 0.0);
        canvas.solid(&corners);
        corners.reverse();
        corners.iter_mut().for_each(|corner| corner.0 += 2.0);
        canvas.solid(&corners);
        canvas.lay(Paint::of(50.0));
        let at = |x: usize, y: usize| canvas.greys.levels[y * 32 + x];
        assert_eq!([at(7, 10), at(11, 10), at(15, 10)], [50.0; 3]);
        assert_eq!([at(4, 10), at(17, 10), at(10, 20)], [200.0; 3]);
    }

    #[test]
    fn a_stroke_is_as_thick_as_asked_for() {
        let mut canvas = Canvas::default();
        canvas.clear(40, 0.0);
        canvas.stroke(&[(5.0, 20.0), (35.0, 20.0)], 3.0);
        canvas.lay(Paint::of(100.0));
        let column: f32 = (0..40).map(|row| canvas.greys.levels[row * 40 + 20]).sum();
        assert!((column - 300.0).abs() < 2.0, "{column}");
    }
}
