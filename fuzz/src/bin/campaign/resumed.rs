//! Trainings that are stopped and resumed.

use crate::figure::{Fault, Figures, Outcome, Try};
use crate::job::{LEARN, States};

const SIGINT: i32 = 2;
const SIGKILL: i32 = 9;
const SIGTERM: i32 = 15;

pub(crate) fn run(figures: &mut Figures<'_>) {
    let count = figures.campaign.count(50, 1);
    figures.job("resumed", &LEARN, count, resume);
}

/// Stops a training one to three times and lets it finish: the model must be the same.
fn resume(one: &Try<'_>, states: &States) -> Outcome {
    states.put_old(&one.folder)?;
    for _ in 0..=one.below(3) {
        let mut running = one.letra(&LEARN.again(&one.folder))?.start()?;
        // The steps come first; most of the time goes into the calibration after them.
        let moment = one.before(states.time) / [1, 4][one.below(2)];
        running.until(|time| time >= moment)?;
        // Documented are 128 and the number; before letra listens, the signal ends it.
        let signal = [SIGKILL, SIGINT, SIGTERM][one.below(3)];
        running.signal(signal)?;
        let ended = running.wait()?;
        if !matches!(ended.code, None | Some(0)) && ended.code != Some(128 + signal) {
            return Err(ended.unexpected(LEARN.line));
        }
        if ended.code == Some(0) {
            break;
        }
        LEARN.check_whole(states, &one.folder)?;
    }
    if LEARN.check_done(states, &one.folder).is_err() {
        one.succeed(&LEARN.again(&one.folder))?;
    }
    LEARN.check_done(states, &one.folder).map_err(|why| {
        Fault::Lost.says(format!(
            "not the model of the undisturbed training: {why:?}"
        ))
    })
}
