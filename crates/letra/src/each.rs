//! Work on many things by all cores.

use std::num::NonZero;
use std::panic::resume_unwind;
use std::thread;

/// What is made of each of some things, in their order.
pub(crate) fn of_each<T: Sync, U: Send>(things: &[T], make: impl Fn(&T) -> U + Sync) -> Vec<U> {
    let cores = thread::available_parallelism().map_or(1, NonZero::get);
    let share = things.len().div_ceil(cores).max(1);
    let of_part = |part: &[T]| part.iter().map(&make).collect::<Vec<U>>();
    let mut parts = things.chunks(share);
    let Some(first) = parts.next() else {
        return Vec::new();
    };
    let of_part = &of_part;
    thread::scope(|scope| {
        let others: Vec<_> = parts
            .map(|part| scope.spawn(move || of_part(part)))
            .collect();
        let mut made = of_part(first);
        for other in others {
            // What it panicked with goes on here.
            made.extend(other.join().unwrap_or_else(|panic| resume_unwind(panic)));
        }
        made
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_made_keeps_the_order() {
        for count in [0, 1, 2, 3, 100] {
            let things: Vec<usize> = (0..count).collect();
            let wanted: Vec<String> = things.iter().map(usize::to_string).collect();
            assert_eq!(of_each(&things, usize::to_string), wanted);
        }
    }
}
