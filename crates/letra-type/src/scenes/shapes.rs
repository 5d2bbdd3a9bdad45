//! Things that are no text: figures, icons, rules, frames, bars, rows of marks.

use super::canvas::{Canvas, Paint, Point, ellipse, rectangle};
use crate::random::Random;

/// Draws some figures over the ground; of a scene without text more, and more that line up as letters do.
pub(super) fn draw_shapes(canvas: &mut Canvas, empty: bool, random: &mut Random) {
    let share = if empty { 0.7 } else { 0.4 };
    if random.happens(share) {
        for _ in 0..1 + random.below(9) {
            figure(canvas, random);
        }
    }
    if random.happens(if empty { 0.35 } else { 0.15 }) {
        for _ in 0..1 + random.below(4) {
            row_of_marks(canvas, random);
        }
    }
    if random.happens(if empty { 0.25 } else { 0.2 }) {
        panels(canvas, random);
    }
    if random.happens(if empty { 0.2 } else { 0.08 }) {
        scribble(canvas, random);
    }
}

fn anywhere(canvas: &Canvas, random: &mut Random) -> Point {
    let side = canvas.side() as f32;
    (random.between((0.0, side)), random.between((0.0, side)))
}

fn any_paint(random: &mut Random) -> Paint {
    Paint {
        level: random.between((0.0, 255.0)),
        opacity: if random.happens(0.7) {
            1.0
        } else {
            random.between((0.2, 1.0))
        },
        aliased: false,
    }
}

fn figure(canvas: &mut Canvas, random: &mut Random) {
    let side = canvas.side() as f32;
    let middle = anywhere(canvas, random);
    let size = random.by_ratio((3.0, 0.6 * side));
    let half = (
        size * random.between((0.3, 1.0)),
        size * random.between((0.3, 1.0)),
    );
    let angle = match random.happens(0.5) {
        true => 0.0,
        false => random.between((0.0, std::f32::consts::PI)),
    };
    let mut corners = match random.below(4) {
        0 => ellipse(middle, half, angle),
        1 => rectangle(middle, half, angle),
        2 => {
            let count = 3 + random.below(6);
            let corner = |random: &mut Random| {
                let (sin, cos) = libm::sincosf(random.between((0.0, std::f32::consts::TAU)));
                let far = random.between((0.3, 1.0));
                (middle.0 + half.0 * far * cos, middle.1 + half.1 * far * sin)
            };
            (0..count).map(|_| corner(random)).collect()
        }
        _ => {
            let to = anywhere(canvas, random);
            canvas.stroke(&[middle, to], random.by_ratio((0.7, 8.0)));
            Vec::new()
        }
    };
    if !corners.is_empty() {
        if random.happens(0.4) {
            corners.push(corners[0]);
            canvas.stroke(&corners, random.by_ratio((0.7, 5.0)));
        } else {
            canvas.solid(&corners);
        }
    }
    canvas.lay(any_paint(random));
}

/// Marks of one kind in a row: dots, bars, rings, dashes, windows, teeth.
fn row_of_marks(canvas: &mut Canvas, random: &mut Random) {
    let mut at = anywhere(canvas, random);
    let angle = match random.happens(0.5) {
        true => random.below(2) as f32 * std::f32::consts::FRAC_PI_2,
        false => random.between((0.0, std::f32::consts::TAU)),
    };
    let (sin, cos) = libm::sincosf(angle);
    let size = random.by_ratio((2.0, 22.0));
    let step = size * random.between((1.2, 3.0));
    let half = (0.5 * size * random.between((0.15, 1.0)), 0.5 * size);
    let kind = random.below(5);
    let varied = random.happens(0.4);
    let paint = any_paint(random);
    for _ in 0..3 + random.below(14) {
        let grown = if varied {
            random.between((0.4, 1.2))
        } else {
            1.0
        };
        let half = (half.0, half.1 * grown);
        match kind {
            0 => canvas.solid(&ellipse(at, half, angle)),
            1 => canvas.solid(&rectangle(at, half, angle)),
            2 => {
                let mut ring = ellipse(at, (half.1, half.1), angle);
                ring.push(ring[0]);
                canvas.stroke(&ring, (0.15 * size).max(0.7));
            }
            3 => {
                let mut frame = rectangle(at, half, angle);
                frame.push(frame[0]);
                canvas.stroke(&frame, (0.12 * size).max(0.7));
            }
            _ => {
                let up = (at.0 + half.1 * sin, at.1 - half.1 * cos);
                let down = (
                    at.0 - half.1 * sin + half.0 * cos,
                    at.1 + half.1 * cos + half.0 * sin,
                );
                canvas.stroke(&[up, down], (0.12 * size).max(0.7));
            }
        }
        at = (at.0 + step * cos, at.1 + step * sin);
    }
    canvas.lay(paint);
}

/// Panels, frames, rules and buttons without words, as of an interface or a table.
fn panels(canvas: &mut Canvas, random: &mut Random) {
    let side = canvas.side() as f32;
    for _ in 0..1 + random.below(6) {
        let middle = anywhere(canvas, random);
        let half = (
            random.by_ratio((3.0, 0.5 * side)),
            random.by_ratio((3.0, 0.4 * side)),
        );
        let mut corners = rectangle(middle, half, 0.0);
        match random.below(3) {
            0 => canvas.solid(&corners),
            1 => {
                corners.push(corners[0]);
                canvas.stroke(&corners, random.between((0.8, 2.5)));
            }
            _ => {
                let pitch = random.by_ratio((6.0, 40.0));
                let mut y = middle.1 - half.1;
                while y < middle.1 + half.1 {
                    canvas.stroke(&[(middle.0 - half.0, y), (middle.0 + half.0, y)], 1.0);
                    y += pitch;
                }
            }
        }
        canvas.lay(any_paint(random));
    }
}

/// A line that wanders, as a branch, a crack or a hair does.
fn scribble(canvas: &mut Canvas, random: &mut Random) {
    for _ in 0..1 + random.below(5) {
        let mut at = anywhere(canvas, random);
        let mut angle = random.between((0.0, std::f32::consts::TAU));
        let step = random.by_ratio((3.0, 16.0));
        let bend = random.between((0.1, 0.9));
        let mut points = vec![at];
        for _ in 0..6 + random.below(30) {
            angle += random.between((-bend, bend));
            let (sin, cos) = libm::sincosf(angle);
            at = (at.0 + step * cos, at.1 + step * sin);
            points.push(at);
        }
        canvas.stroke(&points, random.by_ratio((0.7, 5.0)));
    }
    canvas.lay(any_paint(random));
}
