use super::{Distance, Sets, Side, add_scaled, dot};

/// The squared distance of two covariances, ‖C*ₛ* − C*ₜ*‖² / 4*d²* with the Frobenius norm, *d* values a row and
/// *n* − 1 in the covariances' divisors (Sun and Saenko 2016, eqs. 1 to 3).
///
/// It is written by products of centred rows, since ‖C*ₛ*‖² = Σᵢⱼ (*s̃ᵢ* · *s̃ⱼ*)² / (*n* − 1)², so that each row has a
/// share of it, and no matrix of *d²* values is needed. The gradient by a row of the source (their eq. 4) is
/// (C*ₛ* − C*ₜ*) *s̃ᵢ* / *d²* (*n* − 1), and of the target likewise, with the other sign.
pub(super) struct Covariances {
    units: usize,
    source: Vec<f64>,
    target: Vec<f64>,
}

/// Rows less their mean.
fn centred(rows: &[f64], units: usize) -> Vec<f64> {
    let mut mean = vec![0.0; units];
    let count = (rows.len() / units) as f64;
    for row in rows.chunks_exact(units) {
        add_scaled(&mut mean, 1.0 / count, row);
    }
    let mut rows = rows.to_vec();
    for row in rows.chunks_exact_mut(units) {
        add_scaled(row, -1.0, &mean);
    }
    rows
}

impl Covariances {
    pub(super) fn new(sets: Sets<'_>) -> Self {
        Covariances {
            units: sets.units,
            source: centred(sets.source, sets.units),
            target: centred(sets.target, sets.units),
        }
    }

    /// The rows of a side and of the other, each with its *n* − 1.
    fn of(&self, side: Side) -> [(&[f64], f64); 2] {
        let with = |rows| -> (&[f64], f64) {
            let rows: &[f64] = rows;
            (rows, (rows.len() / self.units) as f64 - 1.0)
        };
        match side {
            Side::Source => [with(&self.source), with(&self.target)],
            Side::Target => [with(&self.target), with(&self.source)],
        }
    }

    fn square(&self) -> f64 {
        (self.units * self.units) as f64
    }
}

impl Distance for Covariances {
    fn share(&self, side: Side, row: usize) -> f64 {
        let [(own, count), (other, others)] = self.of(side);
        let this = &own[row * self.units..][..self.units];
        let squares = |rows: &[f64]| -> f64 {
            let products = rows.chunks_exact(self.units).map(|row| dot(this, row));
            products.map(|product| product * product).sum()
        };
        (squares(own) / count - squares(other) / others) / (count * 4.0 * self.square())
    }

    fn gradient(&self, side: Side, row: usize, gradient: &mut [f64]) {
        let [(own, count), (other, others)] = self.of(side);
        let this = &own[row * self.units..][..self.units];
        let scale = 1.0 / (self.square() * count);
        gradient.fill(0.0);
        for (rows, factor) in [(own, scale / count), (other, -scale / others)] {
            for row in rows.chunks_exact(self.units) {
                add_scaled(gradient, factor * dot(this, row), row);
            }
        }
    }
}
