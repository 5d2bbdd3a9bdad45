//! Each kernel alone, on the shapes of the seminar's networks, beside the machine's peak.

use std::error::Error;
use std::hint::black_box;
use std::time::Instant;

use letra_kernels::activation::{self, ActivationKind};
use letra_kernels::convolution::{Convolution, Geometry, Padding2, Pool};
use letra_kernels::gemm::{Mat, MatMut, gemm};
use letra_kernels::pooling::Pooling;
use letra_kernels::resampling::{FillMode, Resampling};
use letra_kernels::{cross_entropy, dense, dropout, gaussian, optimizer, reduce};

use crate::{Settings, machine};

/// Samples of a shard.
const SAMPLES: usize = 16;

/// What a kernel is held against.
enum Work {
    /// Floating-point operations.
    Operations(usize),
    /// Bytes read and written.
    Bytes(usize),
}

struct Bench {
    peak: f64,
    seconds: f64,
}

impl Bench {
    /// Prints the median time of `kernel` and its rate.
    fn row(&self, name: &str, work: Work, mut kernel: impl FnMut()) {
        let begin = Instant::now();
        let mut times = Vec::new();
        while begin.elapsed().as_secs_f64() < self.seconds || times.len() < 5 {
            let start = Instant::now();
            kernel();
            times.push(start.elapsed().as_secs_f64());
        }
        times.sort_by(f64::total_cmp);
        let median = times[times.len() / 2];
        let rate = match work {
            Work::Operations(operations) => {
                let rate = operations as f64 / median / 1e9;
                format!(
                    "{rate:6.1} GFLOP/s {:4.0} % of peak",
                    100.0 * rate / self.peak
                )
            }
            Work::Bytes(bytes) => format!("{:6.1} GB/s", bytes as f64 / median / 1e9),
        };
        println!("{name:44} {:>10.2} µs  {rate}", 1e6 * median);
    }
}

pub(crate) fn run(settings: &Settings) -> Result<(), Box<dyn Error>> {
    let bench = Bench {
        peak: machine::peak(1),
        seconds: settings.seconds / 10.0,
    };
    println!(
        "one thread, peak {:.0} GFLOP/s, shards of {SAMPLES} samples",
        bench.peak
    );
    println!("(above 100 %: zeros skipped, or Winograd's fewer products; counted as if neither)\n");
    products(&bench);
    for (inputs, units, density) in [
        (1296, 5, 0.1),
        (1296, 128, 0.1),
        (1296, 128, 1.0),
        (128, 32, 1.0),
        (2304, 256, 0.4),
    ] {
        dense_layer(&bench, inputs, units, density);
    }
    convolutions(&bench);
    kinds_of_convolution(&bench);
    elementwise(&bench);
    Ok(())
}

/// Numbers in [−0.5, 0.5), of which about the given share is not zero.
fn noise(count: usize, density: f64) -> Vec<f32> {
    let mut state = 1u64;
    (0..count)
        .map(|_| {
            state = state
                .wrapping_mul(6_364_136_223_846_793_005)
                .wrapping_add(1);
            let value = (state >> 40) as f32 / (1u64 << 24) as f32;
            let kept = ((state >> 20) & 0xFFFF) as f64 <= density * 65_535.0;
            if kept { value - 0.5 } else { 0.0 }
        })
        .collect()
}

fn products(bench: &Bench) {
    for [m, n, k] in [
        [768, 768, 768],
        [16, 128, 1296],
        [64, 256, 2304],
        [36, 64, 64],
    ] {
        let (left, right) = (noise(m * k, 1.0), noise(k * n, 1.0));
        let mut product = vec![0.0; m * n];
        bench.row(
            &format!("product {m} × {k} · {k} × {n}"),
            Work::Operations(2 * m * n * k),
            || {
                let destination = MatMut::row_major(&mut product, n);
                gemm(
                    m,
                    n,
                    k,
                    destination,
                    false,
                    Mat::row_major(&left, k),
                    Mat::row_major(&right, n),
                );
            },
        );
    }
}

fn dense_layer(bench: &Bench, inputs: usize, units: usize, density: f64) {
    let input = noise(SAMPLES * inputs, density);
    let (kernel, delta) = (noise(inputs * units, 1.0), noise(SAMPLES * units, 1.0));
    let (mut output, mut slope) = (vec![0.0; SAMPLES * units], vec![0.0; inputs * units]);
    let mut back = vec![0.0; SAMPLES * inputs];
    let work = || Work::Operations(2 * SAMPLES * inputs * units);
    let name = |what| {
        format!(
            "dense {inputs} → {units}, {:.0} % ink, {what}",
            100.0 * density
        )
    };
    bench.row(&name("forward"), work(), || {
        dense::forward(SAMPLES, inputs, units, &input, &kernel, None, &mut output);
    });
    bench.row(&name("kernel gradient"), work(), || {
        let all = std::iter::once((&input[..], &delta[..]));
        dense::kernel_gradient(inputs, units, 0..inputs, all, true, &mut slope);
    });
    bench.row(&name("input gradient"), work(), || {
        dense::input_gradient(SAMPLES, inputs, units, &delta, &kernel, &mut back);
    });
}

fn convolutions(bench: &Bench) {
    let around = Padding2 {
        top: 2,
        bottom: 2,
        left: 2,
        right: 2,
    };
    let none = Padding2::default();
    for (side, channels, filters, kernel, padding, pooled) in [
        (36, 1, 4, 5, around, true),
        (36, 1, 32, 3, none, false),
        (34, 32, 32, 3, none, true),
        (16, 32, 64, 3, none, false),
        (14, 64, 64, 3, none, true),
    ] {
        let geometry = Geometry {
            height: side,
            width: side,
            channels,
            filters,
            kernel: [kernel, kernel],
            stride: [1, 1],
            padding,
            dilation: [1, 1],
            groups: 1,
        };
        let pool = pooled.then_some(Pool {
            height: 2,
            width: 2,
        });
        convolution(bench, geometry, pool);
    }
}

/// Convolutions of compact networks, without a ReLU: batch normalisation stands between.
fn kinds_of_convolution(bench: &Bench) {
    let plain = |side, channels, filters, kernel: usize| Geometry {
        height: side,
        width: side,
        channels,
        filters,
        kernel: [kernel, kernel],
        stride: [1, 1],
        padding: same(side, kernel, 1, 1),
        dilation: [1, 1],
        groups: 1,
    };
    for (side, channels, filters) in [
        (36, 8, 8),
        (36, 16, 16),
        (18, 24, 24),
        (18, 32, 32),
        (9, 48, 48),
    ] {
        convolve(bench, plain(side, channels, filters, 3), false, None);
    }
    for (side, channels, filters) in [(36, 8, 16), (36, 16, 32), (18, 24, 48)] {
        let strided = Geometry {
            stride: [2, 2],
            padding: same(side, 3, 2, 1),
            ..plain(side, channels, filters, 3)
        };
        convolve(bench, strided, false, None);
    }
    for (side, channels, filters) in [
        (36, 8, 16),
        (36, 16, 32),
        (18, 24, 48),
        (18, 32, 64),
        (9, 48, 48),
    ] {
        convolve(bench, plain(side, channels, filters, 1), false, None);
    }
    for (side, channels, dilation) in [(36, 16, 2), (18, 32, 2)] {
        let dilated = Geometry {
            dilation: [dilation; 2],
            padding: same(side, 3, 1, dilation),
            ..plain(side, channels, channels, 3)
        };
        convolve(bench, dilated, false, None);
    }
    for (side, channels, kernel, stride) in [
        (36, 8, 3, 1),
        (36, 16, 3, 1),
        (18, 32, 3, 1),
        (18, 48, 5, 1),
        (36, 16, 3, 2),
    ] {
        let depthwise = Geometry {
            groups: channels,
            stride: [stride; 2],
            padding: same(side, kernel, stride, 1),
            ..plain(side, channels, channels, kernel)
        };
        convolve(bench, depthwise, false, None);
    }
    let grouped = Geometry {
        groups: 4,
        ..plain(18, 32, 32, 3)
    };
    convolve(bench, grouped, false, None);
}

/// The padding that makes the output ⌈side / stride⌉.
fn same(side: usize, kernel: usize, stride: usize, dilation: usize) -> Padding2 {
    let reach = (kernel - 1) * dilation + 1;
    let missing = ((side.div_ceil(stride) - 1) * stride + reach).saturating_sub(side);
    let (before, after) = (missing / 2, missing - missing / 2);
    Padding2 {
        top: before,
        bottom: after,
        left: before,
        right: after,
    }
}

fn convolution(bench: &Bench, geometry: Geometry, pool: Option<Pool>) {
    convolve(bench, geometry, true, pool);
}

fn convolve(bench: &Bench, geometry: Geometry, relu: bool, pool: Option<Pool>) {
    let convolution = Convolution::new(geometry, relu, pool);
    let input = noise(SAMPLES * geometry.input_len(), 1.0);
    let taps = geometry.kernel_len();
    let (kernel, bias) = (noise(taps, 1.0), noise(geometry.filters, 1.0));
    let mut prepared = vec![0.0; convolution.prepared_len()];
    convolution.prepare(&kernel, &mut prepared);
    let mut output = vec![0.0; SAMPLES * convolution.output_len()];
    let mut keep = vec![0.0; SAMPLES * convolution.keep_len()];
    let mut scratch = vec![0.0; convolution.scratch_len(SAMPLES)];
    let operations = 2 * SAMPLES * geometry.output_height() * geometry.output_width() * taps;
    let name = |what| {
        let tail = match (relu, pool.is_some()) {
            (true, true) => ", ReLU, pool",
            (true, false) => ", ReLU",
            _ => "",
        };
        let mut kind = String::from("conv");
        if geometry.stride != [1, 1] {
            kind += &format!(" /{}", geometry.stride[0]);
        }
        if geometry.dilation != [1, 1] {
            kind += &format!(" dilated {}", geometry.dilation[0]);
        }
        if geometry.groups > 1 {
            kind += &format!(" {} groups", geometry.groups);
        }
        format!(
            "{kind} {}×{}·{}→{} on {}×{}{tail}, {what}",
            geometry.kernel[0],
            geometry.kernel[1],
            geometry.channels,
            geometry.filters,
            geometry.height,
            geometry.width
        )
    };
    bench.row(&name("forward"), Work::Operations(operations), || {
        let keep = Some(&mut keep[..]);
        let bias = Some(&bias[..]);
        convolution.forward(
            SAMPLES,
            &input,
            &kernel,
            &prepared,
            bias,
            &mut output,
            keep,
            &mut scratch,
        );
    });
    let slope = noise(output.len(), 1.0);
    let mut gradient = slope.clone();
    let mut back = (geometry.channels > 1).then(|| vec![0.0; input.len()]);
    let (mut kernel_gradient, mut bias_gradient) = (vec![0.0; taps], vec![0.0; geometry.filters]);
    let passes = if back.is_some() { 2 } else { 1 };
    bench.row(
        &name("backward"),
        Work::Operations(passes * operations),
        || {
            gradient.copy_from_slice(&slope);
            convolution.backward(
                SAMPLES,
                &input,
                &kernel,
                &prepared,
                &output,
                &mut gradient,
                &keep,
                back.as_deref_mut(),
                Some(&mut kernel_gradient),
                Some(&mut bias_gradient),
                &mut scratch,
            );
        },
    );
}

fn elementwise(bench: &Bench) {
    const COUNT: usize = 16 * 1024;
    let (input, other) = (noise(COUNT, 1.0), noise(COUNT, 1.0));
    let (mut first, mut second) = (noise(COUNT, 1.0), vec![0.0; COUNT]);
    let mut third = vec![0.0; COUNT];
    let bytes = |streams: usize| Work::Bytes(4 * streams * COUNT);
    for (name, kind) in [
        ("ReLU", ActivationKind::Relu),
        ("sigmoid", ActivationKind::Sigmoid),
        ("tanh", ActivationKind::Tanh),
        ("softmax of 32", ActivationKind::Softmax),
        ("ELU", ActivationKind::Elu),
        ("SELU", ActivationKind::Selu),
        ("GELU", ActivationKind::Gelu),
        ("GELU by tanh", ActivationKind::GeluTanh),
        ("SiLU", ActivationKind::Silu),
        ("softplus", ActivationKind::Softplus),
        ("leaky ReLU", ActivationKind::LeakyRelu),
    ] {
        bench.row(&format!("{name}, forward"), bytes(2), || {
            activation::forward(kind, 32, black_box(&mut first), &mut []);
        });
        bench.row(&format!("{name}, backward"), bytes(3), || {
            activation::backward(kind, 32, &input, &other, black_box(&mut first));
        });
    }
    let labels: Vec<u32> = (0..COUNT as u32 / 8).map(|sample| sample % 8).collect();
    bench.row("softmax and cross-entropy of 8 classes", bytes(2), || {
        black_box(cross_entropy::classes_from_logits(
            8, &input, &labels, 0.0, 0.1, &mut first,
        ));
    });
    let words: Vec<u32> = (0..COUNT as u32)
        .map(|i| i.wrapping_mul(2_654_435_761))
        .collect();
    bench.row("dropout", bytes(3), || {
        dropout::apply(0.25, &words, &input, &mut first)
    });
    bench.row("Gaussian noise", bytes(3), || {
        gaussian::add_noise(0.1, &words, &input, &mut first);
    });
    bench.row("sum of two buffers", bytes(3), || {
        reduce::add(&mut second, &other)
    });
    bench.row("SGD", bytes(3), || {
        optimizer::sgd(&mut first, &input, 1e-6);
    });
    bench.row("SGD, Nesterov momentum", bytes(5), || {
        optimizer::momentum(&mut first, &input, &mut second, 1e-6, 0.9, true);
    });
    let settings = optimizer::Adam {
        rate: 1e-6,
        beta_1: 0.9,
        beta_2: 0.999,
        epsilon: 1e-7,
        weight_decay: 0.0,
        step: 10,
    };
    second.fill(0.0);
    bench.row("Adam", bytes(7), || {
        optimizer::adam(&mut first, &input, &mut second, &mut third, settings);
    });
    adaptive(bench, &input);
    pooling(bench);
    moved_pictures(bench);
}

/// Pictures of the seminar's size, turned, zoomed and shifted.
fn moved_pictures(bench: &Bench) {
    let source = [0.9, -0.2, 4.5, 0.2, 1.1, -5.5];
    for (channels, fill, edges) in [
        (1, FillMode::Constant(0.0), "constant"),
        (1, FillMode::Reflect, "reflect"),
        (3, FillMode::Constant(0.0), "constant"),
    ] {
        let resampling = Resampling {
            height: 36,
            width: 36,
            channels,
            fill,
        };
        let values = 36 * 36 * channels;
        let input = noise(SAMPLES * values, 1.0);
        let (mut output, mut back) = (input.clone(), input.clone());
        let mut scratch = vec![0.0; resampling.scratch_len()];
        let name = |what| format!("moved 36×36·{channels}, {edges}, {what}");
        let bytes = || Work::Bytes(4 * 2 * SAMPLES * values);
        bench.row(&name("forward"), bytes(), || {
            let pictures = input.chunks_exact(values);
            for (input, output) in pictures.zip(output.chunks_exact_mut(values)) {
                resampling.forward(&source, input, output, &mut scratch);
            }
        });
        bench.row(&name("backward"), bytes(), || {
            let pictures = input.chunks_exact(values);
            for (gradient, back) in pictures.zip(back.chunks_exact_mut(values)) {
                resampling.backward(&source, gradient, back, &mut scratch);
            }
        });
    }
}

/// The optimizers that keep arrays of state, beside Adam.
fn adaptive(bench: &Bench, gradients: &[f32]) {
    let mut parameters = noise(gradients.len(), 1.0);
    let zeros = || vec![0.0; gradients.len()];
    let bytes = |streams: usize| Work::Bytes(4 * streams * gradients.len());
    let (mut first, mut second, mut third) = (zeros(), zeros(), zeros());
    bench.row("Adagrad", bytes(5), || {
        optimizer::adagrad(&mut parameters, gradients, &mut first, 1e-6, 1e-7);
    });
    let settings = optimizer::Adadelta {
        rate: 1e-6,
        rho: 0.95,
        epsilon: 1e-7,
    };
    bench.row("Adadelta", bytes(7), || {
        optimizer::adadelta(
            &mut parameters,
            gradients,
            &mut first,
            &mut second,
            settings,
        );
    });
    let settings = optimizer::RmsProp {
        rate: 1e-6,
        rho: 0.9,
        momentum: 0.9,
        epsilon: 1e-7,
    };
    bench.row("RMSprop", bytes(5), || {
        optimizer::rms_prop(&mut parameters, gradients, &mut first, None, None, settings);
    });
    bench.row("RMSprop, centred, momentum", bytes(9), || {
        let (momenta, averages) = (Some(&mut second[..]), Some(&mut third[..]));
        optimizer::rms_prop(
            &mut parameters,
            gradients,
            &mut first,
            momenta,
            averages,
            settings,
        );
    });
    bench.row("L1 and L2 penalty", bytes(3), || {
        black_box(optimizer::penalize(&parameters, &mut first, 1e-6, 1e-6));
    });
    bench.row("largest norm of 128 units", bytes(3), || {
        optimizer::limit_column_norms(&mut parameters, 10.0, &mut second[..128]);
    });
}

fn pooling(bench: &Bench) {
    let pooling = Pooling {
        height: 32,
        width: 32,
        channels: 32,
        window: [2, 2],
        stride: [2, 2],
        padding: Padding2::default(),
    };
    let input = noise(pooling.input_len(), 1.0);
    let mut output = vec![0.0; pooling.output_len()];
    let mut codes = output.clone();
    let mut back = input.clone();
    bench.row(
        "max pooling, forward",
        Work::Bytes(4 * (input.len() + 2 * output.len())),
        || {
            pooling.forward_max(1, &input, &mut output, Some(&mut codes));
        },
    );
    bench.row(
        "max pooling, backward",
        Work::Bytes(4 * (back.len() + 2 * output.len())),
        || {
            pooling.backward_max(1, &output, &codes, &mut back);
        },
    );
}
