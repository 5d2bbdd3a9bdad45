//! Two of each verb that writes, at once on the same target.

use crate::child::Ended;
use crate::figure::{Fault, Figures, Outcome, Try};
use crate::job::{EVALUATE, IDENTIFY, Job, LAB, LEARN, SPECIMEN, States, files};

pub(crate) fn run(figures: &mut Figures<'_>) {
    let count = figures.campaign.count(8, 2);
    figures.figure("at-once", "enroll", count, enroll);
    figures.figure("at-once", "learn", count, learn);
    for job in [LAB, IDENTIFY, EVALUATE, SPECIMEN] {
        figures.job("at-once", &job, count, |one, states| {
            both(one, &job, states)
        });
    }
}

/// Two faces are added at once: neither is lost.
fn enroll(one: &Try<'_>) -> Outcome {
    let model = one.folder.join("model.letra");
    std::fs::copy(one.home.model(), &model)?;
    let lines = ["bold", "italic"].map(|face| format!("enroll model.letra HOME/{face}.otf"));
    for ended in two(one, &lines[0], &lines[1])? {
        if ended.code != Some(0) {
            return Err(ended.unexpected("enroll"));
        }
    }
    for face in ["bold", "italic"] {
        // The face itself is the most like it.
        let said = one.succeed(&format!(
            "similar HOME/{face}.otf --model model.letra --top 1"
        ))?;
        if !said.output.to_lowercase().contains(face) {
            return Err(Fault::Lost.says(format!("{face} is not in the model: {}", said.output)));
        }
    }
    check_names(one, &["model.letra"])
}

/// Two trainings of the same model: one is told who the other is.
fn learn(one: &Try<'_>) -> Outcome {
    let mut first = one.letra(LEARN.line)?.start()?;
    let mut second = one.letra(LEARN.line)?.start()?;
    while !first.is_over()? && !second.is_over()? {
        std::thread::sleep(std::time::Duration::from_millis(5));
    }
    let (refused, mut other) = match first.is_over()? {
        true => (first, second),
        false => (second, first),
    };
    check_holder(&refused.wait()?, other.id())?;
    other.signal(2)?;
    let ended = other.wait()?;
    if ended.code != Some(130) {
        return Err(ended.unexpected(LEARN.line));
    }
    check_names(one, &["model.letra.checkpoint"])
}

/// Two of the same: both are done, or one is told who the other is.
fn both(one: &Try<'_>, job: &Job, states: &States) -> Outcome {
    states.put_old(&one.folder)?;
    let [first, second] = two(one, job.line, job.line)?;
    match (first.code, second.code) {
        (Some(0), Some(0)) => {}
        (Some(0), _) => check_holder(&second, first.process)?,
        _ => check_holder(&first, second.process)?,
    }
    job.check_done(states, &one.folder)
}

fn two(one: &Try<'_>, first: &str, second: &str) -> Outcome<[Ended; 2]> {
    let (first, second) = (one.letra(first)?.start()?, one.letra(second)?.start()?);
    Ok([first.wait()?, second.wait()?])
}

fn check_holder(refused: &Ended, holder: u32) -> Outcome {
    if refused.is_refusal() && refused.errors.contains(&format!("process {holder}")) {
        return Ok(());
    }
    Err(refused.unexpected("the second of two"))
}

fn check_names(one: &Try<'_>, wanted: &[&str]) -> Outcome {
    let found = files(&one.folder)?;
    let found: Vec<String> = found
        .keys()
        .map(|name| name.display().to_string())
        .collect();
    match found == wanted {
        true => Ok(()),
        false => Err(Fault::HalfWritten.says(format!("{found:?} is there, not {wanted:?}"))),
    }
}
