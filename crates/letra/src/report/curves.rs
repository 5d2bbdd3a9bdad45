//! Accuracy and loss over steps, as plots whose colours follow the page.

use plotters::coord::ranged1d::{AsRangedCoord, ValueFormatter};
use plotters::prelude::*;

use crate::failure::Failure;
use crate::report::numbers::thousands;

/// What a network scores on some pictures.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Score {
    /// Share of the pictures named right, 0 to 1.
    pub accuracy: f64,
    /// Mean loss.
    pub loss: f64,
}

impl Score {
    /// What was not measured.
    pub const UNKNOWN: Self = Self {
        accuracy: f64::NAN,
        loss: f64::NAN,
    };
}

/// What was measured after a number of steps.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct CurvePoint {
    /// Steps of the optimizer taken so far.
    pub step: u64,
    /// Seconds of training so far.
    pub seconds: f64,
    /// On the training pictures.
    pub train: Score,
    /// On the test pictures.
    pub test: Score,
}

/// One of several lines of a plot.
#[derive(Debug, Clone)]
pub struct Line {
    /// Number of its colour in `style.css`, from 0.
    pub colour: usize,
    /// Its points: step and value. One that is not a number is left out.
    pub points: Vec<(f64, f64)>,
}

/// What a plot shows over the steps.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Scale {
    /// Shares from 0 to 1, in per cent.
    Accuracy,
    /// Positive numbers on a logarithmic scale.
    Loss,
    /// Any numbers.
    Values,
}

/// Colours that lines can have; further ones take them again, dashed and then dotted.
pub const COLOURS: usize = 8;

const SIZE: (u32, u32) = (350, 200);
const WIDE: (u32, u32) = (500, 300);

// plotters writes colours into the picture; these stand for the page's own, which `style.css` puts
// in their place for a light and for a dark page.
const TRAIN: RGBColor = RGBColor(0, 0, 255);
const TEST: RGBColor = RGBColor(255, 0, 0);
const RULE: RGBColor = RGBColor(200, 200, 200);
const TEXT: RGBColor = RGBColor(100, 100, 100);

/// The colour that stands for a line's own.
fn of_line(colour: usize) -> RGBColor {
    RGBColor(1, 2, (colour % (3 * COLOURS)) as u8)
}

/// A short piece of a line, for a legend.
pub fn sample(colour: usize) -> String {
    format!(
        "<svg width=\"26\" height=\"8\" viewBox=\"0 0 26 8\"><line x1=\"1\" y1=\"4\" x2=\"25\" y2=\"4\" \
         stroke-width=\"3\" stroke=\"{}\"/></svg>",
        colour_of_line(colour)
    )
}

/// What stands for a line's own colour in a picture, as SVG writes it.
pub(super) fn colour_of_line(colour: usize) -> String {
    let RGBColor(red, green, blue) = of_line(colour);
    format!("#{red:02X}{green:02X}{blue:02X}")
}

/// The curves of one training run as an SVG picture: train, test and, where the slides have one,
/// their test accuracy as a dashed line. A point that is not a number is left out.
pub fn accuracy_over_steps(
    points: &[CurvePoint],
    slides_test: Option<f64>,
) -> Result<String, Failure> {
    let points = |value: fn(&CurvePoint) -> f64| {
        let points = points.iter();
        points
            .map(|point| (point.step as f64, value(point)))
            .collect()
    };
    let train: Vec<_> = points(|point| point.train.accuracy);
    let test: Vec<_> = points(|point| point.test.accuracy);
    let lines = [(TRAIN, &train[..]), (TEST, &test[..])];
    drawn(SIZE, Scale::Accuracy, &lines, slides_test)
}

/// Several lines in one plot, as an SVG picture.
pub fn over_steps(scale: Scale, lines: &[Line]) -> Result<String, Failure> {
    let lines: Vec<_> = lines
        .iter()
        .map(|line| (of_line(line.colour), &line.points[..]))
        .collect();
    drawn(WIDE, scale, &lines, None)
}

type Points<'a> = &'a [(f64, f64)];

fn drawn(
    size: (u32, u32),
    scale: Scale,
    lines: &[(RGBColor, Points<'_>)],
    dashed: Option<f64>,
) -> Result<String, Failure> {
    let mut picture = String::new();
    let steps = (lines.iter().flat_map(|(_, points)| *points))
        .map(|(step, _)| *step)
        .fold(1.0, f64::max);
    let area = SVGBackend::with_string(&mut picture, size).into_drawing_area();
    match scale {
        Scale::Accuracy => draw(&area, steps, 0.0..1.0, &share, lines, dashed),
        Scale::Values => {
            let range = value_range(lines);
            let within = |value: f64| value.clamp(range.start, range.end);
            let clipped = mapped(lines, within);
            draw(
                &area,
                steps,
                range,
                &tenths,
                &coloured(lines, &clipped),
                dashed,
            )
        }
        Scale::Loss => {
            let range = loss_range(lines);
            let within = |loss: f64| loss.clamp(range.start, range.end);
            let clipped = mapped(lines, within);
            let lines = coloured(lines, &clipped);
            // Few losses lie as far apart as two powers of ten.
            let base = if range.end / range.start < 32.0 {
                2.0
            } else {
                10.0
            };
            let scale = range.log_scale().base(base);
            draw(&area, steps, scale, &short, &lines, dashed)
        }
    }
    .map_err(|error| Failure::new(format!("cannot draw a plot: {error}")))?;
    drop(area);
    Ok(picture)
}

/// The points of each line, their values changed.
fn mapped(lines: &[(RGBColor, Points<'_>)], change: impl Fn(f64) -> f64) -> Vec<Vec<(f64, f64)>> {
    let changed = |points: &Points<'_>| points.iter().map(|&(x, y)| (x, change(y))).collect();
    lines.iter().map(|(_, points)| changed(points)).collect()
}

/// Other points in the lines' colours.
fn coloured<'a>(
    lines: &[(RGBColor, Points<'_>)],
    points: &'a [Vec<(f64, f64)>],
) -> Vec<(RGBColor, Points<'a>)> {
    (lines.iter().zip(points))
        .map(|((colour, _), points)| (*colour, &points[..]))
        .collect()
}

/// From the lowest to the highest value of the first line, which is the truth where there is one,
/// and half as much on both sides: another that runs away ends at the edge.
fn value_range(lines: &[(RGBColor, Points<'_>)]) -> std::ops::Range<f64> {
    let values = || {
        let points = lines.first().into_iter().flat_map(|(_, points)| *points);
        points
            .map(|(_, value)| *value)
            .filter(|value| value.is_finite())
    };
    let (low, high) = (
        values().fold(f64::INFINITY, f64::min),
        values().fold(f64::NEG_INFINITY, f64::max),
    );
    if low > high {
        return 0.0..1.0;
    }
    let room = ((high - low) / 2.0).max(1e-3);
    low - room..high + room
}

fn tenths(value: &f64) -> String {
    match value.abs() < 100.0 {
        true => format!("{value:.1}"),
        false => format!("{value:.0}"),
    }
}

fn share(accuracy: &f64) -> String {
    format!("{:.0}%", accuracy * 100.0)
}

/// A number with no more digits than it needs.
fn short(value: &f64) -> String {
    let needed = |digits: &usize| {
        let shifted = value * 10f64.powi(*digits as i32);
        (shifted - shifted.round()).abs() < 1e-6 * shifted
    };
    let digits = (0..9).find(needed).unwrap_or(9);
    format!("{value:.digits$}")
}

/// From the lowest to the highest loss, within what is worth seeing.
fn loss_range(lines: &[(RGBColor, Points<'_>)]) -> std::ops::Range<f64> {
    let losses = || {
        let points = lines.iter().flat_map(|(_, points)| *points);
        points
            .map(|(_, loss)| *loss)
            .filter(|loss| loss.is_finite() && *loss > 0.0)
    };
    let high = losses().fold(0.0, f64::max).clamp(1e-6, 20.0);
    let low = losses().fold(high, f64::min).max(1e-6);
    low * 0.8..(high * 1.2).max(low * 2.0)
}

fn draw<Y>(
    area: &DrawingArea<SVGBackend<'_>, plotters::coord::Shift>,
    steps: f64,
    range: Y,
    label: &dyn Fn(&f64) -> String,
    lines: &[(RGBColor, Points<'_>)],
    dashed: Option<f64>,
) -> Result<(), Box<dyn std::error::Error>>
where
    Y: AsRangedCoord<Value = f64>,
    Y::CoordDescType: ValueFormatter<f64> + Ranged<ValueType = f64>,
{
    let mut chart = ChartBuilder::on(area)
        .margin_top(10)
        .margin_right(20)
        .x_label_area_size(24)
        .y_label_area_size(46)
        .build_cartesian_2d::<std::ops::Range<f64>, Y>(0.0..steps, range)?;
    chart
        .configure_mesh()
        .disable_x_mesh()
        .light_line_style(TRANSPARENT)
        .bold_line_style(RULE)
        .axis_style(RULE)
        .x_labels(4)
        .y_labels(6)
        .x_label_formatter(&|step| thousands(*step as u64))
        .y_label_formatter(label)
        .label_style(("sans-serif", 15).into_font().color(&TEXT))
        .draw()?;
    if let Some(value) = dashed {
        let line = [(0.0, value), (steps, value)];
        chart.draw_series(DashedLineSeries::new(line, 2, 5, TEST.stroke_width(1)))?;
    }
    for (colour, points) in lines {
        let points = points
            .iter()
            .copied()
            .filter(|(_, value)| value.is_finite());
        chart.draw_series(LineSeries::new(points, colour.stroke_width(2)))?;
    }
    area.present()?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn point(step: u64, train: f64, test: f64) -> CurvePoint {
        let score = |accuracy| Score {
            accuracy,
            loss: 1.0 - accuracy,
        };
        CurvePoint {
            step,
            seconds: 0.0,
            train: score(train),
            test: score(test),
        }
    }

    fn polylines(picture: &str, colour: &str) -> usize {
        let lines = picture.split("<polyline").skip(1);
        lines.filter(|line| line.contains(colour)).count()
    }

    #[test]
    fn a_curve_has_a_line_for_train_and_one_for_test() {
        let points = [point(10, 0.3, 0.2), point(20, 0.9, 0.8)];
        let picture = accuracy_over_steps(&points, None).unwrap();
        assert!(picture.starts_with("<svg"));
        assert_eq!(polylines(&picture, "#0000FF"), 1);
        assert_eq!(polylines(&picture, "#FF0000"), 1);
    }

    #[test]
    fn no_points_still_give_a_picture() {
        assert!(
            accuracy_over_steps(&[], Some(0.7))
                .unwrap()
                .starts_with("<svg")
        );
        for scale in [Scale::Accuracy, Scale::Loss, Scale::Values] {
            assert!(over_steps(scale, &[]).unwrap().starts_with("<svg"));
        }
    }

    #[test]
    fn every_line_has_its_colour_and_wild_losses_do_no_harm() {
        let lines: Vec<_> = (0..10)
            .map(|colour| Line {
                colour,
                points: vec![(1.0, 2.0), (2.0, 1e30), (3.0, f64::INFINITY), (4.0, 0.0)],
            })
            .collect();
        let picture = over_steps(Scale::Loss, &lines).unwrap();
        for colour in 0..10 {
            assert_eq!(polylines(&picture, &format!("#01020{colour}")), 1);
            assert!(sample(colour).contains(&format!("#01020{colour}")));
        }
    }

    #[test]
    fn values_below_zero_are_shown_and_what_runs_away_ends_at_the_edge() {
        let line = |colour, points: &[(f64, f64)]| Line {
            colour,
            points: points.to_vec(),
        };
        let truth = line(0, &[(0.0, -1.0), (1.0, 1.0)]);
        let wild = line(1, &[(0.0, 0.0), (1.0, 1e30), (2.0, f64::NAN)]);
        let picture = over_steps(Scale::Values, &[truth, wild]).unwrap();
        assert_eq!(polylines(&picture, "#010200"), 1);
        assert_eq!(polylines(&picture, "#010201"), 1);
        for number in ["-1.0", "0.0", "1.0"] {
            let lines = picture.lines();
            assert!(lines.map(str::trim).any(|line| line == number), "{number}");
        }
    }

    #[test]
    fn losses_are_written_short() {
        assert_eq!(
            [20.0, 1.0, 0.5, 0.125, 0.02].map(|value| short(&value)),
            ["20", "1", "0.5", "0.125", "0.02"]
        );
    }

    #[test]
    fn losses_that_lie_close_have_more_than_one_number_beside_them() {
        let line = Line {
            colour: 0,
            points: vec![(1.0, 0.9), (2.0, 0.2)],
        };
        let picture = over_steps(Scale::Loss, &[line]).unwrap();
        for number in ["0.25", "0.5", "1"] {
            let lines = picture.lines();
            assert!(lines.map(str::trim).any(|line| line == number), "{number}");
        }
    }
}
