//! Dense on inputs of several axes: the map goes over the last one, as Keras's does.

use letra_nn::prelude::*;

use crate::noise::Noise;

fn alike(found: &[f32], wanted: &[f32]) -> bool {
    let close =
        |(found, wanted): (&f32, &f32)| (found - wanted).abs() < 1e-5 * wanted.abs().max(1.0);
    found.len() == wanted.len() && found.iter().zip(wanted).all(close)
}

#[test]
fn a_row_of_several_is_mapped_as_a_sample_of_its_own() {
    let mut noise = Noise::new(71);
    for [samples, rows, inputs, units] in
        [[1, 1, 1, 1], [3, 4, 5, 2], [7, 2, 300, 70], [20, 9, 8, 33]]
    {
        let compile = || {
            Compile::new(Sgd::new(0.1))
                .loss(SumSquaredError)
                .seed(5)
                .threads(2)
        };
        let function = ActivationFunction::Softmax;
        let mut deep = Sequential::new([rows, inputs])
            .add(Dense::new(units).activation(function))
            .compile(compile())
            .unwrap();
        let mut flat = Sequential::new([inputs])
            .add(Dense::new(units).activation(function))
            .compile(compile())
            .unwrap();
        assert_eq!(deep.output_shape(), [rows, units]);
        let values = |noise: &mut Noise, count: usize| -> Vec<f32> {
            (0..count).map(|_| noise.fraction() as f32 - 0.5).collect()
        };
        let inputs_of = values(&mut noise, samples * rows * inputs);
        let targets = values(&mut noise, samples * rows * units);
        let data = |input: &[usize], output: &[usize]| {
            Dataset::values(
                Tensor::new(input, inputs_of.clone()).unwrap(),
                Tensor::new(output, targets.clone()).unwrap(),
            )
            .unwrap()
        };
        let of_rows = data(&[samples * rows, inputs], &[samples * rows, units]);
        let of_samples = data(&[samples, rows, inputs], &[samples, rows, units]);
        let (seen, wanted) = (
            deep.back_propagate(&of_samples).unwrap(),
            flat.back_propagate(&of_rows).unwrap(),
        );
        let what = format!("{samples} samples of [{rows}, {inputs}] to {units}");
        assert!(
            (seen.loss - wanted.loss).abs() < 1e-4 * wanted.loss,
            "{what}"
        );
        assert!(
            alike(seen.outputs[0].1.data(), wanted.outputs[0].1.data()),
            "outputs of {what}"
        );
        for ((name, found), (_, wanted)) in seen.gradients.iter().zip(&wanted.gradients) {
            assert!(alike(found.data(), wanted.data()), "{name} of {what}");
        }
        deep.train_on_batch(&of_samples).unwrap();
        flat.train_on_batch(&of_rows).unwrap();
        for (found, wanted) in deep.parameters().zip(flat.parameters()) {
            assert!(
                alike(&found.values, &wanted.values),
                "{} after a step: {what}",
                found.name
            );
        }
    }
}

#[test]
fn mostly_zero_rows_are_mapped_as_any_others() {
    // `fit` holds such data as its non-zero values, where a network can read it so.
    let values: Vec<f32> = (0..80 * 60)
        .map(|i| {
            if i % 9 == 0 {
                (i % 7) as f32 / 7.0
            } else {
                0.0
            }
        })
        .collect();
    let targets = Tensor::zeros([80, 6, 5]);
    let data = Dataset::values(Tensor::new([80, 6, 10], values).unwrap(), targets).unwrap();
    let network = || {
        let compile = Compile::new(Sgd::new(0.1)).loss(MeanSquaredError).seed(3);
        let layers = Sequential::new([6, 10]).add(Dense::new(5));
        layers.compile(compile.threads(2)).unwrap()
    };
    let (mut fitted, mut stepped) = (network(), network());
    fitted
        .fit(&data, Fit::epochs(1).batch_size(80).shuffle(false))
        .unwrap();
    stepped.train_on_batch(&data).unwrap();
    for (found, wanted) in fitted.parameters().zip(stepped.parameters()) {
        assert!(alike(&found.values, &wanted.values), "{}", found.name);
    }
}
