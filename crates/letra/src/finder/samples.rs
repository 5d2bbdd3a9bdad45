//! Batches of drawn scenes, on all cores while a network learns.

use std::thread;

use letra_nn::prelude::*;
use letra_type::{SCENE_CELL, SCENE_SIDE, SCENE_VALUES, SceneBench, SceneSampler};

use super::network::to_input;
use crate::learning::{Budget, workbenches};

/// Scenes a step.
pub(super) const BATCH: usize = 16;

/// Pixels of a scene, cells along a side of it, and values of its labels.
const PIXELS: usize = SCENE_SIDE * SCENE_SIDE;
const CELLS: usize = SCENE_SIDE / SCENE_CELL;
const LABELS: usize = CELLS * CELLS * SCENE_VALUES;

/// Batches of scenes, never the same ones twice.
pub(super) struct DrawnScenes<'a> {
    sampler: &'a SceneSampler,
    benches: Vec<SceneBench>,
    seed: u64,
    budget: Budget,
}

impl<'a> DrawnScenes<'a> {
    /// Drawn on so many threads; 0 takes one a core.
    pub(super) fn new(
        sampler: &'a SceneSampler,
        seed: u64,
        budget: Budget,
        threads: usize,
    ) -> Self {
        Self {
            sampler,
            benches: workbenches(threads),
            seed,
            budget,
        }
    }
}

impl Source for DrawnScenes<'_> {
    fn steps(&self, epoch: usize) -> usize {
        self.budget.steps(epoch)
    }

    fn batch(&mut self, step: u64) -> Result<Option<Dataset>, Error> {
        let (mut pixels, mut labels) = (vec![0.0; BATCH * PIXELS], vec![0.0; BATCH * LABELS]);
        let share = BATCH.div_ceil(self.benches.len()).max(1);
        let (sampler, seed) = (self.sampler, self.seed);
        thread::scope(|scope| {
            let parts = pixels
                .chunks_mut(share * PIXELS)
                .zip(labels.chunks_mut(share * LABELS))
                .zip(&mut self.benches);
            for (part, ((pixels, labels), bench)) in parts.enumerate() {
                scope.spawn(move || {
                    let mut levels = vec![0; PIXELS];
                    let first = step * BATCH as u64 + (part * share) as u64;
                    let scenes = pixels
                        .chunks_exact_mut(PIXELS)
                        .zip(labels.chunks_exact_mut(LABELS));
                    for (index, (pixels, labels)) in (first..).zip(scenes) {
                        sampler.draw(seed, index, bench, &mut levels, labels);
                        for (pixel, &level) in pixels.iter_mut().zip(&levels) {
                            *pixel = to_input(level);
                        }
                    }
                });
            }
        });
        let scenes = Tensor::new([BATCH, SCENE_SIDE, SCENE_SIDE, 1], pixels)?;
        let labels = Tensor::new([BATCH, CELLS, CELLS, SCENE_VALUES], labels)?;
        Dataset::values(scenes, labels).map(Some)
    }
}
