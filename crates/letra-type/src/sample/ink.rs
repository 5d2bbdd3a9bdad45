//! Letters placed and turned into ink: outlines in, how much of each pixel is inked out.

use zeno::{Command, Mask, Point, Scratch};

use super::face::{Face, GlyphShape, SetGlyph, Step};
use super::wear::{Stripes, Wear};

/// Where a line stands in the picture that is drawn, in pixels.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Place {
    pub(crate) width: usize,
    pub(crate) height: usize,
    /// The line's start: negative if the window begins within the line.
    pub(crate) x: f32,
    pub(crate) baseline: f32,
    /// Pixels a font unit.
    pub(crate) scale: f32,
    /// Pixels that the picture reaches over the window on each side.
    pub(crate) margin: f32,
}

/// Memory that drawing needs, used over and over.
#[derive(Default)]
pub(crate) struct Inking {
    path: Vec<Command>,
    points: Vec<(f32, f32)>,
    moved: Vec<(f32, f32)>,
    coverage: Vec<u8>,
    scratch: Scratch,
}

impl Inking {
    /// Draws a set line; the result is the share of ink of each pixel, 0 to 255, in rows of the
    /// place's width.
    pub(crate) fn draw(
        &mut self,
        face: &Face,
        line: &[SetGlyph],
        wear: &Wear,
        place: Place,
    ) -> &[u8] {
        self.path.clear();
        let heights = Heights::of(face, wear, place.scale);
        let warp = Warp::of(wear, place);
        let stretch = if wear.stripes.is_some() { 3.0 } else { 1.0 };
        let tracking = wear.tracking * face.units_per_em;
        let across = place.scale * wear.squeeze;
        for (index, set) in line.iter().enumerate() {
            let pen = place.x + (set.x + tracking * index as f32) * across;
            let pen = if wear.whole_pixels { pen.round() } else { pen };
            let Some(shape) = face.glyph(set.glyph) else {
                continue;
            };
            let [left, _, right, _] = shape.bounds.map(|edge| pen + f32::from(edge) * across);
            let reach = place.margin + 2.0;
            if shape.points.is_empty() || right < -reach || left > place.width as f32 + reach {
                continue;
            }
            self.points.clear();
            self.points.extend(shape.points.iter().map(|&(x, y)| {
                let y = heights.snapped((f32::from(y) + set.y) * place.scale);
                (pen + f32::from(x) * across, place.baseline - y)
            }));
            if wear.darkening != 0.0 {
                self.embolden(shape, wear.darkening);
            }
            if let Some(warp) = &warp {
                self.points
                    .iter_mut()
                    .for_each(|point| *point = warp.apply(*point));
            }
            push(shape, &self.points, stretch, &mut self.path);
        }
        let width = place.width * stretch as usize;
        self.coverage.clear();
        self.coverage.resize(width * place.height, 0);
        if !self.path.is_empty() {
            Mask::with_scratch(self.path.as_slice(), &mut self.scratch)
                .size(width as u32, place.height as u32)
                .render_into(&mut self.coverage, None);
        }
        if let Some(stripes) = wear.stripes {
            merge_stripes(&mut self.coverage, width, stripes);
        }
        &self.coverage
    }

    /// Moves every point of an outline outwards by `amount` pixels (inwards if negative), along
    /// the mean of the normals of the two sides that meet there.
    fn embolden(&mut self, shape: &GlyphShape, amount: f32) {
        // Pictures point downwards, which turns the sides round.
        let outwards = if shape.filled_left { amount } else { -amount };
        self.moved.clear();
        self.moved.extend_from_slice(&self.points);
        let mut start = 0;
        while start < self.points.len() {
            let end = contour_end(shape, start);
            let contour = &self.points[start..end];
            let count = contour.len();
            for index in 0..count {
                let at = contour[index];
                let side = |step: usize| {
                    // Points that lie on each other have no side between them.
                    (1..count).find_map(|far| {
                        let other = contour[(index + far * step) % count];
                        let (x, y) = (other.0 - at.0, other.1 - at.1);
                        let length = x.hypot(y);
                        (length > 1e-3).then_some((x / length, y / length))
                    })
                };
                let (Some(next), Some(last)) = (side(1), side(count - 1)) else {
                    continue;
                };
                let (x, y) = (next.0 - last.0, next.1 - last.1);
                let length = x.hypot(y);
                if length > 0.2 {
                    // At a corner the point moves further, so that both sides do; at most twice.
                    let far = (2.0 / length).min(2.0) * outwards / length;
                    self.moved[start + index] = (at.0 - y * far, at.1 + x * far);
                }
            }
            start = end;
        }
        std::mem::swap(&mut self.points, &mut self.moved);
    }
}

/// Where the contour that starts at a point ends.
fn contour_end(shape: &GlyphShape, start: usize) -> usize {
    let mut at = 0;
    for step in &shape.steps {
        if *step == Step::Start && at > start {
            return at;
        }
        at += step.points();
    }
    shape.points.len()
}

/// Adds an outline to a path.
fn push(shape: &GlyphShape, points: &[(f32, f32)], stretch: f32, path: &mut Vec<Command>) {
    let mut points = points.iter().map(|&(x, y)| Point::new(x * stretch, y));
    let mut open = false;
    for step in &shape.steps {
        let mut next = || points.next().unwrap_or(Point::ZERO);
        match step {
            Step::Start => {
                if open {
                    path.push(Command::Close);
                }
                open = true;
                path.push(Command::MoveTo(next()));
            }
            Step::Line => path.push(Command::LineTo(next())),
            Step::Quadratic => path.push(Command::QuadTo(next(), next())),
            Step::Cubic => path.push(Command::CurveTo(next(), next(), next())),
        }
    }
    if open {
        path.push(Command::Close);
    }
}

/// Brings the heights of small letters and capitals to whole pixels, and what lies between and
/// beyond along with them, as hinters do with their alignment zones (FreeType's light mode).
struct Heights {
    /// Height before, and after by before, of small letters and of capitals.
    x: (f32, f32),
    cap: (f32, f32),
    on: bool,
}

impl Heights {
    fn of(face: &Face, wear: &Wear, scale: f32) -> Self {
        let (x, cap) = (face.x_height * scale, face.cap_height * scale);
        let whole = |height: f32| height.round().max(1.0);
        Self {
            x: (x, whole(x)),
            cap: (cap, whole(cap).max(whole(x))),
            on: wear.whole_heights,
        }
    }

    fn snapped(&self, y: f32) -> f32 {
        if !self.on || y <= 0.0 {
            y
        } else if y <= self.x.0 {
            y * self.x.1 / self.x.0
        } else if y < self.cap.0 {
            let share = (y - self.x.0) / (self.cap.0 - self.x.0);
            self.x.1 + share * (self.cap.1 - self.x.1)
        } else {
            y + self.cap.1 - self.cap.0
        }
    }
}

/// Turn, perspective and bend about the middle of the window.
struct Warp {
    middle: (f32, f32),
    half: (f32, f32),
    turn: (f32, f32),
    perspective: (f32, f32),
    bend: f32,
}

impl Warp {
    fn of(wear: &Wear, place: Place) -> Option<Self> {
        let none = wear.rotation == 0.0 && wear.perspective == (0.0, 0.0) && wear.bend == 0.0;
        let half = (place.width as f32 / 2.0, place.height as f32 / 2.0);
        (!none).then(|| Self {
            middle: half,
            half,
            turn: wear.rotation.to_radians().sin_cos(),
            perspective: wear.perspective,
            bend: wear.bend * wear.cap_height,
        })
    }

    fn apply(&self, (x, y): (f32, f32)) -> (f32, f32) {
        let (x, y) = (x - self.middle.0, y - self.middle.1);
        let (sin, cos) = self.turn;
        let (u, v) = (x / self.half.0, y / self.half.1);
        let y = y + self.bend * (1.0 - u * u);
        let (x, y) = (x * cos - y * sin, x * sin + y * cos);
        // Kept away from the horizon, whatever reaches far beyond the window.
        let depth = (1.0 + self.perspective.0 * u + self.perspective.1 * v).clamp(0.5, 2.0);
        (x / depth + self.middle.0, y / depth + self.middle.1)
    }
}

/// Merges the coverage of a screen's stripes, three a pixel, into that of pixels, in place.
///
/// Each stripe is smoothed over five (FreeType's default filter, 8 77 86 77 8 of 256), and the
/// three make a grey level by their luma (ITU-R BT.601).
fn merge_stripes(coverage: &mut Vec<u8>, width: usize, stripes: Stripes) {
    const FILTER: [u32; 5] = [8, 77, 86, 77, 8];
    const LUMA: [u32; 3] = [77, 150, 29];
    let mut weights = [0_u32; 7];
    for stripe in 0..3 {
        let colour = match stripes {
            Stripes::Rgb => stripe,
            Stripes::Bgr => 2 - stripe,
        };
        for (tap, weight) in FILTER.iter().enumerate() {
            weights[stripe + tap] += weight * LUMA[colour];
        }
    }
    let merged = width / 3;
    let rows = coverage.len() / width.max(1);
    for row in 0..rows {
        let mut last = [0_u32; 2];
        for pixel in 0..merged {
            let from = row * width + 3 * pixel;
            let at = |offset: usize| match 3 * pixel + offset < width {
                true => u32::from(coverage[from + offset]),
                false => 0,
            };
            let of_pixel = [at(0), at(1), at(2), at(3), at(4)];
            let sum: u32 = last
                .iter()
                .chain(&of_pixel)
                .zip(&weights)
                .map(|(share, weight)| share * weight)
                .sum();
            last = [of_pixel[1], of_pixel[2]];
            // Written behind what is still to be read.
            coverage[row * merged + pixel] = (sum >> 16).min(255) as u8;
        }
    }
    coverage.truncate(rows * merged);
}

#[cfg(test)]
mod tests {
    use super::{Stripes, merge_stripes};

    #[test]
    fn stripes_keep_the_amount_of_ink_and_blend_edges() {
        let mut coverage = vec![0_u8; 2 * 30];
        coverage[9..18].fill(255);
        coverage[30 + 9..30 + 18].fill(255);
        merge_stripes(&mut coverage, 30, Stripes::Rgb);
        assert_eq!(coverage.len(), 20);
        assert_eq!(coverage[..10], coverage[10..]);
        let sum: u32 = coverage[..10].iter().map(|&share| u32::from(share)).sum();
        assert!(sum.abs_diff(3 * 255) < 12, "{sum}");
        assert!(coverage[4] > 250 && coverage[2] > 0 && coverage[2] < 90);
        assert_eq!(coverage[8], 0);
    }
}
