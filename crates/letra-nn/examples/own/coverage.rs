// A metric of one's own, and the data, which both programs know.
use letra_nn::metrics::{Direction, Metric, MetricRows, MetricState};

/// The share of the targets that lies below the predictions.
#[derive(Debug, Clone)]
struct Coverage;

impl Metric for Coverage {
    fn name(&self) -> String {
        "coverage".into()
    }
    fn direction(&self) -> Direction {
        Direction::Max
    }
    fn update(&self, rows: &MetricRows<'_>, state: &mut MetricState) {
        rows.add_mean(state, |row| {
            f64::from(u8::from(rows.target(row, 0) < rows.prediction(row)[0]))
        });
    }
    fn result(&self, state: &MetricState) -> f64 {
        state.mean()
    }
}

/// Lengths, and how long something took that grows with their square and varies.
fn data(first: u64, samples: usize) -> Result<Dataset, Error> {
    let mut state = first;
    let mut fraction = || {
        state = state
            .wrapping_mul(6364136223846793005)
            .wrapping_add(1442695040888963407);
        (state >> 40) as f32 / (1 << 24) as f32
    };
    let (lengths, times) = (0..samples)
        .map(|_| {
            let length = fraction();
            (length, length * length * (1.0 + fraction()))
        })
        .unzip();
    Dataset::values(
        Tensor::new([samples, 1], lengths)?,
        Tensor::new([samples, 1], times)?,
    )
}
