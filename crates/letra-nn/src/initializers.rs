//! Initial values of parameters.

use serde::{Deserialize, Serialize};

use crate::BuildError;
use crate::random::{Domain, Random};

/// How a parameter gets its first values; names and formulas are Keras's.
///
/// ```
/// use letra_nn::prelude::*;
///
/// let layer = Dense::new(32).relu().kernel_initializer(Initializer::he_normal());
/// // 10,000 values of a kernel with 100 inputs and outputs a unit, drawn by seed 1.
/// let values = Initializer::glorot_uniform().values(1, 0, 10_000, [100, 100]);
/// let limit = (6.0_f32 / 200.0).sqrt();
/// assert!(values.iter().all(|value| value.abs() <= limit));
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum Initializer {
    /// All zero.
    Zeros,
    /// All the same value.
    Constant(f32),
    /// Normal with the given mean and standard deviation.
    Normal {
        /// Mean.
        mean: f32,
        /// Standard deviation, not negative.
        #[serde(rename = "deviation")]
        stddev: f32,
    },
    /// Normal, redrawn beyond two standard deviations from the mean.
    TruncatedNormal {
        /// Mean before truncation.
        mean: f32,
        /// Standard deviation before truncation, not negative.
        #[serde(rename = "deviation")]
        stddev: f32,
    },
    /// Uniform between two values.
    Uniform {
        /// Lower end.
        low: f32,
        /// Upper end, not below the lower.
        high: f32,
    },
    /// Uniform within ±√(6 / (fan_in + fan_out)) (Glorot and Bengio 2010, eq. 16).
    GlorotUniform,
    /// Truncated normal of variance 2 / (fan_in + fan_out) (Glorot and Bengio 2010, eq. 12).
    GlorotNormal,
    /// Uniform within ±√(6 / fan_in) (He, Zhang, Ren and Sun 2015).
    HeUniform,
    /// Truncated normal of variance 2 / fan_in (He, Zhang, Ren and Sun 2015, eq. 10).
    HeNormal,
    /// Truncated normal of variance 1 / fan_in (LeCun, Bottou, Orr and Müller 1998, "Efficient
    /// BackProp", section 4.6), which SELU is made for.
    LecunNormal,
    /// Orthogonal rows or columns, whichever are fewer, of length 1: of a matrix of normal numbers with
    /// as many columns as the last axis is long, those that Gram and Schmidt's method makes of them (Saxe,
    /// McClelland and Ganguli 2014).
    Orthogonal,
}

/// Standard deviation of a standard normal that is cut off at ±2.
const TRUNCATED_DEVIATION: f32 = 0.879_625_7;

impl Initializer {
    /// All zero.
    pub fn zeros() -> Self {
        Initializer::Zeros
    }

    /// All `value`.
    pub fn constant(value: f32) -> Self {
        Initializer::Constant(value)
    }

    /// Normal.
    pub fn normal(mean: f32, stddev: f32) -> Self {
        Initializer::Normal { mean, stddev }
    }

    /// Normal, redrawn beyond two standard deviations.
    pub fn truncated_normal(mean: f32, stddev: f32) -> Self {
        Initializer::TruncatedNormal { mean, stddev }
    }

    /// Uniform between `low` and `high`.
    pub fn uniform(low: f32, high: f32) -> Self {
        Initializer::Uniform { low, high }
    }

    /// Keras's default for kernels.
    pub fn glorot_uniform() -> Self {
        Initializer::GlorotUniform
    }

    /// Glorot's normal form.
    pub fn glorot_normal() -> Self {
        Initializer::GlorotNormal
    }

    /// He's uniform form.
    pub fn he_uniform() -> Self {
        Initializer::HeUniform
    }

    /// He's normal form, made for ReLU.
    pub fn he_normal() -> Self {
        Initializer::HeNormal
    }

    /// LeCun's normal form, made for SELU.
    pub fn lecun_normal() -> Self {
        Initializer::LecunNormal
    }

    /// Orthogonal, Keras's default for recurrent kernels.
    pub fn orthogonal() -> Self {
        Initializer::Orthogonal
    }

    /// Says what is wrong with the numbers, if anything is.
    pub(crate) fn check(&self) -> Result<(), BuildError> {
        let (numbers, fine) = match *self {
            Initializer::Constant(value) => ([value, 0.0], true),
            Initializer::Normal { mean, stddev }
            | Initializer::TruncatedNormal { mean, stddev } => ([mean, stddev], stddev >= 0.0),
            Initializer::Uniform { low, high } => ([low, high], low <= high),
            _ => return Ok(()),
        };
        if fine && numbers.iter().all(|number| number.is_finite()) {
            Ok(())
        } else {
            Err(
                BuildError::configuration(format!("the initializer {self:?} makes no sense"))
                    .with_hint("use finite numbers, a deviation of 0 or more, and low ≤ high"),
            )
        }
    }

    /// Draws `count` values for parameter number `place` of a model with this seed.
    ///
    /// `fans` are the numbers of inputs and outputs that a unit is connected to; the second is that of
    /// columns for [`Initializer::Orthogonal`].
    pub fn values(&self, seed: u64, place: usize, count: usize, fans: [usize; 2]) -> Vec<f32> {
        let random = Random::new(seed, Domain::Initializer, place, 0);
        let [fan_in, fan_out] = fans.map(|fan| fan.max(1) as f32);
        let within = |limit: f32| uniform(&random, count, -limit, limit);
        let spread =
            |deviation: f32| truncated_normal(&random, count, 0.0, deviation / TRUNCATED_DEVIATION);
        match *self {
            Initializer::Zeros => vec![0.0; count],
            Initializer::Constant(value) => vec![value; count],
            Initializer::Normal { mean, stddev } => {
                let values = random.normal(0, count).into_iter();
                values.map(|value| mean + stddev * value).collect()
            }
            Initializer::TruncatedNormal { mean, stddev } => {
                truncated_normal(&random, count, mean, stddev)
            }
            Initializer::Uniform { low, high } => uniform(&random, count, low, high),
            Initializer::GlorotUniform => within((6.0 / (fan_in + fan_out)).sqrt()),
            Initializer::GlorotNormal => spread((2.0 / (fan_in + fan_out)).sqrt()),
            Initializer::HeUniform => within((6.0 / fan_in).sqrt()),
            Initializer::HeNormal => spread((2.0 / fan_in).sqrt()),
            Initializer::LecunNormal => spread((1.0 / fan_in).sqrt()),
            Initializer::Orthogonal => orthogonal(&random, count, fans[1]),
        }
    }
}

/// A matrix of so many columns, or of fewer where `count` does not fill them.
fn orthogonal(random: &Random, count: usize, columns: usize) -> Vec<f32> {
    let columns = columns.clamp(1, count.max(1));
    let rows = count / columns;
    let drawn = random.normal(0, count);
    let wide = columns > rows;
    let (vectors, length) = if wide {
        (rows, columns)
    } else {
        (columns, rows)
    };
    // Vectors one after the other, whether they will be rows or columns.
    let mut basis: Vec<Vec<f64>> = Vec::with_capacity(vectors);
    for drawn in drawn.chunks_exact(length.max(1)).take(vectors) {
        let mut vector: Vec<f64> = drawn.iter().map(|&value| f64::from(value)).collect();
        // Twice, since what rounding leaves of the others the first time is taken away the second.
        for other in basis.iter().chain(&basis) {
            let share = dot(&vector, other);
            for (value, other) in vector.iter_mut().zip(other) {
                *value -= share * other;
            }
        }
        let norm = dot(&vector, &vector).sqrt();
        vector.iter_mut().for_each(|value| *value /= norm);
        basis.push(vector);
    }
    let mut values = vec![0.0; count];
    for (number, vector) in basis.iter().enumerate() {
        for (place, &value) in vector.iter().enumerate() {
            let (row, column) = if wide {
                (number, place)
            } else {
                (place, number)
            };
            values[row * columns + column] = value as f32;
        }
    }
    values
}

/// Σ a b, by eight sums side by side.
fn dot(a: &[f64], b: &[f64]) -> f64 {
    let mut sums = [0.0; 8];
    for (a, b) in a.chunks(8).zip(b.chunks(8)) {
        for ((sum, a), b) in sums.iter_mut().zip(a).zip(b) {
            *sum += a * b;
        }
    }
    sums.iter().sum()
}

fn uniform(random: &Random, count: usize, low: f32, high: f32) -> Vec<f32> {
    random
        .uniform(0, count)
        .into_iter()
        .map(|value| low + (high - low) * value)
        .collect()
}

fn truncated_normal(random: &Random, count: usize, mean: f32, deviation: f32) -> Vec<f32> {
    let mut values = Vec::with_capacity(count);
    for attempt in 0.. {
        // About one number in twenty is redrawn: a tenth more than needed nearly always does.
        let wanted = (count - values.len()) * 11 / 10 + 16;
        let drawn = random.normal(attempt, wanted);
        values.extend(drawn.into_iter().filter(|value| value.abs() <= 2.0));
        if values.len() >= count {
            break;
        }
    }
    values.truncate(count);
    values
        .into_iter()
        .map(|value| mean + deviation * value)
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    const COUNT: usize = 60_000;
    const FANS: [usize; 2] = [300, 200];

    fn moments(initializer: Initializer) -> (f64, f64, f32) {
        let values = initializer.values(3, 1, COUNT, FANS);
        assert_eq!(values.len(), COUNT);
        let mean = values.iter().map(|&v| f64::from(v)).sum::<f64>() / COUNT as f64;
        let variance = values
            .iter()
            .map(|&v| (f64::from(v) - mean).powi(2))
            .sum::<f64>()
            / COUNT as f64;
        let farthest = values.iter().fold(0f32, |most, v| most.max(v.abs()));
        (mean, variance, farthest)
    }

    fn close(found: f64, wanted: f64) -> bool {
        (found / wanted - 1.0).abs() < 0.03
    }

    #[test]
    fn variances_are_those_of_the_papers() {
        for (initializer, variance) in [
            (Initializer::normal(0.0, 0.1), 0.01),
            (Initializer::truncated_normal(0.0, 0.1), 0.01 * 0.773_741_3),
            (Initializer::uniform(-0.5, 0.5), 1.0 / 12.0),
            (Initializer::glorot_uniform(), 2.0 / 500.0),
            (Initializer::glorot_normal(), 2.0 / 500.0),
            (Initializer::he_uniform(), 2.0 / 300.0),
            (Initializer::he_normal(), 2.0 / 300.0),
            (Initializer::lecun_normal(), 1.0 / 300.0),
        ] {
            let (mean, found, _) = moments(initializer);
            assert!(
                close(found, variance),
                "{initializer:?}: {found} for {variance}"
            );
            assert!(
                mean.abs() < 0.02 * variance.sqrt() * 2.0,
                "{initializer:?}: mean {mean}"
            );
        }
    }

    #[test]
    fn truncated_and_uniform_values_stay_within_their_limits() {
        assert!(moments(Initializer::truncated_normal(0.0, 0.1)).2 <= 0.2);
        assert!(moments(Initializer::glorot_uniform()).2 <= (6.0f32 / 500.0).sqrt());
        assert_eq!(Initializer::constant(0.1).values(0, 0, 2, FANS), [0.1, 0.1]);
        assert_eq!(Initializer::zeros().values(0, 0, 2, FANS), [0.0, 0.0]);
    }

    #[test]
    fn rows_or_columns_of_an_orthogonal_matrix_are_orthogonal() {
        for (rows, columns) in [(5, 5), (7, 28), (28, 7), (1, 4), (4, 1), (64, 256)] {
            let values = Initializer::orthogonal().values(3, 1, rows * columns, [rows, columns]);
            let entry = |vector: usize, place: usize| match rows <= columns {
                true => f64::from(values[vector * columns + place]),
                false => f64::from(values[place * columns + vector]),
            };
            let (vectors, length) = (rows.min(columns), rows.max(columns));
            for a in 0..vectors {
                for b in 0..=a {
                    let product: f64 = (0..length).map(|i| entry(a, i) * entry(b, i)).sum();
                    let wanted = if a == b { 1.0 } else { 0.0 };
                    assert!(
                        (product - wanted).abs() < 1e-6,
                        "{rows} × {columns}: {product}"
                    );
                }
            }
        }
    }

    #[test]
    fn senseless_numbers_are_named() {
        assert!(Initializer::normal(0.0, -1.0).check().is_err());
        assert!(Initializer::constant(f32::NAN).check().is_err());
        let BuildError::Configuration {
            hint: Some(hint), ..
        } = Initializer::uniform(1.0, 0.0).check().unwrap_err()
        else {
            panic!("it says what to do");
        };
        assert!(hint.contains("low ≤ high"), "{hint}");
        assert!(Initializer::he_normal().check().is_ok());
    }
}
