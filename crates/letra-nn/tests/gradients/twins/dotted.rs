use super::{Gradients, Twin};

/// The dot products of two arrays along an axis of each; both are the input, one after the other.
#[derive(Debug, Clone)]
pub(crate) struct Dotted {
    pub(crate) shapes: [Vec<usize>; 2],
    /// Counted from 0.
    pub(crate) axes: [usize; 2],
    /// Whether vectors are brought to length 1 before.
    pub(crate) normalize: bool,
}

/// A vector along the axis: its places in the input.
type Places = Vec<usize>;

fn dot(a: &[f64], b: &[f64]) -> f64 {
    a.iter().zip(b).map(|(a, b)| a * b).sum()
}

impl Dotted {
    /// The vectors of one of the arrays, in the order of its other axes.
    fn vectors(&self, which: usize) -> Vec<Places> {
        let (shape, axis) = (&self.shapes[which], self.axes[which]);
        let start = if which == 0 {
            0
        } else {
            self.shapes[0].iter().product()
        };
        let (before, after): (usize, usize) = (
            shape[..axis].iter().product(),
            shape[axis + 1..].iter().product(),
        );
        let place =
            |front: usize, k: usize, back: usize| start + (front * shape[axis] + k) * after + back;
        let others = (0..before).flat_map(|front| (0..after).map(move |back| (front, back)));
        others
            .map(|(front, back)| (0..shape[axis]).map(|k| place(front, k, back)).collect())
            .collect()
    }

    /// What a vector is divided by.
    fn length(&self, vector: &[f64]) -> f64 {
        let length = dot(vector, vector).sqrt();
        match self.normalize {
            true if length < 1e-7 => 1e-7,
            true => length,
            false => 1.0,
        }
    }

    fn units(&self, which: usize, input: &[f64]) -> Vec<Vec<f64>> {
        let unit = |places: Places| {
            let vector: Vec<f64> = places.iter().map(|&place| input[place]).collect();
            let length = self.length(&vector);
            vector.iter().map(|x| x / length).collect()
        };
        self.vectors(which).into_iter().map(unit).collect()
    }
}

impl Twin for Dotted {
    fn forward(&self, input: &[f64], _parameters: &[Vec<f64>]) -> Vec<f64> {
        let [left, right] = [0, 1].map(|which| self.units(which, input));
        let row = |a: &Vec<f64>| right.iter().map(|b| dot(a, b)).collect::<Vec<_>>();
        left.iter().flat_map(row).collect()
    }

    fn backward(&self, input: &[f64], _parameters: &[Vec<f64>], gradient: &[f64]) -> Gradients {
        let units = [0, 1].map(|which| self.units(which, input));
        let columns = units[1].len();
        let mut input_gradient = vec![0.0; input.len()];
        for which in [0, 1] {
            let others = &units[1 - which];
            for (number, places) in self.vectors(which).iter().enumerate() {
                let unit = &units[which][number];
                let vector: Vec<f64> = places.iter().map(|&place| input[place]).collect();
                let mut by_unit = vec![0.0; unit.len()];
                for (other, values) in others.iter().enumerate() {
                    let at = match which {
                        0 => number * columns + other,
                        _ => other * columns + number,
                    };
                    let terms = by_unit.iter_mut().zip(values);
                    terms.for_each(|(sum, value)| *sum += gradient[at] * value);
                }
                let pull = if self.normalize {
                    dot(unit, &by_unit)
                } else {
                    0.0
                };
                for (k, &place) in places.iter().enumerate() {
                    let along = if self.normalize { unit[k] * pull } else { 0.0 };
                    input_gradient[place] = (by_unit[k] - along) / self.length(&vector);
                }
            }
        }
        Gradients {
            input: input_gradient,
            parameters: Vec::new(),
        }
    }
}
