//! Connectionist temporal classification: −ln p(labels | steps), with its gradient.

use crate::assert_same_length;

#[cfg(test)]
mod tests;

/// A logarithm of 0.
const NEVER: f64 = f64::NEG_INFINITY;

/// What is smaller than the largest of a sum's terms by this factor, as a logarithm, changes no bit
/// of a sum in double precision.
const NEGLIGIBLE: f64 = -40.0;

/// Memory that a sequence needs, used again for the next.
#[derive(Debug, Default)]
pub struct Room {
    /// `[steps, classes]`: ln y.
    log_probabilities: Vec<f64>,
    /// `[steps, states]`: ln α.
    forward: Vec<f64>,
    /// `[states]`: ln β of a step.
    backward: Vec<f64>,
    /// `[states]`: ln β of the step after it, times the probability of that step's symbol.
    ahead: Vec<f64>,
    /// `[classes]`: how probable each symbol is at a step, given the labels.
    given_labels: Vec<f64>,
}

/// Fewest steps that can spell some labels: one each, and a blank between equal neighbours.
pub fn fewest_steps(labels: &[u32]) -> usize {
    let repeats = labels.windows(2).filter(|pair| pair[0] == pair[1]);
    labels.len() + repeats.count()
}

/// The loss −ln p(l | x) of one sequence, and its gradient times `scale`, from logits
/// `[steps, classes]`; labels are below `classes` and none is `blank` (Graves, Fernández, Gomez and
/// Schmidhuber 2006, "Connectionist temporal classification").
///
/// A path names a symbol a step. It spells the labels that are left when equal neighbours are made
/// one and blanks are left out; p(l | x) is the sum over all paths that spell l of Π y. With blanks
/// between the labels and at both ends, l′, a path is a way through the states of l′:
///
/// - ln α_t(s): of all ways to state s in steps 0 to t (eqs. 5 to 8)
/// - ln β_t(s): of all ways from there through the steps after t. Unlike the paper's (eqs. 9 to 11)
///   it leaves out y of step t, so that α β / p(l | x) is the probability of the state, and no y that
///   may be 0 is divided by
///
/// The gradient at a logit is y − Σ α β / p(l | x), the sum over the states of its symbol (eq. 16).
/// All is in logarithms and double precision: any number of steps is taken without underflow.
///
/// Where no path can spell the labels the loss is infinite and the gradient no number.
///
/// # Panics
/// When a label is not below `classes`, or the lengths do not fit.
pub fn loss_and_gradient(
    classes: usize,
    logits: &[f32],
    labels: &[u32],
    blank: u32,
    scale: f32,
    room: &mut Room,
    gradient: &mut [f32],
) -> f64 {
    assert_same_length("logits and gradient", logits, gradient);
    assert!(
        logits.len().is_multiple_of(classes.max(1)),
        "logits are not steps × classes"
    );
    log_softmax(classes, logits, &mut room.log_probabilities);
    let states = States { labels, blank };
    let log_likelihood = forward(classes, states, &room.log_probabilities, &mut room.forward);
    if !log_likelihood.is_finite() {
        gradient.fill(f32::NAN);
        return -log_likelihood;
    }
    backward(classes, states, log_likelihood, scale, room, gradient);
    -log_likelihood
}

/// The labels with blanks between them and at both ends, l′.
#[derive(Clone, Copy)]
struct States<'a> {
    labels: &'a [u32],
    blank: u32,
}

impl States<'_> {
    fn count(&self) -> usize {
        2 * self.labels.len() + 1
    }

    /// The symbol of a state.
    fn symbol(&self, state: usize) -> usize {
        match state % 2 {
            0 => self.blank as usize,
            _ => self.labels[state / 2] as usize,
        }
    }

    /// Whether a path may come to a state from the last but one: past a blank, from a label to
    /// another one.
    fn skips(&self, state: usize) -> bool {
        state % 2 == 1 && state > 2 && self.labels[state / 2] != self.labels[state / 2 - 1]
    }

    /// The states, as a range, that a path can be in at a step: there is a way to them from the
    /// first, and from them to the last.
    fn possible(&self, step: usize, steps: usize) -> std::ops::Range<usize> {
        let first = self.count().saturating_sub(2 * (steps - step));
        first..self.count().min(2 * (step + 1))
    }
}

/// ln of the softmax of each row.
fn log_softmax(classes: usize, logits: &[f32], log_probabilities: &mut Vec<f64>) {
    log_probabilities.clear();
    for row in logits.chunks_exact(classes.max(1)) {
        let largest = row.iter().fold(f32::NEG_INFINITY, |most, &z| most.max(z));
        let largest = f64::from(largest);
        let total: f64 = row.iter().map(|&z| libm::exp(f64::from(z) - largest)).sum();
        let less = largest + libm::log(total);
        log_probabilities.extend(row.iter().map(|&z| f64::from(z) - less));
    }
}

/// Writes ln α of all steps and gives ln p(l | x).
fn forward(
    classes: usize,
    states: States<'_>,
    log_probabilities: &[f64],
    forward: &mut Vec<f64>,
) -> f64 {
    let (steps, count) = (log_probabilities.len() / classes.max(1), states.count());
    forward.clear();
    forward.resize(steps * count, NEVER);
    for step in 0..steps {
        let symbols = &log_probabilities[step * classes..][..classes];
        let (before, here) = forward[..(step + 1) * count].split_at_mut(step * count);
        let before = step.checked_sub(1).map(|last| &before[last * count..]);
        for state in states.possible(step, steps) {
            let ways = match before {
                None => 0.0,
                Some(before) => log_sum([
                    before[state],
                    earlier(before, state, 1, true),
                    earlier(before, state, 2, states.skips(state)),
                ]),
            };
            here[state] = ways + symbols[states.symbol(state)];
        }
    }
    let Some(last) = forward
        .len()
        .checked_sub(count)
        .map(|from| &forward[from..])
    else {
        // Without a step nothing is spelled.
        return if states.labels.is_empty() { 0.0 } else { NEVER };
    };
    log_sum([last[count - 1], earlier(last, count - 1, 1, true), NEVER])
}

/// What the state so far before another has, where there is one and a path may come from it.
fn earlier(values: &[f64], state: usize, back: usize, may: bool) -> f64 {
    match state.checked_sub(back) {
        Some(state) if may => values[state],
        _ => NEVER,
    }
}

/// Goes through the steps from the last to the first, with ln β of one at a time, and writes the
/// gradient.
fn backward(
    classes: usize,
    states: States<'_>,
    log_likelihood: f64,
    scale: f32,
    room: &mut Room,
    gradient: &mut [f32],
) {
    let (steps, count) = (gradient.len() / classes.max(1), states.count());
    room.backward.clear();
    room.backward.resize(count, NEVER);
    room.ahead.clear();
    room.ahead.resize(count, NEVER);
    for step in (0..steps).rev() {
        let symbols = &room.log_probabilities[step * classes..][..classes];
        let forward = &room.forward[step * count..][..count];
        room.given_labels.clear();
        room.given_labels.resize(classes, 0.0);
        for state in states.possible(step, steps) {
            let ahead = |on: usize, may: bool| match room.ahead.get(state + on) {
                Some(&ahead) if may => ahead,
                _ => NEVER,
            };
            let skips = state + 2 < count && states.skips(state + 2);
            room.backward[state] = match step + 1 == steps {
                true => 0.0,
                false => log_sum([ahead(0, true), ahead(1, true), ahead(2, skips)]),
            };
            let share = forward[state] + room.backward[state] - log_likelihood;
            room.given_labels[states.symbol(state)] += libm::exp(share);
        }
        let gradient = gradient[step * classes..].iter_mut();
        for ((gradient, &ln_y), given) in gradient.zip(symbols).zip(&room.given_labels) {
            *gradient = ((libm::exp(ln_y) - given) * f64::from(scale)) as f32;
        }
        room.ahead.fill(NEVER);
        for state in states.possible(step, steps) {
            room.ahead[state] = room.backward[state] + symbols[states.symbol(state)];
        }
    }
}

/// ln Σ exp of three logarithms.
fn log_sum(terms: [f64; 3]) -> f64 {
    if terms == [NEVER; 3] {
        return NEVER;
    }
    let largest = terms.iter().fold(NEVER, |most, &term| most.max(term));
    let share = |term: f64| match term - largest < NEGLIGIBLE {
        true => 0.0,
        false => libm::exp(term - largest),
    };
    largest + libm::log(share(terms[0]) + share(terms[1]) + share(terms[2]))
}
