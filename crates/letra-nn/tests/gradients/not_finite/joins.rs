//! Cases of layers that join inputs, look at others, or are given their numbers.

use letra_nn::layers::{Layer, Padding};
use letra_nn::prelude::*;

use super::{Case, case, case_of, network, settings, stack};
use crate::attention::{attention, parts};
use crate::joins::joining;
use crate::scaling::permuted;
use crate::twins::{
    Attention, Convolved, Dotted, GroupNormalised, Largest, Moved, Power, Rescaled, Stack,
    Transposed, Twin,
};

fn joined(
    op: &'static str,
    parts: &[Vec<usize>],
    layer: impl Layer,
    twin: impl Fn() -> Stack,
) -> Case {
    let model = joining(parts, layer);
    case_of(op, model.compile(settings()).unwrap(), twin)
}

fn dots(op: &'static str, shapes: [Vec<usize>; 2], axes: [usize; 2], normalize: bool) -> Case {
    let counted = axes.map(|axis| axis as i32 + 1);
    let twin = Dotted {
        shapes,
        axes,
        normalize,
    };
    let layer = Dot::new(counted).normalize(normalize);
    joined(op, &twin.shapes.clone(), layer, || stack(twin.clone()))
}

fn looking(op: &'static str, inputs: usize, causal: bool) -> Case {
    let twin = Attention {
        inputs,
        steps: [4, if inputs == 1 { 4 } else { 5 }],
        features: [3, 2, 4],
        heads: 2,
        key_dim: 3,
        value_dim: 2,
        bias: true,
        causal,
    };
    joined(op, &parts(&twin), attention(&twin), || stack(twin))
}

fn same(
    op: &'static str,
    shape: &[usize],
    layer: impl Layer,
    twin: impl Twin + Clone + 'static,
) -> Case {
    case(op, network(shape, layer), || stack(twin.clone()))
}

/// Layers over sequences, which are those over pictures of one row.
fn sequences() -> Vec<Case> {
    let transposed = || Transposed {
        picture: [1, 6, 3],
        filters: 4,
        kernel: [1, 3],
        stride: [1, 2],
        padding: Padding::Same,
        bias: true,
    };
    let convolved = |channels, filters, kernel, groups, bias| Convolved {
        picture: [1, 6, channels],
        filters,
        kernel: [1, kernel],
        stride: [1, 1],
        padding: Padding::Same,
        dilation: [1, 1],
        groups,
        bias,
    };
    let separable = || {
        let depthwise = convolved(3, 6, 3, 3, false);
        stack(depthwise).then(convolved(6, 4, 1, 1, true))
    };
    let copy = |_: usize, times: usize, at: usize| vec![(at / times, 1.0)];
    let longer = Conv1dTranspose::new(4, 3).stride(2).same();
    let mixed = SeparableConv1d::new(4, 3).depth_multiplier(2).same();
    vec![
        case("convolve_transposed", network(&[6, 3], longer), || {
            stack(transposed())
        }),
        case("convolve", network(&[6, 3], mixed), separable),
        case("up_sample", network(&[6, 3], UpSampling1d::new(2)), || {
            stack(Moved::larger([1, 6, 3], [1, 2], copy))
        }),
    ]
}

pub(super) fn cases() -> Vec<Case> {
    let grouped = || GroupNormalised {
        groups: 2,
        channels: 6,
        epsilon: f64::from(1e-3f32),
        scale: true,
        center: true,
    };
    let groups = GroupNormalization::new().groups(2);
    let smallest = || {
        stack(Rescaled::by(-1.0, 0.0))
            .then(Largest {
                pieces: 3,
                units: 4,
            })
            .then(Rescaled::by(-1.0, 0.0))
    };
    let given = Normalization::new([0.5, -0.25, 0.0], [4.0, 1.0, 0.25]);
    let normal = vec![[0.5, 0.5, 0.0], [-0.25, 1.0, 0.0], [0.0, 2.0, 0.0]];
    let cube = Lambda::of_values(|x| x * x * x, |x| 3.0 * x * x);
    let mut cases = sequences();
    cases.extend([
        same(
            "rescale",
            &[2, 5],
            Rescaling::new(-2.0).offset(0.5),
            Rescaled::by(-2.0, 0.5),
        ),
        same("rescale", &[4, 3], given, Rescaled(normal)),
        same("apply", &[7], cube, Power(3)),
        case(
            "permute",
            network(&[3, 4, 2], Permute::new([3, 1, 2])),
            || stack(permuted(&[3, 4, 2], &[2, 0, 1])),
        ),
        case("group_normalize", network(&[5, 6], groups), || {
            stack(grouped())
        }),
        joined("maximum", &vec![vec![2, 2]; 3], Minimum, smallest),
        dots("batch_matmul", [vec![3, 5], vec![4, 5]], [1, 1], false),
        dots("batch_matmul", [vec![5, 3], vec![17, 5, 2]], [0, 1], false),
        dots("unit_normalize", [vec![3, 5], vec![5, 2]], [1, 0], true),
        looking("batch_matmul", 1, false),
        looking("batch_matmul", 3, false),
        looking("causal_mask", 1, true),
        looking("causal_mask", 2, true),
    ]);
    cases
}
