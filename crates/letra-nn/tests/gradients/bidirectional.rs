//! Two recurrent layers, one in each direction.

use letra_nn::layers::Merge;
use letra_nn::prelude::*;

use crate::dropped::{compare_step, compiled};
use crate::noise::Noise;
use crate::proof::prove;
use crate::recurrent::{
    CELLS, flat_network, layer, predictions, random_mask, random_parameters, random_row, usual,
};
use crate::twins::{Both, Recurred, Stack, Twin};

const MERGES: [Merge; 5] = [
    Merge::Concatenate,
    Merge::Sum,
    Merge::Average,
    Merge::Multiply,
    Merge::Apart,
];

fn network(twin: &Recurred, merge: Merge, masked: bool) -> Model {
    let states = 2 * twin.cell.states();
    flat_network(twin, states, masked, |model, inputs| {
        model.layer(Bidirectional::new(layer(twin)).merge_mode(merge), inputs)
    })
}

/// The two twins of a layer.
fn both(twin: &Recurred, merge: Merge) -> Both {
    let zero_output_for_mask = twin.return_sequences;
    Both {
        forward: Recurred {
            zero_output_for_mask,
            ..twin.clone()
        },
        backward: Recurred {
            zero_output_for_mask,
            go_backwards: true,
            in_order: twin.return_sequences,
            ..twin.clone()
        },
        merge,
    }
}

fn check(twin: &Recurred, merge: Merge, masked: bool, samples: usize, noise: &mut Noise) {
    let what = format!("{merge:?} of {twin:?}, {samples} samples, masked {masked}");
    let (mut twins, mut rows) = (Vec::new(), Vec::new());
    for _ in 0..samples {
        let mut own = twin.clone();
        if masked {
            own.mask = random_mask(own.steps, noise);
        }
        let row = random_row(&own, 2 * own.cell.states(), noise);
        let both = both(&own, merge);
        if own.steps * own.features * own.units * own.cell.gates() < 100 {
            prove(&what, &both, row.len(), noise);
        }
        rows.push(row);
        twins.push(Stack::default().then(both));
    }
    let whole: Box<dyn Twin> = Box::new(both(twin, merge));
    let parameters = random_parameters(&*whole, [twin.features, twin.units], noise);
    let network = || network(twin, merge, masked);
    predictions(&what, compiled(network(), 2), &twins, &rows, &parameters);
    compare_step(&what, network(), &twins, &rows, &parameters, noise);
}

#[test]
fn every_merge_of_every_cell() {
    let mut noise = Noise::new(211);
    for cell in CELLS {
        for merge in MERGES {
            for masked in [false, true] {
                let sizes = [
                    noise.between(1, 7),
                    noise.between(1, 5),
                    noise.between(1, 18),
                ];
                let samples = noise.between(1, 9);
                let mut yes = || noise.between(0, 1) == 1;
                let twin = Recurred {
                    return_sequences: yes(),
                    return_state: yes(),
                    initial_state: yes(),
                    bias: yes() || yes(),
                    ..usual(cell, sizes)
                };
                check(&twin, merge, masked, samples, &mut noise);
            }
        }
    }
}

/// Longer sequences than a prediction takes at a time, with padding anywhere.
#[test]
fn over_many_steps() {
    let mut noise = Noise::new(212);
    for cell in CELLS {
        let twin = Recurred {
            return_sequences: true,
            ..usual(cell, [130, 2, 3])
        };
        check(&twin, Merge::Concatenate, true, 5, &mut noise);
    }
}
