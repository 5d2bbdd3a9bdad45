//! Pictures as shares of ink.

use letra_type::Picture;

use crate::failure::Failure;

/// How much of each pixel is ink, 0 to 1, in rows.
#[derive(Debug, Clone, PartialEq)]
pub(in crate::lab::adversarial) struct Ink {
    pub(in crate::lab::adversarial) width: usize,
    pub(in crate::lab::adversarial) values: Vec<f32>,
}

/// Grey levels of ink and ground.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(in crate::lab::adversarial) struct Levels {
    pub(in crate::lab::adversarial) ink: f32,
    pub(in crate::lab::adversarial) ground: f32,
}

/// The share of the pixels that are taken for ink through and through.
const INKED: f32 = 0.005;

impl Levels {
    /// Those of a picture of text: the ground is the median, and ink is what the farthest pixels from it are.
    pub(in crate::lab::adversarial) fn of(picture: &Picture) -> Self {
        let mut levels = picture.pixels().to_vec();
        levels.sort_unstable();
        let at = |share: f32| f32::from(levels[((levels.len() - 1) as f32 * share) as usize]);
        let (dark, ground, light) = (at(INKED), at(0.5), at(1.0 - INKED));
        let ink = match ground - dark >= light - ground {
            true => dark,
            false => light,
        };
        // A picture of one level shows no ink, whatever is taken for it.
        let ink = if (ink - ground).abs() < 1.0 {
            ground - 1.0
        } else {
            ink
        };
        Self { ink, ground }
    }
}

impl Ink {
    pub(in crate::lab::adversarial) fn height(&self) -> usize {
        self.values.len() / self.width.max(1)
    }

    /// A picture by its levels; what is beyond the ink's level is above 1.
    pub(in crate::lab::adversarial) fn of(picture: &Picture, levels: Levels) -> Self {
        let Levels { ink, ground } = levels;
        let share = |&level: &u8| (f32::from(level) - ground) / (ink - ground);
        Self {
            width: picture.width(),
            values: picture.pixels().iter().map(share).collect(),
        }
    }

    /// The picture in such levels.
    pub(in crate::lab::adversarial) fn picture(&self, levels: Levels) -> Result<Picture, Failure> {
        let Levels { ink, ground } = levels;
        let level = |share: &f32| (ground + share * (ink - ground)).round().clamp(0.0, 255.0) as u8;
        let pixels = self.values.iter().map(level).collect();
        Ok(Picture::new(self.width, self.height(), pixels)?)
    }

    /// The mean of each square of `factor` × `factor` pixels; what fills none is left out.
    pub(in crate::lab::adversarial) fn reduced(&self, factor: usize) -> Self {
        let (width, height) = (self.width / factor, self.height() / factor);
        let mean = |place: usize| {
            let (row, column) = (place / width * factor, place % width * factor);
            let rows =
                (row..row + factor).map(|row| &self.values[row * self.width + column..][..factor]);
            rows.flatten().sum::<f32>() / (factor * factor) as f32
        };
        Self {
            width,
            values: (0..width * height).map(mean).collect(),
        }
    }

    /// Larger by a factor, by cubic convolution (Keys 1981, a = −½); the edge goes on beyond itself.
    pub(in crate::lab::adversarial) fn enlarged(&self, factor: usize) -> Self {
        let across = Self {
            width: self.width * factor,
            values: (self.values.chunks_exact(self.width))
                .flat_map(|row| stretched(row, factor))
                .collect(),
        };
        let height = self.height();
        let mut values = vec![0.0; across.width * height * factor];
        for column in 0..across.width {
            let line: Vec<f32> = (0..height)
                .map(|row| across.values[row * across.width + column])
                .collect();
            for (row, value) in stretched(&line, factor).into_iter().enumerate() {
                values[row * across.width + column] = value;
            }
        }
        Self {
            width: across.width,
            values,
        }
    }

    /// Larger by a factor, each pixel as a square.
    pub(in crate::lab::adversarial) fn repeated(&self, factor: usize) -> Self {
        let width = self.width * factor;
        let at = |place: usize| {
            self.values[place / width / factor * self.width + place % width / factor]
        };
        Self {
            width,
            values: (0..self.values.len() * factor * factor).map(at).collect(),
        }
    }

    /// The part of `[width, height]` pixels that begins at `[left, top]`; beyond the picture there is no ink.
    pub(in crate::lab::adversarial) fn part(
        &self,
        [left, top]: [usize; 2],
        [width, height]: [usize; 2],
    ) -> Self {
        let at = |place: usize| {
            let (row, column) = (top + place / width, left + place % width);
            match column < self.width {
                true => self
                    .values
                    .get(row * self.width + column)
                    .copied()
                    .unwrap_or(0.0),
                false => 0.0,
            }
        };
        Self {
            width,
            values: (0..width * height).map(at).collect(),
        }
    }
}

/// A line of values made longer by cubic convolution.
fn stretched(line: &[f32], factor: usize) -> Vec<f32> {
    let last = line.len() as isize - 1;
    let value = |place: usize| {
        let centre = (place as f32 + 0.5) / factor as f32 - 0.5;
        let first = centre.floor() as isize - 1;
        let taps = (first..first + 4).map(|at| {
            let away = (centre - at as f32).abs();
            line[at.clamp(0, last) as usize] * cubic(away)
        });
        taps.sum()
    };
    (0..line.len() * factor).map(value).collect()
}

fn cubic(away: f32) -> f32 {
    const A: f32 = -0.5;
    match away {
        away if away <= 1.0 => ((A + 2.0) * away - (A + 3.0)) * away * away + 1.0,
        away if away < 2.0 => ((A * away - 5.0 * A) * away + 8.0 * A) * away - 4.0 * A,
        _ => 0.0,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn slope() -> Ink {
        Ink {
            width: 12,
            values: (0..12 * 10)
                .map(|place| 0.05 * (place % 12) as f32 + 0.01 * (place / 12) as f32)
                .collect(),
        }
    }

    #[test]
    fn a_slope_stays_one_when_it_is_enlarged_and_comes_back_when_it_is_reduced() {
        for factor in [2, 4] {
            let large = slope().enlarged(factor);
            assert_eq!((large.width, large.height()), (12 * factor, 10 * factor));
            let back = large.reduced(factor);
            for row in 2..8 {
                for column in 2..10 {
                    let place = row * 12 + column;
                    assert!((back.values[place] - slope().values[place]).abs() < 1e-5);
                }
            }
        }
    }

    #[test]
    fn levels_are_found_in_both_polarities_and_pictures_come_back() {
        for levels in [
            Levels {
                ink: 20.0,
                ground: 230.0,
            },
            Levels {
                ink: 200.0,
                ground: 60.0,
            },
        ] {
            let values = (0..400)
                .map(|place| f32::from(u8::from(place % 9 == 0)))
                .collect();
            let ink = Ink { width: 20, values };
            let picture = ink.picture(levels).unwrap();
            assert_eq!(Levels::of(&picture), levels);
            assert_eq!(Ink::of(&picture, levels), ink);
        }
        let blank = Picture::blank(9, 9, 0).unwrap();
        assert_eq!(Ink::of(&blank, Levels::of(&blank)).values, [0.0; 81]);
    }

    #[test]
    fn parts_reach_beyond_the_picture() {
        let part = slope().part([10, 8], [4, 3]);
        assert_eq!(part.values[0], slope().values[8 * 12 + 10]);
        assert_eq!(part.values[2..4], [0.0; 2]);
        assert_eq!(part.values[8..], [0.0; 4]);
        assert_eq!(slope().repeated(2).values[25], slope().values[0]);
    }
}
