//! Learning to read, on lines drawn while it goes on.

use letra_nn::decoding::Alphabet;
use letra_nn::prelude::*;
use letra_type::{Distortions, LineSampler};

use super::samples::DrawnLines;
use super::{Reader, ReaderFacts, network};
use crate::failure::Failure;
use crate::interrupt::Interrupt;
use crate::learning::{Learning, lately, unlearnt};
use crate::recogniser::KnownFace;

/// Lines a step.
pub const BATCH: usize = 64;

/// Columns of a drawn line: some twenty-four letters.
pub const WIDTH: usize = 320;

/// The range of cap heights that reading is learnt at, in pixels.
const CAP_HEIGHT: (f32, f32) = (7.0, 60.0);

/// What was learnt.
pub struct Learnt {
    /// Who can read.
    pub reader: Reader,
    /// The step whose state the checkpoint holds: the last, unless there was no room for it.
    pub kept: u64,
}

/// Trains a reader. Asked to stop while it trains, it keeps a checkpoint.
///
/// # Errors
/// Fonts that cannot be drawn; a checkpoint that cannot be written or read or belongs to
/// another training; the reader asked to stop.
pub fn learn(learning: &Learning<'_>, interrupt: &Interrupt) -> Result<Learnt, Failure> {
    let distortions = Distortions {
        cap_height: CAP_HEIGHT,
        ..Distortions::default()
    };
    let failed = |error: Error| unlearnt(&error);
    let sampler = LineSampler::new(learning.fonts, distortions)?;
    let letters: String = sampler.characters().iter().collect();
    let alphabet = Alphabet::new(&letters).map_err(failed)?;
    let classes = alphabet.classes();
    let mut trainer =
        network::whole(WIDTH, classes, learning.seed, learning.threads).map_err(failed)?;
    let mut drawn = DrawnLines::new(
        &sampler,
        &alphabet,
        learning.seed,
        learning.budget,
        learning.threads,
    );
    let faces: Vec<KnownFace> = learning.fonts.iter().map(KnownFace::of).collect();
    let subject = serde_json::json!({ "reads": letters, "faces": faces, "seed": learning.seed });
    let course = learning.course(subject, describe);
    let trained = course.train(&mut trainer, &mut drawn, interrupt)?;
    let facts = ReaderFacts {
        steps: trainer.steps(),
        batch: BATCH,
        seed: learning.seed,
        minutes: learning.budget.minutes(),
        faces: faces.len(),
        wrong: lately(&trained.history, ERROR),
        version: env!("CARGO_PKG_VERSION").into(),
    };
    Ok(Learnt {
        reader: Reader::new(trainer.into_network(), letters, facts)?,
        kept: trained.kept,
    })
}

/// The name of what is measured.
const ERROR: &str = "label_error_rate";

fn describe(history: &History) -> String {
    format!(
        "loss {:.3}  {:4.1}% of characters wrong in lines never seen",
        lately(history, "loss"),
        100.0 * lately(history, ERROR)
    )
}
