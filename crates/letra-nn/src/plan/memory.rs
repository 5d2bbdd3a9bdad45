//! The memory that a plan needs.

use super::node::Location;

/// Sizes of the buffers, in numbers a sample.
#[derive(Debug, Default)]
pub(crate) struct Memory {
    /// Buffers that each worker has, reused for each shard.
    pub(crate) worker: Vec<usize>,
    /// Buffers that each shard has, kept until the batch is done.
    pub(crate) shard: Vec<usize>,
    /// Scratch space of a worker, in numbers for a whole shard.
    pub(crate) scratch: usize,
    free: Vec<usize>,
}

impl Memory {
    pub(super) fn worker(&mut self, values: usize) -> Location {
        self.worker.push(values);
        Location::Worker(self.worker.len() - 1)
    }

    pub(super) fn shard(&mut self, values: usize) -> Location {
        self.shard.push(values);
        Location::Shard(self.shard.len() - 1)
    }

    /// A worker's buffer that is free now, grown as needed.
    pub(super) fn reusable(&mut self, values: usize) -> Location {
        match self.free.pop() {
            Some(index) => {
                self.worker[index] = self.worker[index].max(values);
                Location::Worker(index)
            }
            None => self.worker(values),
        }
    }

    pub(super) fn release(&mut self, place: Location) {
        if let Location::Worker(index) = place {
            self.free.push(index);
        }
    }
}
