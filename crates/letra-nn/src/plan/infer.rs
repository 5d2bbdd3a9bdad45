//! Forward passes outside training.

use std::sync::Mutex;

use rayon::prelude::*;

use super::shard::{Run, ShardPass, Worker};
use super::{Layout, Purpose};
use crate::Error;
use crate::graph::Graph;

/// A plan for predictions, with the memory of each worker.
pub(crate) struct InferencePlan {
    layout: Layout,
    workers: Vec<Mutex<Worker>>,
    prepared: Vec<f32>,
    /// Parameters that `prepared` was made from, by their revision.
    revision: Option<u64>,
}

impl InferencePlan {
    /// A plan for batches of about `batch` samples on up to `threads` threads.
    pub(crate) fn new(graph: &Graph, batch: usize, threads: usize) -> Result<Self, Error> {
        let layout = Layout::new(graph, batch, Purpose::Inference)?;
        let workers = (0..threads)
            .map(|_| Mutex::new(Worker::new(&layout, 0)))
            .collect();
        let prepared = vec![0.0; layout.prepared_values];
        Ok(InferencePlan {
            layout,
            workers,
            prepared,
            revision: None,
        })
    }

    /// Outputs of all samples of `input`, written to `output`. `revision` tells whether
    /// the parameters are those of the last call. Runs in the current thread pool, whose
    /// threads are as many as the plan was made for.
    pub(crate) fn run(
        &mut self,
        parameters: &[f32],
        revision: u64,
        input: &[f32],
        output: &mut [f32],
    ) {
        if self.revision != Some(revision) {
            self.layout.prepare(parameters, &mut self.prepared);
            self.revision = Some(revision);
        }
        let layout = &self.layout;
        let run = Run {
            parameters,
            prepared: &self.prepared,
            seed: 0,
            step: 0,
            training: false,
            batch: 0,
            sums: &[],
        };
        let input_values = layout.input.values();
        let forward = |thread: usize, input: &[f32], output: &mut [f32]| {
            let mut worker = self.workers[thread].lock().expect("no worker panicked");
            let mut pass = ShardPass {
                layout,
                run,
                worker: &mut worker,
                shard: &mut [],
                sums: &mut [],
                input,
                samples: input.len() / input_values,
                first_sample: 0,
            };
            pass.forward();
            output.copy_from_slice(pass.output());
        };
        let (inputs, outputs) = (
            layout.shard * input_values,
            layout.shard * layout.output_values,
        );
        if input.len() <= inputs {
            forward(0, input, output);
        } else {
            input
                .par_chunks(inputs)
                .zip(output.par_chunks_mut(outputs))
                .with_max_len(1)
                .for_each(|(input, output)| {
                    forward(rayon::current_thread_index().unwrap_or(0), input, output);
                });
        }
    }
}
