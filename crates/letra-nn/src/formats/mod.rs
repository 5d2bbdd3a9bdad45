//! Data from and to other programs: NumPy's and MNIST's files, tables, ndarray's arrays. Each is a
//! feature of the crate.

#[cfg(feature = "csv")]
mod feature_space;
#[cfg(feature = "idx")]
mod idx;
#[cfg(feature = "ndarray")]
mod ndarray;
#[cfg(feature = "npy")]
mod npy;
#[cfg(feature = "csv")]
mod quotes;
#[cfg(feature = "csv")]
mod table;

#[cfg(feature = "csv")]
pub use feature_space::FeatureSpace;
#[cfg(feature = "csv")]
pub use table::Table;
