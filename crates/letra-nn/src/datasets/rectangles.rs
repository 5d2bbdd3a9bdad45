//! Tall and wide rectangles.

use super::{Draws, SIZE, first, two_classes};
use crate::{Dataset, Error, Tensor};

/// What the random numbers of the sets are drawn for.
const RECTANGLES: usize = 0;
const RECTANGLES_IMAGE: usize = 1;

/// Which rectangles a set has.
struct Recipe {
    /// Of a side.
    least: usize,
    /// Between the sides.
    least_difference: usize,
    /// Pixels that a rectangle covers, in hundredths of a picture's.
    shares: [usize; 2],
}

/// A rectangle in a picture.
#[derive(Debug, Clone, Copy)]
struct Rectangle {
    top: usize,
    left: usize,
    height: usize,
    width: usize,
}

impl Recipe {
    /// A rectangle of this kind, unless what was drawn is none.
    fn draw(&self, draws: &mut Draws) -> Option<Rectangle> {
        let sides = SIZE + 1 - self.least;
        let [height, width] = [(); 2].map(|()| self.least + draws.below(sides));
        let [low, high] = self.shares.map(|share| share * SIZE * SIZE);
        let fits = height.abs_diff(width) >= self.least_difference
            && (low..=high).contains(&(100 * height * width));
        fits.then(|| Rectangle {
            top: draws.below(SIZE + 1 - height),
            left: draws.below(SIZE + 1 - width),
            height,
            width,
        })
    }
}

impl Rectangle {
    fn is_wide(&self) -> bool {
        self.width > self.height
    }

    /// Its pixels, row and column, and whether each is on its border.
    fn pixels(self) -> impl Iterator<Item = (usize, usize, bool)> {
        let rows = self.top..self.top + self.height;
        let columns = self.left..self.left + self.width;
        let [first_row, last_row] = [rows.start, rows.end - 1];
        let [first_column, last_column] = [columns.start, columns.end - 1];
        rows.flat_map(move |row| {
            let on_border = move |column: usize| {
                row == first_row
                    || row == last_row
                    || column == first_column
                    || column == last_column
            };
            columns
                .clone()
                .map(move |column| (row, column, on_border(column)))
        })
    }
}

/// Pictures of the border of a rectangle, 28 × 28, white (1) on black (0); class 1 where it is wider
/// than it is tall, 0 where it is taller. Inputs are `[pictures, 28, 28, 1]`.
///
/// The recipe is that of Larochelle et al. (2007), section 4.2: height and width are drawn uniformly,
/// here from 1 to 28, and again where they differ by less than 3; the place is drawn uniformly from
/// those where all of it is in the picture.
///
/// ```
/// use letra_nn::datasets::rectangles;
///
/// let data = rectangles(100, 1)?;
/// assert_eq!(data.inputs().shape(), [100, 28, 28, 1]);
/// # Ok::<(), letra_nn::Error>(())
/// ```
///
/// # Errors
/// When 0 pictures are asked for, or more than memory holds.
pub fn rectangles(pictures: usize, seed: u64) -> Result<Dataset, Error> {
    let recipe = Recipe {
        least: 1,
        least_difference: 3,
        shares: [0, 100],
    };
    two_classes(pictures, |number, picture| {
        let rectangle =
            first(|attempt| recipe.draw(&mut Draws::new(seed, RECTANGLES, number, attempt)));
        for (row, column, _) in rectangle.pixels().filter(|&(.., on_border)| on_border) {
            picture[row * SIZE + column] = 1.0;
        }
        rectangle.is_wide()
    })
}

/// As [`rectangles`], but a rectangle, with its inside, is cut from one picture and its background from
/// another. `images` are `[images, height, width]` or `[images, height, width, 1]`, at least 28 × 28
/// pixels each, of any values: photographs, pages, textures.
///
/// The recipe is that of Larochelle et al. (2007), section 4.2: both sides are at least 10 and differ
/// by at least 5, and the rectangle covers from 25 to 75 per cent of the picture. Which images, and
/// which parts of them, is drawn uniformly.
///
/// ```
/// use letra_nn::datasets::rectangles_image;
/// use letra_nn::Tensor;
///
/// let waves = (0..2 * 40 * 40).map(|place| (place as f32 * 0.37).sin()).collect();
/// let data = rectangles_image(10, &Tensor::new([2, 40, 40], waves)?, 1)?;
/// assert_eq!(data.inputs().shape(), [10, 28, 28, 1]);
/// # Ok::<(), letra_nn::Error>(())
/// ```
///
/// # Errors
/// As [`rectangles`]; when there are no images, or they are smaller or have another shape.
pub fn rectangles_image(pictures: usize, images: &Tensor, seed: u64) -> Result<Dataset, Error> {
    let (count, height, width) = match *images.shape() {
        [count, height, width] | [count, height, width, 1]
            if count > 0 && height >= SIZE && width >= SIZE =>
        {
            (count, height, width)
        }
        _ => {
            return Err(Error::data(format!(
                "the images to cut rectangles from have shape {:?}",
                images.shape()
            ))
            .with_hint(format!(
                "give at least one of [images, height, width], at least {SIZE} high and wide"
            )));
        }
    };
    let recipe = Recipe {
        least: 10,
        least_difference: 5,
        shares: [25, 75],
    };
    two_classes(pictures, |number, picture| {
        let (rectangle, mut draws) = first(|attempt| {
            let mut draws = Draws::new(seed, RECTANGLES_IMAGE, number, attempt);
            recipe.draw(&mut draws).map(|rectangle| (rectangle, draws))
        });
        // Where a patch of the picture's size begins in one of the images.
        let mut patch = || {
            let image = images.sample(draws.below(count));
            let top = draws.below(height + 1 - SIZE);
            let left = draws.below(width + 1 - SIZE);
            move |row: usize, column: usize| image[(top + row) * width + left + column]
        };
        let (background, inside) = (patch(), patch());
        for (place, pixel) in picture.iter_mut().enumerate() {
            *pixel = background(place / SIZE, place % SIZE);
        }
        for (row, column, _) in rectangle.pixels() {
            picture[row * SIZE + column] = inside(row, column);
        }
        rectangle.is_wide()
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Targets;

    fn labels(data: &Dataset) -> &[u32] {
        match data.targets() {
            Targets::Classes { labels, .. } => labels,
            Targets::Values(_) => panic!("rectangles are classes"),
        }
    }

    /// The smallest rectangle around the pixels that are picked: top, left, height, width.
    fn around(picture: &[f32], picked: impl Fn(f32) -> bool) -> [usize; 4] {
        let places = || (0..SIZE * SIZE).filter(|&place| picked(picture[place]));
        let rows = || places().map(|place| place / SIZE);
        let columns = || places().map(|place| place % SIZE);
        let (top, left) = (rows().min().unwrap(), columns().min().unwrap());
        [
            top,
            left,
            rows().max().unwrap() + 1 - top,
            columns().max().unwrap() + 1 - left,
        ]
    }

    #[test]
    fn the_class_follows_from_the_sides_and_only_a_border_is_white() {
        let data = rectangles(2000, 5).unwrap();
        for (sample, &label) in labels(&data).iter().enumerate() {
            let picture = data.inputs().sample(sample);
            let [_, _, height, width] = around(picture, |pixel| pixel == 1.0);
            assert!(height.abs_diff(width) >= 3);
            assert_eq!(label == 1, width > height);
            let inside = height.saturating_sub(2) * width.saturating_sub(2);
            let white = picture.iter().filter(|&&pixel| pixel == 1.0).count();
            assert_eq!(white, height * width - inside);
            assert!(picture.iter().all(|&pixel| pixel == 0.0 || pixel == 1.0));
        }
        // Three standard deviations of a fair coin.
        let wide: u32 = labels(&data).iter().sum();
        assert!(wide.abs_diff(1000) < 68, "{wide}");
    }

    #[test]
    fn every_side_and_every_place_comes() {
        let data = rectangles(4000, 3).unwrap();
        let sides: std::collections::BTreeSet<usize> = (0..4000)
            .flat_map(|sample| {
                let [_, _, height, width] =
                    around(data.inputs().sample(sample), |pixel| pixel == 1.0);
                [height, width]
            })
            .collect();
        assert_eq!(sides, (1..=SIZE).collect());
        let mut seen = [0.0; SIZE * SIZE];
        for sample in 0..4000 {
            let picture = data.inputs().sample(sample);
            seen.iter_mut()
                .zip(picture)
                .for_each(|(sum, pixel)| *sum += pixel);
        }
        assert!(seen.iter().all(|&sum| sum > 0.0));
    }

    #[test]
    fn a_seed_and_a_number_make_a_picture() {
        let (few, many) = (rectangles(10, 7).unwrap(), rectangles(50, 7).unwrap());
        assert_eq!(
            few.inputs().data(),
            &many.inputs().data()[..10 * SIZE * SIZE]
        );
        assert_ne!(few, rectangles(10, 8).unwrap());
        assert!(rectangles(0, 7).is_err());
        assert!(rectangles(usize::MAX, 7).is_err());
    }

    #[test]
    fn rectangles_of_images_are_cut_from_them() {
        // One image is below 0.5 everywhere and the other above, and no two pixels are alike.
        let pixels = 30 * 31;
        let value = |place: usize| {
            let (image, place) = (place / pixels, place % pixels);
            0.5 * image as f32 + 0.4 * place as f32 / pixels as f32
        };
        let images = Tensor::new([2, 30, 31, 1], (0..2 * pixels).map(value).collect()).unwrap();
        let data = rectangles_image(600, &images, 2).unwrap();
        let mut told = 0;
        for (sample, &label) in labels(&data).iter().enumerate() {
            let picture = data.inputs().sample(sample);
            let centre = picture[SIZE / 2 * SIZE + SIZE / 2] >= 0.5;
            let [_, _, height, width] = around(picture, |pixel| (pixel >= 0.5) == centre);
            let inside = picture
                .iter()
                .filter(|&&pixel| (pixel >= 0.5) == centre)
                .count();
            // Where both are of one image, or the background is at the centre, they are not told apart.
            if inside != height * width || inside == SIZE * SIZE {
                continue;
            }
            told += 1;
            assert_eq!(label == 1, width > height);
            assert!(height.min(width) >= 10 && height.abs_diff(width) >= 5);
            assert!((SIZE * SIZE..=3 * SIZE * SIZE).contains(&(4 * inside)));
        }
        assert!(told > 150, "{told}");
        for shape in [
            vec![2, 27, 40],
            vec![0, 30, 30],
            vec![2, 30, 30, 3],
            vec![900],
        ] {
            let error = rectangles_image(1, &Tensor::zeros(shape), 1).unwrap_err();
            assert!(error.to_string().contains("28"), "{error}");
        }
    }
}
