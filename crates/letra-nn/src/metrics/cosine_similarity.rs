use super::{Direction, Metric, MetricRows, MetricState};

/// Length below which a row counts as having no direction, as in Keras.
const SMALLEST_SQUARE: f64 = 1e-12;

/// The cosine of the angle between a row's predictions and its targets, Σ *y* *t* / (|*y*| |*t*|),
/// from −1 to 1, the mean over the rows; 0 for a row whose predictions or targets are all 0.
///
/// It sees predictions, probabilities where the loss takes logits.
///
/// ```
/// use letra_nn::metrics::{CosineSimilarity, Metric, MetricRows, TargetRows, Task};
///
/// let said = [3.0, 4.0, 1.0, 0.0];
/// let targets = TargetRows::Values(&[6.0, 8.0, 0.0, 2.0]);
/// let rows = MetricRows::new(2, &said, targets, Task::Values)?;
/// assert_eq!(CosineSimilarity.of(&rows), 0.5);
/// # Ok::<(), letra_nn::Error>(())
/// ```
#[derive(Debug, Clone, Copy)]
pub struct CosineSimilarity;

pub(super) fn from_name(name: &str) -> Option<CosineSimilarity> {
    (name == "cosine_similarity").then_some(CosineSimilarity)
}

impl Metric for CosineSimilarity {
    fn name(&self) -> String {
        "cosine_similarity".into()
    }

    fn direction(&self) -> Direction {
        Direction::Max
    }

    fn update(&self, rows: &MetricRows<'_>, state: &mut MetricState) {
        rows.add_mean(state, |row| {
            let [mut product, mut said, mut wanted] = [0.0; 3];
            for (unit, &y) in rows.prediction(row).iter().enumerate() {
                let (y, t) = (f64::from(y), f64::from(rows.target(row, unit)));
                product += y * t;
                said += y * y;
                wanted += t * t;
            }
            let [said, wanted] = [said, wanted].map(|square| square.max(SMALLEST_SQUARE).sqrt());
            product / (said * wanted)
        });
    }

    fn result(&self, state: &MetricState) -> f64 {
        state.mean()
    }
}
