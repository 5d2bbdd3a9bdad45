use std::ops::Range;

use crate::Error;
use crate::buffer::Buffer;
use crate::shape::product;

/// A dense array of single-precision numbers in row-major order.
///
/// Where a tensor holds samples, the first axis counts them and channels come last.
///
/// ```
/// use letra_nn::Tensor;
/// let pictures = Tensor::new([2, 2, 2, 1], vec![0.0, 1.0, 1.0, 0.0, 0.5, 0.5, 0.5, 0.5])?;
/// assert_eq!(pictures.samples(), 2);
/// assert_eq!(pictures.sample(0), [0.0, 1.0, 1.0, 0.0]);
/// # Ok::<(), letra_nn::Error>(())
/// ```
#[derive(Debug, Clone, PartialEq)]
pub struct Tensor {
    shape: Vec<usize>,
    data: Buffer,
}

impl Tensor {
    /// A tensor of the given shape over `data`.
    ///
    /// # Errors
    /// When the shape asks for another number of values than `data` holds.
    pub fn new(shape: impl Into<Vec<usize>>, data: Vec<f32>) -> Result<Self, Error> {
        let shape = shape.into();
        check_values(&shape, data.len())?;
        let data = Buffer::from(data);
        Ok(Tensor { shape, data })
    }

    /// A tensor of whole numbers, such as classes or numbers of words: each is held exactly, up to
    /// 2²⁴ = 16,777,216.
    ///
    /// # Errors
    /// When the shape asks for another number of values than `data` holds, or one is larger.
    pub fn from_integers(shape: impl Into<Vec<usize>>, data: &[u32]) -> Result<Self, Error> {
        const MOST: u32 = 1 << f32::MANTISSA_DIGITS;
        if let Some(index) = data.iter().position(|&value| value > MOST) {
            return Err(Error::data(format!(
                "value {index} is {}, and single precision holds whole numbers to {MOST} only",
                data[index]
            ))
            .with_hint("number the things from 0 on"));
        }
        Tensor::new(shape, data.iter().map(|&value| value as f32).collect())
    }

    /// A tensor of numbers in double precision, rounded to single.
    ///
    /// # Errors
    /// When the shape asks for another number of values than `data` holds, or one is larger than
    /// single precision goes.
    pub fn from_f64(shape: impl Into<Vec<usize>>, data: &[f64]) -> Result<Self, Error> {
        let too_large = |value: &&f64| value.is_finite() && !(**value as f32).is_finite();
        if let Some(value) = data.iter().find(too_large) {
            return Err(
                Error::data(format!("{value} is beyond single precision")).with_hint("scale it")
            );
        }
        Tensor::new(shape, data.iter().map(|&value| value as f32).collect())
    }

    /// A tensor of zeros.
    ///
    /// # Panics
    /// When the product of the sizes is more than a computer can number.
    pub fn zeros(shape: impl Into<Vec<usize>>) -> Self {
        let shape = shape.into();
        match values_of(&shape) {
            Some(values) => Tensor {
                data: Buffer::zeros(values),
                shape,
            },
            None => panic!("a tensor of shape {shape:?} has more values than fit into memory"),
        }
    }

    /// The same values in another shape: row-major, as in NumPy and Keras.
    ///
    /// ```
    /// use letra_nn::Tensor;
    /// let rows = Tensor::new([2, 3], vec![0.0, 1.0, 2.0, 3.0, 4.0, 5.0])?;
    /// assert_eq!(rows.reshape([3, 2, 1])?.sample(2), [4.0, 5.0]);
    /// # Ok::<(), letra_nn::Error>(())
    /// ```
    ///
    /// # Errors
    /// When the shape asks for another number of values.
    pub fn reshape(self, shape: impl Into<Vec<usize>>) -> Result<Self, Error> {
        let shape = shape.into();
        check_values(&shape, self.data.len())?;
        Ok(Tensor { shape, ..self })
    }

    /// Sizes of the axes.
    pub fn shape(&self) -> &[usize] {
        &self.shape
    }

    /// All values, row-major.
    pub fn data(&self) -> &[f32] {
        &self.data
    }

    /// All values, row-major, to be changed.
    pub fn data_mut(&mut self) -> &mut [f32] {
        &mut self.data
    }

    /// The values alone.
    pub fn into_data(self) -> Vec<f32> {
        self.data.to_vec()
    }

    /// Size of the first axis; 1 for a tensor without axes.
    pub fn samples(&self) -> usize {
        self.shape.first().copied().unwrap_or(1)
    }

    /// Number of values of one sample.
    pub fn sample_values(&self) -> usize {
        let sample = self.shape.get(1..).unwrap_or_default();
        product(sample).unwrap_or(usize::MAX)
    }

    /// Values of sample `index`.
    ///
    /// # Panics
    /// When there is no such sample.
    pub fn sample(&self, index: usize) -> &[f32] {
        let values = self.sample_values();
        &self.data[index * values..(index + 1) * values]
    }

    /// The samples with the given indices, in that order.
    ///
    /// # Panics
    /// When an index has no sample.
    pub fn select(&self, indices: &[usize]) -> Tensor {
        let mut shape = self.shape.clone();
        if let Some(first) = shape.first_mut() {
            *first = indices.len();
        }
        let mut data = Buffer::zeros(indices.len() * self.sample_values());
        let values = self.sample_values();
        self.copy_samples(indices.iter().copied(), 0..values, &mut data);
        Tensor { shape, data }
    }

    /// Copies some columns of the samples with the given indices, one sample after the other, as
    /// many as `to` holds.
    pub(crate) fn copy_samples(
        &self,
        indices: impl Iterator<Item = usize>,
        columns: Range<usize>,
        to: &mut [f32],
    ) {
        for (to, index) in to.chunks_exact_mut(columns.len().max(1)).zip(indices) {
            to.copy_from_slice(&self.sample(index)[columns.clone()]);
        }
    }
}

/// Number of values of a tensor of this shape, if a computer can number them.
fn values_of(shape: &[usize]) -> Option<usize> {
    let values = product(shape)?;
    (values <= isize::MAX as usize / size_of::<f32>()).then_some(values)
}

/// An error unless a tensor of this shape has so many values.
fn check_values(shape: &[usize], given: usize) -> Result<(), Error> {
    match values_of(shape) == Some(given) {
        true => Ok(()),
        false => Err(Error::data(format!(
            "a tensor of shape {shape:?} was given {given} values"
        ))
        .with_hint("the product of the sizes must equal their number")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    #[should_panic(expected = "more values than fit into memory")]
    fn sizes_whose_product_wraps_give_no_tensor() {
        let _ = Tensor::zeros([usize::MAX / 2 + 1, 2]);
    }

    #[test]
    fn another_shape_has_as_many_values() {
        let tensor = Tensor::new([4], vec![0., 1., 2., 3.]).unwrap();
        let error = tensor.clone().reshape([3, 2]).unwrap_err().to_string();
        assert!(
            error.contains("[3, 2]") && error.contains("4 values"),
            "{error}"
        );
        assert!(tensor.clone().reshape([usize::MAX, 4]).is_err());
        assert_eq!(tensor.reshape([2, 2]).unwrap().sample(1), [2., 3.]);
    }

    #[test]
    fn a_shape_that_does_not_fit_is_refused() {
        let error = Tensor::new([2, 3], vec![0.0; 5]).unwrap_err().to_string();
        assert!(
            error.contains("[2, 3]") && error.contains("5 values"),
            "{error}"
        );
        assert!(Tensor::new([usize::MAX, 2], vec![]).is_err());
    }

    #[test]
    fn double_precision_is_rounded_or_refused() {
        let tensor = Tensor::from_f64([2], &[0.1, -1e-60]).unwrap();
        assert_eq!(tensor.data(), [0.1, 0.0]);
        let error = Tensor::from_f64([1], &[1e40]).unwrap_err().to_string();
        assert!(error.contains("single precision"), "{error}");
    }

    #[test]
    fn select_takes_rows_in_the_order_asked() {
        let tensor = Tensor::new([3, 2], vec![0., 1., 2., 3., 4., 5.]).unwrap();
        let chosen = tensor.select(&[2, 0, 2]);
        assert_eq!(chosen.shape(), [3, 2]);
        assert_eq!(chosen.data(), [4., 5., 0., 1., 4., 5.]);
    }

    #[test]
    fn whole_numbers_are_held_exactly_or_refused() {
        let words = Tensor::from_integers([2, 2], &[0, 7, 1 << 24, 12_345_678]).unwrap();
        assert_eq!(words.data(), [0.0, 7.0, 16_777_216.0, 12_345_678.0]);
        let error = Tensor::from_integers([2], &[1, (1 << 24) + 1]).unwrap_err();
        assert!(error.to_string().contains("value 1 is 16777217"), "{error}");
        assert!(Tensor::from_integers([3], &[1, 2]).is_err());
    }
}
