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

    fn add(self, network: Sequential, units: usize, sequences: bool) -> Sequential {
        match self {
            Self::SimpleRnn => network.add(SimpleRnn::new(units).return_sequences(sequences)),
            Self::Lstm => network.add(Lstm::new(units).return_sequences(sequences)),
            Self::Gru => network.add(Gru::new(units).return_sequences(sequences)),
        }
    }
}
