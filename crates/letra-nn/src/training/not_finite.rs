//! Where numbers ceased to be numbers.

use super::Trainer;
use crate::Error;
use crate::dataset::Dataset;
use crate::plan::Batch;

impl Trainer {
    /// The error for a batch whose loss is not finite; the parameters are still those that
    /// the loss was computed with.
    pub(super) fn diverged(&self, batch: Batch<'_>, loss: f64) -> Error {
        let Some(data) = batch.targets else {
            return Error::data(format!("the loss became {loss}"));
        };
        if let Err(error) = data.check_finite() {
            return error;
        }
        match self.first_not_finite(&data.select(&batch.rows.indices())) {
            Ok(place) => Error::Diverged {
                loss,
                step: self.steps + 1,
                place,
            },
            Err(error) => error,
        }
    }

    /// Which value is the first on the batch's way through the network that is not finite.
    fn first_not_finite(&self, batch: &Dataset) -> Result<String, Error> {
        let seen = self.back_propagate(batch)?;
        for (layer, output) in &seen.outputs {
            let own = format!("{layer}/");
            let mut parameters = self.parameters();
            let broken = parameters.find(|parameter| {
                parameter.name.starts_with(&own) && first(&parameter.values).is_some()
            });
            if let Some(parameter) = broken {
                return Ok(not_finite("parameter", &parameter.name, &parameter.values));
            }
            if let Some(index) = first(output.data()) {
                return Ok(format!(
                    "the output of layer {layer} is the first that holds {}, for sample {} of the batch",
                    output.data()[index],
                    index / output.sample_values().max(1)
                ));
            }
        }
        let last = seen.outputs.last().map_or("", |(layer, _)| layer);
        Ok(format!(
            "the output of layer {last} was finite, but the loss of it is not: it is too large, or beyond where the loss is defined"
        ))
    }

    /// What is not finite after the last step: the gradient that back-propagation met first,
    /// else the first such parameter.
    pub(crate) fn not_finite_after_step(&self) -> Option<String> {
        let gradient = self.trainable().into_iter().rev().find_map(|known| {
            let values = &self.gradients[known.range()];
            first(values).map(|_| not_finite("the gradient of", &known.name, values))
        });
        gradient.or_else(|| {
            self.parameters().find_map(|parameter| {
                let values = &parameter.values;
                first(values).map(|_| not_finite("parameter", &parameter.name, values))
            })
        })
    }
}

fn not_finite(what: &str, name: &str, values: &[f32]) -> String {
    let index = first(values).unwrap_or(0);
    let layer = name.split('/').next().unwrap_or(name);
    format!(
        "{what} {name} of layer {layer} is the first that holds {}",
        values[index]
    )
}

/// Place of the first value that is not finite.
fn first(values: &[f32]) -> Option<usize> {
    const GROUP: usize = 64;
    for (group, values) in values.chunks(GROUP).enumerate() {
        // No early exit inside a group, so that the compiler can use vectors.
        let finite = values
            .iter()
            .fold(true, |all, value| all & value.is_finite());
        if !finite {
            let within = values.iter().position(|value| !value.is_finite());
            return within.map(|within| group * GROUP + within);
        }
    }
    None
}
