//! Points of several groups in a plane.

use maud::{Markup, html};

use super::curves::{COLOURS, colour_of_line};

/// Points under a name, in a colour of their own.
#[derive(Debug, Clone)]
pub struct Group {
    /// What the legend says.
    pub name: String,
    /// Places of the points. One that is not a number is left out.
    pub points: Vec<[f64; 2]>,
}

const WIDTH: f64 = 500.0;
const HEIGHT: f64 = 420.0;
const MARGIN: f64 = 12.0;

/// The share of the points of an axis on each side that may lie outside, where they stand at the edge.
const OUTSIDE: f64 = 0.005;

/// The groups as a picture with its legend. Units of both axes are left out: what counts is what lies close.
pub fn scatter(title: &str, groups: &[Group]) -> Markup {
    let [across, up] = [0, 1].map(|axis| range(groups, axis));
    let place = |value: f64, [low, high]: [f64; 2], size: f64| {
        let share = ((value - low) / (high - low)).clamp(0.0, 1.0);
        MARGIN + share * (size - 2.0 * MARGIN)
    };
    let mark = |colour: usize, [x, y]: [f64; 2]| {
        let (x, y) = (place(x, across, WIDTH), HEIGHT - place(y, up, HEIGHT));
        mark(colour, x, y)
    };
    html! {
        div.plot.scatter role="img" aria-label=(title) {
            svg viewBox=(format!("0 0 {WIDTH} {HEIGHT}")) {
                @for (colour, group) in groups.iter().enumerate() {
                    @for point in group.points.iter().filter(|point| point.iter().all(|value| value.is_finite())) {
                        (mark(colour, *point))
                    }
                }
            }
        }
        p.legend.plot.scatter {
            @for (colour, group) in groups.iter().enumerate() {
                span { svg viewBox="0 0 10 10" { (self::mark(colour, 5.0, 5.0)) } (group.name) }
            }
        }
    }
}

/// A circle; of colours that are there for the second time, a cross.
fn mark(colour: usize, x: f64, y: f64) -> Markup {
    let stroke = colour_of_line(colour % COLOURS);
    html! {
        @if colour % (2 * COLOURS) < COLOURS {
            circle cx=(format!("{x:.1}")) cy=(format!("{y:.1}")) r="2.4" fill="none" stroke=(stroke) {}
        } @else {
            path d=(format!("M{:.1} {:.1}l4.4 4.4m0-4.4l-4.4 4.4", x - 2.2, y - 2.2)) fill="none" stroke=(stroke) {}
        }
    }
}

/// From where to where nearly all points lie.
fn range(groups: &[Group], axis: usize) -> [f64; 2] {
    let points = groups.iter().flat_map(|group| &group.points);
    let mut values: Vec<f64> = points
        .map(|point| point[axis])
        .filter(|value| value.is_finite())
        .collect();
    values.sort_by(f64::total_cmp);
    let Some(last) = values.len().checked_sub(1) else {
        return [0.0, 1.0];
    };
    let outside = (last as f64 * OUTSIDE) as usize;
    let (low, high) = (values[outside], values[last - outside]);
    let least = 1e-9 * low.abs().max(high.abs()).max(1e-9);
    [low - least, high + least]
}

#[cfg(test)]
mod tests {
    use super::*;

    fn group(points: &[[f64; 2]]) -> Group {
        Group {
            name: "a".into(),
            points: points.to_vec(),
        }
    }

    #[test]
    fn every_point_that_is_a_number_is_marked_within_the_picture() {
        let groups = [
            group(&[[0.0, 1.0], [f64::NAN, 0.0], [1e300, -1e300]]),
            group(&[]),
            group(&[[3.0, 3.0]]),
        ];
        let page = scatter("codes", &groups).into_string();
        // Three of the legend among them.
        assert_eq!(page.matches("<circle").count(), 3 + 3);
        for place in page.split("cx=\"").skip(1) {
            let x: f64 = place[..place.find('"').unwrap()].parse().unwrap();
            assert!((0.0..=WIDTH).contains(&x));
        }
    }

    #[test]
    fn colours_come_again_as_crosses() {
        let groups: Vec<_> = (0..=COLOURS).map(|_| group(&[[0.0, 0.0]])).collect();
        let page = scatter("codes", &groups).into_string();
        assert_eq!(page.matches("<path").count(), 2);
        assert!(!page.contains("NaN"));
    }
}
