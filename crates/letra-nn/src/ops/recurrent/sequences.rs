//! Which steps of some samples count, and in which order a cell goes through them.

use smallvec::SmallVec;

use crate::kernels::recurrent::Steps;

/// Samples whose numbers need no memory from the system.
const USUAL: usize = 128;

type Numbers = SmallVec<[usize; USUAL]>;

/// Which way a cell goes.
#[derive(Debug, Clone, Copy)]
pub(super) struct Direction {
    /// From the last step to the first.
    pub(super) backwards: bool,
    /// Whether outputs stand where inputs do, and not in the order in which they are computed.
    pub(super) in_order: bool,
}

/// The steps of some samples, packed: those that count alone, the samples with most of them first.
/// They are gone through some at a time.
pub(super) struct Sequences<'a> {
    steps: usize,
    /// `[samples, steps]`
    mask: Option<&'a [f32]>,
    direction: Direction,
    /// Samples, those with most steps first.
    order: Numbers,
    /// Steps of each that count, of those gone through now.
    lengths: Numbers,
    /// Those that are left after them.
    left: Numbers,
    /// The step of each at which those gone through now begin, in the order of the cell.
    begin: Numbers,
    /// The one after the last of them.
    end: Numbers,
}

/// A step of a sample.
struct Place {
    /// Where it is in the input, and where in the output.
    input: usize,
    output: usize,
    /// Its packed row; none where it is padding.
    row: Option<usize>,
}

impl<'a> Sequences<'a> {
    pub(super) fn new(
        [samples, steps]: [usize; 2],
        mask: Option<&'a [f32]>,
        direction: Direction,
    ) -> Self {
        let length = |sample: usize| match mask {
            None => steps,
            Some(mask) => {
                let counts = mask[sample * steps..][..steps].iter();
                counts.filter(|&&counts| counts != 0.0).count()
            }
        };
        let mut order: Numbers = (0..samples).collect();
        if mask.is_some() {
            order.sort_by_key(|&sample| steps - length(sample));
        }
        let left = order.iter().map(|&sample| length(sample)).collect();
        Sequences {
            steps,
            mask,
            direction,
            lengths: std::iter::repeat_n(0, samples).collect(),
            left,
            begin: std::iter::repeat_n(0, samples).collect(),
            end: std::iter::repeat_n(0, samples).collect(),
            order,
        }
    }

    /// The samples in the order of their rows.
    pub(super) fn order(&self) -> &[usize] {
        &self.order
    }

    /// The steps that are gone through now.
    pub(super) fn steps(&self) -> Steps<'_> {
        Steps {
            lengths: &self.lengths,
        }
    }

    /// Goes on to the next steps, so many of each sample at most; false where there are none.
    pub(super) fn next_steps(&mut self, most: usize) -> bool {
        if self.end.iter().all(|&end| end == self.steps) {
            return false;
        }
        for number in 0..self.order.len() {
            let length = self.left[number].min(most);
            self.left[number] -= length;
            self.lengths[number] = length;
            self.begin[number] = self.end[number];
            let mut left = length;
            let mut end = self.begin[number];
            // Padding belongs to what comes before it.
            while end < self.steps && (left > 0 || !self.counts(number, end)) {
                left -= usize::from(self.counts(number, end));
                end += 1;
            }
            self.end[number] = end;
        }
        true
    }

    /// Calls `each` with the row of each sample's states after the last of the steps gone through now.
    pub(super) fn finish(&self, mut each: impl FnMut(usize, usize)) {
        for number in 0..self.order.len() {
            each(number, self.steps().last_state(number));
        }
    }

    /// Where step `step` of the cell's order is in the input.
    fn input_step(&self, step: usize) -> usize {
        match self.direction.backwards {
            true => self.steps - 1 - step,
            false => step,
        }
    }

    fn counts(&self, number: usize, step: usize) -> bool {
        self.mask
            .is_none_or(|mask| mask[self.order[number] * self.steps + self.input_step(step)] != 0.0)
    }

    /// The steps of the sample of this number that are gone through now.
    fn places(&self, number: usize) -> impl Iterator<Item = Place> + '_ {
        let (mut counted, mut first, mut active) = (0, 0, self.lengths.len());
        (self.begin[number]..self.end[number]).map(move |step| {
            let row = self.counts(number, step).then(|| {
                while self.lengths[active - 1] <= counted {
                    active -= 1;
                }
                let row = first + number;
                first += active;
                counted += 1;
                row
            });
            let input = self.input_step(step);
            Place {
                input,
                output: if self.direction.in_order { input } else { step },
                row,
            }
        })
    }

    /// Packs the inputs `[samples, steps, features]` of the steps gone through now.
    pub(super) fn gather(&self, features: usize, input: &[f32], packed: &mut [f32]) {
        for (number, &sample) in self.order.iter().enumerate() {
            for place in self.places(number) {
                if let Some(row) = place.row {
                    let from = (sample * self.steps + place.input) * features;
                    packed[row * features..][..features]
                        .copy_from_slice(&input[from..from + features]);
                }
            }
        }
    }

    /// Unpacks gradients of the inputs; those of padding are 0.
    pub(super) fn scatter(&self, features: usize, packed: &[f32], gradient: &mut [f32]) {
        for (number, &sample) in self.order.iter().enumerate() {
            for place in self.places(number) {
                let to = (sample * self.steps + place.input) * features;
                let values = &mut gradient[to..to + features];
                match place.row {
                    Some(row) => values.copy_from_slice(&packed[row * features..][..features]),
                    None => values.fill(0.0),
                }
            }
        }
    }

    /// Gives the states after the steps gone through now, `[sequences + rows, units]`, as outputs
    /// `[samples, steps, units]`. Padding has the output before it, or 0.
    pub(super) fn scatter_outputs(
        &self,
        units: usize,
        states: &[f32],
        zero: bool,
        output: &mut [f32],
    ) {
        let sequences = self.order.len();
        for (number, &sample) in self.order.iter().enumerate() {
            // What padding at the beginning of these steps repeats.
            let mut last = match self.begin[number] {
                0 => None,
                _ => Some(number),
            };
            let mut any = self.begin[number] > 0 && self.counted_before(number);
            for place in self.places(number) {
                let to = (sample * self.steps + place.output) * units;
                let values = &mut output[to..to + units];
                if let Some(row) = place.row {
                    (last, any) = (Some(sequences + row), true);
                }
                match last.filter(|_| any && (place.row.is_some() || !zero)) {
                    Some(state) => values.copy_from_slice(&states[state * units..][..units]),
                    None => values.fill(0.0),
                }
            }
        }
    }

    /// Whether a step before those gone through now counts. Steps gone through begin with one that
    /// counts, but for the first ones.
    fn counted_before(&self, number: usize) -> bool {
        (0..self.begin[number]).any(|step| self.counts(number, step))
    }

    /// Adds gradients of all outputs to those of the states they are.
    pub(super) fn gather_output_gradients(
        &self,
        units: usize,
        output: &[f32],
        zero: bool,
        gradient: &mut [f32],
    ) {
        let sequences = self.order.len();
        for (number, &sample) in self.order.iter().enumerate() {
            let mut last = None;
            for place in self.places(number) {
                let state = match place.row {
                    Some(row) => {
                        last = Some(sequences + row);
                        last
                    }
                    None => last.filter(|_| !zero),
                };
                if let Some(state) = state {
                    let from = (sample * self.steps + place.output) * units;
                    add(
                        &mut gradient[state * units..][..units],
                        &output[from..from + units],
                    );
                }
            }
        }
    }

    /// The row of the sample's last output among the states of all steps; none where it has nothing but
    /// padding, which gives 0.
    pub(super) fn last_output(&self, number: usize) -> Option<usize> {
        let any = (0..self.steps).any(|step| self.counts(number, step));
        any.then(|| self.steps().last_state(number))
    }

    /// Adds gradients of the samples' last states or outputs, `[samples, units]`, to the rows that `row`
    /// says.
    pub(super) fn add_state_gradients(
        &self,
        units: usize,
        given: &[f32],
        row: impl Fn(usize) -> Option<usize>,
        gradient: &mut [f32],
    ) {
        for (number, &sample) in self.order.iter().enumerate() {
            if let Some(row) = row(number) {
                add(
                    &mut gradient[row * units..][..units],
                    &given[sample * units..][..units],
                );
            }
        }
    }

    /// Packs the initial states `[samples, units]`, 0 where none are given.
    pub(super) fn gather_states(&self, units: usize, given: Option<&[f32]>, states: &mut [f32]) {
        let rows = states.chunks_exact_mut(units);
        for (row, &sample) in rows.zip(&self.order) {
            match given {
                Some(given) => row.copy_from_slice(&given[sample * units..][..units]),
                None => row.fill(0.0),
            }
        }
    }

    /// Gives each sample the row of states that `row` says, 0 where that is none.
    pub(super) fn scatter_states(
        &self,
        units: usize,
        states: &[f32],
        row: impl Fn(usize) -> Option<usize>,
        given: &mut [f32],
    ) {
        for (number, &sample) in self.order.iter().enumerate() {
            let given = &mut given[sample * units..][..units];
            match row(number) {
                Some(row) => given.copy_from_slice(&states[row * units..][..units]),
                None => given.fill(0.0),
            }
        }
    }
}

fn add(to: &mut [f32], values: &[f32]) {
    for (to, value) in to.iter_mut().zip(values) {
        *to += value;
    }
}
