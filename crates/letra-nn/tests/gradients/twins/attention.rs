use super::{Gradients, Twin, softmax};

/// Attention of several heads. The input is the query and, where there are so many inputs, the value
/// and the key, one after the other; what is not given is what stands before it.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Attention {
    pub(crate) inputs: usize,
    /// Steps of the query, and of the others.
    pub(crate) steps: [usize; 2],
    /// Features of query, value and key.
    pub(crate) features: [usize; 3],
    pub(crate) heads: usize,
    pub(crate) key_dim: usize,
    pub(crate) value_dim: usize,
    pub(crate) bias: bool,
    pub(crate) causal: bool,
}

/// Rows of numbers.
type Matrix = Vec<Vec<f64>>;

fn times(a: &Matrix, b: &Matrix) -> Matrix {
    let entry = |row: &Vec<f64>, column: usize| row.iter().zip(b).map(|(x, b)| x * b[column]).sum();
    let row = |row: &Vec<f64>| (0..b[0].len()).map(|column| entry(row, column)).collect();
    a.iter().map(row).collect()
}

fn transposed(a: &Matrix) -> Matrix {
    let column = |place: usize| a.iter().map(|row| row[place]).collect();
    (0..a[0].len()).map(column).collect()
}

fn add(to: &mut Matrix, from: &Matrix) {
    for (to, from) in to.iter_mut().zip(from) {
        to.iter_mut().zip(from).for_each(|(to, from)| *to += from);
    }
}

/// What one head computes on the way.
struct Head {
    query: Matrix,
    key: Matrix,
    value: Matrix,
    /// Softmax of the scores, 0 where masked.
    weights: Matrix,
    taken: Matrix,
}

/// Query, value and key: number of the map, of its kernel among the parameters.
const MAPS: [(usize, usize); 3] = [(0, 0), (1, 2), (2, 1)];

impl Attention {
    /// Which part of the input stands for query, value and key.
    fn source(&self, which: usize) -> usize {
        which.min(self.inputs - 1)
    }

    fn shape(&self, part: usize) -> [usize; 2] {
        [self.steps[usize::from(part > 0)], self.features[part]]
    }

    /// Shapes of the parts of the input.
    pub(crate) fn shapes(&self) -> Vec<[usize; 2]> {
        (0..self.inputs).map(|part| self.shape(part)).collect()
    }

    /// The three sequences.
    fn sequences(&self, input: &[f64]) -> [Matrix; 3] {
        [0, 1, 2].map(|which| {
            let part = self.source(which);
            let length = |part| self.shape(part).iter().product::<usize>();
            let start: usize = (0..part).map(length).sum();
            let rows = input[start..start + length(part)].chunks(self.shape(part)[1]);
            rows.map(<[f64]>::to_vec).collect()
        })
    }

    /// Places among the parameters of kernel and bias of a map: query, key, value, output.
    fn places(&self, map: usize) -> [usize; 2] {
        match self.bias {
            true => [2 * map, 2 * map + 1],
            false => [map, usize::MAX],
        }
    }

    fn dim(&self, which: usize) -> usize {
        if which == 1 {
            self.value_dim
        } else {
            self.key_dim
        }
    }

    /// A head's part of the kernel `[features, heads, dim]`.
    fn kernel(&self, which: usize, map: usize, head: usize, p: &[Vec<f64>]) -> Matrix {
        let dim = self.dim(which);
        let rows = p[self.places(map)[0]].chunks(self.heads * dim);
        rows.map(|row| row[head * dim..][..dim].to_vec()).collect()
    }

    /// A head's part of the kernel `[heads, value_dim, features]`.
    fn output_kernel(&self, head: usize, p: &[Vec<f64>]) -> Matrix {
        let features = self.features[0];
        let kernel = &p[self.places(3)[0]][head * self.value_dim * features..];
        let rows = kernel.chunks(features).take(self.value_dim);
        rows.map(<[f64]>::to_vec).collect()
    }

    fn mapped(
        &self,
        number: usize,
        head: usize,
        sequences: &[Matrix; 3],
        p: &[Vec<f64>],
    ) -> Matrix {
        let (which, map) = MAPS[number];
        let mut mapped = times(&sequences[which], &self.kernel(which, map, head, p));
        if self.bias {
            let dim = self.dim(which);
            let bias = &p[self.places(map)[1]][head * dim..][..dim];
            for row in &mut mapped {
                row.iter_mut().zip(bias).for_each(|(z, b)| *z += b);
            }
        }
        mapped
    }

    fn head(&self, head: usize, sequences: &[Matrix; 3], p: &[Vec<f64>]) -> Head {
        let [query, value, key] = [0, 1, 2].map(|number| self.mapped(number, head, sequences, p));
        let scale = 1.0 / (self.key_dim as f64).sqrt();
        let scores = times(&query, &transposed(&key));
        let weights: Matrix = scores
            .iter()
            .enumerate()
            .map(|(step, row)| {
                let seen = if self.causal {
                    row.len().min(step + 1)
                } else {
                    row.len()
                };
                let scaled: Vec<f64> = row[..seen].iter().map(|score| score * scale).collect();
                let mut weights = softmax(&scaled);
                weights.resize(row.len(), 0.0);
                weights
            })
            .collect();
        // What is masked is left out, not multiplied by 0.
        let taken = (weights.iter().enumerate())
            .map(|(step, row)| {
                let seen = if self.causal {
                    row.len().min(step + 1)
                } else {
                    row.len()
                };
                let rows = value[..seen].to_vec();
                times(&vec![row[..seen].to_vec()], &rows).remove(0)
            })
            .collect();
        Head {
            query,
            key,
            value,
            weights,
            taken,
        }
    }

    /// Gradients of a head's scores before the scale, from that of what it took.
    fn score_gradients(&self, head: &Head, taken: &Matrix) -> Matrix {
        let scale = 1.0 / (self.key_dim as f64).sqrt();
        let by_weights = times(taken, &transposed(&head.value));
        let rows = head.weights.iter().zip(&by_weights).enumerate();
        rows.map(|(step, (weights, gradient))| {
            let seen = if self.causal {
                weights.len().min(step + 1)
            } else {
                weights.len()
            };
            let pull: f64 = (0..seen).map(|s| weights[s] * gradient[s]).sum();
            let mut row: Vec<f64> = (0..seen)
                .map(|s| scale * weights[s] * (gradient[s] - pull))
                .collect();
            row.resize(weights.len(), 0.0);
            row
        })
        .collect()
    }
}

impl Twin for Attention {
    fn parameters(&self) -> Vec<usize> {
        let heads = self.heads;
        let [query, value, key] = [0, 1, 2].map(|which| self.features[self.source(which)]);
        let maps = [
            (query, heads * self.key_dim),
            (key, heads * self.key_dim),
            (value, heads * self.value_dim),
            (heads * self.value_dim, self.features[0]),
        ];
        let lengths = maps.iter().flat_map(|&(inputs, outputs)| {
            let bias = self.bias.then_some(outputs);
            std::iter::once(inputs * outputs).chain(bias)
        });
        lengths.collect()
    }

    fn forward(&self, input: &[f64], p: &[Vec<f64>]) -> Vec<f64> {
        let sequences = self.sequences(input);
        let bias = match self.bias {
            true => p[self.places(3)[1]].clone(),
            false => vec![0.0; self.features[0]],
        };
        let mut output = vec![bias; self.steps[0]];
        for head in 0..self.heads {
            let taken = self.head(head, &sequences, p).taken;
            add(&mut output, &times(&taken, &self.output_kernel(head, p)));
        }
        output.concat()
    }

    fn backward(&self, input: &[f64], p: &[Vec<f64>], gradient: &[f64]) -> Gradients {
        let sequences = self.sequences(input);
        let features = self.features[0];
        let dy: Matrix = gradient.chunks(features).map(<[f64]>::to_vec).collect();
        let mut parameters: Vec<Vec<f64>> = self
            .parameters()
            .into_iter()
            .map(|length| vec![0.0; length])
            .collect();
        let mut parts: Vec<Matrix> = (0..self.inputs)
            .map(|part| vec![vec![0.0; self.shape(part)[1]]; self.shape(part)[0]])
            .collect();
        if self.bias {
            for row in &dy {
                let sums = parameters[self.places(3)[1]].iter_mut();
                sums.zip(row).for_each(|(sum, g)| *sum += g);
            }
        }
        for number in 0..self.heads {
            let head = self.head(number, &sequences, p);
            let by_kernel = times(&transposed(&head.taken), &dy).concat();
            let start = number * self.value_dim * features;
            parameters[self.places(3)[0]][start..][..by_kernel.len()].copy_from_slice(&by_kernel);
            let by_taken = times(&dy, &transposed(&self.output_kernel(number, p)));
            let by_scores = self.score_gradients(&head, &by_taken);
            let mapped = [
                times(&by_scores, &head.key),
                times(&transposed(&head.weights), &by_taken),
                times(&transposed(&by_scores), &head.query),
            ];
            for ((which, map), delta) in MAPS.into_iter().zip(&mapped) {
                let (dim, [kernel, bias]) = (self.dim(which), self.places(map));
                let by_kernel = times(&transposed(&sequences[which]), delta);
                for (row, values) in by_kernel.iter().enumerate() {
                    let to = &mut parameters[kernel][(row * self.heads + number) * dim..][..dim];
                    to.copy_from_slice(values);
                }
                if self.bias {
                    for row in delta {
                        let sums = parameters[bias][number * dim..].iter_mut();
                        sums.zip(row).for_each(|(sum, g)| *sum += g);
                    }
                }
                let by_input = times(delta, &transposed(&self.kernel(which, map, number, p)));
                add(&mut parts[self.source(which)], &by_input);
            }
        }
        Gradients {
            input: parts.concat().concat(),
            parameters,
        }
    }
}
