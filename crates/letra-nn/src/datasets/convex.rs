//! Regions that are convex, and regions that are not.

use super::{Draws, SIZE, first, two_classes};
use crate::{Dataset, Error};

/// What the random numbers of the set are drawn for.
const CONVEX: usize = 2;

/// How a convex region is drawn: the parameter of the geometric distribution of the number of
/// half-planes, and the fewest pixels of what they have in common.
struct Recipe {
    parameter: f64,
    fewest: u32,
}

const ALONE: Recipe = Recipe {
    parameter: 0.195,
    fewest: 19,
};

/// Of a region that is one of several.
const AMONG_OTHERS: Recipe = Recipe {
    parameter: 0.07,
    fewest: 10,
};

/// White pixels, a bit each: the first column is the lowest bit of a row.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Region([u32; SIZE]);

/// Pictures of a white (1) region on black (0), 28 × 28; class 1 where it is convex, 0 where it is not.
/// Inputs are `[pictures, 28, 28, 1]`. The classes are equally likely.
///
/// The recipe is that of Larochelle et al. (2007), section 4.3, with the numbers that its authors gave
/// with the data: a convex region is what half-planes have in common whose places and directions are
/// drawn uniformly, as many as a geometric distribution of parameter 0.195 says, and at least 19 pixels.
/// A region that is not convex is the union of two to four convex ones, of parameter 0.07 and at least
/// 10 pixels each; where that is convex, all is drawn again. Here, a region is convex where it has all
/// pixels whose centres lie in the convex hull of its pixels' centres.
///
/// The authors balanced these numbers so that both classes have as many white pixels in the mean, and do
/// not say whether there may be no half-plane, nor what is drawn again where too few pixels are left.
/// Here there is at least one, and the half-plane alone that leaves too few is drawn again: of the
/// readings tried, the one with which the numbers are balanced and no picture is all white.
///
/// ```
/// use letra_nn::datasets::convex;
///
/// let data = convex(100, 1)?;
/// assert_eq!(data.inputs().shape(), [100, 28, 28, 1]);
/// # Ok::<(), letra_nn::Error>(())
/// ```
///
/// # Errors
/// When 0 pictures are asked for, or more than memory holds.
pub fn convex(pictures: usize, seed: u64) -> Result<Dataset, Error> {
    two_classes(pictures, |number, picture| {
        // The class is drawn apart from the picture, so that attempts do not favour one.
        let is_convex = Draws::new(seed, CONVEX, number, 0).below(2) == 1;
        let region = first(|attempt| {
            let mut draws = Draws::new(seed, CONVEX, number, attempt + 1);
            match is_convex {
                true => Some(ALONE.draw(&mut draws)),
                false => Some(union(&mut draws)).filter(|region| !region.is_convex()),
            }
        });
        for (place, pixel) in picture.iter_mut().enumerate() {
            *pixel = region.has(place / SIZE, place % SIZE) as u8 as f32;
        }
        is_convex
    })
}

/// Two to four convex regions together.
fn union(draws: &mut Draws) -> Region {
    let mut all = Region([0; SIZE]);
    for _ in 0..2 + draws.below(3) {
        let part = AMONG_OTHERS.draw(draws);
        let rows = all.0.iter_mut().zip(part.0);
        rows.for_each(|(all, row)| *all |= row);
    }
    all
}

impl Recipe {
    /// What some half-planes have in common.
    fn draw(&self, draws: &mut Draws) -> Region {
        let mut region = Region([(1 << SIZE) - 1; SIZE]);
        // Trials up to the first that succeeds, by the inverse of their distribution.
        let failures = libm::log(draws.fraction()) / libm::log(1.0 - self.parameter);
        for _ in 0..=failures as usize {
            region = loop {
                let cut = region.cut(draws);
                if cut.pixels() >= self.fewest {
                    break cut;
                }
            };
        }
        region
    }
}

impl Region {
    fn has(&self, row: usize, column: usize) -> bool {
        self.0[row] >> column & 1 == 1
    }

    fn pixels(&self) -> u32 {
        self.0.iter().map(|row| row.count_ones()).sum()
    }

    /// What it has in common with a half-plane, whose border goes through a place of the picture in a
    /// direction, both drawn.
    fn cut(mut self, draws: &mut Draws) -> Self {
        let [row, column] = [(); 2].map(|()| SIZE as f64 * draws.fraction());
        let (sine, cosine) = libm::sincos(std::f64::consts::TAU * draws.fraction());
        for (number, bits) in self.0.iter_mut().enumerate() {
            let down = (number as f64 + 0.5 - row) * sine;
            for place in 0..SIZE {
                let is_outside = down + (place as f64 + 0.5 - column) * cosine < 0.0;
                *bits &= !(u32::from(is_outside) << place);
            }
        }
        self
    }

    /// Whether it has all pixels in the convex hull of its pixels.
    fn is_convex(&self) -> bool {
        let hull = self.hull();
        let inside = |row: usize, column: usize| {
            let point = [row as i32, column as i32];
            let sides = hull.iter().zip(hull.iter().cycle().skip(1));
            hull.len() > 2
                && sides
                    .into_iter()
                    .all(|(&from, &to)| turn(from, to, point) >= 0)
        };
        match hull.len() {
            // A point, or a line: it has as many pixels as there are on it.
            ..=2 => {
                let steps = hull.first().zip(hull.get(1)).map_or(0, |(from, to)| {
                    gcd(from[0].abs_diff(to[0]), from[1].abs_diff(to[1]))
                });
                self.pixels() <= steps + 1 && self.pixels() > steps
            }
            _ => (0..SIZE * SIZE).all(|place| {
                let (row, column) = (place / SIZE, place % SIZE);
                self.has(row, column) || !inside(row, column)
            }),
        }
    }

    /// The corners of the convex hull, against the clock, by the monotone chain of Andrew (1979).
    fn hull(&self) -> Vec<[i32; 2]> {
        let places = (0..SIZE * SIZE).filter(|&place| self.has(place / SIZE, place % SIZE));
        let points: Vec<[i32; 2]> = places
            .map(|place| [(place / SIZE) as i32, (place % SIZE) as i32])
            .collect();
        let chain = |points: &mut dyn Iterator<Item = [i32; 2]>| {
            let mut chain: Vec<[i32; 2]> = Vec::new();
            for point in points {
                while let [.., before, last] = chain[..]
                    && turn(before, last, point) <= 0
                {
                    chain.pop();
                }
                chain.push(point);
            }
            // The last begins the other chain.
            chain.pop();
            chain
        };
        let mut hull = chain(&mut points.iter().copied());
        hull.extend(chain(&mut points.iter().rev().copied()));
        match hull.is_empty() {
            true => points,
            false => hull,
        }
    }
}

/// Above 0 where the way from the first point over the second to the third turns left, 0 where it goes
/// straight on.
fn turn(first: [i32; 2], second: [i32; 2], third: [i32; 2]) -> i32 {
    (second[0] - first[0]) * (third[1] - first[1]) - (second[1] - first[1]) * (third[0] - first[0])
}

fn gcd(first: u32, second: u32) -> u32 {
    match second {
        0 => first,
        _ => gcd(second, first % second),
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::Targets;

    /// Another way to tell: a point outside the hull sees all of the region within half a turn.
    fn is_convex(region: &Region) -> bool {
        let places = (0..SIZE * SIZE).map(|place| (place / SIZE, place % SIZE));
        let (white, black): (Vec<_>, Vec<_>) =
            places.partition(|&(row, column)| region.has(row, column));
        !black.iter().any(|&(row, column)| {
            let angle =
                |&(r, c): &(usize, usize)| (r as f64 - row as f64).atan2(c as f64 - column as f64);
            let mut angles: Vec<f64> = white.iter().map(angle).collect();
            angles.sort_by(f64::total_cmp);
            let wrap = angles[0] + std::f64::consts::TAU - angles[angles.len() - 1];
            let gaps = angles.windows(2).map(|pair| pair[1] - pair[0]);
            gaps.fold(wrap, f64::max) <= std::f64::consts::PI + 1e-9
        })
    }

    fn region(picture: &[f32]) -> Region {
        let mut rows = [0; SIZE];
        for (place, &pixel) in picture.iter().enumerate() {
            assert!(pixel == 0.0 || pixel == 1.0);
            rows[place / SIZE] |= (pixel as u32) << (place % SIZE);
        }
        Region(rows)
    }

    #[test]
    fn the_class_says_whether_the_region_is_convex() {
        let data = convex(400, 3).unwrap();
        let Targets::Classes { labels, count: 2 } = data.targets() else {
            panic!("regions are classes");
        };
        for (sample, &label) in labels.iter().enumerate() {
            let region = region(data.inputs().sample(sample));
            assert_eq!(is_convex(&region), label == 1);
            assert!(region.pixels() >= if label == 1 { 19 } else { 10 });
        }
        let ones: u32 = labels.iter().sum();
        // Three standard deviations of a fair coin.
        assert!(ones.abs_diff(200) < 31, "{ones}");
    }

    /// As the authors balanced them: how much is white tells nothing about the class.
    #[test]
    fn both_classes_have_about_as_many_white_pixels() {
        let data = convex(3000, 1).unwrap();
        let Targets::Classes { labels, .. } = data.targets() else {
            panic!("regions are classes");
        };
        let mean = |class: u32| {
            let of_class: Vec<f64> = (0..3000)
                .filter(|&sample| labels[sample] == class)
                .map(|sample| f64::from(data.inputs().sample(sample).iter().sum::<f32>()))
                .collect();
            of_class.iter().sum::<f64>() / of_class.len() as f64
        };
        let (not_convex, is_convex) = (mean(0), mean(1));
        assert!(
            (not_convex / is_convex - 1.0).abs() < 0.1,
            "{not_convex}, {is_convex}"
        );
    }

    #[test]
    fn a_seed_and_a_number_make_a_picture() {
        let (few, many) = (convex(5, 7).unwrap(), convex(9, 7).unwrap());
        assert_eq!(
            few.inputs().data(),
            &many.inputs().data()[..5 * SIZE * SIZE]
        );
        assert_ne!(few, convex(5, 8).unwrap());
        assert!(convex(0, 1).is_err());
    }

    proptest! {
        #[test]
        fn two_ways_tell_convexity_alike(points in prop::collection::vec((0_usize..6, 0_usize..6), 1..12)) {
            let mut rows = [0; SIZE];
            points.iter().for_each(|&(row, column)| rows[row] |= 1 << column);
            let region = Region(rows);
            prop_assert_eq!(region.is_convex(), is_convex(&region));
        }
    }
}
