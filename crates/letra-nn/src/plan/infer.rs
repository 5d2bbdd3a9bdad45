//! Forward passes outside training.

use std::sync::{Arc, Mutex, MutexGuard};

use rayon::prelude::*;

use super::rows::{CarriedRows, InputRows};
use super::shard::{Run, ShardPass, Worker};
use super::{Layout, Purpose};
use crate::buffer::Buffer;
use crate::dataset::Inputs;
use crate::graph::OpGraph;
use crate::ops::Slices;

/// A plan for predictions, for any number of threads at once.
pub(crate) struct InferencePlan {
    layout: Layout,
    /// Memory that no thread works with now: as much as threads ever were at work at once.
    idle: Mutex<Vec<Worker>>,
    prepared: Mutex<Arc<Prepared>>,
}

/// Weights in the form that the ops like.
#[derive(Default)]
pub(crate) struct Prepared {
    values: Buffer,
    /// Which weights they were made from.
    revision: Option<u64>,
}

impl InferencePlan {
    /// A plan for batches of about `batch` samples.
    pub(crate) fn new(graph: OpGraph, batch: usize) -> Self {
        let layout = Layout::new(graph, batch, Purpose::Inference);
        InferencePlan {
            idle: Mutex::new(vec![Worker::new(&layout, &[])]),
            prepared: Mutex::default(),
            layout,
        }
    }

    /// Numbers a sample of output `index`.
    pub(crate) fn values(&self, index: usize) -> usize {
        self.layout.outputs[index].values
    }

    /// Whether so many samples are work for several threads.
    pub(crate) fn is_shared(&self, samples: usize) -> bool {
        samples > self.layout.shard
    }

    /// The prepared form of weights, if it is there.
    pub(crate) fn prepared(&self, revision: u64) -> Option<Arc<Prepared>> {
        let known = lock(&self.prepared);
        (known.revision == Some(revision)).then(|| Arc::clone(&known))
    }

    /// Brings weights into the form that the ops like. `revision` tells them from others. Runs in
    /// the current thread pool.
    pub(crate) fn prepare(&self, weights: &[f32], revision: u64) -> Arc<Prepared> {
        // No lock is held meanwhile: a thread of the pool may ask for it.
        let older = std::mem::take(&mut *lock(&self.prepared));
        // Where a prediction still works with the older form, that stays.
        let mut values = Arc::try_unwrap(older).unwrap_or_default().values;
        values.resize(self.layout.prepared_values);
        self.layout.prepare(weights, &mut values);
        let new = Arc::new(Prepared {
            values,
            revision: Some(revision),
        });
        *lock(&self.prepared) = Arc::clone(&new);
        new
    }

    /// Outputs of all samples of `inputs`, which begin with the carried values `[samples, …]`, or with
    /// zeros where there are none; written to `outputs`, one list each. Runs in the current
    /// thread pool, if the samples are work for several threads.
    pub(crate) fn run(
        &self,
        weights: &[f32],
        prepared: &Prepared,
        inputs: Inputs<'_>,
        carried: &[Vec<f32>],
        outputs: &mut [Vec<f32>],
    ) {
        let layout = &self.layout;
        let run = Run {
            weights,
            prepared: &prepared.values,
            seed: 0,
            step: 0,
            training: false,
            batch: 0,
            sums: &[],
            learning: &[],
        };
        let (all, shard) = (inputs.samples(), layout.shard);
        let forward = |first: usize, outputs: &mut [&mut [f32]]| {
            let idle = lock(&self.idle).pop();
            let mut worker = idle.unwrap_or_else(|| Worker::new(layout, &[]));
            let mut pass = ShardPass {
                layout,
                run,
                worker: &mut worker,
                shard: &mut [],
                sums: &mut [],
                input: InputRows::InPlace(inputs, first),
                carried: CarriedRows::new(layout, carried, all, first),
                samples: shard.min(all - first),
                first_sample: 0,
            };
            pass.forward();
            for (index, output) in outputs.iter_mut().enumerate() {
                output.copy_from_slice(pass.output(index));
            }
            lock(&self.idle).push(worker);
        };
        if all == 0 {
            return;
        }
        if all <= shard {
            let whole = outputs.iter_mut().map(|output| &mut output[..]);
            return forward(0, &mut whole.collect::<Slices<_>>());
        }
        // For each shard, its part of each output.
        let mut parts: Vec<Vec<&mut [f32]>> =
            (0..all.div_ceil(shard)).map(|_| Vec::new()).collect();
        for (output, planned) in outputs.iter_mut().zip(&layout.outputs) {
            let chunks = output.chunks_mut(shard * planned.values);
            parts
                .iter_mut()
                .zip(chunks)
                .for_each(|(part, chunk)| part.push(chunk));
        }
        parts
            .par_iter_mut()
            .enumerate()
            .with_max_len(1)
            .for_each(|(number, part)| forward(number * shard, part));
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    // What it guards is whole at any time: a panic elsewhere does not make it less so.
    mutex
        .lock()
        .unwrap_or_else(|poisoned| poisoned.into_inner())
}
