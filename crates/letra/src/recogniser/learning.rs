//! Learning to tell faces apart, on samples drawn while it goes on.

use std::collections::BTreeSet;

use letra_nn::prelude::*;
use letra_type::{Distortions, Font, Sampler};

use super::calibrating::Measure;
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

/// What a recogniser learns beside the faces that it is to know.
pub struct Beside<'a> {
    /// Faces that it is to tell from those: text in them is of none that it knows.
    pub strangers: &'a [Font],
    /// What it begins with.
    pub base: Option<&'a Recogniser>,
}

/// Of so many families of strangers one is kept from training, to measure by it how strangers look that
/// were never seen.
const KEPT_FROM_TRAINING: usize = 3;

/// Trains and calibrates a recogniser. Asked to stop while it trains, it keeps a checkpoint.
///
/// # Errors
/// Fonts that cannot be drawn; a checkpoint that cannot be written or read or belongs to
/// another training; the reader asked to stop.
pub fn learn(
    learning: &Learning<'_>,
    beside: &Beside<'_>,
    interrupt: &Interrupt,
) -> Result<Learnt, Failure> {
    let (strangers, unseen) = parted(beside.strangers);
    let fonts = [learning.fonts, &strangers].concat();
    let sampler = Sampler::new(&fonts, Distortions::default())?;
    let faces: Vec<KnownFace> = learning.fonts.iter().map(KnownFace::of).collect();
    let rate = match beside.base {
        Some(_) => network::RATE_FROM,
        None => network::RATE,
    };
    let mut trainer = network::whole(fonts.len(), rate, learning.seed, learning.threads)
        .map_err(|error| unlearnt(&error))?;
    if let Some(base) = beside.base {
        base.found(&trainer, &faces)
            .map_err(|error| unlearnt(&error))?;
    }
    let mut drawn = Drawn::new(&sampler, learning.seed, learning.budget, learning.threads);
    let subject = serde_json::json!({
        "faces": faces,
        "seed": learning.seed,
        "strangers": strangers.iter().map(Font::name).collect::<Vec<_>>(),
        "begun with": beside.base.map(Recogniser::faces),
    });
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
    let own = Sampler::new(learning.fonts, as_given())?;
    let unseen = match unseen.is_empty() {
        true => None,
        false => Some(Sampler::new(&unseen, as_given())?),
    };
    let by = Measure {
        trained: &sampler,
        own: &own,
        unseen: unseen.as_ref(),
    };
    let mut recogniser = Recogniser::calibrated(&trainer, faces, facts, &by)?;
    recogniser.note_facts(learning.fonts);
    recogniser.learn_background(learning.fonts, &own)?;
    Ok(Learnt {
        recogniser,
        kept: trained.kept,
    })
}

/// How pictures that are asked about are worn: half as much as samples to learn from.
fn as_given() -> Distortions {
    Distortions {
        strength: 0.5,
        cap_height: (12.0, 60.0),
        ..Distortions::default()
    }
}

/// Strangers to train with, and those that are kept from training, by their families.
fn parted(strangers: &[Font]) -> (Vec<Font>, Vec<Font>) {
    let families: BTreeSet<&str> = strangers.iter().map(Font::family).collect();
    let kept: BTreeSet<&str> = families
        .into_iter()
        .skip(KEPT_FROM_TRAINING - 1)
        .step_by(KEPT_FROM_TRAINING)
        .collect();
    let strangers = strangers.iter().cloned();
    strangers.partition(|font| !kept.contains(font.family()))
}

fn describe(history: &History) -> String {
    format!(
        "loss {:.3}  accuracy {:4.1}% of windows never seen",
        lately(history, "loss"),
        100.0 * lately(history, "accuracy")
    )
}
