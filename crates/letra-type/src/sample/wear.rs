//! What separates a drawing from a screenshot, a scan or a photo.

use super::decoration::{Panel, Rule, Shadow, Stroke};
use crate::random::Random;

/// How samples are worn: the shares of their origins, and the sizes.
///
/// Every setting of a sample is drawn from its seed and index by `Distortions::draw`; the ranges
/// stand at the fields of [`Wear`].
///
/// ```
/// use letra_type::{Distortions, Font, Origin, Sampler};
///
/// // Scans alone, of type of one size.
/// let scans = Distortions {
///     origins: [0.0, 1.0, 0.0],
///     cap_height: (24.0, 24.0),
///     ..Distortions::default()
/// };
/// let explained = Sampler::new(&Font::built_in(), scans)?.explain(1, 0)?;
/// assert_eq!(explained.wear.origin, Origin::Scan);
/// # Ok::<(), letra_type::Error>(())
/// ```
#[derive(Debug, Clone, PartialEq)]
pub struct Distortions {
    /// Shares of screenshots, scans and photos among the samples; none negative, one above 0.
    pub origins: [f32; 3],
    /// The range of cap heights in pixels, all ratios equally likely; within 6 and 120.
    pub cap_height: (f32, f32),
    /// How strong all wear is, 0 (clean) to 1 (as described at [`Wear`]).
    pub strength: f32,
}

impl Default for Distortions {
    /// Half screenshots, a fifth scans, the rest photos, with capitals of 6.5 to 60 pixels.
    fn default() -> Self {
        Self {
            origins: [0.5, 0.2, 0.3],
            cap_height: (6.5, 60.0),
            strength: 1.0,
        }
    }
}

/// Where a picture of text comes from.
///
/// ```
/// use letra_type::{Distortions, Font, Origin, Sampler};
///
/// let sampler = Sampler::new(&Font::built_in(), Distortions::default())?;
/// let mut origins = Vec::new();
/// for index in 0..20 {
///     origins.push(sampler.explain(1, index)?.wear.origin);
/// }
/// // By default, half of the samples are screenshots.
/// assert!(origins.contains(&Origin::Screenshot) && origins.contains(&Origin::Photo));
/// # Ok::<(), letra_type::Error>(())
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Origin {
    /// Drawn on a screen and saved, perhaps scaled.
    Screenshot,
    /// Printed and scanned.
    Scan,
    /// Printed, or on a screen, and photographed.
    Photo,
}

/// In which order a screen's red, green and blue stripes come.
///
/// ```
/// use letra_type::{Distortions, Font, Sampler, Stripes};
///
/// let sampler = Sampler::new(&Font::built_in(), Distortions::default())?;
/// match sampler.explain(1, 0)?.wear.stripes {
///     Some(Stripes::Rgb) => println!("smoothed over stripes, red on the left"),
///     Some(Stripes::Bgr) => println!("smoothed over stripes, blue on the left"),
///     None => println!("smoothed over whole pixels"),
/// }
/// # Ok::<(), letra_type::Error>(())
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Stripes {
    /// Red is on the left.
    Rgb,
    /// Blue is on the left.
    Bgr,
}

/// All settings of one sample.
///
/// ```
/// use letra_type::{Distortions, Font, Sampler};
///
/// let sampler = Sampler::new(&Font::built_in(), Distortions::default())?;
/// let wear = sampler.explain(1, 0)?.wear;
/// assert!((wear.ink - wear.ground).abs() >= 50.0);
/// assert!((6.5..=60.0).contains(&wear.cap_height));
/// # Ok::<(), letra_type::Error>(())
/// ```
#[derive(Debug, Clone, PartialEq)]
pub struct Wear {
    /// Where the picture comes from.
    pub origin: Origin,
    /// Height of the capitals in pixels.
    pub cap_height: f32,
    /// The letters' width by their own: 0.85 to 1.15, mostly 1.
    pub squeeze: f32,
    /// Space added between letters, in em: -0.05 to 0.25, mostly 0.
    pub tracking: f32,
    /// Whether pairs of letters are kerned; nine times in ten.
    pub kerning: bool,
    /// Whether ligatures are set; three times in four.
    pub ligatures: bool,
    /// Whether every letter stands on a whole pixel, as without sub-pixel placement.
    pub whole_pixels: bool,
    /// Whether the heights of capitals and small letters are rounded to whole pixels, as hinting
    /// of the vertical alignment zones does.
    pub whole_heights: bool,
    /// How much strokes gain on each side in pixels: stem darkening of a screen, spread of ink;
    /// -0.08 to 0.25.
    pub darkening: f32,
    /// Whether a pixel is ink or ground and nothing between, as text without anti-aliasing.
    pub aliased: bool,
    /// Anti-aliasing over a screen's stripes instead of over whole pixels.
    pub stripes: Option<Stripes>,
    /// The exponent that a pixel's share of ink is raised to when it is mixed with the ground:
    /// 0.6 to 1.5.
    pub gamma: f32,
    /// Grey level of the ink, 0 to 255.
    pub ink: f32,
    /// Grey level of the ground, 0 to 255; at least 50 away from the ink's.
    pub ground: f32,
    /// A stroke along the letters.
    pub rule: Option<Rule>,
    /// A box that the line stands in.
    pub panel: Option<Panel>,
    /// A stroke around the letters.
    pub stroke: Option<Stroke>,
    /// The letters' shadow.
    pub shadow: Option<Shadow>,
    /// Grey levels by which the ground's slow stains deviate at most: 0 to 25.
    pub stains: f32,
    /// Grey levels by which the ground's fine grain deviates (standard deviation): 0 to 8,
    /// at most 8 in a hundred of the contrast.
    pub grain: f32,
    /// Shading: by which factor the light changes from the middle to the right and to the
    /// bottom: -0.3 to 0.3, at most six tenths of the contrast.
    pub shading: (f32, f32),
    /// Rotation in degrees, positive clockwise: -2 to 2; what is left once lines were straightened.
    pub rotation: f32,
    /// Perspective: by which share distances shrink from the middle to the right edge and to the
    /// bottom: -0.08 to 0.08.
    pub perspective: (f32, f32),
    /// How far the middle of the window lies below its ends, in cap heights, as on a curved page:
    /// -0.06 to 0.06.
    pub bend: f32,
    /// By which factor the picture was drawn larger (above 1) or smaller than it is then scaled
    /// to: 0.6 to 1.8, mostly 1.
    pub drawn_at: f32,
    /// Blur: the standard deviation of a Gaussian in pixels: 0 to 1.4, at most an eighth of the
    /// cap height.
    pub blur: f32,
    /// Noise of the sensor in grey levels (standard deviation): 0 to 14, at most a tenth of the
    /// contrast.
    pub noise: f32,
    /// JPEG quality 25 to 95, as libjpeg counts it.
    pub jpeg: Option<u8>,
    /// The factor by which the height of the letters is misjudged: 0.93 to 1.07.
    pub misjudged: f32,
    /// Pixels of the finished sample by which the window is misplaced downwards: -1.5 to 1.5.
    pub shift: f32,
}

impl Distortions {
    /// No wear at all: black on white, grey anti-aliasing, sub-pixel placement.
    pub fn none() -> Self {
        Self {
            strength: 0.0,
            ..Self::default()
        }
    }

    /// Draws all settings of one sample.
    pub(crate) fn draw(&self, random: &mut Random) -> Wear {
        let total: f32 = self.origins.iter().sum();
        let drawn = random.unit() * total;
        let origin = match drawn {
            drawn if drawn < self.origins[0] => Origin::Screenshot,
            drawn if drawn < self.origins[0] + self.origins[1] => Origin::Scan,
            _ => Origin::Photo,
        };
        let mut wear = Wear::clean(origin, random.by_ratio(self.cap_height));
        if self.strength > 0.0 {
            wear.typesetting(random);
            match origin {
                Origin::Screenshot => wear.screen(random),
                Origin::Scan => wear.scan(random),
                Origin::Photo => wear.photo(random),
            }
            wear.reading(random);
            wear.weaken(self.strength.min(1.0));
        }
        wear
    }
}

impl Wear {
    pub(super) fn clean(origin: Origin, cap_height: f32) -> Self {
        Self {
            origin,
            cap_height,
            squeeze: 1.0,
            tracking: 0.0,
            kerning: true,
            ligatures: true,
            whole_pixels: false,
            whole_heights: false,
            darkening: 0.0,
            aliased: false,
            stripes: None,
            gamma: 1.0,
            ink: 0.0,
            ground: 255.0,
            rule: None,
            panel: None,
            stroke: None,
            shadow: None,
            stains: 0.0,
            grain: 0.0,
            shading: (0.0, 0.0),
            rotation: 0.0,
            perspective: (0.0, 0.0),
            bend: 0.0,
            drawn_at: 1.0,
            blur: 0.0,
            noise: 0.0,
            jpeg: None,
            misjudged: 1.0,
            shift: 0.0,
        }
    }

    /// The same line of text before anything wore it: as it is set, turned and bent, but sharp and black on white;
    /// in a picture of which `step` pixels become one.
    pub(crate) fn as_before(&self, step: f32) -> Self {
        Self {
            squeeze: self.squeeze,
            tracking: self.tracking,
            kerning: self.kerning,
            ligatures: self.ligatures,
            rotation: self.rotation,
            perspective: self.perspective,
            bend: self.bend,
            misjudged: self.misjudged,
            shift: self.shift,
            ..Self::clean(self.origin, self.cap_height / step)
        }
    }

    /// What a designer or a layout engine decides.
    fn typesetting(&mut self, random: &mut Random) {
        if random.happens(0.12) {
            self.squeeze = random.between((0.85, 1.15));
        }
        if random.happens(0.25) {
            self.tracking = match random.happens(0.2) {
                true => random.between((0.12, 0.25)),
                false => random.between((-0.05, 0.12)),
            };
        }
        self.kerning = random.happens(0.9);
        self.ligatures = random.happens(0.75);
    }

    /// Text on a screen: any colours, all kinds of anti-aliasing, perhaps saved small or as JPEG.
    fn screen(&mut self, random: &mut Random) {
        // Few draw without grey any more, and only small text.
        self.aliased = self.cap_height < 20.0 && random.happens(0.12);
        self.whole_pixels = self.aliased || random.happens(0.3);
        self.whole_heights = self.aliased || random.happens(0.4);
        if !self.aliased && random.happens(0.3) {
            self.stripes = Some(match random.happens(0.85) {
                true => Stripes::Rgb,
                false => Stripes::Bgr,
            });
        }
        if random.happens(0.4) {
            self.darkening = random.between((0.0, 0.2));
        }
        self.gamma = random.between((0.65, 1.4));
        self.colours(random, 0.5);
        self.decorate([0.07, 0.1, 0.06, 0.04], random);
        if !self.aliased && random.happens(0.3) {
            self.drawn_at = random.by_ratio((0.6, 1.8));
        }
        if random.happens(0.15) {
            self.stains = random.between((3.0, 25.0));
            self.shading = (random.between((-0.2, 0.2)), random.between((-0.2, 0.2)));
        }
        if random.happens(0.15) {
            self.blur = random.between((0.2, 0.7));
        }
        if random.happens(0.35) {
            self.jpeg = Some(random.between((30.0, 95.0)) as u8);
        }
    }

    /// Print under a scanner: dark on light, ink that spread or broke, fine grain, a slight turn.
    fn scan(&mut self, random: &mut Random) {
        self.darkening = random.between((-0.08, 0.25));
        self.gamma = random.between((0.7, 1.3));
        self.ink = random.between((0.0, 90.0));
        self.ground = random.between((190.0, 255.0));
        self.decorate([0.04, 0.0, 0.0, 0.0], random);
        self.grain = random.between((0.0, 6.0));
        if random.happens(0.4) {
            self.stains = random.between((0.0, 12.0));
        }
        self.rotation = random.between((-1.0, 1.0));
        self.blur = random.between((0.3, 1.0));
        self.noise = random.between((0.0, 6.0));
        if random.happens(0.6) {
            self.jpeg = Some(random.between((30.0, 95.0)) as u8);
        }
        if random.happens(0.3) {
            self.drawn_at = random.by_ratio((0.7, 1.8));
        }
    }

    /// Through a camera: light from one side, a view at an angle, blur, noise and JPEG.
    fn photo(&mut self, random: &mut Random) {
        self.darkening = random.between((-0.05, 0.2));
        self.gamma = random.between((0.6, 1.5));
        self.colours(random, 0.25);
        self.decorate([0.03, 0.0, 0.05, 0.04], random);
        self.stains = random.between((0.0, 25.0));
        self.grain = random.between((0.0, 8.0));
        self.shading = (random.between((-0.3, 0.3)), random.between((-0.3, 0.3)));
        self.rotation = random.between((-2.0, 2.0));
        self.perspective = (random.between((-0.08, 0.08)), random.between((-0.08, 0.08)));
        if random.happens(0.3) {
            self.bend = random.between((-0.06, 0.06));
        }
        if random.happens(0.4) {
            self.drawn_at = random.by_ratio((0.7, 1.8));
        }
        self.blur = random.between((0.4, 1.4));
        self.noise = random.between((0.0, 14.0));
        if random.happens(0.8) {
            self.jpeg = Some(random.between((25.0, 95.0)) as u8);
        }
    }

    /// What the finding of lines gets wrong.
    fn reading(&mut self, random: &mut Random) {
        self.misjudged = random.between((0.93, 1.07));
        self.shift = random.between((-1.5, 1.5));
        // What a large letter survives may wipe a small one out.
        self.blur = self.blur.min(self.cap_height / 8.0);
        // A camera's noise and the room's light do not drown what a person can still read.
        let contrast = (self.ink - self.ground).abs();
        self.noise = self.noise.min(0.1 * contrast);
        self.grain = self.grain.min(0.08 * contrast);
        let most = (0.6 * contrast / self.ink.max(self.ground)).min(0.3);
        let held = |shading: f32| shading.clamp(-most, most);
        self.shading = (held(self.shading.0), held(self.shading.1));
    }

    /// Ink and ground of any levels, light on dark with a probability.
    fn colours(&mut self, random: &mut Random, light_on_dark: f32) {
        if random.happens(0.35) {
            (self.ink, self.ground) = (random.between((0.0, 60.0)), 255.0);
        } else {
            self.ink = random.between((0.0, 150.0));
            self.ground = random.between((self.ink + 50.0, 255.0));
        }
        if random.happens(light_on_dark) {
            std::mem::swap(&mut self.ink, &mut self.ground);
        }
    }

    /// Brings every setting nearer to none.
    fn weaken(&mut self, strength: f32) {
        if strength >= 1.0 {
            return;
        }
        let toward = |value: &mut f32, clean: f32| *value = clean + (*value - clean) * strength;
        for (value, clean) in [
            (&mut self.squeeze, 1.0),
            (&mut self.tracking, 0.0),
            (&mut self.darkening, 0.0),
            (&mut self.gamma, 1.0),
            (&mut self.stains, 0.0),
            (&mut self.grain, 0.0),
            (&mut self.shading.0, 0.0),
            (&mut self.shading.1, 0.0),
            (&mut self.rotation, 0.0),
            (&mut self.perspective.0, 0.0),
            (&mut self.perspective.1, 0.0),
            (&mut self.bend, 0.0),
            (&mut self.drawn_at, 1.0),
            (&mut self.blur, 0.0),
            (&mut self.noise, 0.0),
            (&mut self.misjudged, 1.0),
            (&mut self.shift, 0.0),
        ] {
            toward(value, clean);
        }
        if let Some(quality) = &mut self.jpeg {
            *quality = 100 - (f32::from(100 - *quality) * strength) as u8;
        }
    }
}
