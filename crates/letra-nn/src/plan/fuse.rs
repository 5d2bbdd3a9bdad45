//! What a plan makes of neighbouring ops: all patterns are here.

use std::any::Any;
use std::sync::Arc;

use crate::Shape;
use crate::graph::{OpGraph, OpNode};
use crate::kernels::activation::ActivationKind;
use crate::ops::{
    Activate, BatchNormalize, Convolve, MatMul, MaxPool, Op, Resample, SparseMatMul, StepsAsSamples,
};

/// One op that does the work of `first` and of `next` after it, if there is one.
fn fused(first: &dyn Op, next: &dyn Op) -> Option<Arc<dyn Op>> {
    let (first, next): (&dyn Any, &dyn Any) = (first, next);
    if let Some(over_steps) = first.downcast_ref::<StepsAsSamples>() {
        let next = next.downcast_ref::<StepsAsSamples>()?;
        let both = fused(over_steps.op(), next.op());
        let both = both.filter(|_| over_steps.steps() == next.steps());
        return some(over_steps.with(both?));
    }
    let function = next.downcast_ref().and_then(Activate::plain);
    let pool: Option<&MaxPool> = next.downcast_ref();
    if let Some(product) = first.downcast_ref::<MatMul>() {
        let plain = product.function == ActivationKind::Linear;
        let function = function.filter(|_| plain)?;
        return some(MatMul::with_function(product.units, function));
    }
    if let Some(convolve) = first.downcast_ref::<Convolve>() {
        let with_function = function.and_then(|function| convolve.then(function));
        let with_pool = || pool.and_then(|pool| convolve.then_pool(pool));
        return some(with_function.or_else(with_pool)?);
    }
    if let Some(normalize) = first.downcast_ref::<BatchNormalize>() {
        let with_function = function.and_then(|function| normalize.then(function));
        let with_pool = || pool.and_then(|pool| normalize.then_pool(pool));
        return some(with_function.or_else(with_pool)?);
    }
    let (first, next) = (first.downcast_ref::<Resample>()?, next.downcast_ref()?);
    some(first.then(next)?)
}

fn some(op: impl Op) -> Option<Arc<dyn Op>> {
    Some(Arc::new(op))
}

/// The op that does the same work on an input of this shape that comes as its non-zero values:
/// a row a sample, so that the input must be flat.
pub(super) fn on_sparse_input(op: &dyn Op, input: &Shape) -> Option<Arc<dyn Op>> {
    let product = (op as &dyn Any).downcast_ref::<MatMul>()?;
    some(SparseMatMul(product.clone())).filter(|_| input.rank() == 1)
}

/// Replaces neighbours by one op that does the work of both, where there is one and nothing else
/// reads the value between them.
pub(super) fn fuse(graph: &mut OpGraph) {
    let mut index = 0;
    while index + 1 < graph.nodes.len() {
        let both = chained(graph, index).then(|| {
            let [first, next] = [&graph.nodes[index], &graph.nodes[index + 1]];
            fused(&*first.op, &*next.op)
        });
        match both.flatten() {
            Some(op) => {
                let next = graph.nodes.remove(index + 1);
                let node = &mut graph.nodes[index];
                node.op = op;
                node.outputs = next.outputs;
            }
            None => index += 1,
        }
    }
}

/// Whether the next node reads all that this one gives, and nothing else does.
fn chained(graph: &OpGraph, index: usize) -> bool {
    let [between] = graph.nodes[index].outputs[..] else {
        return false;
    };
    let reads = |node: &&OpNode| node.inputs.contains(&between);
    let next = &graph.nodes[index + 1];
    !graph.outputs.contains(&between)
        && next.inputs == [between]
        && next.weights.is_empty()
        && !graph.masks.contains(&Some(between))
        && !graph.carries_on(between)
        && graph.nodes.iter().filter(reads).count() == 1
}
