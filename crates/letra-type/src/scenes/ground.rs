//! What scenes show behind their text: even and shaded grounds, textures, parts of photographs.

use super::canvas::{Canvas, Paint, Point, ellipse, rectangle};
use crate::picture::Picture;
use crate::random::Random;
use crate::sample::effects;

/// A photograph is kept at so many pixels at most.
const MOST_PIXELS: usize = 2_000_000;

/// A photograph at several sizes, each half of the one before it.
pub(super) struct Photograph {
    sizes: Vec<Picture>,
}

impl Photograph {
    /// `None` for one that is smaller than a scene of a side.
    pub(super) fn new(picture: &Picture, side: usize) -> Option<Self> {
        let mut factor = 1;
        while picture.pixels().len() / (factor * factor) > MOST_PIXELS {
            factor += 1;
        }
        let mut sizes = vec![picture.reduced(factor)];
        while sizes
            .last()
            .is_some_and(|last| last.width().min(last.height()) >= 2 * side)
        {
            sizes.extend(sizes.last().map(|last| last.reduced(2)));
        }
        let fits = sizes[0].width().min(sizes[0].height()) > side;
        fits.then_some(Self { sizes })
    }

    /// Fills the canvas with a part of it, at a scale of its own, mirrored or not, its contrast changed.
    fn show(&self, canvas: &mut Canvas, random: &mut Random) {
        let side = canvas.side();
        let picture = random.one_of(&self.sizes);
        let (width, height) = (picture.width(), picture.height());
        // Pixels of the photograph a pixel of the scene: it may be enlarged, and reduced a little.
        let most = ((width.min(height) - 1) as f32 / side as f32).min(1.6);
        let step = random.by_ratio((0.4_f32.min(most), most));
        let shown = step * side as f32;
        let left = random.between((0.0, width as f32 - 1.0 - shown));
        let top = random.between((0.0, height as f32 - 1.0 - shown));
        let mirrored = random.happens(0.5);
        let gain = random.between((0.5, 1.1));
        let lift = random.between((0.0, 255.0 * (1.0 - gain).max(0.0)));
        let pixels = picture.pixels();
        for row in 0..side {
            let y = (top + row as f32 * step).clamp(0.0, height as f32 - 1.001);
            let (above, v) = (y as usize, y.fract());
            for column in 0..side {
                let across = if mirrored { side - 1 - column } else { column };
                let x = (left + across as f32 * step).clamp(0.0, width as f32 - 1.001);
                let (before, u) = (x as usize, x.fract());
                let at = |row: usize, column: usize| {
                    f32::from(pixels[row.min(height - 1) * width + column.min(width - 1)])
                };
                let upper = at(above, before) + (at(above, before + 1) - at(above, before)) * u;
                let lower =
                    at(above + 1, before) + (at(above + 1, before + 1) - at(above + 1, before)) * u;
                let level = upper + (lower - upper) * v;
                canvas.greys.levels[row * side + column] = (lift + gain * level).clamp(0.0, 255.0);
            }
        }
    }
}

/// Fills the canvas with a ground. Of scenes without text more are textures and photographs.
pub(super) fn lay_ground(
    canvas: &mut Canvas,
    photographs: &[Photograph],
    empty: bool,
    random: &mut Random,
) {
    let photographed = if empty { 0.55 } else { 0.35 };
    if !photographs.is_empty() && random.happens(photographed) {
        random.one_of(photographs).show(canvas, random);
        return;
    }
    let side = canvas.side();
    let level = match random.below(4) {
        0 => random.between((225.0, 255.0)),
        1 => random.between((0.0, 50.0)),
        _ => random.between((0.0, 255.0)),
    };
    canvas.clear(side, level);
    let kind = match empty {
        true => random.below(80) + 20,
        false => random.below(100),
    };
    match kind {
        0..30 => {}
        30..42 => gradient(canvas, random),
        42..64 => clouds(canvas, random),
        64..72 => streaks(canvas, random),
        72..80 => stripes(canvas, random),
        80..88 => bricks(canvas, random),
        _ => pebbles(canvas, random),
    }
    clip(canvas);
}

pub(super) fn clip(canvas: &mut Canvas) {
    effects::clip(&mut canvas.greys);
}

/// Changes each level by what a function says of its place.
pub(super) fn change(canvas: &mut Canvas, mut by: impl FnMut(f32, f32, f32) -> f32) {
    let side = canvas.side();
    for (row, levels) in canvas.greys.levels.chunks_exact_mut(side).enumerate() {
        for (column, level) in levels.iter_mut().enumerate() {
            *level = by(*level, column as f32, row as f32);
        }
    }
}

/// From one level to another, along a direction or outwards.
fn gradient(canvas: &mut Canvas, random: &mut Random) {
    let side = canvas.side() as f32;
    let rise = random.between((-160.0, 160.0));
    let (sin, cos) = libm::sincosf(random.between((0.0, std::f32::consts::TAU)));
    let middle: Point = (random.between((0.0, side)), random.between((0.0, side)));
    let outwards = random.happens(0.3);
    change(canvas, |level, x, y| {
        let (u, v) = ((x - middle.0) / side, (y - middle.1) / side);
        let share = match outwards {
            true => (u * u + v * v).sqrt(),
            false => u * cos + v * sin,
        };
        level + rise * share
    });
}

/// Noise of several sizes, smooth, or with edges where it crosses a level.
fn clouds(canvas: &mut Canvas, random: &mut Random) {
    let mut cell = random.by_ratio((24.0, 90.0));
    let mut amount = random.by_ratio((15.0, 110.0));
    let fall = random.between((0.45, 0.95));
    let start = canvas.greys.levels[0];
    for _ in 0..2 + random.below(5) {
        effects::stain(&mut canvas.greys, amount, cell, random);
        cell = (cell * random.between((0.35, 0.6))).max(1.5);
        amount *= fall;
    }
    if random.happens(0.4) {
        let half = random.between((15.0, 100.0));
        let steep = random.by_ratio((0.02, 0.5));
        let other = random.between((60.0, 195.0));
        change(canvas, |level, _, _| {
            let far = ((level - start) * steep).clamp(-1.0, 1.0);
            other + half * far
        });
    }
}

/// Streaks along a direction, as of wood, cloth or brushed metal.
fn streaks(canvas: &mut Canvas, random: &mut Random) {
    let (sin, cos) = libm::sincosf(match random.happens(0.5) {
        true => 0.0,
        false => random.between((0.0, std::f32::consts::PI)),
    });
    let amount = random.by_ratio((6.0, 60.0));
    let cell = random.by_ratio((1.5, 10.0));
    let values: Vec<f32> = (0..512).map(|_| random.between((-1.0, 1.0))).collect();
    let (wave, length) = (random.between((0.0, 6.0)), random.between((20.0, 80.0)));
    change(canvas, |level, x, y| {
        let along = x * cos + y * sin;
        let across = y * cos - x * sin + wave * libm::sinf(along / length);
        let place = across / cell + 256.0;
        let (index, share) = (place.max(0.0) as usize, place.fract());
        let at = |index: usize| values[index % values.len()];
        level + amount * (at(index) + (at(index + 1) - at(index)) * share)
    });
}

/// Stripes or a grid of lines.
fn stripes(canvas: &mut Canvas, random: &mut Random) {
    let upright = random.happens(0.6);
    let (sin, cos) = libm::sincosf(match upright {
        true => random.below(2) as f32 * std::f32::consts::FRAC_PI_2,
        false => random.between((0.0, std::f32::consts::PI)),
    });
    let period = random.by_ratio((4.0, 50.0));
    let share = random.between((0.06, 0.6));
    let crossed = random.happens(0.4);
    let other = random.between((0.0, 255.0));
    let edge = random.between((0.3, 1.0));
    let within = |place: f32| {
        let place = (place / period + 1000.0).fract() * period;
        let inside = place.min(share * period - place);
        (inside / edge + 0.5).clamp(0.0, 1.0)
    };
    change(canvas, |level, x, y| {
        let one = within(x * cos + y * sin);
        let two = if crossed {
            within(y * cos - x * sin)
        } else {
            0.0
        };
        level + (other - level) * one.max(two)
    });
}

/// Bricks or tiles, each of a level of its own, with joints between.
fn bricks(canvas: &mut Canvas, random: &mut Random) {
    let side = canvas.side() as f32;
    let height = random.by_ratio((7.0, 50.0));
    let width = height * random.between((0.9, 3.2));
    let joint = random.between((0.5, 0.2 * height));
    let (spread, offset) = (random.between((0.0, 50.0)), random.between((0.0, 0.5)));
    let angle = match random.happens(0.6) {
        true => 0.0,
        false => random.between((-0.6, 0.6)),
    };
    let (sin, cos) = libm::sincosf(angle);
    let level = random.between((0.0, 255.0));
    let round = random.happens(0.2);
    let mut y = -0.4 * side;
    let mut row = 0_usize;
    while y < 1.4 * side {
        let mut x = -0.4 * side + (row % 2) as f32 * offset * width;
        while x < 1.4 * side {
            let half = ((width - joint) / 2.0, (height - joint) / 2.0);
            let (u, v) = (x - side / 2.0, y - side / 2.0);
            let middle = (
                u * cos - v * sin + side / 2.0,
                u * sin + v * cos + side / 2.0,
            );
            let reach = width + height;
            if middle.0 > -reach
                && middle.0 < side + reach
                && middle.1 > -reach
                && middle.1 < side + reach
            {
                let corners = match round {
                    true => ellipse(middle, half, angle),
                    false => rectangle(middle, half, angle),
                };
                canvas.solid(&corners);
                let own = level + random.between((-spread, spread));
                if spread > 5.0 {
                    canvas.lay(Paint::of(own));
                }
            }
            x += width;
        }
        y += height;
        row += 1;
    }
    canvas.lay(Paint::of(level));
}

/// Many small shapes of any levels, as gravel, leaves and confetti are.
fn pebbles(canvas: &mut Canvas, random: &mut Random) {
    let side = canvas.side() as f32;
    let size = random.by_ratio((2.0, 24.0));
    let spread = random.between((20.0, 127.0));
    let ground = random.between((spread, 255.0 - spread));
    let count = ((side * side) / (size * size) * random.between((0.1, 0.6))) as usize;
    for _ in 0..count.min(220) {
        let middle = (random.between((0.0, side)), random.between((0.0, side)));
        let half = (
            size * random.between((0.4, 1.0)),
            size * random.between((0.2, 0.8)),
        );
        let angle = random.between((0.0, std::f32::consts::PI));
        let corners = match random.happens(0.7) {
            true => ellipse(middle, half, angle),
            false => rectangle(middle, half, angle),
        };
        canvas.solid(&corners);
        canvas.lay(Paint::of(ground + random.between((-spread, spread))));
    }
}
