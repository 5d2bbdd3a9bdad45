//! Nothing is silent: a value that is no number, or infinite, shows in all that depends on it by the
//! formula, wherever it stands, also where it meets nothing but zeros. What depends on it, the
//! double-precision twins tell.

mod joins;
mod recurrent;

use std::collections::BTreeSet;
use std::path::Path;

use letra_nn::layers::Padding;
use letra_nn::prelude::*;

use crate::attention::attention;
use crate::comparison::{set_parameters, singles};
use crate::layers::{FUNCTIONS, convolution, pooling};
use crate::noise::Noise;
use crate::pictures::{Move, resampled};
use crate::random_fourier_features::waves;
use crate::twins::{
    Activated, Adaptive, Alike, Attention, Averaged, BatchNormalised, Contrasted, Convolved, Each,
    Exponential, Gradients, Largest, LayerNormalised, Moved, Multiplied, Pooled, Power, Rectified,
    Stack, Transposed, Twin,
};

const BAD: [f64; 2] = [f64::NAN, f64::INFINITY];

/// A network with an op at work in it, and its twins.
struct Case {
    /// The op's file.
    op: &'static str,
    what: String,
    network: Trainer,
    /// The twin of predictions; nothing where a prediction takes numbers from training.
    predicted: Option<Stack>,
    /// The twin of what training does, as far as what shows goes: a mask leaves nothing out, as what
    /// is no number stays so when it is multiplied by 0.
    trained: Stack,
    /// Whether the twin takes the whole batch as one sample.
    whole: bool,
    /// Whether a gradient has one place to go to: not where a ReLU made several equally large.
    placed: bool,
}

/// A case whose twin is the same in training and prediction.
fn case(op: &'static str, network: Sequential, twin: impl Fn() -> Stack) -> Case {
    case_of(op, network.compile(settings()).unwrap(), twin)
}

fn case_of(op: &'static str, network: Trainer, twin: impl Fn() -> Stack) -> Case {
    Case {
        op,
        what: format!("{op} {:?}", network.input_shape()),
        network,
        predicted: Some(twin()),
        trained: twin(),
        whole: false,
        placed: true,
    }
}

fn settings() -> Compile {
    Compile::new(Sgd::new(0.1)).loss(SumSquaredError).threads(1)
}

fn network(shape: &[usize], layer: impl letra_nn::layers::Layer + 'static) -> Sequential {
    Sequential::new(shape.to_vec()).add(layer)
}

fn stack(twin: impl Twin + 'static) -> Stack {
    Stack::default().then(twin)
}

/// Each output is one input, in the given order.
fn picked(inputs: usize, order: impl Iterator<Item = usize>) -> Moved {
    let outputs = order.map(|place| vec![(place, 1.0)]).collect();
    Moved { inputs, outputs }
}

fn identity(values: usize) -> Stack {
    stack(picked(values, 0..values))
}

/// y = x, with the penalty |x| / 2 + x² / 4 on the way back, the mean over the samples.
struct Penalised;

impl Twin for Penalised {
    fn forward(&self, input: &[f64], _: &[Vec<f64>]) -> Vec<f64> {
        input.to_vec()
    }

    fn backward(&self, input: &[f64], _: &[Vec<f64>], gradient: &[f64]) -> Gradients {
        let slopes = input
            .iter()
            .map(|x| (x.signum() + x) / (2 * SAMPLES) as f64);
        Gradients {
            input: slopes.zip(gradient).map(|(slope, g)| g + slope).collect(),
            parameters: Vec::new(),
        }
    }
}

/// A network in which a layer reads the same value twice.
fn twice(layer: impl letra_nn::layers::Layer + 'static) -> Trainer {
    let mut model = Model::new();
    let input = model.input([7]);
    let again = model.layer(Activation::linear(), [input]);
    let output = model.layer(layer, [input, again]);
    model.outputs([output]).compile(settings()).unwrap()
}

fn convolved(picture: [usize; 3], filters: usize, kernel: usize) -> Convolved {
    Convolved {
        picture,
        filters,
        kernel: [kernel; 2],
        stride: [1, 1],
        padding: Padding::Same,
        dilation: [1, 1],
        groups: 1,
        bias: true,
    }
}

fn pooled(picture: [usize; 3]) -> Pooled {
    Pooled {
        picture,
        window: [2, 2],
        stride: [2, 2],
        padding: Padding::Valid,
    }
}

/// A convolution with a function, and a max pooling where one is asked for: what a plan fuses.
fn convolution_case(twin: Convolved, function: ActivationFunction, pools: bool) -> Case {
    let layer = convolution(&twin, function)
        .dilation_rate(twin.dilation)
        .groups(twin.groups);
    let map = twin.output();
    let mut network = network(&twin.picture, layer);
    if pools {
        network = network.add(pooling(&pooled(map)));
    }
    let twins = || {
        let channels = twin.filters;
        let activated = stack(twin).then(Activated { function, channels });
        match pools {
            true => activated.then(pooled(map)),
            false => activated,
        }
    };
    Case {
        what: format!("{twin:?}, {function:?}, pooled: {pools}"),
        placed: !pools || function != ActivationFunction::Relu,
        ..case("convolve", network, twins)
    }
}

/// Shapes for every algorithm: few channels with and without blank windows, tiles of 3×3, direct, a
/// channel a group, several a group, and any.
fn convolutions() -> Vec<Case> {
    let (relu, linear) = (ActivationFunction::Relu, ActivationFunction::Linear);
    let shapes = [
        convolved([12, 12, 1], 4, 5),
        convolved([10, 6, 2], 3, 3),
        convolved([10, 9, 8], 9, 3),
        convolved([8, 8, 3], 17, 5),
        Convolved {
            groups: 4,
            ..convolved([7, 7, 4], 8, 3)
        },
        Convolved {
            groups: 2,
            ..convolved([6, 6, 4], 6, 3)
        },
        Convolved {
            dilation: [2, 1],
            ..convolved([8, 6, 2], 3, 2)
        },
        Convolved {
            stride: [2, 2],
            bias: false,
            ..convolved([9, 9, 8], 16, 1)
        },
    ];
    let mut cases = Vec::new();
    for twin in shapes {
        cases.push(convolution_case(twin, relu, false));
        cases.push(convolution_case(twin, relu, true));
        cases.push(convolution_case(twin, linear, true));
        cases.push(convolution_case(twin, ActivationFunction::Gelu, false));
    }
    cases
}

/// Products in every width that kernels distinguish.
fn products() -> Vec<Case> {
    let mut cases = Vec::new();
    for [inputs, units] in [[5, 1], [70, 5], [33, 8], [20, 9], [600, 40], [129, 131]] {
        for function in [ActivationFunction::Linear, ActivationFunction::Relu] {
            let multiplied = || {
                let bias = true;
                let product = Multiplied {
                    inputs,
                    units,
                    bias,
                };
                let channels = units;
                stack(product).then(Activated { function, channels })
            };
            let layer = Dense::new(units).activation(function);
            cases.push(case("matmul", network(&[inputs], layer), multiplied));
            if inputs * units > 1000 {
                continue;
            }
            // What is missing is multiplied by 0.
            let layer = DropConnect::new(units, 0.5).activation(function).draws(20);
            let case = case("drop_connect", network(&[inputs], layer), multiplied);
            cases.push(case);
        }
    }
    cases
}

fn activations() -> Vec<Case> {
    let mut cases = Vec::new();
    for function in FUNCTIONS {
        let twin = || {
            stack(Activated {
                function,
                channels: 5,
            })
        };
        let case = case(
            "activate",
            network(&[3, 5], Activation::new(function)),
            twin,
        );
        let what = format!("{function:?}");
        cases.push(Case { what, ..case });
    }
    let rectified = |slope| {
        let (sizes, shared) = (vec![3, 5], vec![true, false]);
        stack(Rectified {
            sizes,
            shared,
            slope,
        })
    };
    let layer = PRelu::new().shared_axes([1]);
    cases.push(case("parametric_relu", network(&[3, 5], layer), || {
        rectified(None)
    }));
    let leaky = LeakyRelu::new(0.25);
    cases.push(case("activate", network(&[3, 5], leaky), || {
        rectified(Some(0.25))
    }));
    let elu = || stack(Exponential { alpha: 0.5 });
    cases.push(case("activate", network(&[3, 5], Elu::new(0.5)), elu));
    cases
}

/// Ops that only training knows; a prediction takes its input as it is.
fn at_random() -> Vec<Case> {
    let shape = [4, 6, 3];
    let values = shape.iter().product();
    let resting = |op, layer, trained| Case {
        trained,
        ..case(op, layer, || identity(values))
    };
    let fill = FillMode::Nearest;
    let movement = Move::Translation([0.3, -0.2]);
    let contrasted = Contrasted {
        channels: 3,
        factor: 1.5,
        range: [-0.5, 0.75],
    };
    let contrast = RandomContrast::new([0.5, 0.5]).value_range(-0.5, 0.75);
    vec![
        resting(
            "dropout",
            network(&shape, Dropout::new(0.5)),
            identity(values),
        ),
        resting(
            "channel_dropout",
            network(&shape, SpatialDropout2d::new(0.5)),
            identity(values),
        ),
        resting(
            "gaussian_noise",
            network(&shape, GaussianNoise::new(0.5)),
            identity(values),
        ),
        resting("contrast", network(&shape, contrast), stack(contrasted)),
        resting(
            "resample",
            movement.add_to(Sequential::new(shape), fill),
            stack(resampled(shape, fill, &[movement])),
        ),
    ]
}

fn normalisations() -> Vec<Case> {
    let (picture, channels, epsilon) = ([6, 6, 3], 3, f64::from(1e-3f32));
    let (scale, center) = (true, true);
    let normalised = || {
        stack(BatchNormalised {
            channels,
            epsilon,
            scale,
            center,
        })
    };
    let batch = |network: Sequential, trained, placed| Case {
        trained,
        predicted: None,
        whole: true,
        placed,
        ..case("batch_normalize", network, Stack::default)
    };
    let layer = BatchNormalization::new;
    let relu = || Activated {
        function: ActivationFunction::Relu,
        channels,
    };
    let each = |twin| crate::twins::Each {
        twin,
        samples: SAMPLES,
    };
    let size = channels;
    let by_layer = || {
        stack(LayerNormalised {
            size,
            epsilon,
            scale,
            center,
        })
    };
    vec![
        batch(network(&picture, layer()), normalised(), true),
        batch(
            network(&picture, layer()).add(Activation::relu()),
            normalised().then(relu()),
            true,
        ),
        batch(
            network(&picture, layer())
                .add(Activation::relu())
                .add(MaxPool2d::new(2)),
            normalised().then(relu()).then(each(pooled(picture))),
            false,
        ),
        case(
            "layer_normalize",
            network(&picture, LayerNormalization::new()),
            by_layer,
        ),
    ]
}

/// A sequence of three steps that looks at itself.
fn attending() -> Attention {
    Attention {
        inputs: 1,
        steps: [3, 3],
        features: [4, 4, 4],
        heads: 2,
        key_dim: 3,
        value_dim: 2,
        bias: true,
        causal: false,
    }
}

/// Ops that move, join and compare.
fn others() -> Vec<Case> {
    let picture = [5, 6, 3];
    let values = picture.iter().product();
    let edges = [[1, 2], [0, 1]];
    let transposed = || Transposed {
        picture,
        filters: 4,
        kernel: [3, 2],
        stride: [2, 1],
        padding: Padding::Same,
        bias: true,
    };
    let larger = || {
        let places = (0..10).flat_map(|y| (0..12).map(move |x| (y / 2 * 6 + x / 2) * 3));
        stack(picked(values, places.flat_map(|pixel| pixel..pixel + 3)))
    };
    let average = AveragePool2d::new(2);
    let units = 4;
    let alike = || {
        stack(Alike {
            inputs: 7,
            units,
            scale: 3.0,
        })
    };
    let maxout = || {
        let (inputs, bias) = (7, true);
        let pieces = 3;
        let units = units * pieces;
        let product = stack(Multiplied {
            inputs,
            units,
            bias,
        });
        product.then(Largest { pieces, units: 4 })
    };
    let dense = || {
        let (inputs, bias) = (7, true);
        stack(Multiplied {
            inputs,
            units,
            bias,
        })
    };
    let function = ActivationFunction::Relu;
    let adaptive = Adaptive {
        alpha: 1.5,
        beta: 0.5,
        function,
    };
    let standout = Standout::new(units)
        .alpha(1.5)
        .beta(0.5)
        .activation(function);
    let relu = Activated {
        function,
        channels: units,
    };
    let features = network(&[7], RandomFourierFeatures::new(9));
    let features = features.compile(settings()).unwrap();
    let drawn = || stack(waves(&features));
    let (predicted, trained) = (drawn(), drawn());
    vec![
        case(
            "penalize",
            network(
                &[7],
                ActivityRegularization::new(Regularizer::l1_l2(0.5, 0.25)),
            ),
            || stack(Penalised),
        ),
        case("max_pool", network(&picture, MaxPool2d::new(2)), || {
            stack(pooled(picture))
        }),
        case("average_pool", network(&picture, average), || {
            stack(Averaged(pooled(picture)))
        }),
        case("maximum", network(&[7], Maxout::new(4, 3)), maxout),
        case(
            "cosine_similarity",
            network(&[7], Cosine::new(4).scale(3.0)),
            alike,
        ),
        case(
            "convolve_transposed",
            network(
                &picture,
                Conv2dTranspose::new(4, [3, 2]).stride([2, 1]).same(),
            ),
            || stack(transposed()),
        ),
        case("pad", network(&picture, ZeroPadding2d::new(edges)), || {
            stack(Moved::padded(picture, edges))
        }),
        case("crop", network(&picture, Cropping2d::new(edges)), || {
            stack(Moved::cropped(picture, edges))
        }),
        case("any_differs", network(&[3, 4], Masking::new(9.0)), || {
            identity(12)
        }),
        case("select_steps", network(&[3, 4], Masking::new(9.0)), || {
            identity(12)
        }),
        case(
            "mean_steps",
            network(&[3, 4], Masking::new(9.0)).add(GlobalAveragePool1d::new()),
            || {
                let (window, stride) = ([1, 3], [1, 3]);
                stack(Averaged(Pooled {
                    window,
                    stride,
                    ..pooled([1, 3, 4])
                }))
            },
        ),
        case(
            "mask_keys",
            network(&[3, 4], Masking::new(9.0)).add(attention(&attending())),
            || stack(attending()),
        ),
        case(
            "steps_as_samples",
            network(&[3, 7], TimeDistributed::new(Dense::new(units))),
            || {
                let (inputs, bias) = (7, true);
                let twin = Multiplied {
                    inputs,
                    units,
                    bias,
                };
                stack(Each { twin, samples: 3 })
            },
        ),
        case("up_sample", network(&picture, UpSampling2d::new(2)), larger),
        case("reshape", network(&picture, Flatten), || identity(values)),
        case_of("add", twice(Add), || {
            let outputs = (0..7).map(|place| vec![(place, 2.0)]).collect();
            stack(Moved { inputs: 7, outputs })
        }),
        case_of("multiply", twice(Multiply), || stack(Power(2))),
        case_of("concatenate", twice(Concatenate), || {
            stack(picked(7, (0..7).chain(0..7)))
        }),
        Case {
            trained: dense().then(relu),
            predicted: Some(dense().then(adaptive)),
            ..case("standout", network(&[7], standout), Stack::default)
        },
        Case {
            op: "fourier",
            what: "random Fourier features".into(),
            network: features,
            predicted: Some(predicted),
            trained,
            whole: false,
            placed: true,
        },
    ]
}

/// Samples of a batch: more than one shard in some cases, and no whole number of anything.
const SAMPLES: usize = 11;

/// What goes into a network and what comes back, each as long as the batch.
struct Numbers {
    inputs: Vec<Vec<f64>>,
    upstream: Vec<Vec<f64>>,
    parameters: Vec<Vec<f64>>,
}

impl Numbers {
    /// Inputs and gradients of which so many in ten are 0.
    fn new(case: &Case, zeros: usize, noise: &mut Noise) -> Self {
        let [inputs, outputs] = [case.network.input_shape(), case.network.output_shape()]
            .map(|shape| shape.iter().product());
        let mut draw = |zeros: usize, count: usize| -> Vec<f64> {
            let mut values = noise.fine(count);
            for value in &mut values {
                *value = match noise.between(0, 9) < zeros {
                    true => 0.0,
                    false => f64::from(*value as f32),
                };
            }
            values
        };
        Numbers {
            inputs: (0..SAMPLES).map(|_| draw(zeros, inputs)).collect(),
            upstream: (0..SAMPLES).map(|_| draw(zeros, outputs)).collect(),
            parameters: (case.trained.parameters().into_iter())
                .map(|count| draw(0, count))
                .collect(),
        }
    }

    /// Every list there is, with its name.
    fn lists(&mut self) -> Vec<(String, &mut Vec<f64>)> {
        let [first, .., last] = &mut self.inputs[..] else {
            unreachable!("several samples");
        };
        let mut lists = vec![("input".into(), first), ("last input".into(), last)];
        lists.push(("upstream".into(), &mut self.upstream[SAMPLES / 2]));
        for (number, values) in self.parameters.iter_mut().enumerate() {
            lists.push((format!("parameter {number}"), values));
        }
        lists
    }
}

/// What the twin computes: outputs, and gradients of the inputs and of each parameter.
fn wanted(twin: &Stack, whole: bool, numbers: &Numbers) -> (Vec<f64>, Vec<Vec<f64>>) {
    let of_batch = |rows: &[Vec<f64>]| match whole {
        true => vec![rows.concat()],
        false => rows.to_vec(),
    };
    let (inputs, upstream) = (of_batch(&numbers.inputs), of_batch(&numbers.upstream));
    let lengths = twin.parameters().into_iter();
    let mut gradients: Vec<Vec<f64>> = lengths.map(|length| vec![0.0; length]).collect();
    let (mut outputs, mut of_inputs) = (Vec::new(), Vec::new());
    for (input, upstream) in inputs.iter().zip(&upstream) {
        outputs.extend(twin.forward(input, &numbers.parameters));
        let found = twin.backward(input, &numbers.parameters, upstream);
        of_inputs.extend(found.input);
        for (sums, values) in gradients.iter_mut().zip(found.parameters) {
            let both = sums.iter_mut().zip(values);
            both.for_each(|(sum, value)| *sum += value);
        }
    }
    gradients.insert(0, of_inputs);
    (outputs, gradients)
}

/// Notes down where the twin's value is not finite but the found one is.
fn note_hidden(what: &str, found: &[f32], wanted: &[f64], placed: bool, hidden: &mut Vec<String>) {
    assert_eq!(found.len(), wanted.len(), "{what}");
    let shows = |(found, wanted): (&f32, &f64)| !found.is_finite() || wanted.is_finite();
    let somewhere = found.iter().any(|value| !value.is_finite());
    let mut both = found.iter().zip(wanted);
    match both.position(|both| !shows(both)) {
        Some(place) if placed || !somewhere => hidden.push(format!(
            "{what}, place {place}: {} where the twin has {}",
            found[place], wanted[place]
        )),
        _ => {}
    }
}

fn rows(shape: &[usize], rows: &[Vec<f64>]) -> Tensor {
    Tensor::new([&[SAMPLES], shape].concat(), singles(&rows.concat())).unwrap()
}

fn walk(case: &mut Case, zeros: usize, noise: &mut Noise, hidden: &mut Vec<String>) {
    let mut numbers = Numbers::new(case, zeros, noise);
    let lengths: Vec<usize> = numbers.lists().iter().map(|list| list.1.len()).collect();
    for (list, length) in lengths.into_iter().enumerate() {
        for place in BTreeSet::from([0, length / 2, length - 1]) {
            for bad in BAD {
                let mut lists = numbers.lists();
                let (name, values) = &mut lists[list];
                let what = format!(
                    "{}: {bad} in {name}, place {place}, {zeros} zeros in ten",
                    case.what
                );
                let upstream = name == "upstream";
                let good = std::mem::replace(&mut values[place], bad);
                look(case, &what, upstream, &numbers, hidden);
                numbers.lists()[list].1[place] = good;
            }
        }
    }
}

fn look(
    case: &mut Case,
    what: &str,
    upstream_is_bad: bool,
    numbers: &Numbers,
    hidden: &mut Vec<String>,
) {
    set_parameters(&mut case.network, &numbers.parameters);
    let inputs = rows(case.network.input_shape(), &numbers.inputs);
    if let Some(predicted) = &case.predicted {
        let found = case.network.predict(&inputs).unwrap();
        let (wanted, _) = wanted(predicted, case.whole, numbers);
        let what = format!("{what}: output");
        note_hidden(&what, found.data(), &wanted, true, hidden);
    }
    let upstream = rows(case.network.output_shape(), &numbers.upstream);
    let (gradients, of_inputs) = case.network.backward(&inputs, &[upstream]).unwrap();
    let (_, wanted) = wanted(&case.trained, case.whole, numbers);
    let names: Vec<String> = gradients.names().map(str::to_owned).collect();
    let of_parameters = names.iter().map(|name| gradients.get(name).unwrap());
    let found: Vec<Tensor> = of_inputs.into_iter().chain(of_parameters).collect();
    assert_eq!(found.len(), wanted.len(), "{what}");
    for (number, (found, wanted)) in found.iter().zip(&wanted).enumerate() {
        let placed = case.placed || !upstream_is_bad;
        let what = format!("{what}: gradient {number}");
        note_hidden(&what, found.data(), wanted, placed, hidden);
    }
}

fn cases() -> Vec<Case> {
    let all = [
        products(),
        convolutions(),
        activations(),
        at_random(),
        normalisations(),
        others(),
        joins::cases(),
        recurrent::cases(),
        recurrent::with_dropout(),
    ];
    all.into_iter().flatten().collect()
}

#[test]
fn what_is_not_finite_shows_in_all_that_depends_on_it() {
    let (mut noise, mut hidden) = (Noise::new(91), Vec::new());
    for mut case in cases() {
        // A row of zeros alone has no direction.
        let has_direction = ["cosine_similarity", "unit_normalize"].contains(&case.op);
        let many = if has_direction { 2 } else { 8 };
        for zeros in [0, many] {
            walk(&mut case, zeros, &mut noise, &mut hidden);
        }
    }
    let first = &hidden[..hidden.len().min(40)];
    assert!(hidden.is_empty(), "{} are hidden: {first:#?}", hidden.len());
}

/// `tests/training/not_finite.rs` walks the op that a plan chooses only while it trains.
const WHILE_TRAINING: &str = "sparse_matmul";

/// Ops of whole numbers, which are checked before: `tests/bad_input/sequences.rs` walks those.
const OF_WHOLE_NUMBERS: [&str; 2] = ["length_mask", "lookup"];

/// The test of autoencoders holds these to it.
const OF_AUTOENCODERS: [&str; 5] = [
    "contract",
    "corrupt",
    "matmul_transposed",
    "sample_gaussian",
    "sparsity",
];

/// `tests/adversarial/not_finite.rs` holds these to it.
const OF_ADVERSARIES: [&str; 8] = [
    "gate",
    "interpolate",
    "norm_penalty",
    "normalize_back",
    "part_of_row",
    "reverse_gradient",
    "spectral_divide",
    "times_weight",
];

/// `tests/transfer/penalties.rs` walks the one that compares features of a batch.
const OF_DOMAINS: &str = "discrepancy";

#[test]
fn every_op_is_walked() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("src/ops");
    let files = std::fs::read_dir(folder).unwrap().map(|file| file.unwrap());
    let mut ops: BTreeSet<String> = files
        .map(|file| {
            file.path()
                .file_stem()
                .unwrap()
                .to_str()
                .unwrap()
                .to_owned()
        })
        .filter(|name| !["mod", "pass", WHILE_TRAINING, OF_DOMAINS].contains(&name.as_str()))
        .filter(|name| !OF_WHOLE_NUMBERS.contains(&name.as_str()))
        .filter(|name| !OF_AUTOENCODERS.contains(&name.as_str()))
        .filter(|name| !OF_ADVERSARIES.contains(&name.as_str()))
        .collect();
    for case in cases() {
        ops.remove(case.op);
    }
    assert!(ops.is_empty(), "add cases for the ops {ops:?}");
}
