//! Validation that comes to infinity or no number: bad data is named, and what is left in the
//! history can be saved and resumed.

use letra_nn::metrics::{Metric, MetricRows, MetricState};
use letra_nn::prelude::*;

fn network(metric: impl Metric + 'static) -> Trainer {
    let compile = Compile::new(Adam::new(0.01)).loss(BinaryCrossEntropy::from_logits());
    Sequential::new([2])
        .add(Dense::new(1))
        .compile(compile.metric(metric).seed(3).threads(1))
        .unwrap()
}

fn data(labels: &[u32]) -> Dataset {
    let values = (0..2 * labels.len()).map(|i| (i % 5) as f32 / 5.0);
    let inputs = Tensor::new([labels.len(), 2], values.collect()).unwrap();
    Dataset::classes(inputs, labels.to_vec(), 2).unwrap()
}

#[test]
fn bad_validation_data_is_named() {
    for bad in [f32::NAN, f32::INFINITY] {
        let train = data(&[0, 1, 0, 1]);
        let mut inputs = train.inputs().clone();
        inputs.data_mut()[5] = bad;
        let validation = train.clone().with_inputs(inputs).unwrap();
        let fit = Fit::epochs(2).validation_data(&validation);
        let error = network(Accuracy).fit(&train, fit).unwrap_err();
        let wanted = format!("the validation data: sample 2 holds {bad}: leave it out or mend it");
        assert_eq!(error.to_string(), wanted);
    }
}

/// A metric that is defined on no data, or infinite.
#[derive(Debug, Clone)]
struct Boundless(f64);

impl Metric for Boundless {
    fn name(&self) -> String {
        "boundless".into()
    }

    fn direction(&self) -> Direction {
        Direction::Max
    }

    fn update(&self, _: &MetricRows<'_>, state: &mut MetricState) {
        state.sums::<1>()[0] += self.0;
        state.values.push(self.0 as f32);
    }

    fn result(&self, state: &MetricState) -> f64 {
        state.sums[0] + f64::from(state.values[0])
    }
}

fn bits(history: &History) -> String {
    format!("{history:?}")
}

fn resumes(make: impl Fn() -> Trainer, train: &Dataset, validation: &Dataset) -> History {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("checkpoint");
    let mut whole = make();
    fn fit(validation: &Dataset) -> Fit<'_> {
        Fit::epochs(4).batch_size(3).validation_data(validation)
    }
    let history = whole.fit(train, fit(validation)).unwrap();
    // Two steps make an epoch: one checkpoint after an epoch, and one in the middle of the next.
    for steps in [4, 5] {
        let mut keeper = Keeper {
            file: file.clone(),
            steps,
        };
        make()
            .fit(train, fit(validation).callback(&mut keeper))
            .unwrap();
        let mut resumed = make();
        let again = resumed.fit(train, fit(validation).resume(&file)).unwrap();
        assert_eq!(bits(&again), bits(&history));
        assert!(resumed.to_bytes().unwrap() == whole.to_bytes().unwrap());
    }
    history
}

/// Writes a checkpoint after a number of steps.
struct Keeper {
    file: std::path::PathBuf,
    steps: u64,
}

impl Callback for Keeper {
    fn on_step_end(&mut self, step: &Step<'_>) -> Result<std::ops::ControlFlow<()>, Error> {
        if step.trainer.steps() == self.steps && self.steps % 2 == 1 {
            step.save_checkpoint(&self.file, serde_json::Value::Null)?;
        }
        Ok(std::ops::ControlFlow::Continue(()))
    }

    fn on_epoch_end(&mut self, epoch: &Epoch<'_>) -> Result<std::ops::ControlFlow<()>, Error> {
        if epoch.trainer.steps() == self.steps {
            epoch.save_checkpoint(&self.file, serde_json::Value::Null)?;
        }
        Ok(std::ops::ControlFlow::Continue(()))
    }
}

#[test]
fn what_is_not_finite_is_resumed() {
    let train = data(&[0, 1, 0, 1, 1, 0]);
    for value in [f64::NAN, f64::INFINITY, f64::NEG_INFINITY] {
        let make = || network(Boundless(value));
        let history = resumes(make, &train, &data(&[0, 1]));
        let found = history.epochs()[3].get("val_boundless").unwrap();
        assert!(!found.is_finite());
    }
    // No yes at all: there is no area.
    let history = resumes(|| network(Auc::roc()), &train, &data(&[0, 0]));
    assert!(history.epochs()[3].get("val_auc").unwrap().is_nan());
    assert!(history.epochs()[3].get("auc").unwrap().is_finite());
}

#[test]
fn a_validation_loss_beyond_all_bounds_is_resumed() {
    let train = data(&[0, 1, 0, 1, 1, 0]);
    let far = Tensor::new([3, 2], vec![3e38; 6]).unwrap();
    let far = data(&[0, 1, 1]).with_inputs(far).unwrap();
    let make = || {
        let network = network(Accuracy);
        let steep = Tensor::new([2, 1], vec![2.0, 2.0]).unwrap();
        network.set_parameter("dense/kernel", &steep).unwrap();
        network
    };
    let history = resumes(make, &train, &far);
    assert!(!history.epochs()[3].val_loss().unwrap().is_finite());
}
