//! Small grids of numbers as pictures inside the page.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use maud::{Markup, html};

use crate::failure::Failure;

/// Numbers in rows from the top, ready to be drawn.
#[derive(Debug, Clone, PartialEq)]
pub struct Grid {
    width: usize,
    values: Vec<f32>,
}

impl Grid {
    /// `values` in rows of `width` numbers.
    ///
    /// # Panics
    /// When the values do not fill whole rows.
    pub fn new(width: usize, values: Vec<f32>) -> Self {
        assert!(
            width > 0 && !values.is_empty() && values.len().is_multiple_of(width),
            "{} values do not fill rows of {width}",
            values.len()
        );
        Self { width, values }
    }

    fn height(&self) -> usize {
        self.values.len() / self.width
    }

    /// Largest distance of a number from zero.
    pub fn largest(&self) -> f32 {
        self.values
            .iter()
            .fold(0.0, |most, value| most.max(value.abs()))
    }

    /// All values times a factor.
    #[must_use]
    pub fn scaled(&self, factor: f32) -> Self {
        let values = self.values.iter().map(|value| value * factor);
        Self::new(self.width, values.collect())
    }

    /// Grids of one size as one, in rows of so many columns with a gap of zeros between them; nothing where there is
    /// none.
    pub fn sheet(grids: &[Self], columns: usize) -> Option<Self> {
        const GAP: usize = 2;
        let (first, columns) = (grids.first()?, columns.clamp(1, grids.len()));
        let (width, height) = (first.width + GAP, first.height() + GAP);
        let (across, down) = (
            columns * width - GAP,
            grids.len().div_ceil(columns) * height - GAP,
        );
        let mut values = vec![0.0; across * down];
        for (place, grid) in grids.iter().enumerate() {
            let (top, left) = (place / columns * height, place % columns * width);
            for (row, line) in grid
                .values
                .chunks(grid.width)
                .enumerate()
                .take(height - GAP)
            {
                let from = (top + row) * across + left;
                let shown = line.len().min(first.width);
                values[from..from + shown].copy_from_slice(&line[..shown]);
            }
        }
        Some(Self::new(across, values))
    }

    /// Ink: 0 is the page, `full` and above is ink, in between is grey. Ink is transparent where the
    /// page shows, and `style.css` turns it white on a dark page.
    pub fn ink(&self, full: f32, description: &str) -> Result<Markup, Failure> {
        let pixels = self
            .values
            .iter()
            .flat_map(|value| [0, share(*value, full)]);
        self.image(
            "ink",
            png::ColorType::GrayscaleAlpha,
            pixels.collect(),
            description,
        )
    }

    /// Red above zero, blue below, the stronger the further; `full` is full colour.
    pub fn diverging(&self, full: f32, description: &str) -> Result<Markup, Failure> {
        let pixels = self.values.iter().flat_map(|value| {
            let [red, green, blue] = if *value < 0.0 {
                [38, 104, 200]
            } else {
                [206, 56, 40]
            };
            [red, green, blue, share(value.abs(), full)]
        });
        self.image(
            "diverging",
            png::ColorType::Rgba,
            pixels.collect(),
            description,
        )
    }

    fn image(
        &self,
        class: &str,
        colour: png::ColorType,
        pixels: Vec<u8>,
        description: &str,
    ) -> Result<Markup, Failure> {
        let file = encode(self.width, self.height(), colour, &pixels).map_err(|error| {
            Failure::new(format!("cannot draw a picture of the report: {error}"))
        })?;
        let address = address(&file);
        Ok(html! {
            img class=(class) src=(address) alt=(description)
                width=(self.width) height=(self.height());
        })
    }
}

/// A PNG file as an address that holds it.
pub fn address(file: &[u8]) -> String {
    format!("data:image/png;base64,{}", STANDARD.encode(file))
}

fn share(value: f32, full: f32) -> u8 {
    if full > 0.0 && value > 0.0 {
        (value / full * 255.0).round().min(255.0) as u8
    } else {
        0
    }
}

fn encode(
    width: usize,
    height: usize,
    colour: png::ColorType,
    pixels: &[u8],
) -> Result<Vec<u8>, png::EncodingError> {
    let mut file = Vec::new();
    let mut encoder = png::Encoder::new(&mut file, width as u32, height as u32);
    encoder.set_color(colour);
    encoder.set_depth(png::BitDepth::Eight);
    encoder.set_compression(png::Compression::High);
    let mut writer = encoder.write_header()?;
    writer.write_image_data(pixels)?;
    writer.finish()?;
    Ok(file)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn pixels(image: Markup) -> Vec<u8> {
        let page = image.into_string();
        let start = page.find("base64,").unwrap() + "base64,".len();
        let end = start + page[start..].find('"').unwrap();
        let file = STANDARD.decode(&page[start..end]).unwrap();
        let mut reader = png::Decoder::new(std::io::Cursor::new(file))
            .read_info()
            .unwrap();
        let mut pixels = vec![0; reader.output_buffer_size().unwrap()];
        reader.next_frame(&mut pixels).unwrap();
        pixels
    }

    #[test]
    fn ink_covers_in_proportion() {
        let grid = Grid::new(2, vec![0.0, 0.5, 1.0, 7.0]);
        let image = grid.ink(1.0, "an a").unwrap();
        assert!(image.clone().into_string().contains(r#"alt="an a""#));
        assert_eq!(pixels(image), [0, 0, 0, 128, 0, 255, 0, 255]);
    }

    #[test]
    fn weights_are_blue_below_zero_and_red_above() {
        let grid = Grid::new(3, vec![-2.0, 0.0, 2.0]);
        let drawn = pixels(grid.diverging(grid.largest(), "weights").unwrap());
        assert!(drawn[2] > drawn[0] && drawn[3] == 255);
        assert_eq!(drawn[7], 0);
        assert!(drawn[8] > drawn[10] && drawn[11] == 255);
    }

    #[test]
    fn a_sheet_has_its_grids_in_rows() {
        let grids: Vec<_> = (1..=3)
            .map(|value| Grid::new(2, vec![value as f32; 2]))
            .collect();
        let sheet = Grid::sheet(&grids, 2).unwrap();
        assert_eq!((sheet.width, sheet.height()), (6, 4));
        let rows: Vec<_> = sheet.values.chunks(6).collect();
        assert_eq!(rows[0], [1.0, 1.0, 0.0, 0.0, 2.0, 2.0]);
        assert_eq!(rows[3], [3.0, 3.0, 0.0, 0.0, 0.0, 0.0]);
        assert!(rows[1..3].iter().all(|row| row == &[0.0; 6]));
        assert_eq!(Grid::sheet(&[], 2), None);
    }

    #[test]
    fn a_grid_of_zeros_is_an_empty_picture() {
        let grid = Grid::new(2, vec![0.0; 4]);
        assert!(
            pixels(grid.diverging(grid.largest(), "").unwrap())
                .chunks(4)
                .all(|p| p[3] == 0)
        );
    }

    #[test]
    fn a_number_that_is_none_is_left_blank() {
        let grid = Grid::new(1, vec![f32::NAN]);
        assert_eq!(pixels(grid.ink(1.0, "").unwrap())[1], 0);
    }
}
