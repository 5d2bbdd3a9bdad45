//! The sets of pictures.

use clap::ValueEnum;
use letra_nn::{Dataset, Error, Targets, Tensor};

use crate::Common;

/// Classes of both sets.
pub(crate) const CLASSES: usize = 10;

#[derive(Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum Set {
    /// Fashion-MNIST: 60,000 pictures to learn from, 10,000 to be tested on.
    Fashion,
    /// 10,000 digits of MNIST: 8,000 and 2,000.
    Digits,
}

impl Set {
    pub(crate) fn name(self) -> &'static str {
        match self {
            Set::Fashion => "fashion",
            Set::Digits => "digits",
        }
    }

    /// What to learn from and what to be tested on, `[pictures, 784]`.
    pub(crate) fn read(self, common: &Common) -> Result<[Dataset; 2], Error> {
        let folder = common.data.join(self.name());
        let part = |name: &str| {
            let file = |what: &str| folder.join(format!("{name}-{what}-ubyte.gz"));
            let data = Dataset::read_idx(file("images-idx3"), file("labels-idx1"), CLASSES)
                .map_err(|error| error.with_hint("run bench/unsupervised/fetch-data first"))?;
            flat(data)
        };
        Ok([part("train")?, part("t10k")?])
    }
}

/// The same pictures as rows.
pub(crate) fn flat(data: Dataset) -> Result<Dataset, Error> {
    let inputs = data.inputs();
    let rows = inputs
        .clone()
        .reshape([inputs.samples(), inputs.sample_values()])?;
    data.with_inputs(rows)
}

/// The first samples and the rest.
pub(crate) fn split(data: &Dataset, first: usize) -> [Dataset; 2] {
    let all: Vec<usize> = (0..data.samples()).collect();
    let (first, rest) = all.split_at(first);
    [data.select(first), data.select(rest)]
}

/// White (1) where a pixel is above one half, black (0) elsewhere.
pub(crate) fn binary(pictures: &Tensor) -> Tensor {
    let mut binary = pictures.clone();
    for grey in binary.data_mut() {
        *grey = f32::from(u8::from(*grey > 0.5));
    }
    binary
}

/// Share of predicted classes that are not those of the data, in per cent.
pub(crate) fn error_of(predicted: &[u32], data: &Dataset) -> f64 {
    let Targets::Classes { labels, .. } = data.targets() else {
        return f64::NAN;
    };
    let wrong = predicted.iter().zip(labels).filter(|(p, l)| p != l).count();
    100.0 * wrong as f64 / labels.len() as f64
}
