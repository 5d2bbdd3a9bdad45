//! Batches of worn text, drawn on all cores while a network learns.

use std::thread;

use letra_nn::prelude::*;
use letra_type::{LINE_HEIGHT, Sampler, WINDOW_WIDTH, Workbench};

use super::learning::BATCH;
use crate::learning::{Budget, workbenches};

/// Values of a window.
pub(super) const WINDOW: usize = LINE_HEIGHT * WINDOW_WIDTH;

/// Which face a sample is to be of.
#[derive(Debug, Clone, Copy)]
pub(super) enum Wanted {
    /// Any, all equally often.
    Any,
    /// The one of this index.
    Face(usize),
    /// The face of this index, as a part of a picture: the numbers of the picture and of the part.
    Part(usize, u64, u32),
}

/// Draws samples on several threads. A sample follows from its seed and index alone, so that any
/// number of threads draws the same.
pub(super) struct Drawer<'a> {
    sampler: &'a Sampler,
    benches: Vec<Workbench>,
}

impl<'a> Drawer<'a> {
    /// With so many threads; 0 takes one a core.
    pub(super) fn new(sampler: &'a Sampler, threads: usize) -> Self {
        Self {
            sampler,
            benches: workbenches(threads),
        }
    }

    /// The samples of a seed with the indices from `first` on, one for each of `wanted`: their
    /// windows, ink 1 on ground 0, and their faces.
    pub(super) fn draw(
        &mut self,
        seed: u64,
        first: u64,
        wanted: &[Wanted],
    ) -> Result<(Tensor, Vec<u32>), Error> {
        let count = wanted.len();
        let mut pixels = vec![0.0; count * WINDOW];
        let mut labels = vec![0; count];
        let share = count.div_ceil(self.benches.len()).max(1);
        let sampler = self.sampler;
        thread::scope(|scope| {
            let parts = pixels
                .chunks_mut(share * WINDOW)
                .zip(labels.chunks_mut(share));
            let parts = parts.zip(wanted.chunks(share)).zip(&mut self.benches);
            for (part, (((pixels, labels), wanted), bench)) in parts.enumerate() {
                let first = first + (part * share) as u64;
                scope.spawn(move || draw_part(sampler, seed, first, wanted, bench, pixels, labels));
            }
        });
        let windows = Tensor::new([count, LINE_HEIGHT, WINDOW_WIDTH, 1], pixels)?;
        Ok((windows, labels))
    }

    /// So many windows of a picture of a face: worn alike, each with words of its own.
    pub(super) fn draw_picture(
        &mut self,
        seed: u64,
        picture: u64,
        face: usize,
        windows: usize,
    ) -> Result<Tensor, Error> {
        let part = |part| Wanted::Part(face, picture, part);
        let wanted: Vec<Wanted> = (0..windows as u32).map(part).collect();
        self.draw(seed, 0, &wanted).map(|(windows, _)| windows)
    }
}

fn draw_part(
    sampler: &Sampler,
    seed: u64,
    first: u64,
    wanted: &[Wanted],
    bench: &mut Workbench,
    pixels: &mut [f32],
    labels: &mut [u32],
) {
    let mut window = vec![0; WINDOW];
    let samples = pixels.chunks_exact_mut(WINDOW).zip(labels).zip(wanted);
    for (index, ((pixels, label), wanted)) in (first..).zip(samples) {
        *label = match *wanted {
            Wanted::Any => sampler.draw(seed, index, bench, &mut window),
            Wanted::Face(face) => {
                sampler.draw_face(face, seed, index, bench, &mut window);
                face
            }
            Wanted::Part(face, picture, part) => {
                sampler.draw_part(face, seed, (picture, part), bench, &mut window);
                face
            }
        } as u32;
        to_ink(&window, pixels);
    }
}

/// Grey levels, dark on light, to ink from 0 to 1.
pub(super) fn to_ink(levels: &[u8], ink: &mut [f32]) {
    for (ink, &level) in ink.iter_mut().zip(levels) {
        *ink = f32::from(255 - level) / 255.0;
    }
}

/// Batches of samples of any faces, never the same ones twice: what a recogniser learns from.
pub(super) struct Drawn<'a> {
    drawer: Drawer<'a>,
    faces: usize,
    seed: u64,
    budget: Budget,
}

impl<'a> Drawn<'a> {
    pub(super) fn new(sampler: &'a Sampler, seed: u64, budget: Budget, threads: usize) -> Self {
        Self {
            drawer: Drawer::new(sampler, threads),
            faces: sampler.fonts().len(),
            seed,
            budget,
        }
    }
}

impl Source for Drawn<'_> {
    fn steps(&self, epoch: usize) -> usize {
        self.budget.steps(epoch)
    }

    fn batch(&mut self, step: u64) -> Result<Option<Dataset>, Error> {
        let first = step * BATCH as u64;
        let (windows, faces) = self.drawer.draw(self.seed, first, &[Wanted::Any; BATCH])?;
        Dataset::classes(windows, faces, self.faces).map(Some)
    }
}
