//! The pictures that everything is measured on.

use std::error::Error;
use std::path::Path;

use letra_nn::{Dataset, Tensor};
use letra_type::{Font, Split, glyph_set, read_npz};

/// The training part of the seminar's split: 2,511 pictures of 36 × 36 pixels.
pub(crate) fn training(data: Option<&Path>) -> Result<Dataset, Box<dyn Error>> {
    let pictures = match data {
        Some(path) => read_npz(path)?,
        None => glyph_set(&Font::built_in())?,
    };
    let pictures = pictures.select(&Split::seminar(&pictures)?.train)?;
    let shape = [pictures.len(), pictures.height(), pictures.width(), 1];
    let labels = pictures
        .labels()
        .iter()
        .map(|&label| label as u32)
        .collect();
    let mut inputs = Tensor::zeros(shape);
    for (input, value) in inputs.data_mut().iter_mut().zip(pictures.scaled()) {
        *input = value;
    }
    Ok(Dataset::classes(
        inputs,
        labels,
        pictures.class_names().len(),
    )?)
}
