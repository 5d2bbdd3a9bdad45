//! letra's single precision against the twins' double precision.

use letra_nn::prelude::*;

use crate::noise::Noise;
use crate::twins::{Stack, Twin};

/// Agreement that is asked for, as a share of the largest number that was computed with.
const TOLERANCE: f64 = 1e-5;

/// Fails unless the values agree, as a share of `scale` or of the largest of them.
pub(crate) fn assert_alike(what: &str, found: &[f32], wanted: &[f64], scale: f64) {
    assert_eq!(
        found.len(),
        wanted.len(),
        "{what}: another number of values"
    );
    let scale = wanted.iter().fold(scale, |most, v| most.max(v.abs()));
    for (place, (&found, &wanted)) in found.iter().zip(wanted).enumerate() {
        assert!(
            (f64::from(found) - wanted).abs() <= TOLERANCE * scale,
            "{what}, place {place}: {found} where the twin has {wanted}"
        );
    }
}

pub(crate) fn singles(values: &[f64]) -> Vec<f32> {
    values.iter().map(|&value| value as f32).collect()
}

/// What the twin computes for a batch under the sum of squared errors.
struct Wanted {
    outputs: Vec<f64>,
    input_gradient: Vec<f64>,
    parameter_gradients: Vec<Vec<f64>>,
}

fn wanted(
    twin: &Stack,
    rows: &[Vec<f64>],
    targets: &[Vec<f64>],
    parameters: &[Vec<f64>],
) -> Wanted {
    let lengths = twin.parameters();
    let mut wanted = Wanted {
        outputs: Vec::new(),
        input_gradient: Vec::new(),
        parameter_gradients: lengths.iter().map(|&length| vec![0.0; length]).collect(),
    };
    for (row, target) in rows.iter().zip(targets) {
        let output = twin.forward(row, parameters);
        let upstream: Vec<f64> = output
            .iter()
            .zip(target)
            .map(|(y, t)| 2.0 * (y - t))
            .collect();
        let gradients = twin.backward(row, parameters, &upstream);
        wanted.outputs.extend(output);
        wanted.input_gradient.extend(gradients.input);
        for (sum, gradient) in wanted
            .parameter_gradients
            .iter_mut()
            .zip(gradients.parameters)
        {
            for (sum, value) in sum.iter_mut().zip(gradient) {
                *sum += value;
            }
        }
    }
    wanted
}

/// Numbers for a comparison.
#[derive(Clone, Copy)]
pub(crate) enum Numbers {
    /// Multiples of 1/16: products and sums are exact where a kernel adds them one by one,
    /// so that ties, and values that are exactly 0, are decided alike.
    Exact,
    /// Any numbers, drawn again until nothing is decided by a hair's breadth: a kernel may
    /// take another way to the same sums.
    Any,
}

/// Difference below which single precision may decide otherwise.
pub(crate) const HAIR: f64 = 2e-5;

/// A batch and parameters for a twin.
struct Drawn {
    rows: Vec<Vec<f64>>,
    targets: Vec<Vec<f64>>,
    parameters: Vec<Vec<f64>>,
    /// The largest number on the way to the outputs.
    largest: f64,
}

impl Drawn {
    fn new(
        twin: &Stack,
        [samples, inputs, outputs]: [usize; 3],
        numbers: Numbers,
        noise: &mut Noise,
    ) -> Self {
        let mut draw = |count: usize| match numbers {
            Numbers::Exact => noise.coarse(count),
            // What single precision holds, so that both sides see the same numbers.
            Numbers::Any => {
                let values = noise.fine(count).into_iter();
                values.map(|value| f64::from(value as f32)).collect()
            }
        };
        for _ in 0..100 {
            let drawn = Drawn {
                rows: (0..samples).map(|_| draw(inputs)).collect(),
                targets: (0..samples).map(|_| draw(outputs)).collect(),
                parameters: twin.parameters().into_iter().map(&mut draw).collect(),
                largest: 1.0,
            };
            let ways = drawn
                .rows
                .iter()
                .map(|row| twin.margin_and_largest(row, &drawn.parameters));
            let [margin, largest] = ways.fold([f64::INFINITY, 1.0], |[margin, largest], way| {
                [margin.min(way[0]), largest.max(way[1])]
            });
            if margin > HAIR || matches!(numbers, Numbers::Exact) {
                return Drawn { largest, ..drawn };
            }
        }
        panic!("a hundred draws all decided something by a hair's breadth");
    }
}

/// What a network is compiled of.
pub(crate) trait Layers {
    fn compiled(self, compile: Compile) -> Trainer;
}

impl Layers for Sequential {
    fn compiled(self, compile: Compile) -> Trainer {
        self.compile(compile).unwrap()
    }
}

impl Layers for Model {
    fn compiled(self, compile: Compile) -> Trainer {
        self.compile(compile).unwrap()
    }
}

/// Holds a network against its twin on a random batch: predictions, the outputs and
/// gradients that `back_propagate` shows, and the step that training takes. `network`
/// begins with an identity, whose gradient is that of the input.
pub(crate) fn compare(
    what: &str,
    network: impl Layers,
    twin: &Stack,
    samples: usize,
    numbers: Numbers,
    noise: &mut Noise,
) {
    let mut compared = Compared::new(what, network, twin, samples, numbers, noise);
    compared.predictions(twin);
    compared.looking_inside(twin);
    compared.step(twin);
}

/// Holds a network that rests when it predicts against what it does in training: `shown` is
/// the twin of what `back_propagate` shows, `trained` that of a step.
pub(crate) fn compare_in_training(
    what: &str,
    network: impl Layers,
    shown: &Stack,
    trained: &Stack,
    samples: usize,
    noise: &mut Noise,
) {
    let mut compared = Compared::new(what, network, shown, samples, Numbers::Any, noise);
    compared.looking_inside(shown);
    compared.step(trained);
}

/// A network and the random batch and parameters that it is compared on.
struct Compared<'a> {
    what: &'a str,
    network: Trainer,
    drawn: Drawn,
    batch: Dataset,
}

impl<'a> Compared<'a> {
    fn new(
        what: &'a str,
        network: impl Layers,
        twin: &Stack,
        samples: usize,
        numbers: Numbers,
        noise: &mut Noise,
    ) -> Self {
        // At rate 1/2 and with the factor 2 of the squared error, a step subtracts a number
        // of the gradient's own size.
        let compile = Compile::new(Sgd::new(0.5)).loss(SumSquaredError).threads(2);
        let mut network = network.compiled(compile);
        let inputs: usize = network.input_shape().iter().product();
        let outputs: usize = network.output_shape().iter().product();
        let drawn = Drawn::new(twin, [samples, inputs, outputs], numbers, noise);
        set_parameters(&mut network, &drawn.parameters);
        let batch = batch(&network, &drawn.rows, &drawn.targets);
        Compared {
            what,
            network,
            drawn,
            batch,
        }
    }

    fn wanted(&self, twin: &Stack) -> Wanted {
        let Drawn {
            rows,
            targets,
            parameters,
            ..
        } = &self.drawn;
        wanted(twin, rows, targets, parameters)
    }

    fn alike(&self, part: &str, found: &[f32], wanted: &[f64]) {
        let what = format!("{}: {part}", self.what);
        assert_alike(&what, found, wanted, self.drawn.largest);
    }

    fn predictions(&self, twin: &Stack) {
        let predicted = self.network.predict(self.batch.inputs()).unwrap();
        self.alike("predictions", predicted.data(), &self.wanted(twin).outputs);
    }

    fn looking_inside(&self, twin: &Stack) {
        let wanted = self.wanted(twin);
        let seen = self.network.back_propagate(&self.batch).unwrap();
        let (_, output) = &seen.outputs[seen.outputs.len() - 1];
        self.alike("outputs", output.data(), &wanted.outputs);
        let (_, gradient) = &seen.pre_activation_gradients[0];
        self.alike("input", gradient.data(), &wanted.input_gradient);
        for ((name, gradient), wanted) in seen.gradients.iter().zip(&wanted.parameter_gradients) {
            self.alike(name, gradient.data(), wanted);
        }
    }

    fn step(&mut self, twin: &Stack) {
        let wanted = self.wanted(twin);
        self.network.train_on_batch(&self.batch).unwrap();
        for (index, parameter) in self.network.parameters().enumerate() {
            let gradient = wanted.parameter_gradients[index].iter();
            let moved = self.drawn.parameters[index].iter().zip(gradient);
            let moved: Vec<f64> = moved.map(|(w, g)| w - 0.5 * g).collect();
            let part = format!("{} after a step", parameter.name);
            self.alike(&part, &parameter.values, &moved);
        }
    }
}

pub(crate) fn set_parameters(network: &mut Trainer, values: &[Vec<f64>]) {
    let places: Vec<(String, Vec<usize>)> = network
        .parameters()
        .filter(|parameter| parameter.trainable)
        .map(|parameter| (parameter.name.to_owned(), parameter.shape.to_vec()))
        .collect();
    assert_eq!(places.len(), values.len(), "another number of parameters");
    for ((name, shape), values) in places.into_iter().zip(values) {
        let values = Tensor::new(shape, singles(values)).unwrap();
        network.set_parameter(&name, &values).unwrap();
    }
}

pub(crate) fn batch(network: &Trainer, rows: &[Vec<f64>], targets: &[Vec<f64>]) -> Dataset {
    let tensor = |sample: &[usize], rows: &[Vec<f64>]| {
        let mut shape = vec![rows.len()];
        shape.extend(sample);
        Tensor::new(shape, singles(&rows.concat())).unwrap()
    };
    let inputs = tensor(network.input_shape(), rows);
    Dataset::values(inputs, tensor(network.output_shape(), targets)).unwrap()
}
