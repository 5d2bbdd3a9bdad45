//! Matrix products on slices.

use gemm_common::Parallelism;

/// A matrix that is read: element (i, j) is `data[i · row_stride + j · column_stride]`.
#[derive(Clone, Copy, Debug)]
pub struct Mat<'a> {
    /// The elements.
    pub data: &'a [f32],
    /// Distance of two rows, in elements.
    pub row_stride: usize,
    /// Distance of two columns, in elements.
    pub column_stride: usize,
}

/// A matrix that is written: element (i, j) is `data[i · row_stride + j · column_stride]`.
#[derive(Debug)]
pub struct MatMut<'a> {
    /// The elements.
    pub data: &'a mut [f32],
    /// Distance of two rows, in elements.
    pub row_stride: usize,
    /// Distance of two columns, in elements.
    pub column_stride: usize,
}

/// `destination [m, n] = left [m, k] · right [k, n]`, added to what is there if `accumulate`.
///
/// One thread; the order of the sums follows from the sizes and strides.
///
/// # Panics
/// If a matrix reaches beyond its slice, or if two elements of the destination are one.
pub fn gemm_strided(
    m: usize,
    n: usize,
    k: usize,
    destination: MatMut<'_>,
    accumulate: bool,
    left: Mat<'_>,
    right: Mat<'_>,
) {
    let last = |rows: usize, columns: usize, row_stride: usize, column_stride: usize| {
        if rows == 0 || columns == 0 {
            0
        } else {
            (rows - 1) * row_stride + (columns - 1) * column_stride + 1
        }
    };
    let (row, column) = (destination.row_stride, destination.column_stride);
    assert!(last(m, n, row, column) <= destination.data.len());
    assert!(last(m, k, left.row_stride, left.column_stride) <= left.data.len());
    assert!(last(k, n, right.row_stride, right.column_stride) <= right.data.len());
    assert!(m <= 1 || n <= 1 || row >= n * column || column >= m * row);
    assert!((m <= 1 || row > 0) && (n <= 1 || column > 0));

    // The product is fastest where the destination's columns are contiguous: (A·B)ᵀ = Bᵀ·Aᵀ.
    if column < row {
        let destination = MatMut {
            data: destination.data,
            row_stride: column,
            column_stride: row,
        };
        // SAFETY: the bounds asserted above hold for the transposed matrices just as well.
        unsafe {
            product(
                n,
                m,
                k,
                destination,
                accumulate,
                right.transpose(),
                left.transpose(),
            )
        }
    } else {
        // SAFETY: the bounds are asserted above.
        unsafe { product(m, n, k, destination, accumulate, left, right) }
    }
}

impl<'a> Mat<'a> {
    /// A matrix whose rows of `columns` elements lie one behind the other.
    pub fn row_major(data: &'a [f32], columns: usize) -> Self {
        Mat {
            data,
            row_stride: columns,
            column_stride: 1,
        }
    }

    /// The transpose of a matrix whose rows of `columns` elements lie one behind the other.
    pub fn transposed(data: &'a [f32], columns: usize) -> Self {
        Self::row_major(data, columns).transpose()
    }

    fn transpose(self) -> Self {
        Self {
            row_stride: self.column_stride,
            column_stride: self.row_stride,
            ..self
        }
    }
}

/// [`gemm_strided`] for a destination whose rows lie one behind the other and fill the slice.
///
/// # Panics
/// If a matrix reaches beyond its slice, or the destination is not `m` · `n` elements.
pub fn gemm(
    m: usize,
    n: usize,
    k: usize,
    destination: &mut [f32],
    accumulate: bool,
    left: Mat<'_>,
    right: Mat<'_>,
) {
    assert_eq!(destination.len(), m * n, "the destination is not m × n");
    let destination = MatMut {
        data: destination,
        row_stride: n,
        column_stride: 1,
    };
    gemm_strided(m, n, k, destination, accumulate, left, right);
}

/// # Safety
/// Every element of the three matrices lies within its slice, and no two elements of the
/// destination share a place.
unsafe fn product(
    m: usize,
    n: usize,
    k: usize,
    destination: MatMut<'_>,
    accumulate: bool,
    left: Mat<'_>,
    right: Mat<'_>,
) {
    // SAFETY: the caller vouches for the bounds; strides of a slice fit in isize.
    unsafe {
        gemm_f32::gemm::f32::get_gemm_fn()(
            m,
            n,
            k,
            destination.data.as_mut_ptr(),
            destination.column_stride as isize,
            destination.row_stride as isize,
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
