//! Pictures of any size in grey.

mod codecs;

use crate::error::{Error, Result};
use crate::lines::reduced;

/// The longest side of a picture in pixels.
pub(crate) const LONGEST_SIDE: usize = 65_535;

/// The most pixels of a picture.
pub(crate) const MOST_PIXELS: usize = 1 << 28;

/// The most pixels of a picture whose colours are held at once while it is read.
pub(crate) const MOST_OF_COLOURS: usize = 1 << 26;

/// A picture in grey levels: one byte a pixel, 0 black to 255 white, in rows from the top.
///
/// ```
/// use letra_type::Picture;
///
/// let picture = Picture::new(3, 1, vec![0, 128, 255])?;
/// assert_eq!((picture.width(), picture.height(), picture.pixels()[2]), (3, 1, 255));
/// assert!(Picture::new(3, 2, vec![0; 5]).is_err());
/// # Ok::<(), letra_type::Error>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Picture {
    width: usize,
    height: usize,
    pixels: Vec<u8>,
}

impl Picture {
    /// A picture of `width × height` grey levels.
    ///
    /// # Errors
    /// A side is 0 or above 65,535, there are more than 268,435,456 pixels, or `pixels` is not
    /// `width × height` long.
    pub fn new(width: usize, height: usize, pixels: Vec<u8>) -> Result<Self> {
        check_size("the picture", width, height)?;
        if pixels.len() != width * height {
            return Err(Error::Picture {
                file: "the picture".into(),
                problem: format!("{width} by {height} pixels are not {} bytes", pixels.len()),
            });
        }
        Ok(Self {
            width,
            height,
            pixels,
        })
    }

    /// A picture all of one grey level.
    ///
    /// # Errors
    /// A side is 0 or above 65,535, or there are more than 268,435,456 pixels.
    pub fn blank(width: usize, height: usize, grey: u8) -> Result<Self> {
        check_size("the picture", width, height)?;
        Ok(Self {
            width,
            height,
            pixels: vec![grey; width * height],
        })
    }

    /// A picture whose parts are known to fit.
    pub(crate) fn from_parts(width: usize, height: usize, pixels: Vec<u8>) -> Self {
        debug_assert_eq!(pixels.len(), width * height);
        Self {
            width,
            height,
            pixels,
        }
    }

    /// Width in pixels.
    pub fn width(&self) -> usize {
        self.width
    }

    /// Height in pixels.
    pub fn height(&self) -> usize {
        self.height
    }

    /// The grey levels in rows from the top.
    pub fn pixels(&self) -> &[u8] {
        &self.pixels
    }

    /// The picture turned clockwise by so many quarters.
    ///
    /// ```
    /// use letra_type::Picture;
    ///
    /// let picture = Picture::new(3, 1, vec![0, 128, 255])?;
    /// assert_eq!(picture.turned(2).pixels(), [255, 128, 0]);
    /// assert_eq!((picture.turned(1).height(), picture.turned(3).pixels()[0]), (3, 255));
    /// # Ok::<(), letra_type::Error>(())
    /// ```
    #[must_use]
    pub fn turned(&self, quarters: usize) -> Self {
        codecs::turned_by_quarters(self.clone(), quarters)
    }

    /// The picture made smaller by a whole factor: means of squares; what is left of a square at the right
    /// or bottom edge counts as a whole one.
    ///
    /// ```
    /// use letra_type::Picture;
    ///
    /// let picture = Picture::new(3, 2, vec![10, 20, 30, 40, 50, 60])?;
    /// assert_eq!(picture.reduced(2).pixels(), [30, 45]);
    /// # Ok::<(), letra_type::Error>(())
    /// ```
    #[must_use]
    pub fn reduced(&self, factor: usize) -> Self {
        let grey = reduced(&self.pixels, (self.width, self.height), factor);
        Self::from_parts(grey.width, grey.height, grey.levels)
    }

    /// Lays another picture over this one, its upper left corner at (left, top); of it as much as
    /// `most` says (width, height) and as falls into this one.
    pub(crate) fn paste(
        &mut self,
        other: &Self,
        (left, top): (usize, usize),
        most: (usize, usize),
    ) {
        let left = left.min(self.width);
        let width = other.width.min(most.0).min(self.width - left);
        let height = other.height.min(most.1);
        let rows = self.pixels.chunks_exact_mut(self.width).skip(top);
        for (row, from) in rows
            .zip(other.pixels.chunks_exact(other.width))
            .take(height)
        {
            row[left..left + width].copy_from_slice(&from[..width]);
        }
    }

    /// Paints the picture with a grey level: `coverage` says how much of each pixel it hides,
    /// in rows of `width`, its first pixel at (left, top). All of it must fall into the picture.
    pub(crate) fn paint(
        &mut self,
        coverage: &[u8],
        width: usize,
        (left, top): (usize, usize),
        grey: u8,
    ) {
        let rows = self.pixels.chunks_exact_mut(self.width).skip(top);
        for (row, coverage) in rows.zip(coverage.chunks_exact(width)) {
            for (pixel, &opacity) in row[left..].iter_mut().zip(coverage) {
                *pixel = mix(*pixel, grey, opacity);
            }
        }
    }
}

/// `over` laid on `under` with an opacity of 0 to 255.
pub(crate) fn mix(under: u8, over: u8, opacity: u8) -> u8 {
    let opacity = u32::from(opacity);
    ((u32::from(under) * (255 - opacity) + u32::from(over) * opacity + 127) / 255) as u8
}

/// Whether a picture of this size is within the limits.
pub(crate) fn check_size(file: &str, width: usize, height: usize) -> Result<()> {
    check_size_of(MOST_PIXELS, file, width, height)
}

/// As [`check_size`], of a picture whose colours are held at once.
pub(crate) fn check_size_of_colours(file: &str, width: usize, height: usize) -> Result<()> {
    check_size_of(MOST_OF_COLOURS, file, width, height)
}

fn check_size_of(most: usize, file: &str, width: usize, height: usize) -> Result<()> {
    let sides = 1..=LONGEST_SIDE;
    if sides.contains(&width) && sides.contains(&height) && width * height <= most {
        return Ok(());
    }
    Err(Error::PictureSize {
        file: file.into(),
        width,
        height,
    })
}
