//! What the convolutional networks look at, in pictures: saliency, Grad-CAM and deconvolution.

use letra_nn::prelude::*;
use maud::{Markup, html};

use super::inside::EXAMPLE;
use crate::failure::Failure;
use crate::lab::fonts::outcome::{NetworkResult, Outcome};
use crate::report::picture::Grid;

/// Feature maps that are brought back to pixels.
const MAPS: usize = 4;

/// For each network with a convolution: what in a glyph of each typeface speaks for the typeface,
/// and what its last feature maps answer to.
pub(super) fn section(outcome: &Outcome<'_>) -> Result<Option<Markup>, Failure> {
    let mut networks = Vec::new();
    for result in &outcome.results {
        let Some(network) = result.row.network() else {
            continue;
        };
        if let Some((layer, maps)) = last_convolution(network) {
            networks.push(figure(outcome, result, network, &layer, maps)?);
        }
    }
    if networks.is_empty() {
        return Ok(None);
    }
    Ok(Some(html! {
        section #explanations {
            h2 { "What they look at" }
            p.note {
                "For a glyph of each typeface, and the score of that typeface. Saliency: the darker a pixel, the more \
                the score hangs on it. Grad-CAM: under the glyph in " span.for { "red" } ", where the feature maps of the \
                last convolution speak for the typeface. Then the strongest answers of its feature maps, brought back \
                to pixels by a deconvolutional network: ink on " span.for { "red" } " makes for the answer, ink on "
                span.against { "blue" } " against it."
            }
            div.networks { @for network in &networks { (network) } }
        }
    }))
}

/// The name of the last convolution and the number of its feature maps.
fn last_convolution(network: &Trainer) -> Option<(String, usize)> {
    let layers = network.summary().layers;
    let last = layers.into_iter().rfind(|layer| layer.kind == "conv2d")?;
    let maps = last.output_shape.last().copied()?;
    Some((last.name, maps))
}

fn figure(
    outcome: &Outcome<'_>,
    result: &NetworkResult<'_>,
    network: &Trainer,
    layer: &str,
    maps: usize,
) -> Result<Markup, Failure> {
    let examples = &outcome.experiment.examples;
    let classes = 0..examples.class_names().len();
    let pictures: Vec<usize> = classes
        .clone()
        .map(|class| examples.sample(class, EXAMPLE))
        .collect();
    let labels: Vec<u32> = classes.map(|class| class as u32).collect();
    let data = examples.dataset(&pictures)?;
    let inputs = data.inputs();
    let failed = |error: Error| Failure::network("cannot look into a network", &error);
    let saliency = network.saliency(inputs, &labels).map_err(failed)?;
    let localised = network.grad_cam(inputs, &labels, layer).map_err(failed)?;
    let chosen = strongest(network, inputs, layer, maps).map_err(failed)?;
    let mut answers = Vec::new();
    for &map in &chosen {
        answers.push(network.deconvolution(inputs, layer, map).map_err(failed)?);
    }
    let mut rows = Vec::new();
    for (class, &picture) in pictures.iter().enumerate() {
        let name = &examples.class_names()[class];
        let glyph = examples.grid(picture).ink(1.0, name)?;
        let task = examples.task();
        let map = Grid::new(task.width, sample(&saliency, class));
        let saliency = map.ink(map.largest(), &format!("saliency of {name}"))?;
        let &[_, height, width] = localised.shape() else {
            return Err(Failure::new("a localisation has not three axes"));
        };
        let wide = enlarged(
            &sample(&localised, class),
            [height, width],
            [task.height, task.width],
        );
        let heat = Grid::new(task.width, wide);
        let heat = heat.diverging(heat.largest(), &format!("Grad-CAM of {name}"))?;
        let mut cells = Vec::new();
        for (map, answer) in chosen.iter().zip(&answers) {
            let grid = Grid::new(task.width, sample(answer, class));
            let description = format!("what map {} answers to in {name}", map + 1);
            cells.push(grid.diverging(grid.largest(), &description)?);
        }
        rows.push(html! {
            tr {
                th { (glyph) }
                td { (saliency) }
                td.laid { (heat) (glyph) }
                @for cell in &cells { td { (cell) } }
            }
        });
    }
    Ok(html! {
        figure.maps.explained {
            figcaption {
                (result.recipe.title)
                span.count { (chosen.len()) " of " (maps) " feature maps" }
            }
            div.scroll {
                table {
                    thead {
                        tr {
                            td {}
                            th scope="col" { "saliency" }
                            th scope="col" { "Grad-CAM" }
                            @for map in &chosen { th scope="col" { "map " (map + 1) } }
                        }
                    }
                    tbody { @for row in &rows { (row) } }
                }
            }
        }
    })
}

/// The feature maps with the strongest answers to any of the pictures.
fn strongest(
    network: &Trainer,
    inputs: &Tensor,
    layer: &str,
    maps: usize,
) -> Result<Vec<usize>, Error> {
    let outputs = network.layer_outputs(inputs)?;
    let values = outputs.iter().find(|output| output.layer == layer);
    let mut most = vec![f32::NEG_INFINITY; maps];
    for row in values
        .map_or(&[][..], |output| output.output.data())
        .chunks_exact(maps)
    {
        for (most, value) in most.iter_mut().zip(row) {
            *most = most.max(*value);
        }
    }
    let mut order: Vec<usize> = (0..maps).collect();
    order.sort_by(|&a, &b| most[b].total_cmp(&most[a]));
    order.truncate(MAPS);
    Ok(order)
}

/// The values of one sample.
fn sample(tensor: &Tensor, index: usize) -> Vec<f32> {
    let values = tensor.data().len() / tensor.samples();
    tensor.data()[index * values..][..values].to_vec()
}

/// A map at the size of the picture, by linear interpolation between the middles of its cells.
fn enlarged(values: &[f32], [height, width]: [usize; 2], to: [usize; 2]) -> Vec<f32> {
    let place = |index: usize, from: usize, to: usize| {
        let middle = (index as f32 + 0.5) * from as f32 / to as f32 - 0.5;
        let middle = middle.clamp(0.0, (from - 1) as f32);
        let first = middle.floor() as usize;
        (first, (first + 1).min(from - 1), middle - middle.floor())
    };
    let mut enlarged = Vec::with_capacity(to[0] * to[1]);
    for y in 0..to[0] {
        let (top, bottom, down) = place(y, height, to[0]);
        for x in 0..to[1] {
            let (left, right, across) = place(x, width, to[1]);
            let between = |row: usize| {
                let row = &values[row * width..][..width];
                row[left] * (1.0 - across) + row[right] * across
            };
            enlarged.push(between(top) * (1.0 - down) + between(bottom) * down);
        }
    }
    enlarged
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_enlarged_map_keeps_its_corners_and_is_smooth_between() {
        let map = enlarged(&[0.0, 4.0, 8.0, 12.0], [2, 2], [4, 4]);
        assert_eq!([map[0], map[3], map[12], map[15]], [0.0, 4.0, 8.0, 12.0]);
        assert_eq!(map[..4], [0.0, 1.0, 3.0, 4.0]);
        assert_eq!(map[4..8], [2.0, 3.0, 5.0, 6.0]);
        assert_eq!(enlarged(&[3.0], [1, 1], [2, 3]), [3.0; 6]);
    }
}
