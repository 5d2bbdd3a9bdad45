//! Learning to tell faces apart, on samples drawn while it goes on.

use std::path::PathBuf;

use letra_nn::prelude::*;
use letra_type::{Distortions, Font, Sampler};

use super::samples::Drawn;
use super::{KnownFace, Recogniser, TrainingFacts, network};
use crate::failure::Failure;
use crate::interrupt::Interrupt;
use crate::learning::{Budget, Course, lately, unlearnt};

/// Samples a step.
pub const BATCH: usize = 128;

/// What to learn, and how.
#[derive(Debug)]
pub struct Learning<'a> {
    /// The faces.
    pub fonts: &'a [Font],
    /// How long.
    pub budget: Budget,
    /// Decides the initial weights and every sample.
    pub seed: u64,
    /// Threads; 0 takes one a core.
    pub threads: usize,
    /// Where the model will be written; the state is kept beside it until then.
    pub model: PathBuf,
    /// Whether to go on from the checkpoint.
    pub resume: bool,
}

/// What was learnt.
pub struct Learnt {
    /// Who can tell the faces apart.
    pub recogniser: Recogniser,
    /// The step whose state the checkpoint holds: the last, unless there was no room for it.
    pub kept: u64,
}

impl Learning<'_> {
    /// Trains and calibrates a recogniser. Asked to stop while it trains, it keeps a checkpoint.
    ///
    /// # Errors
    /// Fonts that cannot be drawn; a checkpoint that cannot be written or read or belongs to
    /// another training; the reader asked to stop.
    pub fn run(&self, interrupt: &Interrupt) -> Result<Learnt, Failure> {
        let sampler = Sampler::new(self.fonts, Distortions::default())?;
        let faces: Vec<KnownFace> = self.fonts.iter().map(KnownFace::of).collect();
        let mut trainer = network::whole(faces.len(), self.seed, self.threads)
            .map_err(|error| unlearnt(&error))?;
        let mut drawn = Drawn::new(&sampler, self.seed, self.budget, self.threads);
        let course = Course {
            budget: self.budget,
            model: &self.model,
            resume: self.resume,
            subject: serde_json::json!({ "faces": faces, "seed": self.seed }),
            describe,
        };
        let trained = course.train(&mut trainer, &mut drawn, interrupt)?;
        let facts = TrainingFacts {
            steps: trainer.steps(),
            batch: BATCH,
            seed: self.seed,
            minutes: self.budget.minutes(),
            accuracy: lately(&trained.history, "accuracy"),
            version: env!("CARGO_PKG_VERSION").into(),
        };
        let recogniser = Recogniser::calibrated(&trainer, faces, facts, &sampler)?;
        Ok(Learnt {
            recogniser,
            kept: trained.kept,
        })
    }
}

fn describe(history: &History) -> String {
    format!(
        "loss {:.3}  accuracy {:4.1}% of windows never seen",
        lately(history, "loss"),
        100.0 * lately(history, "accuracy")
    )
}
