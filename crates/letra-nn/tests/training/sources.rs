//! Batches from anywhere.

use std::ops::ControlFlow;

use letra_nn::prelude::*;

use super::data::{bytes, network, quadrants};

/// What a source gives in place of a batch.
type Fault = fn(Dataset) -> Result<Option<Dataset>, Error>;

/// The rows of a data set, so many at a time, in their order and again.
struct InTurn {
    data: Dataset,
    batch: usize,
    /// What goes wrong in which step, if anything does.
    wrong: Option<(u64, Fault)>,
}

impl InTurn {
    fn new(samples: usize, batch: usize) -> Self {
        InTurn {
            data: quadrants(samples),
            batch,
            wrong: None,
        }
    }
}

impl Source for InTurn {
    fn steps(&self, _: usize) -> usize {
        self.data.samples().div_ceil(self.batch)
    }

    fn batch(&mut self, step: u64) -> Result<Option<Dataset>, Error> {
        let first = (step as usize * self.batch) % self.data.samples().next_multiple_of(self.batch);
        let last = (first + self.batch).min(self.data.samples());
        let batch = self.data.select(&Vec::from_iter(first..last));
        match self.wrong {
            Some((at, wrong)) if at == step => wrong(batch),
            _ => Ok(Some(batch)),
        }
    }
}

#[test]
fn the_same_rows_give_the_same_bits_however_they_come() {
    // The last batch of an epoch is smaller.
    let (samples, batch) = (50, 16);
    let data = quadrants(samples);
    let fit = || Fit::epochs(3).batch_size(batch).shuffle(false);
    let mut in_memory = network(2);
    let history = in_memory.fit(&data, fit()).unwrap();
    let mut from_source = network(1);
    let source = &mut InTurn::new(samples, batch);
    let of_source = from_source.fit(&mut *source, Fit::epochs(3)).unwrap();
    assert_eq!(history, of_source);
    assert!(bytes(&in_memory) == bytes(&from_source));
    let mut by_hand = network(2);
    for step in 0..12 {
        let batch = source.batch(step).unwrap().unwrap();
        by_hand.train_on_batch(&batch).unwrap();
    }
    assert!(bytes(&in_memory) == bytes(&by_hand));
}

#[test]
fn classes_count_as_they_are_weighted_in_a_source_too() {
    let data = quadrants(40);
    let weights = [1.0, 0.5, 2.0, 0.0];
    let mut in_memory = network(2);
    let fit = Fit::epochs(2).batch_size(8).shuffle(false);
    in_memory.fit(&data, fit.class_weight(weights)).unwrap();
    let mut from_source = network(2);
    let fit = Fit::epochs(2).class_weight(weights);
    from_source.fit(&mut InTurn::new(40, 8), fit).unwrap();
    assert!(bytes(&in_memory) == bytes(&from_source));
}

/// A training that keeps its state each epoch and then meets a source that goes wrong.
#[track_caller]
fn stops(wrong: fn(Dataset) -> Result<Option<Dataset>, Error>, parts: &[&str]) {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("checkpoint");
    let undisturbed = {
        let mut network = network(2);
        network
            .fit(&mut InTurn::new(30, 10), Fit::epochs(4))
            .unwrap();
        bytes(&network)
    };
    let mut network = network(2);
    let mut source = InTurn::new(30, 10);
    // In the second step of the third epoch.
    source.wrong = Some((7, wrong));
    let mut checkpoint = Checkpoint::new(&file);
    let fit = Fit::epochs(4).callback(&mut checkpoint);
    let error = network.fit(&mut source, fit).unwrap_err().to_string();
    assert!(parts.iter().all(|part| error.contains(part)), "{error}");
    assert_eq!(network.steps(), 7, "the steps before it were taken");
    let mut resumed = self::network(1);
    source.wrong = None;
    resumed
        .fit(&mut source, Fit::epochs(4).resume(&file))
        .unwrap();
    assert!(bytes(&resumed) == undisturbed);
}

#[test]
fn a_source_that_ends_early() {
    stops(|_| Ok(None), &["ended after 1 of the epoch's 3 steps"]);
}

#[test]
fn a_source_that_fails() {
    let wrong = |_| Err(Error::data("the camera was unplugged"));
    stops(wrong, &["the camera was unplugged"]);
}

#[test]
fn a_source_that_gives_other_shapes() {
    let wrong = |_| Dataset::classes(Tensor::zeros([5, 3]), vec![0; 5], 4).map(Some);
    stops(wrong, &["[samples, 8, 8, 1]", "[5, 3]"]);
    let wrong = |_| Dataset::classes(Tensor::zeros([5, 8, 8, 1]), vec![0; 5], 7).map(Some);
    stops(wrong, &["7"]);
    let wrong = |_| Dataset::classes(Tensor::zeros([0, 8, 8, 1]), vec![], 4).map(Some);
    stops(wrong, &["empty"]);
}

#[test]
fn a_source_that_gives_no_numbers() {
    let wrong = |batch: Dataset| {
        let mut inputs = batch.inputs().clone();
        inputs.data_mut()[64 + 3] = f32::NAN;
        batch.with_inputs(inputs).map(Some)
    };
    stops(wrong, &["sample 1 holds NaN"]);
}

#[test]
fn settings_that_only_data_in_memory_has_are_refused() {
    let mut source = InTurn::new(10, 5);
    for fit in [Fit::epochs(1).batch_size(5), Fit::epochs(1).shuffle(false)] {
        let error = network(1).fit(&mut source, fit).unwrap_err().to_string();
        assert!(error.contains("its own batches"), "{error}");
    }
    struct Empty;
    impl Source for Empty {
        fn steps(&self, _: usize) -> usize {
            0
        }
        fn batch(&mut self, _: u64) -> Result<Option<Dataset>, Error> {
            Ok(None)
        }
    }
    let error = network(1).fit(&mut Empty, Fit::epochs(1)).unwrap_err();
    assert!(error.to_string().contains("no steps"), "{error}");
}

/// Stops after a step and keeps the state there.
struct StopAt<'a>(u64, &'a std::path::Path);

impl Callback for StopAt<'_> {
    fn on_step_end(&mut self, step: &Step<'_>) -> Result<ControlFlow<()>, Error> {
        if step.trainer.steps() < self.0 {
            return Ok(ControlFlow::Continue(()));
        }
        step.save_checkpoint(self.1, serde_json::json!({ "stopped": self.0 }))?;
        Ok(ControlFlow::Break(()))
    }

    fn on_epoch_end(&mut self, _: &Epoch<'_>) -> Result<ControlFlow<()>, Error> {
        Ok(ControlFlow::Continue(()))
    }
}

/// Looks at the note of the checkpoint.
struct Noted(serde_json::Value);

impl Callback for Noted {
    fn on_train_begin(&mut self, start: &Start<'_>) -> Result<(), Error> {
        self.0 = start.note.clone();
        Ok(())
    }

    fn on_epoch_end(&mut self, _: &Epoch<'_>) -> Result<ControlFlow<()>, Error> {
        Ok(ControlFlow::Continue(()))
    }
}

#[test]
fn a_training_goes_on_from_the_middle_of_an_epoch_with_the_same_bits() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("checkpoint");
    let data = quadrants(50);
    let mut undisturbed = network(2);
    let whole = undisturbed
        .fit(&data, Fit::epochs(4).batch_size(16))
        .unwrap();
    for at in [1, 3, 4, 6, 12, 16] {
        let mut stopped = network(2);
        let mut stop = StopAt(at, &file);
        let fit = Fit::epochs(4).batch_size(16).callback(&mut stop);
        stopped.fit(&data, fit).unwrap();
        assert_eq!(stopped.steps(), at);
        let mut resumed = network(1);
        let mut noted = Noted(serde_json::Value::Null);
        let fit = Fit::epochs(4)
            .batch_size(16)
            .resume(&file)
            .callback(&mut noted);
        let history = resumed.fit(&data, fit).unwrap();
        assert_eq!(noted.0["stopped"], at);
        assert_eq!(history, whole);
        assert!(bytes(&resumed) == bytes(&undisturbed), "stopped after {at}");
    }
}
