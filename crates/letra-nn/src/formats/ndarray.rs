//! Tensors from and to arrays of the crate `ndarray`.

use ndarray::{Array, ArrayD, ArrayView, ArrayViewD, Dimension, IxDyn};

use crate::Tensor;

impl<D: Dimension> From<ArrayView<'_, f32, D>> for Tensor {
    /// The values by rows, in whatever order the array holds them.
    fn from(array: ArrayView<'_, f32, D>) -> Self {
        let values = array.iter().copied().collect();
        Tensor::new(array.shape(), values).expect("an array has as many values as its shape says")
    }
}

impl<D: Dimension> From<Array<f32, D>> for Tensor {
    fn from(array: Array<f32, D>) -> Self {
        array.view().into()
    }
}

impl From<&Tensor> for ArrayD<f32> {
    fn from(tensor: &Tensor) -> Self {
        tensor.view().to_owned()
    }
}

impl Tensor {
    /// The values as an array of the crate `ndarray`.
    ///
    /// ```
    /// use letra_nn::Tensor;
    /// use ndarray::array;
    ///
    /// let tensor = Tensor::from(array![[0.0_f32, 1.0], [2.0, 3.0]].reversed_axes());
    /// assert_eq!(tensor.data(), [0.0, 2.0, 1.0, 3.0]);
    /// assert_eq!(tensor.view().sum(), 6.0);
    /// # Ok::<(), letra_nn::Error>(())
    /// ```
    pub fn view(&self) -> ArrayViewD<'_, f32> {
        ArrayViewD::from_shape(IxDyn(self.shape()), self.data())
            .expect("a tensor has as many values as its shape says")
    }
}

#[cfg(test)]
mod tests {
    use ndarray::{Array3, s};

    use super::*;

    #[test]
    fn arrays_of_any_order_come_and_go_by_rows() {
        let whole = Array3::from_shape_fn((4, 3, 2), |(a, b, c)| (100 * a + 10 * b + c) as f32);
        let part = whole.slice(s![..;2, ..;-1, ..]);
        let tensor = Tensor::from(part);
        assert_eq!(tensor.shape(), [2, 3, 2]);
        assert_eq!(tensor.sample(1)[..3], [220.0, 221.0, 210.0]);
        assert_eq!(ArrayD::from(&tensor), part.to_owned().into_dyn());
        assert_eq!(Tensor::from(ArrayD::from(&tensor)), tensor);
    }
}
