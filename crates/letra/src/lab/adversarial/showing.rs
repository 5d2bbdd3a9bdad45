//! Pictures that are learnt, and how they are shown.

use letra_nn::prelude::*;
use maud::{Markup, html};

use crate::failure::Failure;
use crate::lab::tasks::gallery::grids;
use crate::report::picture::Grid;

/// Ink from 0 to 1 as values from −1 to 1.
pub(super) fn signed(ink: &Tensor) -> Tensor {
    changed(ink, |ink| 2.0 * ink - 1.0)
}

/// Values from −1 to 1 as ink from 0 to 1.
pub(super) fn ink(signed: &Tensor) -> Tensor {
    changed(signed, |value| (0.5 * (value + 1.0)).clamp(0.0, 1.0))
}

fn changed(tensor: &Tensor, change: impl Fn(f32) -> f32) -> Tensor {
    let mut tensor = tensor.clone();
    let values = tensor.data_mut().iter_mut();
    values.for_each(|value| *value = change(*value));
    tensor
}

/// Samples with values from −1 to 1 as pictures.
pub(super) fn drawn(samples: &Tensor, width: usize) -> Vec<Grid> {
    grids(&ink(samples), width)
}

/// Many pictures as one as wide as the page, in so many columns.
pub(super) fn broad(
    title: &str,
    note: &str,
    pictures: &[Grid],
    columns: usize,
) -> Result<Markup, Failure> {
    let sheet = Grid::sheet(pictures, columns);
    let sheet = sheet.map(|sheet| sheet.ink(1.0, title)).transpose()?;
    Ok(html! {
        figure.card.sheet.whole {
            figcaption { (title) }
            p.note { (note) }
            @if let Some(sheet) = sheet { (sheet) }
        }
    })
}

/// So many noises on the way from one to another, for each of some pairs that follow one another.
pub(super) fn between(noise: &Tensor, steps: usize) -> Result<Tensor, Error> {
    let (pairs, values) = (noise.samples() / 2, noise.sample_values());
    let mut all = Vec::with_capacity(pairs * steps * values);
    for pair in 0..pairs {
        let (first, last) = (noise.sample(2 * pair), noise.sample(2 * pair + 1));
        for step in 0..steps {
            let share = step as f32 / (steps - 1).max(1) as f32;
            let both = first.iter().zip(last);
            all.extend(both.map(|(first, last)| first + share * (last - first)));
        }
    }
    Tensor::new([pairs * steps, values], all)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_way_begins_and_ends_where_it_should() {
        let noise = Tensor::new([4, 1], vec![0.0, 1.0, 5.0, 3.0]).unwrap();
        let way = between(&noise, 3).unwrap();
        assert_eq!(way.data(), [0.0, 0.5, 1.0, 5.0, 4.0, 3.0]);
    }

    #[test]
    fn ink_is_as_it_was() {
        let pictures = Tensor::new([1, 2], vec![0.25, 1.0]).unwrap();
        assert_eq!(ink(&signed(&pictures)), pictures);
    }
}
