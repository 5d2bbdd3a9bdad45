//! Learning to tell faces apart, on samples drawn while it goes on.

use letra_nn::prelude::*;
use letra_type::{Distortions, Sampler};

use super::samples::Drawn;
use super::{KnownFace, Recogniser, TrainingFacts, network};
use crate::failure::Failure;
use crate::interrupt::Interrupt;
use crate::learning::{Learning, lately, unlearnt};

/// Samples a step.
pub const BATCH: usize = 128;

/// What was learnt.
pub struct Learnt {
    /// Who can tell the faces apart.
    pub recogniser: Recogniser,
    /// The step whose state the checkpoint holds: the last, unless there was no room for it.
    pub kept: u64,
}

/// Trains and calibrates a recogniser. Asked to stop while it trains, it keeps a checkpoint.
///
/// # Errors
/// Fonts that cannot be drawn; a checkpoint that cannot be written or read or belongs to
/// another training; the reader asked to stop.
pub fn learn(learning: &Learning<'_>, interrupt: &Interrupt) -> Result<Learnt, Failure> {
    let sampler = Sampler::new(learning.fonts, Distortions::default())?;
    let faces: Vec<KnownFace> = learning.fonts.iter().map(KnownFace::of).collect();
    let mut trainer = network::whole(faces.len(), learning.seed, learning.threads)
        .map_err(|error| unlearnt(&error))?;
    let mut drawn = Drawn::new(&sampler, learning.seed, learning.budget, learning.threads);
    let subject = serde_json::json!({ "faces": faces, "seed": learning.seed });
    let course = learning.course(subject, describe);
    let trained = course.train(&mut trainer, &mut drawn, interrupt)?;
    let facts = TrainingFacts {
        steps: trainer.steps(),
        batch: BATCH,
        seed: learning.seed,
        minutes: learning.budget.minutes(),
        accuracy: lately(&trained.history, "accuracy"),
        version: env!("CARGO_PKG_VERSION").into(),
    };
    let mut recogniser = Recogniser::calibrated(&trainer, faces, facts, &sampler)?;
    recogniser.note_facts(learning.fonts);
    recogniser.learn_background(learning.fonts, &sampler)?;
    Ok(Learnt {
        recogniser,
        kept: trained.kept,
    })
}

fn describe(history: &History) -> String {
    format!(
        "loss {:.3}  accuracy {:4.1}% of windows never seen",
        lately(history, "loss"),
        100.0 * lately(history, "accuracy")
    )
}
