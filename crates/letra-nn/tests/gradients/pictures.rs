//! The layers that change pictures while training, with factors that leave nothing to chance.

use std::f64::consts::TAU;

use letra_nn::prelude::*;

use crate::comparison::compare_in_training;
use crate::layers::behind_identity;
use crate::noise::Noise;
use crate::proof::prove;
use crate::twins::{Contrasted, Convolved, Multiplied, Resampled, Stack};

const FILLS: [FillMode; 4] = [
    FillMode::Constant(-0.5),
    FillMode::Nearest,
    FillMode::Reflect,
    FillMode::Wrap,
];

/// One of the three layers that move pictures.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Move {
    /// Down and to the right, as shares of height and width.
    Translation([f32; 2]),
    /// Counter-clockwise, as a share of a full turn.
    Rotation(f32),
    /// Out, along height and width.
    Zoom([f32; 2]),
}

impl Move {
    fn random(noise: &mut Noise) -> Self {
        let [a, b] = [0, 1].map(|_| (2.0 * noise.fraction() - 1.0) as f32);
        match noise.between(0, 2) {
            0 => Move::Translation([a, b]),
            1 => Move::Rotation(a),
            _ => Move::Zoom([0.9 * a, 0.9 * b]),
        }
    }

    pub(crate) fn add_to(self, network: Sequential, fill: FillMode) -> Sequential {
        let exactly = |factor: f32| [factor, factor];
        match self {
            Move::Translation([down, right]) => {
                network.add(RandomTranslation::new(exactly(down), exactly(right)).fill_mode(fill))
            }
            Move::Rotation(turn) => network.add(RandomRotation::new(exactly(turn)).fill_mode(fill)),
            Move::Zoom([height, width]) => network.add(
                RandomZoom::new(exactly(height))
                    .width_factor(exactly(width))
                    .fill_mode(fill),
            ),
        }
    }

    /// Where a pixel in column x and row y comes from.
    fn origin(self, [height, width]: [f64; 2], [x, y]: [f64; 2]) -> [f64; 2] {
        let middle = [(width - 1.0) / 2.0, (height - 1.0) / 2.0];
        let [u, v] = [x - middle[0], y - middle[1]];
        match self {
            Move::Translation([down, right]) => {
                [x - f64::from(right) * width, y - f64::from(down) * height]
            }
            Move::Rotation(turn) => {
                let (sine, cosine) = (TAU * f64::from(turn)).sin_cos();
                [
                    middle[0] + u * cosine - v * sine,
                    middle[1] + u * sine + v * cosine,
                ]
            }
            Move::Zoom([height, width]) => [
                middle[0] + u * (1.0 + f64::from(width)),
                middle[1] + v * (1.0 + f64::from(height)),
            ],
        }
    }
}

/// The twin of movements one after the other that resample once.
pub(crate) fn resampled(picture: [usize; 3], fill: FillMode, moves: &[Move]) -> Resampled {
    let sizes = [picture[0] as f64, picture[1] as f64];
    let origin = |place: [f64; 2]| {
        let last_first = moves.iter().rev();
        last_first.fold(place, |place, movement| movement.origin(sizes, place))
    };
    let [x0, y0] = origin([0.0, 0.0]);
    let ([xx, yx], [xy, yy]) = (origin([1.0, 0.0]), origin([0.0, 1.0]));
    let map = [xx - x0, xy - x0, x0, yx - y0, yy - y0, y0];
    Resampled { picture, fill, map }
}

fn random_picture(noise: &mut Noise) -> [usize; 3] {
    [
        noise.between(1, 9),
        noise.between(1, 11),
        noise.between(1, 4),
    ]
}

#[test]
fn a_picture_is_moved_by_each_layer() {
    let mut noise = Noise::new(51);
    for case in 0..60 {
        let (picture, fill) = (random_picture(&mut noise), FILLS[case % 4]);
        let (movement, samples) = (Move::random(&mut noise), noise.between(1, 20));
        let what = format!("{movement:?} of {picture:?}, {fill:?}, {samples} samples");
        let twin = Stack::default().then(resampled(picture, fill, &[movement]));
        let network = movement.add_to(behind_identity(picture), fill);
        compare_in_training(&what, network, &twin, &twin, samples, &mut noise);
        prove(&what, &twin, picture.iter().product(), &mut noise);
    }
}

/// A convolution before them shows the gradient that they pass back in a training step, a
/// dense layer after them what they hand on; both in the fused plan.
#[test]
fn movements_in_a_row_resample_once_in_training() {
    let mut noise = Noise::new(52);
    for case in 0..40 {
        let (picture, fill) = (random_picture(&mut noise), FILLS[case % 4]);
        let moves: Vec<Move> = (0..noise.between(2, 4))
            .map(|_| Move::random(&mut noise))
            .collect();
        let convolved = || {
            Stack::default().then(Convolved {
                picture,
                filters: picture[2],
                kernel: [1, 1],
                stride: [1, 1],
                padding: letra_nn::layers::Padding::Valid,
                dilation: [1, 1],
                groups: 1,
                bias: false,
            })
        };
        let multiplied = Multiplied {
            inputs: picture.iter().product(),
            units: 2,
            bias: true,
        };
        let one_by_one = moves.iter().fold(convolved(), |stack, movement| {
            stack.then(resampled(picture, fill, &[*movement]))
        });
        let at_once = convolved()
            .then(resampled(picture, fill, &moves))
            .then(multiplied);
        let multiplied = Multiplied {
            inputs: picture.iter().product(),
            units: 2,
            bias: true,
        };
        let mut network = behind_identity(picture).add(Conv2d::new(picture[2], 1).use_bias(false));
        for movement in &moves {
            network = movement.add_to(network, fill);
        }
        let network = network.add(Flatten).add(Dense::new(2));
        let what = format!("{moves:?} of {picture:?}, {fill:?}");
        let samples = noise.between(1, 20);
        let one_by_one = one_by_one.then(multiplied);
        compare_in_training(&what, network, &one_by_one, &at_once, samples, &mut noise);
    }
}

#[test]
fn movements_with_other_edges_resample_one_by_one() {
    let mut noise = Noise::new(53);
    let picture = [7, 9, 2];
    let moves = [Move::Rotation(0.1), Move::Zoom([0.3, 0.2])];
    let mut network = behind_identity(picture);
    let mut stack = Stack::default();
    for (movement, fill) in moves.into_iter().zip([FillMode::Wrap, FillMode::Nearest]) {
        network = movement.add_to(network, fill);
        stack = stack.then(resampled(picture, fill, &[movement]));
    }
    let stack = stack.then(Multiplied {
        inputs: 126,
        units: 1,
        bias: true,
    });
    let network = network.add(Flatten).add(Dense::new(1));
    compare_in_training("other edges", network, &stack, &stack, 5, &mut noise);
}

#[test]
fn contrast() {
    let mut noise = Noise::new(54);
    for _ in 0..30 {
        let picture = random_picture(&mut noise);
        let factor = (2.0 * noise.fraction() - 1.0) as f32;
        let samples = noise.between(1, 12);
        let what = format!("contrast {factor} of {picture:?}, {samples} samples");
        let twin = Stack::default().then(Contrasted {
            channels: picture[2],
            factor: 1.0 + f64::from(factor),
            range: [-0.5, 0.75],
        });
        let layer = RandomContrast::new([factor, factor]).value_range(-0.5, 0.75);
        let network = behind_identity(picture).add(layer);
        compare_in_training(&what, network, &twin, &twin, samples, &mut noise);
        prove(&what, &twin, picture.iter().product(), &mut noise);
    }
}
