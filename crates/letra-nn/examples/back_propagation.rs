// Back-propagation by hand and by letra, number by number; `docs/backpropagation.md`
// derives the formulas.

use letra_nn::prelude::*;

fn sigmoid(z: f32) -> f32 {
    1.0 / (1.0 + (-z).exp())
}

fn main() -> Result<(), Error> {
    // Two inputs, two hidden units, one output; w[j] leads to hidden unit j.
    let (x, t) = ([0.5, -1.0], 1.0);
    let (w, v) = ([[1.0, -1.0], [0.5, 2.0]], [1.0, -2.0]);

    // Forward, then back, by the formulas.
    let h = w.map(|w| sigmoid(w[0] * x[0] + w[1] * x[1]));
    let y = sigmoid(v[0] * h[0] + v[1] * h[1]);
    let delta = (t - y) * y * (1.0 - y);
    let mu = [0, 1].map(|j| delta * v[j] * h[j] * (1.0 - h[j]));
    println!(
        "by hand   y {y:.4}  δ {delta:.4}  μ {:.4} {:.4}",
        mu[0], mu[1]
    );

    // The same network in letra, its weights as [inputs, units].
    let network = Sequential::new([2])
        .add(Dense::new(2).sigmoid())
        .add(Dense::new(1).sigmoid())
        .compile(Compile::new(Sgd::new(0.5)).loss(SumSquaredError))?;
    let hidden = vec![w[0][0], w[1][0], w[0][1], w[1][1]];
    network.set_parameter("dense/kernel", &Tensor::new([2, 2], hidden)?)?;
    network.set_parameter("dense_1/kernel", &Tensor::new([2, 1], v.to_vec())?)?;

    let inputs = Tensor::new([1, 2], x.to_vec())?;
    let sample = Dataset::values(inputs, Tensor::new([1, 1], vec![t])?)?;
    let seen = network.back_propagate(&sample)?;
    println!("loss {:.4}", seen.loss);
    for (layer, output) in &seen.outputs {
        println!("{layer} gives {:.4?}", output.data());
    }
    // ∂E/∂z is −2 δ at the output and −2 μ at the hidden layer.
    for (layer, gradient) in &seen.pre_activation_gradients {
        println!("{layer} has ∂E/∂z {:.4?}", gradient.data());
    }
    for (parameter, gradient) in &seen.gradients {
        println!("{parameter} has gradient {:.4?}", gradient.data());
    }
    Ok(())
}
