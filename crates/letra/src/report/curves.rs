//! Accuracy over steps, as a plot whose colours follow the page.

use plotters::prelude::*;

use crate::failure::Failure;
use crate::report::numbers::thousands;

/// Accuracy after a number of steps.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct CurvePoint {
    /// Steps of the optimizer taken so far.
    pub step: u64,
    /// Share of the training pictures named right, 0 to 1.
    pub train: f64,
    /// Share of the test pictures named right, 0 to 1.
    pub test: f64,
}

const SIZE: (u32, u32) = (350, 200);

// plotters writes colours into the picture; these stand for the page's own, which `style.css` puts
// in their place for a light and for a dark page.
const TRAIN: RGBColor = RGBColor(0, 0, 255);
const TEST: RGBColor = RGBColor(255, 0, 0);
const RULE: RGBColor = RGBColor(200, 200, 200);
const TEXT: RGBColor = RGBColor(100, 100, 100);

/// The curves of one training run as an SVG picture: train, test and, where the slides have one,
/// their test accuracy as a dashed line. A point that is not a number is left out.
pub fn accuracy_over_steps(
    points: &[CurvePoint],
    slides_test: Option<f64>,
) -> Result<String, Failure> {
    let mut picture = String::new();
    draw(&mut picture, points, slides_test)
        .map_err(|error| Failure::new(format!("cannot draw the accuracy over steps: {error}")))?;
    Ok(picture)
}

fn draw(
    picture: &mut String,
    points: &[CurvePoint],
    slides_test: Option<f64>,
) -> Result<(), Box<dyn std::error::Error>> {
    let steps = points
        .iter()
        .map(|point| point.step)
        .max()
        .unwrap_or(0)
        .max(1);
    let area = SVGBackend::with_string(picture, SIZE).into_drawing_area();
    let mut chart = ChartBuilder::on(&area)
        .margin_top(10)
        .margin_right(20)
        .x_label_area_size(24)
        .y_label_area_size(46)
        .build_cartesian_2d(0f64..steps as f64, 0f64..1f64)?;
    chart
        .configure_mesh()
        .disable_x_mesh()
        .light_line_style(TRANSPARENT)
        .bold_line_style(RULE)
        .axis_style(RULE)
        .x_labels(4)
        .y_labels(6)
        .x_label_formatter(&|step| thousands(*step as u64))
        .y_label_formatter(&|accuracy| format!("{:.0}%", accuracy * 100.0))
        .label_style(("sans-serif", 15).into_font().color(&TEXT))
        .draw()?;
    if let Some(slides) = slides_test {
        let line = [(0.0, slides), (steps as f64, slides)];
        chart.draw_series(DashedLineSeries::new(line, 2, 5, TEST.stroke_width(1)))?;
    }
    let series = |value: fn(&CurvePoint) -> f64| {
        points
            .iter()
            .map(move |point| (point.step as f64, value(point)))
            .filter(|(_, accuracy)| accuracy.is_finite())
    };
    chart.draw_series(LineSeries::new(
        series(|point| point.train),
        TRAIN.stroke_width(2),
    ))?;
    chart.draw_series(LineSeries::new(
        series(|point| point.test),
        TEST.stroke_width(2),
    ))?;
    area.present()?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_curve_has_a_line_for_train_and_one_for_test() {
        let points = [
            CurvePoint {
                step: 10,
                train: 0.3,
                test: 0.2,
            },
            CurvePoint {
                step: 20,
                train: 0.9,
                test: 0.8,
            },
        ];
        let picture = accuracy_over_steps(&points, None).unwrap();
        assert!(picture.starts_with("<svg"));
        assert_eq!(
            picture.matches("<polyline").count() - mesh_lines(&points),
            2
        );
        assert!(picture.contains("#0000FF") && picture.contains("#FF0000"));
    }

    fn mesh_lines(points: &[CurvePoint]) -> usize {
        let empty: Vec<_> = points
            .iter()
            .map(|point| CurvePoint {
                train: f64::NAN,
                test: f64::NAN,
                ..*point
            })
            .collect();
        accuracy_over_steps(&empty, None)
            .unwrap()
            .matches("<polyline")
            .count()
    }

    #[test]
    fn no_points_still_give_a_picture() {
        assert!(
            accuracy_over_steps(&[], Some(0.7))
                .unwrap()
                .starts_with("<svg")
        );
    }
}
