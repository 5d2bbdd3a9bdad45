//! From the mean embedding of a face to a prototype, as training would have made it.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde::{Deserialize, Serialize};

use super::network::EMBEDDING;
use super::unit::to_unit;

/// Rows of the map: one for each value of a mean, and one for the constant.
const ROWS: usize = EMBEDDING + 1;

/// Weight of the penalty on the map, a face that it is learnt from.
const RIDGE: f64 = 1e-4;

/// What training makes of a face's mean embedding: a linear map.
///
/// Prototypes that were trained lie where a class is told best from its neighbours, not in the
/// middle of its samples; a mean put beside them would win too often. How the one follows from
/// the other is learnt from the faces that have both, by ridge regression (Hoerl and Kennard 1970)
/// of prototype *w* less mean *m*, so that with few faces the mean itself remains:
///
/// *w* ≈ *m* + *B*ᵀ (*m*, 1), *B* = (*X*ᵀ*X* + λ*I*)⁻¹ *X*ᵀ (*W* − *M*),
///
/// with a row (*m*, 1) of *X* for each of *n* faces, and λ = 10⁻⁴ *n*. Predicting a classifier's
/// weights for a new class from its mean goes back to Qi, Brown and Lowe 2018 ("imprinting").
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub(super) struct Enrolment {
    /// *B*, `[129, 128]`; empty where nothing was learnt.
    map: Vec<f32>,
}

impl Enrolment {
    /// Learns the map from unit vectors, `[faces, 128]` each.
    pub(super) fn learn(means: &[f32], prototypes: &[f32]) -> Self {
        let faces = means.len() / EMBEDDING;
        let mut gram = vec![0.0; ROWS * ROWS];
        let mut products = vec![0.0; ROWS * EMBEDDING];
        let pairs = means
            .chunks_exact(EMBEDDING)
            .zip(prototypes.chunks_exact(EMBEDDING));
        for (mean, prototype) in pairs {
            for i in 0..ROWS {
                let x = extended(mean, i);
                for j in 0..ROWS {
                    gram[i * ROWS + j] += x * extended(mean, j);
                }
                for j in 0..EMBEDDING {
                    products[i * EMBEDDING + j] += x * f64::from(prototype[j] - mean[j]);
                }
            }
        }
        for i in 0..ROWS {
            gram[i * ROWS + i] += RIDGE * faces.max(1) as f64;
        }
        solve(&mut gram, &mut products);
        Self {
            map: products.into_iter().map(|value| value as f32).collect(),
        }
    }

    /// The prototype for a mean embedding; both are unit vectors.
    pub(super) fn prototype(&self, mean: &[f32]) -> Vec<f32> {
        let mut prototype = mean.to_vec();
        for (i, row) in self.map.chunks_exact(EMBEDDING).enumerate() {
            let x = extended(mean, i) as f32;
            prototype
                .iter_mut()
                .zip(row)
                .for_each(|(sum, b)| *sum += x * b);
        }
        to_unit(&mut prototype);
        prototype
    }
}

/// Value `index` of (*m*, 1).
fn extended(mean: &[f32], index: usize) -> f64 {
    mean.get(index).map_or(1.0, |&value| f64::from(value))
}

/// Solves *A* *Y* = *X* in place of *X*, `[129, 128]`, for a symmetric positive definite *A*,
/// `[129, 129]`, by Cholesky's decomposition *A* = *L* *L*ᵀ.
fn solve(a: &mut [f64], x: &mut [f64]) {
    for j in 0..ROWS {
        for i in j..ROWS {
            let sum: f64 = (0..j).map(|k| a[i * ROWS + k] * a[j * ROWS + k]).sum();
            let rest = a[i * ROWS + j] - sum;
            a[i * ROWS + j] = match i == j {
                true => rest.max(f64::MIN_POSITIVE).sqrt(),
                false => rest / a[j * ROWS + j],
            };
        }
    }
    for column in 0..EMBEDDING {
        let at = |row: usize| row * EMBEDDING + column;
        for i in 0..ROWS {
            let sum: f64 = (0..i).map(|k| a[i * ROWS + k] * x[at(k)]).sum();
            x[at(i)] = (x[at(i)] - sum) / a[i * ROWS + i];
        }
        for i in (0..ROWS).rev() {
            let sum: f64 = (i + 1..ROWS).map(|k| a[k * ROWS + i] * x[at(k)]).sum();
            x[at(i)] = (x[at(i)] - sum) / a[i * ROWS + i];
        }
    }
}

impl From<Enrolment> for String {
    fn from(enrolment: Enrolment) -> Self {
        let bytes = enrolment.map.iter().flat_map(|value| value.to_le_bytes());
        STANDARD.encode(bytes.collect::<Vec<u8>>())
    }
}

impl TryFrom<String> for Enrolment {
    type Error = String;

    fn try_from(text: String) -> Result<Self, String> {
        let bytes = STANDARD
            .decode(text)
            .map_err(|error| format!("its enrolment is not base64: {error}"))?;
        let (values, rest) = bytes.as_chunks();
        let map: Vec<f32> = values
            .iter()
            .map(|bytes| f32::from_le_bytes(*bytes))
            .collect();
        let fits = map.is_empty() || map.len() == ROWS * EMBEDDING;
        match fits && rest.is_empty() && map.iter().all(|value| value.is_finite()) {
            true => Ok(Self { map }),
            false => Err("its enrolment is no map from means to prototypes".into()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Unit vectors without any order among them.
    fn vectors(count: usize, seed: u32) -> Vec<f32> {
        let mut state = seed;
        let mut next = || {
            state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            (state >> 8) as f32 / (1 << 23) as f32 - 1.0
        };
        let mut all: Vec<f32> = (0..count * EMBEDDING).map(|_| next()).collect();
        all.chunks_exact_mut(EMBEDDING).for_each(to_unit);
        all
    }

    fn cosine(a: &[f32], b: &[f32]) -> f32 {
        a.iter().zip(b).map(|(a, b)| a * b).sum()
    }

    /// What training does here: takes something common away, and weighs one half double.
    fn trained(mean: &[f32]) -> Vec<f32> {
        let mut prototype: Vec<f32> = mean.iter().map(|value| value - 0.05).collect();
        prototype[..EMBEDDING / 2]
            .iter_mut()
            .for_each(|value| *value *= 2.0);
        to_unit(&mut prototype);
        prototype
    }

    #[test]
    fn prototypes_follow_from_means_as_training_made_them() {
        let means = vectors(400, 1);
        let prototypes: Vec<f32> = means.chunks_exact(EMBEDDING).flat_map(trained).collect();
        let enrolment = Enrolment::learn(&means, &prototypes);
        let new = vectors(1, 7);
        let wanted = trained(&new);
        assert!(cosine(&new, &wanted) < 0.95);
        assert!(cosine(&enrolment.prototype(&new), &wanted) > 0.99);
    }

    #[test]
    fn where_little_was_learnt_the_mean_remains() {
        let means = vectors(3, 1);
        let enrolment = Enrolment::learn(&means, &means);
        let new = vectors(1, 7);
        assert!(cosine(&enrolment.prototype(&new), &new) > 0.999);
        assert!(cosine(&Enrolment::default().prototype(&new), &new) > 0.999);
    }

    #[test]
    fn the_map_is_the_same_after_it_was_text() {
        let enrolment = Enrolment::learn(&vectors(9, 1), &vectors(9, 2));
        let text = String::from(enrolment.clone());
        assert_eq!(Enrolment::try_from(text.clone()), Ok(enrolment));
        assert!(Enrolment::try_from(text[4..].to_owned()).is_err());
        assert!(Enrolment::try_from("?".to_owned()).is_err());
    }
}
