use std::iter::once;

use super::{Backward, Forward, Op};
use crate::Shape;
use crate::error::BuildError;
use crate::kernels::dense;

/// The products of matrices that both depend on the sample, a pair a group: inputs *A*
/// `[groups, m, k]` and *B* `[groups, k, n]`, output *C* = *A* · *B* `[groups, m, n]`,
///
/// ∂*A* = ∂*C* · *B*ᵀ, ∂*B* = *A*ᵀ · ∂*C*;
///
/// or, transposed, *B* `[groups, n, k]`, *C* = *A* · *B*ᵀ, ∂*A* = ∂*C* · *B*, ∂*B* = ∂*C*ᵀ · *A*.
#[derive(Debug, Clone, Copy)]
pub(crate) struct BatchMatMul {
    pub(crate) transposed: bool,
}

/// Sizes of a product: rows and columns of *C*, and what is summed over.
#[derive(Clone, Copy)]
struct Sizes {
    m: usize,
    k: usize,
    n: usize,
}

impl BatchMatMul {
    fn sizes(&self, inputs: &[Shape]) -> Option<(usize, Sizes)> {
        let [left, right] = inputs else { return None };
        let (&[groups, m, k], &[others, first, last]) = (left.sizes(), right.sizes()) else {
            return None;
        };
        let (depth, n) = match self.transposed {
            true => (last, first),
            false => (first, last),
        };
        (groups == others && k == depth).then_some((groups, Sizes { m, k, n }))
    }

    /// The sizes of inputs that the shape rule let through.
    fn known_sizes(&self, inputs: &[Shape]) -> Sizes {
        self.sizes(inputs).expect("the shapes have been checked").1
    }

    fn product(&self, Sizes { m, k, n }: Sizes, a: &[f32], b: &[f32], c: &mut [f32]) {
        match self.transposed {
            true => dense::input_gradient(m, n, k, a, b, c),
            false => dense::forward(m, k, n, a, b, None, c),
        }
    }

    fn left_gradient(&self, Sizes { m, k, n }: Sizes, b: &[f32], dc: &[f32], da: &mut [f32]) {
        match self.transposed {
            true => dense::forward(m, n, k, dc, b, None, da),
            false => dense::input_gradient(m, k, n, dc, b, da),
        }
    }

    fn right_gradient(&self, Sizes { k, n, .. }: Sizes, a: &[f32], dc: &[f32], db: &mut [f32]) {
        match self.transposed {
            true => dense::kernel_gradient(n, k, 0..n, once((dc, a)), false, db),
            false => dense::kernel_gradient(k, n, 0..k, once((a, dc)), false, db),
        }
    }
}

impl Op for BatchMatMul {
    fn output_shapes(&self, inputs: &[Shape]) -> Result<Vec<Shape>, BuildError> {
        match self.sizes(inputs) {
            Some((groups, Sizes { m, n, .. })) => Ok(vec![[groups, m, n].into()]),
            None => Err(BuildError::input(
                "two stacks of as many matrices, whose shared axis has one size",
                "change the axes, or the layers before it",
            )),
        }
    }

    fn other_multiply_adds(&self, inputs: &[Shape]) -> u64 {
        let Some((groups, Sizes { m, k, n })) = self.sizes(inputs) else {
            return 0;
        };
        let sizes = [groups, m, k, n].map(|size| size as u64);
        sizes.into_iter().fold(1, u64::saturating_mul)
    }

    fn forward(&self, pass: &mut Forward<'_>) {
        let sizes = self.known_sizes(pass.input_shapes);
        let Sizes { m, k, n } = sizes;
        let (left, right) = (pass.inputs[0], pass.inputs[1]);
        let pairs = left.chunks_exact(m * k).zip(right.chunks_exact(k * n));
        for ((a, b), c) in pairs.zip(pass.outputs[0].chunks_exact_mut(m * n)) {
            self.product(sizes, a, b, c);
        }
    }

    fn backward(&self, pass: &mut Backward<'_>) {
        let sizes = self.known_sizes(pass.input_shapes);
        let Sizes { m, k, n } = sizes;
        let (left, right) = (pass.inputs[0], pass.inputs[1]);
        let gradients = || pass.output_gradients[0].chunks_exact(m * n);
        if let Some(gradient) = &mut pass.input_gradients[0] {
            let pairs = right.chunks_exact(k * n).zip(gradients());
            for ((b, dc), da) in pairs.zip(gradient.chunks_exact_mut(m * k)) {
                self.left_gradient(sizes, b, dc, da);
            }
        }
        if let Some(gradient) = &mut pass.input_gradients[1] {
            let pairs = left.chunks_exact(m * k).zip(gradients());
            for ((a, dc), db) in pairs.zip(gradient.chunks_exact_mut(k * n)) {
                self.right_gradient(sizes, a, dc, db);
            }
        }
    }
}
