//! Forward passes outside training.

use std::sync::Mutex;

use rayon::prelude::*;

use super::rows::InputRows;
use super::shard::{Run, ShardPass, Worker};
use super::{Layout, Purpose};
use crate::buffer::Buffer;
use crate::dataset::Inputs;
use crate::graph::OpGraph;

/// A plan for predictions, with the memory of each worker.
pub(crate) struct InferencePlan {
    layout: Layout,
    workers: Vec<Mutex<Worker>>,
    prepared: Buffer,
    /// Parameters that `prepared` was made from, by their revision.
    revision: Option<u64>,
}

impl InferencePlan {
    /// A plan for batches of about `batch` samples on up to `threads` threads.
    pub(crate) fn new(graph: OpGraph, batch: usize, threads: usize) -> Self {
        let layout = Layout::new(graph, batch, Purpose::Inference);
        let workers = (0..threads)
            .map(|_| Mutex::new(Worker::new(&layout, &[])))
            .collect();
        let prepared = Buffer::zeros(layout.prepared_values);
        InferencePlan {
            layout,
            workers,
            prepared,
            revision: None,
        }
    }

    /// Outputs of all samples of `inputs`, written to `outputs`, one list each. `revision`
    /// tells whether the parameters are those of the last call. Runs in the current thread
    /// pool, whose threads are as many as the plan was made for.
    pub(crate) fn run(
        &mut self,
        weights: &[f32],
        revision: u64,
        inputs: Inputs<'_>,
        outputs: &mut [Vec<f32>],
    ) {
        if self.revision != Some(revision) {
            self.layout.prepare(weights, &mut self.prepared);
            self.revision = Some(revision);
        }
        let layout = &self.layout;
        let run = Run {
            weights,
            prepared: &self.prepared,
            seed: 0,
            step: 0,
            training: false,
            batch: 0,
            sums: &[],
            learning: &[],
        };
        let (all, shard) = (inputs.samples(), layout.shard);
        let forward = |thread: usize, first: usize, outputs: &mut [&mut [f32]]| {
            let mut worker = self.workers[thread].lock().expect("no worker panicked");
            let mut pass = ShardPass {
                layout,
                run,
                worker: &mut worker,
                shard: &mut [],
                sums: &mut [],
                input: InputRows::InPlace(inputs, first),
                samples: shard.min(all - first),
                first_sample: 0,
            };
            pass.forward();
            for (index, output) in outputs.iter_mut().enumerate() {
                output.copy_from_slice(pass.output(index));
            }
        };
        if all == 0 {
            return;
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
        if let [part] = &mut parts[..] {
            forward(0, 0, part);
        } else {
            parts
                .par_iter_mut()
                .enumerate()
                .with_max_len(1)
                .for_each(|(number, part)| {
                    let thread = rayon::current_thread_index().unwrap_or(0);
                    forward(thread, number * shard, part);
                });
        }
    }
}
