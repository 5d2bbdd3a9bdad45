//! Products value by value.

use super::simd::{dispatch, kernel};

/// product *= values
pub fn multiply(product: &mut [f32], values: &[f32]) {
    assert_eq!(product.len(), values.len(), "buffers differ in length");
    dispatch(Multiply { product, values });
}

kernel! {
    struct Multiply<'a>(product: &'a mut [f32], values: &'a [f32]) {
        for (product, value) in product.iter_mut().zip(values) {
            *product *= value;
        }
    }
}
