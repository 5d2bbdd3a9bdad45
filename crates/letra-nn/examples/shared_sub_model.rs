// Are two things of one kind? One encoder, a network of its own, reads both.

use letra_nn::prelude::*;

/// Six measures of a thing, of the kind that the first four decide.
fn thing(fraction: &mut impl FnMut() -> f32) -> ([f32; 6], bool) {
    let measures: [f32; 6] = std::array::from_fn(|_| fraction());
    let [a, b, c, d, ..] = measures;
    (measures, a + b > c + d)
}

fn main() -> Result<(), Error> {
    let mut state = 4u64;
    let mut fraction = || {
        state = state
            .wrapping_mul(6364136223846793005)
            .wrapping_add(1442695040888963407);
        (state >> 40) as f32 / (1 << 24) as f32
    };
    let (mut left, mut right, mut same) = (Vec::new(), Vec::new(), Vec::new());
    for _ in 0..3000 {
        let (one, other) = (thing(&mut fraction), thing(&mut fraction));
        left.extend(one.0);
        right.extend(other.0);
        same.push(u32::from(one.1 == other.1));
    }
    let pairs = Dataset::classes(Tensor::new([3000, 6], left)?, same, 2)?
        .and_input(Tensor::new([3000, 6], right)?)?;
    let (train, test) = pairs.split(1.0 / 3.0)?;

    let encoder = Sequential::new([6])
        .add(Dense::new(16).relu())
        .add(Dense::new(8).relu());
    let mut model = Model::new();
    let (left, right) = (model.input([6]), model.input([6]));
    let one = model.layer(encoder.named("encoder"), [left]);
    let other = model.again(one, [right]);
    let both = model.layer(Concatenate, [one, other]);
    let hidden = model.layer(Dense::new(16).relu(), [both]);
    let same = model.layer(Dense::new(1), [hidden]);
    let compile = Compile::new(Adam::new(0.01)).loss(BinaryCrossEntropy::from_logits());
    let mut network = model
        .outputs([same])
        .compile(compile.metric(Accuracy).seed(1))?;
    network.fit(&train, Fit::epochs(60))?;
    for (name, value) in network.evaluate(&test)?.metrics {
        println!("{name} {value:.3}");
    }
    Ok(())
}
