//! Two pieces of work at once, by threads that wait for each other awake.

use std::hint::spin_loop;
use std::sync::atomic::{AtomicBool, Ordering};

use rayon::Yield;

/// How often a thread looks for the other's end, or for other work, before it goes to sleep: about
/// a tenth of a millisecond.
const ROUNDS: usize = 1000;

/// As [`rayon::join`], but the thread that is done first looks out for work for a while, as does one
/// that helped it: falling asleep and being woken takes as long as a small layer.
fn join(left: impl FnOnce() + Send, right: impl FnOnce() + Send) {
    let [left_done, right_done] = [const { AtomicBool::new(false) }; 2];
    rayon::join(
        || {
            left();
            left_done.store(true, Ordering::Release);
            wait(&right_done);
        },
        || {
            right();
            right_done.store(true, Ordering::Release);
            wait(&left_done);
        },
    );
}

/// Does other work of the pool until something is done, or there is nothing to do for too long.
fn wait(done: &AtomicBool) {
    let mut idle = 0;
    while !done.load(Ordering::Acquire) && idle < ROUNDS {
        match rayon::yield_now() {
            Some(Yield::Executed) => idle = 0,
            _ => idle += 1,
        }
        spin_loop();
    }
}

/// Does `count` things at once: `split` cuts what they need after the first so many, `work` does
/// one.
pub(super) fn for_each<T: Send>(
    count: usize,
    things: T,
    split: &(impl Fn(T, usize) -> (T, T) + Sync),
    work: &(impl Fn(T) + Sync),
) {
    match count {
        0 => {}
        1 => work(things),
        _ => {
            let half = count / 2;
            let (left, right) = split(things, half);
            join(
                || for_each(half, left, split, work),
                || for_each(count - half, right, split, work),
            );
        }
    }
}

#[cfg(test)]
mod tests {
    use std::panic::{AssertUnwindSafe, catch_unwind};

    use super::*;

    fn add_one_to_each(threads: usize, values: &mut [usize]) {
        let pool = rayon::ThreadPoolBuilder::new().num_threads(threads);
        pool.build().expect("threads start").install(|| {
            for_each(
                values.len(),
                (0, values),
                &|(first, values), count| {
                    let (left, right) = values.split_at_mut(count);
                    ((first, left), (first + count, right))
                },
                &|(first, values)| {
                    assert_eq!(values.len(), 1);
                    assert_ne!(values[0], usize::MAX, "this one is not to be done");
                    // Some take long.
                    (0..first % 3 * 1000).for_each(|_| spin_loop());
                    values[0] += 1 + first;
                },
            );
        });
    }

    #[test]
    fn each_thing_is_done_once_by_any_number_of_threads() {
        for threads in [1, 2, 3, 8] {
            for count in [0, 1, 2, 7, 40] {
                let mut values = vec![10; count];
                add_one_to_each(threads, &mut values);
                assert_eq!(values, Vec::from_iter(11..11 + count));
            }
        }
    }

    #[test]
    fn what_fails_on_one_side_ends_both() {
        for threads in [1, 2, 3] {
            for at in [0, 6] {
                let mut values = vec![10; 7];
                values[at] = usize::MAX;
                let work = AssertUnwindSafe(|| add_one_to_each(threads, &mut values));
                assert!(catch_unwind(work).is_err());
            }
        }
    }
}
