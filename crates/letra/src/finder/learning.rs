//! Learning to find text, in scenes drawn while it goes on.

use letra_nn::prelude::*;
use letra_type::{Picture, SCENE_SIDE, SceneSampler};

use super::loss::WRONG;
use super::samples::{BATCH, DrawnScenes};
use super::{Finder, FinderFacts, network};
use crate::failure::Failure;
use crate::interrupt::Interrupt;
use crate::learning::{Learning, lately, unlearnt};
use crate::recogniser::KnownFace;

/// What was learnt.
pub struct Learnt {
    /// Who can find text.
    pub finder: Finder,
    /// The step whose state the checkpoint holds: the last, unless there was no room for it.
    pub kept: u64,
}

/// Trains a finder on scenes, some before parts of photographs that hold no text. Asked to stop while it
/// trains, it keeps a checkpoint.
///
/// # Errors
/// Fonts that cannot be drawn; a checkpoint that cannot be written or read or belongs to another
/// training; the reader asked to stop.
pub fn learn(
    learning: &Learning<'_>,
    photographs: &[Picture],
    interrupt: &Interrupt,
) -> Result<Learnt, Failure> {
    let sampler = SceneSampler::new(learning.fonts, photographs)?;
    let mut trainer = network::whole(SCENE_SIDE, learning.seed, learning.threads)
        .map_err(|error| unlearnt(&error))?;
    let mut drawn = DrawnScenes::new(&sampler, learning.seed, learning.budget, learning.threads);
    let faces: Vec<KnownFace> = learning.fonts.iter().map(KnownFace::of).collect();
    let grounds: Vec<_> = photographs.iter().map(told_apart).collect();
    let subject = serde_json::json!({
        "finds": "text",
        "faces": faces,
        "photographs": grounds,
        "seed": learning.seed,
    });
    let course = learning.course(subject, describe);
    let trained = course.train(&mut trainer, &mut drawn, interrupt)?;
    let facts = FinderFacts {
        steps: trainer.steps(),
        batch: BATCH,
        seed: learning.seed,
        minutes: learning.budget.minutes(),
        faces: faces.len(),
        photographs: sampler.photographs(),
        wrong: lately(&trained.history, WRONG),
        version: env!("CARGO_PKG_VERSION").into(),
    };
    Ok(Learnt {
        finder: Finder::new(trainer.into_network(), facts),
        kept: trained.kept,
    })
}

/// What tells a photograph from others: its size, and the sum of its levels.
fn told_apart(picture: &Picture) -> (usize, usize, u64) {
    let sum = picture.pixels().iter().map(|&level| u64::from(level)).sum();
    (picture.width(), picture.height(), sum)
}

fn describe(history: &History) -> String {
    format!(
        "loss {:.3}  {:4.2}% of cells wrong in scenes never seen",
        lately(history, "loss"),
        100.0 * lately(history, WRONG)
    )
}
