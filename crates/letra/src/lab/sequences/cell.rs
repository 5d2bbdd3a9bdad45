//! The recurrent layers that are compared.

use letra_nn::prelude::*;

/// One of the recurrent layers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Cell {
    SimpleRnn,
    Lstm,
    Gru,
}

impl Cell {
    pub(super) const ALL: [Self; 3] = [Self::SimpleRnn, Self::Lstm, Self::Gru];

    /// What files and `--json` call it.
    pub(super) fn name(self) -> &'static str {
        match self {
            Self::SimpleRnn => "rnn",
            Self::Lstm => "lstm",
            Self::Gru => "gru",
        }
    }

    /// What tables call it.
    pub(super) fn title(self) -> &'static str {
        match self {
            Self::SimpleRnn => "Simple RNN",
            Self::Lstm => "LSTM",
            Self::Gru => "GRU",
        }
    }

    /// Adds a layer that gives its last state.
    pub(super) fn last(self, network: Sequential, units: usize) -> Sequential {
        self.add(network, units, false)
    }

    /// Adds a layer that gives its state after every step.
    pub(super) fn every(self, network: Sequential, units: usize) -> Sequential {
        self.add(network, units, true)
    }

    /// Lets the layer of a new network remember from the start, each unit for another number of steps
    /// up to `longest` (Tallec and Ollivier 2018, "Can recurrent neural networks warp time?", section
    /// 2): the gate that keeps a state has the bias ln *t*, for *t* spread evenly over the units, and that
    /// of an LSTM's input −ln *t*. A simple recurrent layer has no gate.
    ///
    /// # Errors
    /// The network has no such layer.
    pub(super) fn remember(self, network: &Network, longest: usize) -> Result<(), Error> {
        let (name, gates) = match self {
            Self::SimpleRnn => return Ok(()),
            Self::Lstm => ("lstm/bias", 4),
            Self::Gru => ("gru/bias", 3),
        };
        let Some(mut bias) = network.parameter(name) else {
            return Ok(());
        };
        let units = bias.shape().last().map_or(0, |width| width / gates);
        for unit in 0..units {
            let share = (unit as f64 + 0.5) / units as f64;
            let kept = (1.0 + share * (longest as f64 - 2.0).max(1.0)).ln() as f32;
            let values = bias.data_mut();
            match self {
                Self::Lstm => {
                    values[unit] = -kept;
                    values[units + unit] = kept;
                }
                _ => values[unit] = kept,
            }
        }
        network.set_parameter(name, &bias)
    }

    fn add(self, network: Sequential, units: usize, sequences: bool) -> Sequential {
        match self {
            Self::SimpleRnn => network.add(SimpleRnn::new(units).return_sequences(sequences)),
            Self::Lstm => network.add(Lstm::new(units).return_sequences(sequences)),
            Self::Gru => network.add(Gru::new(units).return_sequences(sequences)),
        }
    }
}
