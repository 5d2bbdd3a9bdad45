// A table of flats with their rents in, predictions for others out, both as comma-separated values:
// cargo run --release --features csv --example table

use letra_nn::formats::{FeatureSpace, Table};
use letra_nn::metrics::R2Score;
use letra_nn::prelude::*;

/// Some flats: the heading, then a line each.
fn flats(count: usize, state: &mut u64) -> String {
    let mut fraction = || {
        *state = state
            .wrapping_mul(6364136223846793005)
            .wrapping_add(1442695040888963407);
        (*state >> 40) as f32 / (1 << 24) as f32
    };
    let mut lines = String::from("rooms,district,age,rent\n");
    for _ in 0..count {
        let (rooms, age) = ((1.0 + 5.0 * fraction()).floor(), fraction());
        let district = (3.0 * fraction()) as usize;
        let rent = 0.2 * rooms + [0.5, 0.1, 0.3][district] - 0.3 * age + 0.2 * fraction();
        let district = ["old town", "harbour", "hill"][district];
        lines += &format!("{rooms},{district},{age:.3},{rent:.3}\n");
    }
    lines
}

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let mut state = 7;
    let folder = tempfile::tempdir()?;
    let [known, new, out] =
        ["known.csv", "new.csv", "out.csv"].map(|name| folder.path().join(name));
    std::fs::write(&known, flats(400, &mut state))?;
    std::fs::write(&new, flats(200, &mut state))?;

    let table = Table::read(&known)?;
    let features = FeatureSpace::infer(&table, &["rooms", "district", "age"])?;
    let train = Dataset::values(features.encode(&table)?, table.numbers(&["rent"])?)?;
    let compile = Compile::new(Adam::new(0.003)).loss(MeanSquaredError);
    let mut network = Sequential::new([features.width()])
        .add(Dense::new(1))
        .compile(compile.metric(R2Score).seed(1))?;
    network.fit(&train, Fit::epochs(500))?;

    let others = Table::read(&new)?;
    let inputs = features.encode(&others)?;
    let rents = network.predict(&inputs)?;
    let said = rents.data().iter().map(|rent| format!("{rent:.2}"));
    others.clone().with_column("predicted", said)?.write(&out)?;
    let test = Dataset::values(inputs, others.numbers(&["rent"])?)?;
    let scores = network.evaluate(&test)?;
    println!("r2_score {:.3}", scores.metric("r2_score").unwrap());
    let written = std::fs::read_to_string(&out)?;
    written.lines().take(3).for_each(|line| println!("{line}"));
    Ok(())
}
