// Is a tumour malignant? One unit says how likely it is. The variable WDBC may name Wolberg's data
// (wdbc.data, doi.org/10.24432/C5DW2B); without it, numbers of the same shape are drawn.

use letra_nn::prelude::*;

/// A line for each of 569 tumours: a number, M for malignant or B, and thirty measures.
fn lines() -> String {
    if let Some(path) = std::env::var_os("WDBC") {
        return std::fs::read_to_string(path).expect("the file can be read");
    }
    let mut state = 1u64;
    let mut fraction = || {
        state = state
            .wrapping_mul(6364136223846793005)
            .wrapping_add(1442695040888963407);
        (state >> 40) as f32 / (1 << 24) as f32
    };
    let mut line = |number| {
        let (kind, more) = if fraction() < 0.37 {
            ("M", 0.25)
        } else {
            ("B", 0.0)
        };
        let mut measure = || more + fraction() + fraction() + fraction();
        let measures: Vec<String> = (0..30).map(|_| measure().to_string()).collect();
        format!("{number},{kind},{}\n", measures.join(","))
    };
    (1..=569).map(&mut line).collect()
}

fn main() -> Result<(), Error> {
    let (mut measures, mut labels) = (Vec::new(), Vec::new());
    for line in lines().lines() {
        labels.push(u32::from(line.split(',').nth(1) == Some("M")));
        measures.extend(line.split(',').skip(2).flat_map(str::parse::<f32>));
    }
    // Each measure with mean 0 and deviation 1: they are of very different sizes.
    for column in 0..30 {
        let values = || measures.iter().skip(column).step_by(30);
        let mean = values().sum::<f32>() / 569.0;
        let deviation = (values().map(|v| (v - mean).powi(2)).sum::<f32>() / 569.0).sqrt();
        let column = measures.iter_mut().skip(column).step_by(30);
        column.for_each(|value| *value = (*value - mean) / deviation);
    }
    let data = Dataset::classes(Tensor::new([569, 30], measures)?, labels, 2)?;
    let rows = Vec::from_iter(0..569);
    let (train, test) = (data.select(&rows[..400]), data.select(&rows[400..]));
    // guide: begin
    let compile = Compile::new(Adam::new(0.01)).loss(BinaryCrossEntropy::from_logits());
    let mut network = Sequential::new([30])
        .add(Dense::new(1).kernel_regularizer(Regularizer::l2(0.01)))
        .compile(compile.metric(Accuracy).metric(Auc::roc()).seed(1))?;
    network.fit(&train, Fit::epochs(60))?;
    // guide: end
    for (name, value) in network.evaluate(&test)?.metrics {
        println!("{name} {value:.3}");
    }
    Ok(())
}
