//! The general matrix product, from the `gemm` crate.

use gemm_common::Parallelism;

/// A matrix as a view of a slice: entry (row, column) is
/// `data[row * row_stride + column * column_stride]`.
#[derive(Clone, Copy, Debug)]
pub struct Mat<'a> {
    /// The entries.
    pub data: &'a [f32],
    /// Distance between an entry and the one below it.
    pub row_stride: usize,
    /// Distance between an entry and the one right of it.
    pub column_stride: usize,
}

impl<'a> Mat<'a> {
    /// The matrix whose rows lie one after another in `data`.
    pub fn row_major(data: &'a [f32], columns: usize) -> Mat<'a> {
        Mat {
            data,
            row_stride: columns,
            column_stride: 1,
        }
    }

    /// The transpose of the matrix whose rows, of length `columns`, lie one after another in
    /// `data`.
    pub fn transposed(data: &'a [f32], columns: usize) -> Mat<'a> {
        Mat {
            data,
            row_stride: 1,
            column_stride: columns,
        }
    }

    /// Whether every entry of a `rows` × `columns` matrix lies inside the slice.
    fn holds(&self, rows: usize, columns: usize) -> bool {
        let last = |count: usize, stride: usize| (count - 1).checked_mul(stride);
        rows == 0
            || columns == 0
            || last(rows, self.row_stride)
                .zip(last(columns, self.column_stride))
                .and_then(|(row, column)| row.checked_add(column))
                .is_some_and(|index| index < self.data.len())
    }
}

/// destination = left · right, or destination += left · right where `accumulate` is set.
///
/// `left` is m × k, `right` is k × n, `destination` is m × n and row-major.
///
/// # Panics
/// Where a matrix does not fit into its slice.
pub fn gemm(
    m: usize,
    n: usize,
    k: usize,
    destination: &mut [f32],
    accumulate: bool,
    left: Mat<'_>,
    right: Mat<'_>,
) {
    assert_eq!(destination.len(), m * n, "destination is not m × n");
    assert!(left.holds(m, k), "left is not m × k");
    assert!(right.holds(k, n), "right is not k × n");
    let function = gemm_f32::gemm::f32::get_gemm_fn();
    // SAFETY: the checks above keep every entry the product reads or writes inside its slice;
    // strides of slices in memory fit into isize; `destination` is borrowed mutably, so it
    // overlaps neither factor.
    unsafe {
        function(
            m,
            n,
            k,
            destination.as_mut_ptr(),
            1,
            n as isize,
            accumulate,
            left.data.as_ptr(),
            left.column_stride as isize,
            left.row_stride as isize,
            right.data.as_ptr(),
            right.column_stride as isize,
            right.row_stride as isize,
            1.0,
            1.0,
            false,
            false,
            false,
            Parallelism::None,
        );
    }
}
