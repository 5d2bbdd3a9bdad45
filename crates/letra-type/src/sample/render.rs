//! Letters placed and turned into ink: outlines in, how much of each pixel is inked out.

use super::decoration::Rule;
use super::face::{Face, SetGlyph};
use super::flat::fineness;
use super::raster::Raster;
use super::wear::{Stripes, Wear};

/// Where a line stands in the picture that is drawn, in pixels.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Placement {
    pub(crate) width: usize,
    pub(crate) height: usize,
    /// The line's start: negative if the window begins within the line.
    pub(crate) x: f32,
    pub(crate) baseline: f32,
    /// The line's length.
    pub(crate) length: f32,
    /// Pixels a font unit.
    pub(crate) scale: f32,
    /// How many times larger the picture is drawn than it is shown.
    pub(crate) size: f32,
    /// How far beyond the picture a letter may stand that warping brings into it.
    pub(crate) reach: f32,
}

/// Memory that drawing needs, used over and over.
#[derive(Default)]
pub(crate) struct Renderer {
    corners: Vec<(f32, f32)>,
    raster: Raster,
    coverage: Vec<u8>,
    /// Of what stands beside the letters.
    pub(super) other: Vec<u8>,
}

impl Renderer {
    /// Draws a set line, its strokes wider by so many pixels on each side; the result is the share of
    /// ink of each pixel, 0 to 255, in rows of the placement's width.
    #[inline(always)]
    pub(crate) fn draw(
        &mut self,
        face: &Face,
        line: &[SetGlyph],
        wear: &Wear,
        placement: Placement,
        wider: f32,
    ) -> (&[u8], &mut Vec<u8>) {
        let darkening = wear.darkening + wider;
        let heights = Heights::of(face, wear, placement.scale);
        let warp = Warp::of(wear, placement);
        let stretch = if wear.stripes.is_some() { 3.0 } else { 1.0 };
        let width = placement.width * stretch as usize;
        self.raster.begin(width, placement.height);
        let tracking = wear.tracking * face.units_per_em;
        let across = placement.scale * wear.squeeze;
        let fineness = fineness(placement.scale * face.units_per_em);
        for (index, set) in line.iter().enumerate() {
            let pen = placement.x + (set.x + tracking * index as f32) * across;
            let pen = if wear.whole_pixels { pen.round() } else { pen };
            let Some(shape) = face.glyph(set.glyph) else {
                continue;
            };
            let [left, _, right, _] = shape.bounds.map(|edge| pen + f32::from(edge) * across);
            let beyond = left - placement.width as f32;
            if shape.points.is_empty() || right < -placement.reach || beyond > placement.reach {
                continue;
            }
            let flat = shape.flat(fineness, face.units_per_em);
            self.corners.clear();
            self.corners.extend(flat.corners.iter().map(|corner| {
                let (right, up) = corner.outwards;
                let y = heights.snapped((corner.y + set.y) * placement.scale) + up * darkening;
                let x = pen + corner.x * across + right * darkening;
                (x, placement.baseline - y)
            }));
            if let Some(warp) = &warp {
                self.corners
                    .iter_mut()
                    .for_each(|corner| *corner = warp.apply(*corner));
            }
            if stretch != 1.0 {
                self.corners.iter_mut().for_each(|(x, _)| *x *= stretch);
            }
            let mut start = 0;
            for &end in &flat.ends {
                self.raster.add(&self.corners[start..end]);
                start = end;
            }
        }
        self.raster.shares(&mut self.coverage);
        if let Some(rule) = &wear.rule {
            self.draw_rule(rule, wear.cap_height, placement, &warp, stretch);
        }
        if let Some(stripes) = wear.stripes {
            merge_stripes(&mut self.coverage, width, stripes);
        }
        if wear.aliased {
            let whole = |share: &mut u8| *share = if *share >= 128 { 255 } else { 0 };
            self.coverage.iter_mut().for_each(whole);
        }
        (&self.coverage, &mut self.other)
    }

    /// Adds a stroke along the letters to the ink that is there.
    fn draw_rule(
        &mut self,
        rule: &Rule,
        cap_height: f32,
        placement: Placement,
        warp: &Option<Warp>,
        stretch: f32,
    ) {
        /// Sides of a stroke's edge, so that it bends with the line.
        const SIDES: usize = 12;
        let cap_height = cap_height * placement.size;
        let width = placement.width * stretch as usize;
        let thickness = (rule.thickness * cap_height).max(1.0);
        let top = placement.baseline - rule.middle * cap_height - thickness / 2.0;
        // Whole pixels, as on screens, unless the line is warped.
        let top = if warp.is_some() { top } else { top.round() };
        let [from, to] =
            [rule.span.0, rule.span.1].map(|share| placement.x + share * placement.length);
        let along = |side: usize| from + (to - from) * side as f32 / SIDES as f32;
        let upper = (0..=SIDES).map(|side| (along(side), top));
        let lower = (0..=SIDES).rev().map(|side| (along(side), top + thickness));
        self.corners.clear();
        self.corners.extend(upper.chain(lower).map(|corner| {
            let (x, y) = warp.as_ref().map_or(corner, |warp| warp.apply(corner));
            (x * stretch, y)
        }));
        self.raster.begin(width, placement.height);
        self.raster.add(&self.corners);
        self.raster.shares(&mut self.other);
        let free = match rule.skips_ink {
            true => (thickness * stretch).ceil() as usize,
            false => return merge(&mut self.coverage, &self.other, |_| true),
        };
        let mut crossed = vec![false; width];
        let rows = self
            .coverage
            .chunks_exact(width)
            .zip(self.other.chunks_exact(width));
        for (letters, rule) in rows {
            for (column, (&letters, &rule)) in letters.iter().zip(rule).enumerate() {
                if letters > 40 && rule > 40 {
                    let near = column.saturating_sub(free)..(column + free + 1).min(width);
                    crossed[near].fill(true);
                }
            }
        }
        merge(&mut self.coverage, &self.other, |pixel| {
            !crossed[pixel % width]
        });
    }
}

/// Adds ink where it is wanted.
fn merge(coverage: &mut [u8], other: &[u8], is_wanted: impl Fn(usize) -> bool) {
    for (pixel, (share, &other)) in coverage.iter_mut().zip(other).enumerate() {
        if other > *share && is_wanted(pixel) {
            *share = other;
        }
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
    fn of(wear: &Wear, placement: Placement) -> Option<Self> {
        let none = wear.rotation == 0.0 && wear.perspective == (0.0, 0.0) && wear.bend == 0.0;
        let half = (placement.width as f32 / 2.0, placement.height as f32 / 2.0);
        (!none).then(|| Self {
            middle: half,
            half,
            turn: libm::sincosf(wear.rotation.to_radians()),
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
#[inline(always)]
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
            // What stood there has been read already.
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
