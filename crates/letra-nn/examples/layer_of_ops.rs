// A layer without arithmetic of its own: it is made of ops that are there.

use letra_nn::layers::{Emit, Layer, Value};
use letra_nn::ops::{MatMul, Multiply};
use letra_nn::{BuildError, prelude::*};
use serde::{Deserialize, Serialize};

/// *y* = *x*² *K*: a dense layer that sees squares.
#[derive(Debug, Serialize, Deserialize)]
struct SquaredDense {
    units: usize,
}

impl Layer for SquaredDense {
    fn kind(&self) -> &'static str {
        "squared_dense"
    }

    fn configuration(&self) -> serde_json::Value {
        serde_json::json!(self)
    }

    fn emit(&self, inputs: &[Value], emit: &mut Emit<'_>) -> Result<Vec<Value>, BuildError> {
        let (input, shape) = emit.single_input(inputs)?;
        let fans = [shape.values(), self.units];
        let kernel = emit.parameter("kernel", fans, Initializer::GlorotUniform, fans)?;
        let squares = emit.op(Multiply, &[input, input], &[])?;
        Ok(vec![emit.op(
            MatMul::new(self.units),
            &[squares],
            &[kernel],
        )?])
    }
}

fn main() -> Result<(), Error> {
    // Whether a point lies in the unit circle: x² + y² tells, in one layer.
    let values: Vec<f32> = (0..800)
        .map(|i| ((i * 173) % 331) as f32 / 110.0 - 1.5)
        .collect();
    let inside = |p: &[f32]| u32::from(p[0] * p[0] + p[1] * p[1] < 1.0);
    let labels: Vec<u32> = values.chunks(2).map(inside).collect();
    let points = Dataset::classes(Tensor::new([400, 2], values)?, labels, 2)?;
    let mut network = Sequential::new([2])
        .add(SquaredDense { units: 8 })
        .add(Dense::new(2))
        .compile(Compile::new(Adam::new(0.05)).metric(Accuracy).seed(1))?;
    network.fit(&points, Fit::epochs(60))?;
    network.save("circle.letra")?;

    // A registry tells another program of the layer.
    let registry = Registry::new().layer::<SquaredDense>("squared_dense")?;
    let loaded = Trainer::load_with("circle.letra", &registry, network.workers())?;
    let accuracy = loaded.evaluate(&points)?.metric("accuracy");
    println!("accuracy {:.3}", accuracy.unwrap_or(0.0));
    assert!(accuracy > Some(0.97));
    Ok(())
}
