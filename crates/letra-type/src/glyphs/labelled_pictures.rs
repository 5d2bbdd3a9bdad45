//! A data set: pictures of equal size, each with its class.

use crate::error::{Error, Result};
use crate::picture::Picture;

/// Pictures of equal size with labels, class names and, when known, the character each shows.
///
/// A picture is `height × width` bytes in rows from the top: 255 is ink, 0 is paper.
///
/// ```
/// use letra_type::LabelledPictures;
///
/// // Two pictures of 1 × 2 pixels.
/// let names = vec!["left".to_owned(), "right".to_owned()];
/// let pictures = LabelledPictures::new(1, 2, vec![255, 0, 0, 255], vec![0, 1], names)?;
/// assert_eq!((pictures.len(), pictures.class_names()[1].as_str()), (2, "right"));
/// # Ok::<(), letra_type::Error>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LabelledPictures {
    height: usize,
    width: usize,
    pixels: Vec<u8>,
    labels: Vec<usize>,
    class_names: Vec<String>,
    characters: Option<Vec<char>>,
    groups: Option<Vec<usize>>,
}

impl LabelledPictures {
    /// A data set of `labels.len()` pictures; `pixels` holds them one after the other.
    ///
    /// # Errors
    /// No pictures; a side of 0; `pixels` is not `labels.len() × height × width` long; a label
    /// without a class name.
    pub fn new(
        height: usize,
        width: usize,
        pixels: Vec<u8>,
        labels: Vec<usize>,
        class_names: Vec<String>,
    ) -> Result<Self> {
        let fail = |problem| Err(Error::DataSet { problem });
        if labels.is_empty() {
            return fail("there are none".into());
        }
        if height == 0 || width == 0 {
            return fail(format!("they are {height} by {width} pixels"));
        }
        let wanted = height
            .checked_mul(width)
            .and_then(|size| size.checked_mul(labels.len()));
        if wanted != Some(pixels.len()) {
            return fail(format!(
                "{} pictures of {height} by {width} pixels cannot come from {} bytes",
                labels.len(),
                pixels.len()
            ));
        }
        if let Some(picture) = labels.iter().position(|&label| label >= class_names.len()) {
            return fail(format!(
                "picture {picture} has label {} but there are {} classes",
                labels[picture],
                class_names.len()
            ));
        }
        let (characters, groups) = (None, None);
        Ok(Self {
            height,
            width,
            pixels,
            labels,
            class_names,
            characters,
            groups,
        })
    }

    /// Says which character each picture shows, and groups the pictures by it.
    ///
    /// Upper- and lower-case letters share a group, since some typefaces draw them alike. Groups
    /// are numbered from 0 in the order of the folded characters: of the 62 characters
    /// `0-9A-Za-z`, digits are groups 0 to 9 and letters 10 to 35.
    ///
    /// # Errors
    /// Not one character for each picture.
    pub fn with_characters(mut self, characters: Vec<char>) -> Result<Self> {
        if characters.len() != self.len() {
            return Err(Error::DataSet {
                problem: format!(
                    "{} characters for {} pictures",
                    characters.len(),
                    self.len()
                ),
            });
        }
        let folded: Vec<String> = characters
            .iter()
            .map(|character| character.to_lowercase().collect())
            .collect();
        let mut distinct = folded.clone();
        distinct.sort_unstable();
        distinct.dedup();
        let groups = folded
            .iter()
            .map(|one| distinct.partition_point(|other| other < one));
        self.groups = Some(groups.collect());
        self.characters = Some(characters);
        Ok(self)
    }

    /// How many pictures there are.
    pub fn len(&self) -> usize {
        self.labels.len()
    }

    /// Whether there are none; never so for a data set that was made without an error.
    pub fn is_empty(&self) -> bool {
        self.labels.is_empty()
    }

    /// Height of each picture in pixels.
    pub fn height(&self) -> usize {
        self.height
    }

    /// Width of each picture in pixels.
    pub fn width(&self) -> usize {
        self.width
    }

    /// The picture at an index: `height × width` bytes, ink 255, rows from the top.
    ///
    /// # Panics
    /// The index is not below [`len`](Self::len).
    pub fn picture(&self, index: usize) -> &[u8] {
        let size = self.height * self.width;
        &self.pixels[index * size..][..size]
    }

    /// All pictures, one after the other.
    pub fn pixels(&self) -> &[u8] {
        &self.pixels
    }

    /// The class of each picture, from 0.
    pub fn labels(&self) -> &[usize] {
        &self.labels
    }

    /// The name of each class.
    pub fn class_names(&self) -> &[String] {
        &self.class_names
    }

    /// The character each picture shows, when known.
    pub fn characters(&self) -> Option<&[char]> {
        self.characters.as_deref()
    }

    /// The group of each picture, when its character is known: see
    /// [`with_characters`](Self::with_characters).
    pub fn groups(&self) -> Option<&[usize]> {
        self.groups.as_deref()
    }

    /// All pixels scaled from 0..255 to 0.0..1.0: shape `[len, height, width]`, row-major.
    pub fn to_f32(&self) -> Vec<f32> {
        self.scaled().collect()
    }

    /// The same values one by one, for a caller that has a buffer for them.
    pub fn scaled(&self) -> impl Iterator<Item = f32> {
        self.pixels.iter().map(|&pixel| f32::from(pixel) / 255.0)
    }

    /// The pictures at some indices, in that order, with all class names and the same groups.
    ///
    /// # Errors
    /// No indices, or one that is not below [`len`](Self::len).
    pub fn select(&self, indices: &[usize]) -> Result<Self> {
        if let Some(index) = indices.iter().find(|&&index| index >= self.len()) {
            let problem = format!("there is no picture {index} among {}", self.len());
            return Err(Error::DataSet { problem });
        }
        let pictures = indices.iter().map(|&index| self.picture(index));
        let pixels = pictures.collect::<Vec<_>>().concat();
        let labels = pick(&self.labels, indices);
        let mut selected = Self::new(
            self.height,
            self.width,
            pixels,
            labels,
            self.class_names.clone(),
        )?;
        selected.characters = self.characters.as_deref().map(|all| pick(all, indices));
        selected.groups = self.groups.as_deref().map(|all| pick(all, indices));
        Ok(selected)
    }

    /// The picture at an index as dark ink on light paper.
    ///
    /// # Panics
    /// The index is not below [`len`](Self::len).
    pub fn to_picture(&self, index: usize) -> Picture {
        let pixels = self.picture(index).iter().map(|&ink| 255 - ink).collect();
        Picture::from_parts(self.width, self.height, pixels)
    }
}

fn pick<T: Copy>(all: &[T], indices: &[usize]) -> Vec<T> {
    indices.iter().map(|&index| all[index]).collect()
}
