//! Recurrent layers: what is not finite stays in all later states, and goes back to all earlier inputs.

use letra_nn::prelude::*;

use super::{Case, case, network, pooled, stack};
use crate::recurrent::{CELLS, layer, usual};
use crate::twins::{Averaged, Pooled, Recurred, Stack};

/// The cells, with all steps given, and under a mask that leaves no step out.
pub(super) fn cases() -> Vec<Case> {
    let mut cases = Vec::new();
    for cell in CELLS {
        for (masked, sizes) in [(false, [3, 4, 5]), (true, [4, 2, 17])] {
            let twin = Recurred {
                return_sequences: masked,
                go_backwards: masked,
                ..usual(cell, sizes)
            };
            let open = match masked {
                true => network(&sizes[..2], Masking::new(9.0)),
                false => network(&sizes[..2], Activation::linear()),
            };
            let network = match layer(&twin) {
                letra_nn::layers::Recurrent::Lstm(layer) => open.add(layer),
                letra_nn::layers::Recurrent::Gru(layer) => open.add(layer),
                letra_nn::layers::Recurrent::SimpleRnn(layer) => open.add(layer),
            };
            let what = format!("{twin:?}");
            let case = match masked {
                // The mean reads the mask, which was turned round.
                true => case(
                    "reverse_steps",
                    network.add(GlobalAveragePool1d::new()),
                    || stack(twin.clone()).then(mean(sizes)),
                ),
                false => case("recurrent", network, || stack(twin.clone())),
            };
            cases.push(Case { what, ..case });
        }
    }
    cases
}

fn mean([steps, _, units]: [usize; 3]) -> Averaged {
    Averaged(Pooled {
        window: [1, steps],
        stride: [1, steps],
        ..pooled([1, steps, units])
    })
}

/// What dropout leaves out is multiplied by 0, and no number stays none.
pub(super) fn with_dropout() -> Vec<Case> {
    let dropped = |cell| {
        let twin = usual(cell, [3, 4, 5]);
        let rates = (0.5, 0.25);
        let open = network(&[3, 4], Activation::linear());
        let network = match layer(&twin) {
            letra_nn::layers::Recurrent::Lstm(layer) => {
                open.add(layer.dropout(rates.0).recurrent_dropout(rates.1))
            }
            letra_nn::layers::Recurrent::Gru(layer) => {
                open.add(layer.dropout(rates.0).recurrent_dropout(rates.1))
            }
            letra_nn::layers::Recurrent::SimpleRnn(layer) => {
                open.add(layer.dropout(rates.0).recurrent_dropout(rates.1))
            }
        };
        let twins = || -> Stack { stack(twin.clone()) };
        let what = format!("{twin:?}, dropped");
        Case {
            what,
            ..case("recurrent", network, twins)
        }
    };
    CELLS.map(dropped).into()
}
