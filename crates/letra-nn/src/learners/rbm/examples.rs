use crate::{Dataset, Source, Tensor};

/// What a Boltzmann machine learns from: a tensor `[samples, …]`, a [`Dataset`], whose targets are not
/// looked at, or a [`Source`] of batches; references to all of these become it by themselves.
///
/// ```
/// use letra_nn::learners::{ContrastiveDivergence, Rbm, RbmFit};
/// use letra_nn::Tensor;
///
/// let data = Tensor::new([2, 3], vec![0.0, 1.0, 1.0, 1.0, 0.0, 0.0])?;
/// let mut rbm = Rbm::new(3, 2).compile(ContrastiveDivergence::new(0.1))?;
/// rbm.fit(&data, RbmFit::epochs(1))?;
/// # Ok::<(), letra_nn::Error>(())
/// ```
#[non_exhaustive]
pub enum Examples<'a> {
    /// Samples in memory, cut into batches.
    Data(&'a Tensor),
    /// The same with targets.
    Dataset(&'a Dataset),
    /// Batches as they come.
    Source(&'a mut dyn Source),
}

impl<'a> From<&'a Tensor> for Examples<'a> {
    fn from(data: &'a Tensor) -> Self {
        Examples::Data(data)
    }
}

impl<'a> From<&'a Dataset> for Examples<'a> {
    fn from(data: &'a Dataset) -> Self {
        Examples::Dataset(data)
    }
}

impl<'a, S: Source> From<&'a mut S> for Examples<'a> {
    fn from(source: &'a mut S) -> Self {
        Examples::Source(source)
    }
}

impl Examples<'_> {
    /// The samples, unless they come as batches.
    pub(in crate::learners) fn inputs(&self) -> Option<&Tensor> {
        match self {
            Examples::Data(data) => Some(data),
            Examples::Dataset(data) => Some(data.inputs()),
            Examples::Source(_) => None,
        }
    }

    /// The samples with their targets, where these are known.
    pub(in crate::learners) fn dataset(&self) -> Option<&Dataset> {
        match self {
            Examples::Dataset(data) => Some(data),
            _ => None,
        }
    }
}
