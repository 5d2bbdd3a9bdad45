//! Reports: a folder with one page that needs no network and no script, and the files it links to.

pub mod confusion;
pub mod curves;
pub mod folder;
pub mod numbers;
pub mod page;
pub mod picture;
pub mod scatter;
