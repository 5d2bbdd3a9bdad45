//! Kinds of convolution beside the plain one: dilated, in groups, depthwise, of one tap,
//! transposed.

use super::*;

/// A shape with room for its kernel; the channels and filters of each group are given.
fn shape(
    noise: &mut Noise,
    kernel: [usize; 2],
    dilation: [usize; 2],
    groups: usize,
    [channels, filters]: [usize; 2],
) -> Geometry {
    let reach = [0, 1].map(|axis| (kernel[axis] - 1) * dilation[axis] + 1);
    let stride = match dilation {
        [1, 1] => [noise.between(1, 3), noise.between(1, 3)],
        _ => [1, 1],
    };
    let padding = random_padding(noise, reach);
    let around = [padding.rows(), padding.columns()];
    let sizes = [0, 1].map(|axis| {
        noise
            .between(1, 13)
            .max(reach[axis].saturating_sub(around[axis]))
    });
    Geometry {
        stride,
        padding,
        dilation,
        groups,
        ..plain(sizes, [groups * channels, groups * filters], kernel)
    }
}

fn check(noise: &mut Noise, geometry: Geometry, tolerance: f64) {
    let pool = random_pool(noise, &geometry);
    let (samples, relu) = (noise.between(1, 3), noise.between(0, 1) == 1);
    Case::new(noise, samples, geometry, relu, pool).check(tolerance);
}

#[test]
fn twins_gradient_with_dilation_and_groups() {
    let mut noise = Noise::new(11);
    for _ in 0..40 {
        let kernel = [noise.between(1, 3), noise.between(1, 3)];
        let dilation = [noise.between(1, 3), noise.between(1, 3)];
        let each = [noise.between(1, 3), noise.between(1, 3)];
        let groups = noise.between(1, 3);
        let geometry = shape(&mut noise, kernel, dilation, groups, each);
        prove_twin(&mut noise, geometry);
    }
}

#[test]
fn dilated() {
    let mut noise = Noise::new(12);
    for round in 0..120 {
        let kernel = [noise.between(1, 5), noise.between(1, 5)];
        let dilation = [noise.between(1, 4), noise.between(2, 4)];
        let most = if round % 2 == 0 { 6 } else { 35 };
        let each = [noise.between(1, 12), noise.between(1, most)];
        let geometry = shape(&mut noise, kernel, dilation, 1, each);
        check(&mut noise, geometry, 1e-5);
    }
}

#[test]
fn in_groups() {
    let mut noise = Noise::new(13);
    for round in 0..100 {
        let kernel = [noise.between(1, 5), noise.between(1, 5)];
        let dilation = if round % 3 == 0 { [2, 1] } else { [1, 1] };
        let each = [noise.between(2, 6), noise.between(1, 20)];
        let groups = noise.between(2, 4);
        let geometry = shape(&mut noise, kernel, dilation, groups, each);
        check(&mut noise, geometry, 1e-5);
    }
    // Groups large enough for Winograd's products, and a group that is all there is.
    for (groups, each) in [(2, [9, 8]), (3, [16, 17])] {
        let mut geometry = shape(&mut noise, [3, 3], [1, 1], groups, each);
        (geometry.height, geometry.width, geometry.stride) = (9, 10, [1, 1]);
        check(&mut noise, geometry, 1e-4);
    }
}

#[test]
fn depthwise() {
    let mut noise = Noise::new(14);
    for round in 0..200 {
        let kernel = [noise.between(1, 5), noise.between(1, 5)];
        let dilation = match round % 3 {
            0 => [noise.between(1, 3), noise.between(1, 3)],
            _ => [1, 1],
        };
        let (channels, multiplier) = (noise.between(2, 37), noise.between(1, 3));
        let mut geometry = shape(&mut noise, kernel, dilation, channels, [1, multiplier]);
        if round % 2 == 0 {
            // Paddings for which the gradient of the input is a sweep, too.
            let [rows, columns] = geometry.reach().map(|reach| reach - 1);
            let Padding2 { top, right, .. } = geometry.padding;
            geometry.padding = Padding2::new([top.min(rows), rows], [columns, right.min(columns)]);
            if round % 4 == 0 {
                geometry.stride = [1, 1];
            }
        }
        check(&mut noise, geometry, 1e-5);
    }
}

#[test]
fn of_one_tap() {
    let mut noise = Noise::new(15);
    for round in 0..100 {
        let [least, most] = if round % 5 == 0 { [60, 80] } else { [1, 40] };
        let each = [noise.between(least, most), noise.between(least, most)];
        let mut geometry = shape(&mut noise, [1, 1], [1, 1], 1, each);
        if round % 4 > 0 {
            (geometry.stride, geometry.padding) = ([1, 1], Padding2::default());
        }
        check(&mut noise, geometry, 1e-5);
    }
}

/// A transposed convolution is the way back through a convolution, whose twin is proven.
#[test]
fn transposed() {
    let mut noise = Noise::new(16);
    for _ in 0..150 {
        let kernel = [noise.between(1, 5), noise.between(1, 5)];
        let each = [noise.between(1, 19), noise.between(1, 19)];
        let mut geometry = shape(&mut noise, kernel, [1, 1], 1, each);
        geometry.stride = [noise.between(1, 6), noise.between(1, 6)];
        let case = Case::new(&mut noise, 1, geometry, false, None);
        // What is an input to the convolution is a gradient to the transposed one.
        let (image, gradient) = (&case.output_gradient, &case.input);
        let bias = noise.values(geometry.channels);
        let zeros = vec![0.0; geometry.filters];
        let wide_kernel = wide(&case.kernel);
        let back = case
            .twin
            .backward(&wide(gradient), &wide_kernel, &zeros, &wide(image));
        let forth = case.twin.forward(&wide(gradient), &wide_kernel, &zeros);
        crate::simd::tests::on_each_instruction_set(|| {
            let transposed = Transposed::new(geometry);
            let mut prepared = vec![f32::NAN; transposed.prepared_len()];
            transposed.prepare(&case.kernel, &mut prepared);
            let mut scratch = vec![f32::NAN; transposed.scratch_len(1)];
            let mut output = vec![f32::NAN; gradient.len()];
            let (kernel, some_bias) = (&case.kernel, Some(&bias[..]));
            transposed.forward(
                1,
                image,
                kernel,
                &prepared,
                some_bias,
                &mut output,
                &mut scratch,
            );
            let mut wanted = back.input.clone();
            for (at, value) in wanted.iter_mut().enumerate() {
                *value += f64::from(bias[at % bias.len()]);
            }
            assert!(difference(&output, &wanted) < 1e-5, "{geometry:?}");
            let mut image_gradient = vec![f32::NAN; image.len()];
            let mut kernel_gradient = vec![0.0; kernel.len()];
            let mut bias_gradient = vec![0.0; bias.len()];
            scratch.fill(f32::NAN);
            transposed.backward(
                1,
                image,
                kernel,
                &prepared,
                &mut gradient.clone(),
                Some(&mut image_gradient),
                Some(&mut kernel_gradient),
                Some(&mut bias_gradient),
                &mut scratch,
            );
            assert!(difference(&image_gradient, &forth) < 1e-5, "{geometry:?}");
            assert!(difference(&kernel_gradient, &back.kernel) < 1e-5);
            let mut sums = vec![0.0; bias.len()];
            for (at, &value) in gradient.iter().enumerate() {
                sums[at % bias.len()] += f64::from(value);
            }
            assert!(difference(&bias_gradient, &sums) < 1e-5, "{geometry:?}");
        });
    }
}
