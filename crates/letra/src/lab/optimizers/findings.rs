//! What the figures say, in sentences.

use super::{Setting, Tried, reached};
use crate::experiment::Row;
use crate::report::numbers::thousands;

/// The paragraph of findings, a sentence each.
pub(super) fn sentences(tried: &[Tried], most_epochs: usize, loss: f64) -> Vec<String> {
    [
        defaults(tried, most_epochs, loss),
        tuned(tried),
        gain(tried),
        rateless(tried),
        seconds(tried),
    ]
    .into_iter()
    .flatten()
    .collect()
}

/// Mean steps to the target, where every training got there.
fn steps(setting: &Setting) -> Option<f64> {
    let row = &setting.row;
    let all = row.trials.iter().all(reached) && !row.trials.is_empty();
    all.then(|| row.mean(|trial| trial.steps as f64))
}

fn in_words(row: &Row) -> String {
    let spread = row.spread(|trial| Some(trial.steps as f64));
    let deviation = spread.and_then(|spread| spread.deviation);
    let mean = thousands(row.mean(|trial| trial.steps as f64).round() as u64);
    match deviation {
        Some(deviation) => format!("{mean} ± {} steps", thousands(deviation.round() as u64)),
        None => format!("{mean} steps"),
    }
}

fn quickest<'a>(
    settings: impl Iterator<Item = (&'a Tried, &'a Setting)>,
) -> Option<(&'a Tried, &'a Setting)> {
    settings
        .filter_map(|(tried, setting)| Some((tried, setting, steps(setting)?)))
        .min_by(|left, right| left.2.total_cmp(&right.2))
        .map(|(tried, setting, _)| (tried, setting))
}

fn list(names: &[&str]) -> String {
    match names {
        [] => String::new(),
        [name] => (*name).to_owned(),
        [names @ .., last] => format!("{} and {last}", names.join(", ")),
    }
}

fn defaults(tried: &[Tried], most_epochs: usize, loss: f64) -> Option<String> {
    let there = tried
        .iter()
        .filter(|tried| steps(tried.default()).is_some());
    let missing: Vec<_> = tried
        .iter()
        .filter(|tried| steps(tried.default()).is_none())
        .map(|tried| tried.contender.title)
        .collect();
    let all = tried.len();
    let count = there.count();
    let mut sentence = format!(
        "At default settings {count} of {all} optimizers bring the training loss to {loss} within {most_epochs} epochs from every seed"
    );
    if !missing.is_empty() && count > 0 {
        let verb = if missing.len() == 1 { "does" } else { "do" };
        sentence += &format!("; {} {verb} not reach it", list(&missing));
    }
    if let Some((tried, setting)) = quickest(tried.iter().map(|tried| (tried, tried.default()))) {
        sentence += &format!(
            "; the quickest is {} with {}",
            tried.contender.title,
            in_words(&setting.row)
        );
    }
    Some(sentence + ".")
}

fn tuned(tried: &[Tried]) -> Option<String> {
    let Some((winner, setting)) = quickest(tried.iter().map(|tried| (tried, tried.best()))) else {
        let least = tried
            .iter()
            .map(|tried| tried.best().row.mean(|trial| trial.train.loss))
            .filter(|loss| loss.is_finite())
            .min_by(f64::total_cmp)?;
        return Some(format!(
            "At the best of each one's grid none reaches it from every seed; the least mean loss is {least:.2}."
        ));
    };
    let there = tried
        .iter()
        .filter(|tried| steps(tried.best()).is_some())
        .count();
    Some(format!(
        "At the best of each one's grid {there} of {} reach it; the quickest is {} at {} with {}.",
        tried.len(),
        winner.contender.title,
        winner.contender.rate_in_words(setting.rate),
        in_words(&setting.row)
    ))
}

/// How much choosing a rate is worth, where both got there.
fn gain(tried: &[Tried]) -> Option<String> {
    let (most, factor) = tried
        .iter()
        .filter_map(|tried| Some((tried, steps(tried.default())? / steps(tried.best())?)))
        .max_by(|left, right| left.1.total_cmp(&right.1))?;
    (factor > 1.05).then(|| {
        format!(
            "Choosing its rate saves {} most: {factor:.1} times fewer steps than at its default.",
            most.contender.title
        )
    })
}

fn rateless(tried: &[Tried]) -> Option<String> {
    let found: Vec<_> = tried
        .iter()
        .filter(|tried| tried.contender.finds_rates)
        .map(|tried| match steps(tried.default()) {
            Some(_) => format!(
                "{} takes {}",
                tried.contender.title,
                in_words(&tried.default().row)
            ),
            None => format!(
                "{} does not reach it from every seed (mean training loss at the end {:.2})",
                tried.contender.title,
                tried.default().row.mean(|trial| trial.train.loss)
            ),
        })
        .collect();
    let found: Vec<_> = found.iter().map(String::as_str).collect();
    (!found.is_empty()).then(|| format!("Without any rate to choose, {}.", list(&found)))
}

fn seconds(tried: &[Tried]) -> Option<String> {
    let (winner, setting) = tried
        .iter()
        .map(|tried| (tried, tried.best()))
        .filter(|(_, setting)| steps(setting).is_some())
        .min_by(|left, right| {
            let seconds = |setting: &Setting| setting.row.mean(|trial| trial.seconds);
            seconds(left.1).total_cmp(&seconds(right.1))
        })?;
    Some(format!(
        "By the clock the quickest is {} at {}: {:.2} seconds.",
        winner.contender.title,
        winner.contender.rate_in_words(setting.rate),
        setting.row.mean(|trial| trial.seconds)
    ))
}
