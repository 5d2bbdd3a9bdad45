//! Machines so small that all their states can be counted, in double precision.

use letra_nn::Tensor;
use letra_nn::learners::{BoltzmannMachine, Rbm, Visible};

/// Random numbers from −1 to 1 (Steele, Lea, Flood 2014).
pub(crate) struct Noise(pub(crate) u64);

impl Noise {
    pub(crate) fn next(&mut self) -> f64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^= z >> 31;
        (z >> 11) as f64 / (1u64 << 52) as f64 - 1.0
    }

    pub(crate) fn tensor(&mut self, shape: &[usize], size: f64) -> Tensor {
        let count = shape.iter().product();
        let values = (0..count).map(|_| (size * self.next()) as f32).collect();
        Tensor::new(shape, values).unwrap()
    }
}

/// Makes a machine with weights and biases up to `size`.
pub(crate) fn random_machine(rbm: Rbm, size: f64, seed: u64) -> BoltzmannMachine {
    let mut machine = rbm.build(0).unwrap();
    let (visible, hidden) = (machine.visible_units(), machine.hidden_units());
    let mut noise = Noise(seed);
    machine
        .set_kernel(&noise.tensor(&[visible, hidden], size))
        .unwrap();
    machine
        .set_visible_bias(&noise.tensor(&[visible], size))
        .unwrap();
    machine
        .set_hidden_bias(&noise.tensor(&[hidden], size))
        .unwrap();
    if let Some(variances) = machine.variances() {
        let mut variances = variances;
        variances
            .data_mut()
            .iter_mut()
            .for_each(|v| *v = (1.0 + 0.5 * noise.next()) as f32);
        machine.set_variances(&variances).unwrap();
    }
    machine
}

/// A machine in double precision.
#[derive(Clone)]
pub(crate) struct Twin {
    pub(crate) kernel: Vec<Vec<f64>>,
    pub(crate) visible_bias: Vec<f64>,
    pub(crate) hidden_bias: Vec<f64>,
    /// 1 for all but Gaussian units.
    pub(crate) variances: Vec<f64>,
    /// First unit and size of what is drawn as one; empty for Gaussian units.
    pub(crate) groups: Vec<[usize; 2]>,
}

fn doubles(tensor: &Tensor) -> Vec<f64> {
    tensor.data().iter().map(|v| f64::from(*v)).collect()
}

impl Twin {
    pub(crate) fn of(machine: &BoltzmannMachine, visible: Visible) -> Self {
        let width = machine.visible_units();
        let units = width - machine.label_units();
        let size = match visible {
            Visible::Softmax { size } => size,
            _ => 1,
        };
        let mut groups: Vec<[usize; 2]> = match visible {
            Visible::Gaussian => Vec::new(),
            _ => (0..units).step_by(size).map(|unit| [unit, size]).collect(),
        };
        if machine.label_units() > 0 {
            groups.push([units, machine.label_units()]);
        }
        let mut variances = machine.variances().map_or(Vec::new(), |v| doubles(&v));
        variances.resize(width, 1.0);
        Twin {
            kernel: doubles(&machine.kernel())
                .chunks(machine.hidden_units())
                .map(<[f64]>::to_vec)
                .collect(),
            visible_bias: doubles(&machine.visible_bias()),
            hidden_bias: doubles(&machine.hidden_bias()),
            variances,
            groups,
        }
    }

    /// All states of the visible units, but for Gaussian ones.
    pub(crate) fn visible_states(&self) -> Vec<Vec<f64>> {
        let mut states = vec![vec![0.0; self.visible_bias.len()]];
        for [first, size] in &self.groups {
            let mut more = Vec::new();
            for state in states {
                if *size == 1 {
                    more.push(state.clone());
                }
                for unit in *first..first + size {
                    let mut on = state.clone();
                    on[unit] = 1.0;
                    more.push(on);
                }
            }
            states = more;
        }
        states
    }

    pub(crate) fn hidden_states(&self) -> Vec<Vec<f64>> {
        let units = self.hidden_bias.len();
        (0..1usize << units)
            .map(|state| {
                (0..units)
                    .map(|unit| f64::from(u8::from(state >> unit & 1 == 1)))
                    .collect()
            })
            .collect()
    }

    /// E(v, h) of units that are not Gaussian, as the docs have it.
    pub(crate) fn energy(&self, visible: &[f64], hidden: &[f64]) -> f64 {
        let mut energy = 0.0;
        for (i, v) in visible.iter().enumerate() {
            energy -= self.visible_bias[i] * v;
            for (j, h) in hidden.iter().enumerate() {
                energy -= v * self.kernel[i][j] * h;
            }
        }
        energy
            - hidden
                .iter()
                .zip(&self.hidden_bias)
                .map(|(h, b)| h * b)
                .sum::<f64>()
    }

    /// E(v, h) of Gaussian units.
    pub(crate) fn gaussian_energy(&self, visible: &[f64], hidden: &[f64]) -> f64 {
        let mut energy = 0.0;
        for (i, v) in visible.iter().enumerate() {
            let distance = v - self.visible_bias[i];
            energy += distance * distance / (2.0 * self.variances[i]);
            for (j, h) in hidden.iter().enumerate() {
                energy -= v * self.kernel[i][j] * h / self.variances[i];
            }
        }
        energy
            - hidden
                .iter()
                .zip(&self.hidden_bias)
                .map(|(h, b)| h * b)
                .sum::<f64>()
    }

    /// P(v) of all visible states, and ln Z.
    pub(crate) fn probabilities(&self) -> (Vec<f64>, f64) {
        let hidden = self.hidden_states();
        let sums: Vec<f64> = self
            .visible_states()
            .iter()
            .map(|v| hidden.iter().map(|h| (-self.energy(v, h)).exp()).sum())
            .collect();
        let z: f64 = sums.iter().sum();
        (sums.iter().map(|sum| sum / z).collect(), z.ln())
    }

    /// P(hⱼ = 1 | v)
    pub(crate) fn hidden_probability(&self, visible: &[f64], j: usize) -> f64 {
        let seen = visible
            .iter()
            .enumerate()
            .map(|(i, v)| v * self.kernel[i][j] / self.variances[i]);
        1.0 / (1.0 + (-(self.hidden_bias[j] + seen.sum::<f64>())).exp())
    }
}

/// A tensor of some rows.
pub(crate) fn rows(rows: &[Vec<f64>]) -> Tensor {
    let values = rows.iter().flatten().map(|v| *v as f32).collect();
    Tensor::new([rows.len(), rows[0].len()], values).unwrap()
}

pub(crate) fn close(what: &str, found: f64, wanted: f64, tolerance: f64) {
    let room = tolerance * wanted.abs().max(1.0);
    assert!(
        (found - wanted).abs() <= room,
        "{what}: {found} for {wanted}"
    );
}
