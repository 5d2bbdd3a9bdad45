use std::sync::{Arc, Mutex};

use crate::Error;

/// Threads of a pool, at most.
const MOST_THREADS: usize = 1024;

/// A pool of threads that networks and trainers work on. A clone is the same pool; how many threads
/// it has changes no bit of any result.
///
/// ```
/// use letra_nn::prelude::*;
///
/// // One pool for two networks.
/// let workers = Workers::new(2)?;
/// let compile = || Compile::new(Sgd::new(0.1)).workers(workers.clone());
/// let first = Sequential::new([2]).add(Dense::new(1)).compile(compile())?;
/// let second = Sequential::new([3]).add(Dense::new(1)).compile(compile())?;
/// assert_eq!((first.threads(), second.threads()), (2, 2));
/// # Ok::<(), letra_nn::Error>(())
/// ```
#[derive(Debug, Clone)]
pub struct Workers {
    pool: Arc<rayon::ThreadPool>,
    /// Held by a whole training.
    training: Arc<Mutex<()>>,
}

impl Workers {
    /// A pool of `threads` threads; 0 takes one a core.
    ///
    /// # Errors
    /// When they are more than 1,024, or the system refuses to start them.
    pub fn new(threads: usize) -> Result<Self, Error> {
        if threads > MOST_THREADS {
            return Err(Error::configuration(format!(
                "{threads} threads are more than {MOST_THREADS}"
            ))
            .with_hint("choose 0 for a thread a core"));
        }
        let pool = rayon::ThreadPoolBuilder::new()
            .num_threads(threads)
            .thread_name(|number| format!("letra-{number}"))
            .build()
            .map_err(|error| {
                Error::configuration(format!("cannot start {threads} threads: {error}"))
            })?;
        Ok(Workers {
            pool: Arc::new(pool),
            training: Arc::default(),
        })
    }

    /// Number of threads.
    pub fn threads(&self) -> usize {
        self.pool.current_num_threads()
    }

    /// Does a whole training in the pool, after those that are under way: a thread that waits for a
    /// part of one must not take on all of another.
    pub(crate) fn install_training<R: Send>(&self, train: impl FnOnce() -> R + Send) -> R {
        let within = self.pool.current_thread_index().is_some();
        let _turn = (!within).then(|| {
            let turn = self.training.lock();
            turn.unwrap_or_else(|poisoned| poisoned.into_inner())
        });
        self.pool.install(train)
    }

    /// Does some work in the pool.
    pub(crate) fn install<R: Send>(&self, work: impl FnOnce() -> R + Send) -> R {
        self.pool.install(work)
    }
}
