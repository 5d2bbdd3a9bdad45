//! A step of contrastive divergence. Samples, or chains, are dealt out to threads, and then rows of the
//! weights; each number is computed by one thread in an order of its own, so that the number of threads
//! changes no bit. Nothing is allocated.

use super::conditionals::{Conditionals, Draws};
use super::machine::{BoltzmannMachine, Places};
use super::parts::{Binary, Ends, Part, Pieces, ROWS, seen};
use super::settings::ContrastiveDivergence;
use super::{Hidden, Rbm, Visible};
use crate::buffer::Buffer;
use crate::kernels::binary;
use crate::kernels::boltzmann;
use crate::kernels::dense;
use crate::kernels::gemm::{Mat, MatMut, gemm};

/// What a training remembers from step to step besides the weights.
#[derive(Debug, Clone, Default)]
pub(super) struct State {
    /// Of all parameters, as they are laid out; empty without momentum.
    pub(super) velocity: Buffer,
    /// Persistent chains, `[chains, visible]`; empty without.
    pub(super) chains: Buffer,
    /// Fast weights, and the weights with them added, of all parameters; empty without.
    pub(super) fast: Buffer,
    pub(super) sum: Buffer,
    /// Means of the hidden units' probabilities; empty without a sparsity target.
    pub(super) activity: Buffer,
}

/// Memory that a step works in.
#[derive(Debug, Default)]
pub(super) struct Room {
    /// Visible units of the data, then of the chains; the same as hidden units see them, if that is
    /// something else.
    visible: Buffer,
    scaled: Buffer,
    /// Expectations of the hidden units, likewise.
    hidden: Buffer,
    /// States of the hidden units.
    states: Buffer,
    /// Expectations of the visible units.
    expected: Buffer,
    /// Squared error of each sample.
    errors: Vec<f64>,
    /// Gradients by some rows of the weights, for each thread.
    rows: Buffer,
    /// Gradients by all that is not a weight.
    biases: Buffer,
    samples: usize,
}

impl Room {
    fn resize(&mut self, rbm: &Rbm, samples: usize, chains: usize, threads: usize) {
        let (width, units) = (rbm.width(), rbm.hidden_units);
        let both = samples + chains;
        self.samples = samples;
        self.visible.resize(both * width);
        if rbm.visible == Visible::Gaussian {
            self.scaled.resize(both * width);
        }
        self.hidden.resize(both * units);
        let most = samples.max(chains);
        self.states.resize(most * units);
        self.expected.resize(most * width);
        self.errors.resize(samples, 0.0);
        self.rows.resize(threads * ROWS * units);
        self.biases.resize(Places::of(rbm).count() - width * units);
    }

    /// The visible units of the chains of the last step, of so many units each.
    pub(super) fn ends(&self, width: usize) -> &[f32] {
        &self.visible[self.samples * width..]
    }

    /// The visible units of the data, to be filled.
    pub(super) fn samples_mut(
        &mut self,
        rbm: &Rbm,
        samples: usize,
        chains: usize,
        threads: usize,
    ) -> &mut [f32] {
        self.resize(rbm, samples, chains, threads);
        &mut self.visible[..samples * rbm.width()]
    }
}

/// Chains that make it worth working out products with their states as such.
const FEWEST_CHAINS: usize = 24;

/// What a step goes by.
#[derive(Clone, Copy)]
pub(super) struct Step<'a> {
    pub(super) settings: &'a ContrastiveDivergence,
    pub(super) rate: f32,
    pub(super) number: u64,
    pub(super) samples: usize,
    pub(super) threads: usize,
}

/// What a step came to.
pub(super) struct Outcome {
    /// Mean squared error of the reconstruction, before the step.
    pub(super) loss: f64,
    /// Whether all parameters are finite.
    pub(super) finite: bool,
}

impl Step<'_> {
    fn draws(&self, transition: usize) -> Draws {
        Draws {
            seed: self.settings.seed,
            step: self.number,
            transition,
        }
    }

    /// Whether chains have visible states of 0 or 1.
    fn draws_binary(&self, rbm: &Rbm) -> bool {
        rbm.has_binary_visible() && self.settings.sample_visible
    }

    fn binary(&self, rbm: &Rbm, chains: usize) -> Binary {
        let many = chains >= FEWEST_CHAINS;
        Binary {
            visible: many && self.draws_binary(rbm),
            hidden: many && rbm.hidden == Hidden::Bernoulli,
        }
    }

    /// Takes the step on the samples that are in place; in the pool of workers.
    pub(super) fn take(
        &self,
        machine: &mut BoltzmannMachine,
        state: &mut State,
        room: &mut Room,
    ) -> Outcome {
        let (width, units) = (machine.rbm.width(), machine.rbm.hidden_units);
        let chains = match self.settings.persistent {
            0 => self.samples,
            chains => chains,
        };
        self.statistics(machine, state, room, chains);
        let loss = room.errors.iter().sum::<f64>() / (self.samples * width) as f64;

        // From here on, a row of `hidden` is what the visible units of its sample are to be multiplied by.
        let (positive, negative) = room.hidden.split_at_mut(self.samples * units);
        boltzmann::scale(1.0 / self.samples as f32, positive);
        boltzmann::scale(-1.0 / chains as f32, negative);
        self.aim_at_sparsity(state, positive, units, &mut room.biases);
        self.bias_gradients(machine, room, chains);
        let finite = self.update(machine, state, room, chains);
        machine.refresh();
        Outcome { loss, finite }
    }

    /// Visible units and expectations of the hidden ones, of the data and of the chains.
    fn statistics(
        &self,
        machine: &BoltzmannMachine,
        state: &mut State,
        room: &mut Room,
        chains: usize,
    ) {
        let (width, units) = (machine.rbm.width(), machine.rbm.hidden_units);
        let own = machine.conditionals();
        let (visible, other_visible) = room.visible.split_at_mut(self.samples * width);
        let scaled = room.scaled.len().min(self.samples * width);
        let (scaled, other_scaled) = room.scaled.split_at_mut(scaled);
        let (hidden, other_hidden) = room.hidden.split_at_mut(self.samples * units);
        let data = Part {
            first: 0,
            rows: self.samples,
            binary: self.binary(&machine.rbm, self.samples),
            sizes: [width, units],
            visible,
            scaled,
            hidden,
            states: &mut room.states[..self.samples * units],
            expected: &mut room.expected[..self.samples * width],
            errors: &mut room.errors,
            ends: Ends {
                visible: other_visible,
                scaled: other_scaled,
                hidden: other_hidden,
            },
        };
        if self.settings.persistent == 0 {
            data.each(self.threads, &|mut part: Part<'_>| {
                part.up(&own, self.draws(0));
                for k in 0..self.settings.steps {
                    part.down(&own, self.draws(k), self.settings.sample_visible);
                    if k == 0 {
                        part.measure();
                    }
                    part.up_again(&own, self.draws(k + 1), k + 1 == self.settings.steps);
                }
            });
            return;
        }
        data.each(self.threads, &|mut part: Part<'_>| {
            own.hidden_fields(seen(&own, part.visible, part.scaled), part.hidden);
            own.hidden_means(1.0, part.hidden);
            own.visible_fields(own.visible_bias, part.hidden, part.expected);
            own.visible_means(part.expected);
            part.measure();
        });
        let driven = match state.sum.is_empty() {
            true => own,
            false => Conditionals::new(&machine.rbm, &state.sum, &machine.parameters),
        };
        let scaled = room.scaled.len().min(self.samples * width);
        let chains = Part {
            first: 0,
            rows: chains,
            binary: self.binary(&machine.rbm, chains),
            sizes: [width, units],
            visible: &mut state.chains,
            scaled: &mut [],
            hidden: &mut [],
            states: &mut room.states[..chains * units],
            expected: &mut room.expected[..chains * width],
            errors: &mut [],
            ends: Ends {
                visible: &mut room.visible[self.samples * width..],
                scaled: &mut room.scaled[scaled..],
                hidden: &mut room.hidden[self.samples * units..],
            },
        };
        // Numbers apart from those that hidden units of the data are drawn with.
        let draws = |k: usize| self.draws(k + 1);
        chains.each(self.threads, &|mut part: Part<'_>| {
            part.ends.visible.copy_from_slice(part.visible);
            for k in 0..self.settings.steps {
                part.up_again(&driven, draws(k), false);
                part.down(&driven, draws(k), self.settings.sample_visible);
            }
            part.up_again(&driven, draws(0), true);
            part.visible.copy_from_slice(part.ends.visible);
        });
    }

    /// Adds what brings the hidden units nearer to how often they should be on; `room` has place for a
    /// number each.
    fn aim_at_sparsity(
        &self,
        state: &mut State,
        positive: &mut [f32],
        units: usize,
        room: &mut [f32],
    ) {
        let Some(sparsity) = self.settings.sparsity else {
            return;
        };
        let room = &mut room[..units];
        room.fill(0.0);
        // The rows are divided by the number of samples: their sum is the mean.
        dense::bias_gradient(self.samples, units, positive, room);
        for (mean, now) in state.activity.iter_mut().zip(&mut *room) {
            *mean = sparsity.decay * *mean + (1.0 - sparsity.decay) * *now;
            *now = sparsity.cost * (sparsity.target - *mean) / self.samples as f32;
        }
        boltzmann::add_to_rows(room, positive);
    }

    /// Gradients by the biases, and what does not hang on the weights of those by the variances.
    fn bias_gradients(&self, machine: &BoltzmannMachine, room: &mut Room, chains: usize) {
        let (width, units) = (machine.rbm.width(), machine.rbm.hidden_units);
        room.biases.fill(0.0);
        let (visible_bias, rest) = room.biases.split_at_mut(width);
        let (hidden_bias, log_variance) = rest.split_at_mut(units);
        dense::bias_gradient(self.samples + chains, units, &room.hidden, hidden_bias);
        let visible = match room.scaled.is_empty() {
            true => &room.visible,
            false => &room.scaled,
        };
        let (data, model) = visible.split_at(self.samples * width);
        let ratio = chains as f32 / self.samples as f32;
        dense::bias_gradient(self.samples, width, data, visible_bias);
        boltzmann::scale(-ratio, visible_bias);
        dense::bias_gradient(chains, width, model, visible_bias);
        boltzmann::scale(-1.0 / chains as f32, visible_bias);
        if log_variance.is_empty() {
            return;
        }
        let conditionals = machine.conditionals();
        for (row, visible) in room.visible.chunks_exact(width).enumerate() {
            let share = match row < self.samples {
                true => 0.5 / self.samples as f32,
                false => -0.5 / chains as f32,
            };
            let distances = visible.iter().zip(conditionals.visible_bias);
            for (sum, (v, a)) in log_variance.iter_mut().zip(distances) {
                *sum += share * (v - a) * (v - a);
            }
        }
        for (sum, precision) in log_variance.iter_mut().zip(conditionals.precisions) {
            *sum *= precision;
        }
    }

    /// Changes all parameters; gives whether all are finite.
    fn update(
        &self,
        machine: &mut BoltzmannMachine,
        state: &mut State,
        room: &mut Room,
        chains: usize,
    ) -> bool {
        let (width, units) = (machine.rbm.width(), machine.rbm.hidden_units);
        let draws_binary = self.draws_binary(&machine.rbm);
        let seen = match room.scaled.is_empty() {
            true => &room.visible,
            false => &room.scaled,
        };
        let weights = width * units;
        let (kernel, others) = machine.parameters.all.split_at_mut(weights);
        let [velocity, other_velocity] = halves(&mut state.velocity, weights);
        let [fast, other_fast] = halves(&mut state.fast, weights);
        let [sum, other_sum] = halves(&mut state.sum, weights);
        let (log_variance, biases) = {
            let (biases, log_variance) = room.biases.split_at_mut(width + units);
            (log_variance, biases)
        };
        let pieces = Pieces {
            first: 0,
            rows: width,
            units,
            kernel,
            velocity,
            fast,
            sum,
            log_variance: &mut *log_variance,
            gradient: &mut room.rows,
        };
        let finite = pieces.each(self.threads, &|piece: Pieces<'_>| {
            self.update_rows(
                piece,
                &seen[..(self.samples + chains) * width],
                width,
                &room.hidden,
                draws_binary,
            )
        });
        boltzmann::scale(self.settings.variance_rate, log_variance);
        let ends = width + units;
        let mut finite_biases = true;
        for (range, gradient) in [(0..ends, &*biases), (ends..others.len(), &*log_variance)] {
            let part = |values: &'_ mut [f32]| -> std::ops::Range<usize> {
                match values.is_empty() {
                    true => 0..0,
                    false => range.clone(),
                }
            };
            let (v, f, s) = (part(other_velocity), part(other_fast), part(other_sum));
            finite_biases &= self.ascend(
                &mut others[range.clone()],
                gradient,
                &mut other_velocity[v],
                0.0,
            );
            self.follow(
                &others[range.clone()],
                gradient,
                &mut other_fast[f],
                &mut other_sum[s],
            );
        }
        finite && finite_biases
    }

    /// Changes some rows of the weights.
    fn update_rows(
        &self,
        piece: Pieces<'_>,
        visible: &[f32],
        width: usize,
        hidden: &[f32],
        draws_binary: bool,
    ) -> bool {
        let units = piece.units;
        let all = visible.len() / width;
        // Chains that are 0 or 1 come after the data.
        let samples = if draws_binary { self.samples } else { all };
        let (data, model) = visible.split_at(samples * width);
        let (of_data, of_model) = hidden.split_at(samples * units);
        let mut finite = true;
        for start in (0..piece.rows).step_by(ROWS) {
            let rows = start..piece.rows.min(start + ROWS);
            let gradient = &mut piece.gradient[..rows.len() * units];
            gemm(
                rows.len(),
                units,
                samples,
                MatMut::row_major(gradient, units),
                false,
                Mat::transposed(&data[piece.first + start..], width),
                Mat::row_major(of_data, units),
            );
            if !model.is_empty() {
                binary::add_product(
                    rows.len(),
                    units,
                    all - samples,
                    MatMut::row_major(gradient, units),
                    Mat::transposed(&model[piece.first + start..], width),
                    Mat::row_major(of_model, units),
                );
            }
            let places = start * units..rows.end * units;
            let kernel = &mut piece.kernel[places.clone()];
            // Of label units there is no variance.
            let variances = piece.log_variance.len();
            let variances = rows.start.min(variances)..rows.end.min(variances);
            for (row, (weights, gradient)) in
                variances.zip(kernel.chunks_exact(units).zip(gradient.chunks_exact(units)))
            {
                piece.log_variance[row] -= boltzmann::dot(weights, gradient) as f32;
            }
            let of = |values: &[f32]| match values.is_empty() {
                true => 0..0,
                false => places.clone(),
            };
            let (v, f) = (of(piece.velocity), of(piece.fast));
            finite &= self.ascend(
                kernel,
                gradient,
                &mut piece.velocity[v],
                self.settings.weight_decay,
            );
            self.follow(
                kernel,
                gradient,
                &mut piece.fast[f.clone()],
                &mut piece.sum[f],
            );
        }
        finite
    }

    fn ascend(
        &self,
        weights: &mut [f32],
        gradient: &[f32],
        velocity: &mut [f32],
        decay: f32,
    ) -> bool {
        let momentum = self.settings.momentum;
        match velocity.is_empty() {
            true => boltzmann::ascend(weights, gradient, self.rate, decay),
            false => boltzmann::ascend_with_momentum(
                weights, gradient, velocity, self.rate, decay, momentum,
            ),
        }
    }

    fn follow(&self, weights: &[f32], gradient: &[f32], fast: &mut [f32], sum: &mut [f32]) {
        if let Some(settings) = self.settings.fast_weights {
            boltzmann::follow(
                fast,
                sum,
                weights,
                gradient,
                settings.learning_rate,
                settings.decay,
            );
        }
    }
}

/// The first `length` values and the rest; of no values, nothing twice.
fn halves(values: &mut [f32], length: usize) -> [&mut [f32]; 2] {
    let (first, rest) = values.split_at_mut(length.min(values.len()));
    [first, rest]
}
