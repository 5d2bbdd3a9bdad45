// Forty samples are too few to learn from. Layers that learnt another task on the same measures are
// taken over by their names.

use letra_nn::prelude::*;

/// Layers that both tasks share, and an output a class.
fn layers(classes: usize) -> Sequential {
    Sequential::new([10])
        .add(Dense::new(32).relu().named("first"))
        .add(Dense::new(16).relu().named("second"))
        .add(Dense::new(classes))
}

fn main() -> Result<(), Error> {
    let mut state = 5u64;
    let mut fraction = || {
        state = state
            .wrapping_mul(6364136223846793005)
            .wrapping_add(1442695040888963407);
        (state >> 40) as f32 / (1 << 24) as f32
    };
    let (mut measures, mut known, mut wanted) = (Vec::new(), Vec::new(), Vec::new());
    for _ in 0..3000 {
        let sample: [f32; 10] = std::array::from_fn(|_| fraction());
        let unlike = |a: usize, b: usize| (sample[a] > 0.5) != (sample[b] > 0.5);
        known.push(u32::from(unlike(0, 1)) + 2 * u32::from(unlike(2, 3)));
        wanted.push(u32::from(unlike(0, 1) && unlike(2, 3)));
        measures.extend(sample);
    }
    let measures = Tensor::new([3000, 10], measures)?;
    let known = Dataset::classes(measures.clone(), known, 4)?;
    let wanted = Dataset::classes(measures, wanted, 2)?;
    let rows = Vec::from_iter(0..3000);
    let (first, few, test) = (&rows[..2000], &rows[2000..2040], &rows[2040..]);

    let settings = || Compile::new(Adam::new(0.01)).metric(Accuracy).seed(1);
    let mut teacher = layers(4).compile(settings())?;
    teacher.fit(&known.select(first), Fit::epochs(60))?;

    let mut network = layers(2).compile(settings())?;
    let taken = network.take_parameters(&teacher)?;
    assert_eq!(
        taken,
        ["first/kernel", "first/bias", "second/kernel", "second/bias"]
    );
    network.freeze("first")?;
    network.freeze("second")?;
    network.fit(&wanted.select(few), Fit::epochs(100))?;
    for (name, value) in network.evaluate(&wanted.select(test))?.metrics {
        println!("{name} {value:.3}");
    }
    Ok(())
}
