use super::{Direction, Metric, MetricRows, MetricState, Task, check_probabilities};
use crate::Error;
use crate::dataset::Targets;

/// Probabilities are kept so far from 0 and 1, as in Keras.
const CLIP: f64 = 1e-7;

/// The logarithmic loss of predicted probabilities: −Σ *t* log *p* over the classes, or, of one value
/// and of several labels, the mean over them of −*t* log *p* − (1 − *t*) log (1 − *p*).
///
/// It is the cross-entropy, to be asked for beside another loss, or without the label smoothing,
/// loss weight and penalties of the one that is trained on. Probabilities are clipped to
/// [10⁻⁷, 1 − 10⁻⁷]. It sees predictions, probabilities where the loss takes logits.
///
/// ```
/// use letra_nn::metrics::{LogLoss, Metric, MetricRows, TargetRows, Task};
///
/// let said = [0.5, 0.25, 0.25, 0.25, 0.5, 0.25];
/// let rows = MetricRows::new(3, &said, TargetRows::Classes(&[0, 1]), Task::Classes)?;
/// assert_eq!(LogLoss.of(&rows), 2_f64.ln());
/// # Ok::<(), letra_nn::Error>(())
/// ```
#[derive(Debug, Clone, Copy)]
pub struct LogLoss;

pub(super) fn from_name(name: &str) -> Option<LogLoss> {
    (name == "log_loss").then_some(LogLoss)
}

impl Metric for LogLoss {
    fn name(&self) -> String {
        "log_loss".into()
    }

    fn direction(&self) -> Direction {
        Direction::Min
    }

    fn check(&self, units: usize, task: Task, targets: &Targets) -> Result<(), Error> {
        check_probabilities("the logarithmic loss", units, task, targets)
    }

    fn update(&self, rows: &MetricRows<'_>, state: &mut MetricState) {
        let classes = rows.decision() == Task::Classes;
        let share = match classes {
            true => 1.0,
            false => 1.0 / rows.units() as f64,
        };
        rows.add_mean(state, |row| {
            let values = rows.prediction(row).iter().enumerate();
            let terms = values.map(|(unit, &p)| {
                let (p, t) = (f64::from(p).clamp(CLIP, 1.0 - CLIP), rows.target(row, unit));
                let t = f64::from(t);
                let no = match classes {
                    true => 0.0,
                    false => (1.0 - t) * libm::log(1.0 - p),
                };
                // A class of which nothing is wanted costs nothing, whatever is said of it.
                let yes = match t == 0.0 && !p.is_nan() {
                    true => 0.0,
                    false => t * libm::log(p),
                };
                -yes - no
            });
            share * terms.sum::<f64>()
        });
    }

    fn result(&self, state: &MetricState) -> f64 {
        state.mean()
    }
}
