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
    let steps = rows.len();
    check(classes, blank, steps, labels)?;
    if steps == 0 {
        return Ok(Vec::new());
    }
    let states = 2 * labels.len() + 1;
    let symbol = |state: usize| match state % 2 {
        0 => blank,
        _ => labels[state / 2],
    };
    let mut best = vec![f64::NEG_INFINITY; states + 2];
    // Two that no path is in, so that each state has two before it; the first is entered from there.
    best[1] = 0.0;
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
            let said = libm::log(f64::from(row[symbol(state) as usize]));
            here[state + 2] = best[state + 2 - back] + said;
            came.push(back as u8);
        }
        best = here;
    }
    let last = match best[states + 1] >= best[states] {
        true => states - 1,
        false => states - 2,
    };
    if best[last + 2] == f64::NEG_INFINITY {
        return Err(
            Error::data("the labels have the probability 0: no path spells them")
                .with_hint("leave out those that the network rules out"),
        );
    }
    let path = walk_back(last, states, &came);
    let symbols = path
        .chunk_by(|one, next| one == next)
        .scan(0, |start, run| {
            let steps = *start..*start + run.len();
            *start = steps.end;
            Some((run[0], steps))
        });
    let symbols = symbols.filter(|(state, _)| state % 2 == 1);
    Ok(symbols
        .map(|(state, steps)| {
            let label = symbol(state);
            let probability = |step: usize| probabilities[step * classes + label as usize];
            Symbol::new(label, steps, probability)
        })
        .collect())
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
