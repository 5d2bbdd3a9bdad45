//! SIGKILL at any moment.

use std::time::Duration;

use crate::figure::{Figures, Outcome, Try};
use crate::job::{ENROLL, IDENTIFY, Job, LAB, LEARN, States, is_writing};

/// Kills a try makes one after the other, before the work is done in the end.
const IN_A_ROW: u64 = 4;

pub(crate) fn run(figures: &mut Figures<'_>) {
    // The slowest last, for which the resumed training stands in the short form.
    let all = [
        (ENROLL, 14, 1),
        (IDENTIFY, 14, 1),
        (LAB, 12, 1),
        (LEARN, 10, 0),
    ];
    for (job, whole, short) in all {
        let count = figures.campaign.count(whole, short);
        figures.job("kills", &job, count, |one, states| kill(one, &job, states));
    }
}

/// Kills a job four times, each time from where the last kill left it, and then lets it finish.
fn kill(one: &Try<'_>, job: &Job, states: &States) -> Outcome {
    states.put_old(&one.folder)?;
    for kill in 0..IN_A_ROW {
        let mut running = one.letra(&job.again(&one.folder))?.start()?;
        if kill % 2 == 0 {
            let moment = one.before(states.time.mul_f64(1.1));
            running.until(|time| time >= moment)?;
        } else {
            // Some moment while something is being written, which is a small part of the time.
            let mut begun = None;
            let moment = one.before(Duration::from_millis(12));
            running.until(|time| {
                if begun.is_none() && is_writing(&one.folder) {
                    begun = Some(time);
                }
                begun.is_some_and(|begun| time >= begun + moment)
            })?;
        }
        running.kill()?;
        running.wait()?;
        job.check_whole(states, &one.folder)?;
    }
    one.succeed(&job.again(&one.folder))?;
    job.check_done(states, &one.folder)
}
