//! What is inside the networks: weights, filters and feature maps as pictures.

use letra_nn::prelude::*;
use maud::{Markup, html};

use crate::failure::Failure;
use crate::lab::fonts::outcome::{NetworkResult, Outcome};
use crate::report::picture::Grid;

/// The character whose feature maps are shown.
pub(super) const EXAMPLE: char = 'R';

/// The most filters of a layer shown.
const FILTERS: usize = 8;

/// The weights that logistic regression gives each pixel, a picture for each typeface.
pub(super) fn weights(outcome: &Outcome<'_>) -> Result<Option<Markup>, Failure> {
    let logistic = |result: &&NetworkResult<'_>| result.recipe.name == "logistic";
    let Some(network) = (outcome.results.iter().find(logistic)).and_then(|it| it.row.network())
    else {
        return Ok(None);
    };
    let Some(kernel) = network.parameter("dense/kernel") else {
        return Ok(None);
    };
    let names = outcome.experiment.examples.class_names();
    let grids: Vec<Grid> = (0..names.len())
        .map(|class| {
            let column = kernel.data().iter().skip(class).step_by(names.len());
            Grid::new(
                outcome.experiment.examples.task().width,
                column.copied().collect(),
            )
        })
        .collect();
    let full = grids.iter().map(Grid::largest).fold(0.0, f32::max);
    let mut pictures = Vec::new();
    for (grid, name) in grids.iter().zip(names) {
        pictures.push(grid.diverging(full, &format!("weights for {name}"))?);
    }
    Ok(Some(html! {
        section #weights {
            h2 { "What logistic regression looks for" }
            p.note {
                "One weight a pixel and typeface. Ink on " span.for { "red" } " speaks for the typeface, ink on "
                span.against { "blue" } " against it."
            }
            div.weights {
                @for (picture, name) in pictures.iter().zip(names) {
                    figure { (picture) figcaption { (name) } }
                }
            }
        }
    }))
}

/// For each network that starts with a convolution: its filters, and what they make of a glyph of
/// each typeface.
pub(super) fn feature_maps(outcome: &Outcome<'_>) -> Result<Option<Markup>, Failure> {
    let mut networks = Vec::new();
    for result in &outcome.results {
        let Some(trained) = result.row.network() else {
            continue;
        };
        if let Some(kernel) = trained.parameter("conv2d/kernel") {
            networks.push(network(outcome, result, trained, &kernel)?);
        }
    }
    if networks.is_empty() {
        return Ok(None);
    }
    Ok(Some(html! {
        section #filters {
            h2 { "What the convolutions see" }
            p.note {
                "On top the filters of the first layer, " span.for { "red" } " above zero and "
                span.against { "blue" } " below. Under each, where it answers in a glyph of every typeface, \
                after the ReLU."
            }
            div.networks { @for network in &networks { (network) } }
        }
    }))
}

fn network(
    outcome: &Outcome<'_>,
    result: &NetworkResult<'_>,
    trained: &Trainer,
    kernel: &Tensor,
) -> Result<Markup, Failure> {
    let [_, width, _, count] = kernel.shape() else {
        return Err(Failure::new("a convolution's kernel has not four axes"));
    };
    let (width, count) = (*width, *count);
    let filters: Vec<Grid> = (0..count.min(FILTERS))
        .map(|filter| {
            Grid::new(
                width,
                kernel
                    .data()
                    .iter()
                    .skip(filter)
                    .step_by(count)
                    .copied()
                    .collect(),
            )
        })
        .collect();
    let full = filters.iter().map(Grid::largest).fold(0.0, f32::max);
    let mut heads = Vec::new();
    for (number, filter) in filters.iter().enumerate() {
        heads.push(filter.diverging(full, &format!("filter {}", number + 1))?);
    }
    let mut rows = Vec::new();
    for class in 0..outcome.experiment.examples.class_names().len() {
        rows.push(maps(outcome, trained, class, filters.len())?);
    }
    Ok(html! {
        figure.maps {
            figcaption {
                (result.recipe.title)
                @if count > FILTERS { span.count { (FILTERS) " of " (count) " filters" } }
            }
            div.scroll {
                table {
                    thead { tr { td {} @for head in &heads { th { (head) } } } }
                    tbody { @for row in &rows { (row) } }
                }
            }
        }
    })
}

/// A glyph and its feature maps, all on one scale.
fn maps(
    outcome: &Outcome<'_>,
    trained: &Trainer,
    class: usize,
    filters: usize,
) -> Result<Markup, Failure> {
    let picture = outcome.experiment.examples.sample(class, EXAMPLE);
    let name = &outcome.experiment.examples.class_names()[class];
    let failed = |error: Error| Failure::network("cannot look into a network", &error);
    let data = outcome.experiment.examples.dataset(&[picture])?;
    let outputs = trained.layer_outputs(data.inputs()).map_err(failed)?;
    let first = outputs.iter().find(|output| output.layer == "conv2d");
    let Some([_, _, width, count]) = first.map(|output| output.output.shape()) else {
        return Err(Failure::new("a convolution's output has not four axes"));
    };
    let (width, count) = (*width, *count);
    let values = first.map_or(&[][..], |output| output.output.data());
    let grids: Vec<Grid> = (0..filters)
        .map(|filter| {
            Grid::new(
                width,
                values.iter().skip(filter).step_by(count).copied().collect(),
            )
        })
        .collect();
    let full = grids.iter().map(Grid::largest).fold(0.0, f32::max);
    let mut cells = Vec::new();
    for (number, grid) in grids.iter().enumerate() {
        cells.push(grid.ink(full, &format!("answer of filter {} to {name}", number + 1))?);
    }
    Ok(html! {
        tr {
            th { (outcome.experiment.examples.grid(picture).ink(1.0, name)?) }
            @for cell in &cells { td { (cell) } }
        }
    })
}
