use std::ops::ControlFlow;

use super::{Callback, Epoch, Step};
use crate::Error;

/// Shows on standard error how far a training is, how good, and how long it will take;
/// nothing where standard error is not a terminal. What cannot be shown there is left out: a bar
/// never ends a training.
pub struct ProgressBar {
    bar: indicatif::ProgressBar,
}

impl ProgressBar {
    /// A bar with a title, of which control characters are left out.
    pub fn new(title: impl Into<String>) -> Self {
        let bar = indicatif::ProgressBar::new(0);
        let template = "{prefix} {wide_bar:.blue} {percent:>3} %  {msg}  {eta} left";
        bar.set_style(
            indicatif::ProgressStyle::with_template(template).expect("the template is right"),
        );
        bar.set_prefix(title.into().replace(char::is_control, ""));
        ProgressBar { bar }
    }
}

impl Callback for ProgressBar {
    fn on_step_end(&mut self, step: &Step<'_>) -> Result<ControlFlow<()>, Error> {
        let steps = |epochs: usize| epochs.saturating_mul(step.steps) as u64;
        self.bar.set_length(steps(step.epochs));
        self.bar
            .set_position(steps(step.epoch - 1) + step.number as u64);
        Ok(ControlFlow::Continue(()))
    }

    fn on_epoch_end(&mut self, epoch: &Epoch<'_>) -> Result<ControlFlow<()>, Error> {
        let logs = epoch.logs();
        let mut message = format!("loss {:.4}", logs.loss);
        for (name, value) in &logs.metrics {
            message += &format!("  {name} {value:.3}");
        }
        for (name, value) in &logs.val_metrics {
            message += &format!("  val_{name} {value:.3}");
        }
        self.bar.set_message(message);
        if epoch.number == epoch.epochs {
            self.bar.finish();
        }
        Ok(ControlFlow::Continue(()))
    }
}
