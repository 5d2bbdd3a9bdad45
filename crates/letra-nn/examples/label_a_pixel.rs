// A label for each pixel of a picture: is it in lying stripes, in standing ones, or in neither?

use letra_nn::prelude::*;

/// Noisy pictures of 16 × 16 pixels, with stripes of one kind above and of the other below, and each
/// pixel's label.
fn pictures(samples: usize) -> Result<Dataset, Error> {
    let mut state = 3u64;
    let mut fraction = || {
        state = state
            .wrapping_mul(6364136223846793005)
            .wrapping_add(1442695040888963407);
        (state >> 40) as f32 / (1 << 24) as f32
    };
    let (mut pixels, mut labels) = (Vec::new(), Vec::new());
    for _ in 0..samples {
        // Left sides of two squares of 7 × 7 pixels, and which has the lying stripes.
        let lefts = [0, 1].map(|_| (10.0 * fraction()) as usize);
        let lying = usize::from(fraction() < 0.5);
        for place in 0..256 {
            let (row, column) = (place / 16, place % 16);
            let inside = row % 8 < 7 && (lefts[row / 8]..lefts[row / 8] + 7).contains(&column);
            let (label, ink) = match (inside, row / 8 == lying) {
                (false, _) => (0, 0.5),
                (true, true) => (1, (row % 2) as f32),
                (true, false) => (2, (column % 2) as f32),
            };
            pixels.push(ink + 0.5 * (fraction() - 0.5));
            labels.push(label);
        }
    }
    Dataset::classes(Tensor::new([samples, 16, 16, 1], pixels)?, labels, 3)
}

fn main() -> Result<(), Error> {
    let data = pictures(140)?;
    let rows: Vec<usize> = (0..140).collect();
    let (train, test) = (data.select(&rows[..100]), data.select(&rows[100..]));
    // guide: begin
    let mut network = Sequential::new([16, 16, 1])
        .add(Conv2d::new(16, 5).same().relu())
        .add(Conv2d::new(3, 1))
        .compile(
            Compile::new(Adam::new(0.01))
                .loss(CrossEntropy::from_logits())
                .metric(Accuracy)
                .seed(1),
        )?;
    network.fit(&train, Fit::epochs(40).batch_size(10))?;
    // guide: end
    for (name, value) in network.evaluate(&test)?.metrics {
        println!("{name} {value:.3}");
    }
    Ok(())
}
