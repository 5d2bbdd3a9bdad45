use super::{Distance, Sets, Side, add_scaled, dot};

/// Kernels whose mean is taken: of widths ¼, ½, 1, 2 and 4 times γ.
const KERNELS: usize = 5;

/// The squared distance of the means of two sets in the space of a kernel, with all pairs (Gretton, Borgwardt,
/// Rasch, Schölkopf and Smola 2012, eq. 5):
///
/// D = Σ *k*(*sᵢ*, *sⱼ*) / *n²* − 2 Σ *k*(*sᵢ*, *tⱼ*) / *nm* + Σ *k*(*tᵢ*, *tⱼ*) / *m²*.
///
/// *k* is the mean of the kernels exp(−‖*x* − *y*‖² / γ*ᵤ*) with γ*ᵤ* = 2*ᵘ* γ, *u* from −2 to 2, as a family of
/// widths (Long, Cao, Wang and Jordan 2015, section 3.1), and γ the mean squared distance of two rows of both
/// sets, which is taken for constant in the gradient. With *w* = Σᵤ 2 exp(−‖*x* − *y*‖² / γ*ᵤ*) / 5 γ*ᵤ*,
///
/// ∂D / ∂*sᵢ* = 2 (Σⱼ *w*(*sᵢ*, *tⱼ*) (*sᵢ* − *tⱼ*) / *nm* − Σⱼ *w*(*sᵢ*, *sⱼ*) (*sᵢ* − *sⱼ*) / *n²*).
pub(super) struct KernelMeans<'a> {
    sets: Sets<'a>,
    /// Squared lengths of the rows.
    squares: [Vec<f64>; 2],
    gamma: f64,
}

/// The mean squared distance of two different rows.
fn mean_distance(sets: Sets<'_>, squares: &[Vec<f64>; 2]) -> f64 {
    let mut mean = vec![0.0; sets.units];
    let count = squares.iter().map(Vec::len).sum::<usize>() as f64;
    for rows in [sets.source, sets.target] {
        for row in rows.chunks_exact(sets.units) {
            add_scaled(&mut mean, 1.0 / count, row);
        }
    }
    let squares = squares.iter().flatten().sum::<f64>() / count;
    let distance = 2.0 * count / (count - 1.0) * (squares - dot(&mean, &mean));
    // Where all rows are one, any width will do. Not `max`, which would hide what is not a number.
    if distance <= 0.0 {
        f64::MIN_POSITIVE
    } else {
        distance
    }
}

impl<'a> KernelMeans<'a> {
    pub(super) fn new(sets: Sets<'a>, width: Option<f32>) -> Self {
        let squares = [sets.source, sets.target].map(|rows| {
            let rows = rows.chunks_exact(sets.units);
            rows.map(|row| dot(row, row)).collect::<Vec<f64>>()
        });
        let gamma = match width {
            Some(width) => f64::from(width),
            None => mean_distance(sets, &squares),
        };
        KernelMeans {
            sets,
            squares,
            gamma,
        }
    }

    fn rows(&self, side: Side) -> (&'a [f64], &[f64]) {
        match side {
            Side::Source => (self.sets.source, &self.squares[0]),
            Side::Target => (self.sets.target, &self.squares[1]),
        }
    }

    /// Σᵤ exp(−*q* / γ*ᵤ*) / 5, and Σᵤ 2 exp(−*q* / γ*ᵤ*) / 5 γ*ᵤ*, for a squared distance *q*.
    fn kernel(&self, square: f64) -> [f64; 2] {
        // Of the widest; each narrower one is the square of the one before.
        let mut width = 4.0 * self.gamma;
        let mut value = libm::exp(-square / width);
        let mut sums = [0.0; 2];
        for _ in 0..KERNELS {
            sums[0] += value;
            sums[1] += 2.0 * value / width;
            value *= value;
            width /= 2.0;
        }
        sums.map(|sum| sum / KERNELS as f64)
    }

    /// The kernel of a row of a side with each row of a side.
    fn with(
        &self,
        (side, row): (Side, usize),
        other: Side,
    ) -> impl Iterator<Item = (&'a [f64], [f64; 2])> {
        let units = self.sets.units;
        let (own, squares) = self.rows(side);
        let this = &own[row * units..][..units];
        let length = squares[row];
        let (rows, squares) = self.rows(other);
        let rows = rows.chunks_exact(units).zip(squares);
        rows.map(move |(known, square)| {
            let distance = length + square - 2.0 * dot(this, known);
            // Rounding may make it a little less than none; what is no number stays so.
            let distance = if distance < 0.0 { 0.0 } else { distance };
            (known, self.kernel(distance))
        })
    }

    fn count(&self, side: Side) -> f64 {
        self.rows(side).1.len() as f64
    }
}

fn other(side: Side) -> Side {
    match side {
        Side::Source => Side::Target,
        Side::Target => Side::Source,
    }
}

impl Distance for KernelMeans<'_> {
    fn share(&self, side: Side, row: usize) -> f64 {
        let mean = |of: Side| {
            let kernels = self.with((side, row), of).map(|(_, [value, _])| value);
            kernels.sum::<f64>() / self.count(of)
        };
        (mean(side) - mean(other(side))) / self.count(side)
    }

    fn gradient(&self, side: Side, row: usize, gradient: &mut [f64]) {
        let units = self.sets.units;
        let this = &self.rows(side).0[row * units..][..units];
        gradient.fill(0.0);
        let mut all = 0.0;
        for (of, sign) in [(side, 1.0), (other(side), -1.0)] {
            let scale = sign * 2.0 / (self.count(side) * self.count(of));
            for (known, [_, weight]) in self.with((side, row), of) {
                add_scaled(gradient, scale * weight, known);
                all += scale * weight;
            }
        }
        add_scaled(gradient, -all, this);
    }
}
