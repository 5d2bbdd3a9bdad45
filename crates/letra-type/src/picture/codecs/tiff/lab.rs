//! Colours of CIE L*a*b* (TIFF 6.0, section 23, and its supplement on ICC's).

/// Levels of sRGB are looked up by so many steps of light.
const STEPS: usize = 1 << 16;

/// The white of L*a*b* in files: CIE's illuminant D50.
const WHITE: [f32; 3] = [0.964_22, 1.0, 0.825_21];

/// Light of sRGB's red, green and blue from X, Y and Z under D50, Bradford's adaptation of IEC
/// 61966-2-1 (Lindbloom, "RGB/XYZ matrices").
const RGB_OF_XYZ: [[f32; 3]; 3] = [
    [3.133_856, -1.616_867, -0.490_615],
    [-0.978_768, 1.916_142, 0.033_454],
    [0.071_945, -0.228_991, 1.405_243],
];

pub(super) struct Lab {
    /// What is taken from the stored a* and b*.
    shift: u8,
    /// The level of sRGB of each step of light.
    levels: Vec<u8>,
}

impl Lab {
    /// a* and b* as bytes from -128 to 127 (CIELab).
    pub(super) fn signed() -> Self {
        Self::new(0)
    }

    /// a* and b* as bytes whose 128 is 0 (ICCLab).
    pub(super) fn shifted() -> Self {
        Self::new(128)
    }

    fn new(shift: u8) -> Self {
        let level = |step: usize| {
            let light = step as f32 / (STEPS - 1) as f32;
            let level = match light <= 0.003_130_8 {
                true => 12.92 * light,
                false => 1.055 * libm::powf(light, 1.0 / 2.4) - 0.055,
            };
            (level * 255.0 + 0.5) as u8
        };
        Self {
            shift,
            levels: (0..STEPS).map(level).collect(),
        }
    }

    /// Red, green and blue of sRGB of stored L*, a* and b*; what is beyond them at their ends.
    pub(super) fn rgb_of(&self, [lightness, a, b]: [u8; 3]) -> [u8; 3] {
        let of_colour = |stored: u8| f32::from(stored.wrapping_sub(self.shift) as i8);
        let y = (f32::from(lightness) * (100.0 / 255.0) + 16.0) / 116.0;
        let roots = [y + of_colour(a) / 500.0, y, y - of_colour(b) / 200.0];
        let xyz = [0, 1, 2].map(|place| light(roots[place]) * WHITE[place]);
        RGB_OF_XYZ.map(|[x, y, z]| {
            let light = x * xyz[0] + y * xyz[1] + z * xyz[2];
            // A number beyond the ends of its type becomes these.
            let step = (light * (STEPS - 1) as f32 + 0.5) as usize;
            self.levels[step.min(STEPS - 1)]
        })
    }
}

/// The share of white's light that a root stands for (CIE 15, section 8.2.1).
fn light(root: f32) -> f32 {
    const BEND: f32 = 6.0 / 29.0;
    match root > BEND {
        true => root * root * root,
        false => 3.0 * BEND * BEND * (root - 4.0 / 29.0),
    }
}
