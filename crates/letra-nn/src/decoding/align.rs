use std::slice::ChunksExact;

use super::probabilities::rows;
use super::symbol::Symbol;
use crate::Error;
use crate::kernels::ctc;

/// Which steps say each of some labels: the most probable of all paths through `[steps, classes]`
/// probabilities that spell them (Viterbi's algorithm over the states of Graves et al. 2006, section
/// 4.1). So labels of a [`BeamSearch`](super::BeamSearch) get their places.
///
/// ```
/// use letra_nn::decoding::align;
///
/// let said = [0.1, 0.5, 0.4, 0.5, 0.4, 0.1, 0.2, 0.1, 0.7];
/// let symbols = align(3, 0, &said, &[1, 2])?;
/// assert_eq!([symbols[0].steps.clone(), symbols[1].steps.clone()], [0..1, 2..3]);
/// # Ok::<(), letra_nn::Error>(())
/// ```
///
/// # Errors
/// When the blank is no class, a row is not one of probabilities, or no path spells the labels.
pub fn align(
    classes: usize,
    blank: u32,
    probabilities: &[f32],
    labels: &[u32],
) -> Result<Vec<Symbol>, Error> {
    let rows = rows(classes, blank, probabilities)?;
    check(classes, blank, rows.len(), labels)?;
    let Some(path) = best_path(rows, blank, labels) else {
        return Err(
            Error::data("the labels have the probability 0: no path spells them")
                .with_hint("leave out those that the network rules out"),
        );
    };
    let (mut symbols, mut start) = (Vec::new(), 0);
    for run in path.chunk_by(|one, next| one == next) {
        let steps = start..start + run.len();
        start = steps.end;
        if let Some(label) = label_of(labels, run[0]) {
            let probability = |step: usize| probabilities[step * classes + label as usize];
            symbols.push(Symbol::new(label, steps, probability));
        }
    }
    Ok(symbols)
}

/// The label of a state; the others are blanks, between the labels and at both ends.
fn label_of(labels: &[u32], state: usize) -> Option<u32> {
    (state % 2 == 1).then(|| labels[state / 2])
}

/// The state of each step, on the most probable path; none where no path spells the labels.
fn best_path(rows: ChunksExact<'_, f32>, blank: u32, labels: &[u32]) -> Option<Vec<usize>> {
    let states = 2 * labels.len() + 1;
    // Two that no path is in, so that each state has two before it; the first is entered from there.
    let mut best = vec![f64::NEG_INFINITY; states + 2];
    best[1] = 0.0;
    if rows.len() == 0 {
        return Some(Vec::new());
    }
    // From how many states before a path came to each state, `[steps, states]`.
    let mut came: Vec<u8> = Vec::new();
    for row in rows {
        let mut here = vec![f64::NEG_INFINITY; states + 2];
        for state in 0..states {
            let skips =
                state % 2 == 1 && (state == 1 || labels[state / 2] != labels[state / 2 - 1]);
            let mut back = 0;
            for further in 1..=1 + usize::from(skips) {
                if best[state + 2 - further] > best[state + 2 - back] {
                    back = further;
                }
            }
            let symbol = label_of(labels, state).unwrap_or(blank);
            let said = libm::log(f64::from(row[symbol as usize]));
            here[state + 2] = best[state + 2 - back] + said;
            came.push(back as u8);
        }
        best = here;
    }
    let last = match best[states + 1] >= best[states] {
        true => states - 1,
        false => states - 2,
    };
    (best[last + 2] > f64::NEG_INFINITY).then(|| walk_back(last, states, &came))
}

/// The state of each step of the best path, from its last.
fn walk_back(last: usize, states: usize, came: &[u8]) -> Vec<usize> {
    let mut state = last;
    let mut path: Vec<usize> = Vec::new();
    for row in came.chunks_exact(states).rev() {
        path.push(state);
        // At the first step a path comes from before all states.
        state = state.saturating_sub(usize::from(row[state]));
    }
    path.reverse();
    path
}

fn check(classes: usize, blank: u32, steps: usize, labels: &[u32]) -> Result<(), Error> {
    let odd = |label: &&u32| **label as usize >= classes || **label == blank;
    if let Some(label) = labels.iter().find(odd) {
        return Err(
            Error::data(format!("{label} is no label")).with_hint(format!(
                "give those below {classes}, without the blank {blank}"
            )),
        );
    }
    let fewest = ctc::fewest_steps(labels);
    match fewest <= steps {
        true => Ok(()),
        false => Err(Error::data(format!(
            "{} labels need {fewest} steps, with a blank between equal ones, but there are {steps}",
            labels.len()
        ))
        .with_hint("give fewer labels")),
    }
}
