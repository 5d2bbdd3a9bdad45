//! What the machine can do at most.

use std::hint::spin_loop;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Instant;

use letra_kernels::gemm::{Mat, MatMut, gemm};
use pulp::{Arch, Simd, WithSimd};

/// Independent sums, enough to hide the latency of a multiply-add.
const SUMS: usize = 12;
const ROUNDS: usize = 200_000;

struct Peak;

impl WithSimd for Peak {
    type Output = usize;

    /// Multiply-adds on registers alone; returns the floating-point operations done.
    #[inline(always)]
    fn with_simd<S: Simd>(self, simd: S) -> usize {
        let factor = simd.splat_f32s(std::hint::black_box(0.999));
        let mut sums = [simd.splat_f32s(std::hint::black_box(1.0)); SUMS];
        for _ in 0..ROUNDS {
            for sum in &mut sums {
                *sum = simd.mul_add_f32s(*sum, factor, factor);
            }
        }
        std::hint::black_box(sums);
        2 * ROUNDS * SUMS * S::F32_LANES
    }
}

/// Single-precision peak of `threads` threads, in GFLOP/s: the best of several rounds of
/// multiply-adds that touch no memory.
pub(crate) fn peak(threads: usize) -> f64 {
    best_rate(threads, || Arch::new().dispatch(Peak))
}

/// Rate of matrix products of 768 × 768 that `threads` threads do side by side, in GFLOP/s.
pub(crate) fn gemm_rate(threads: usize) -> f64 {
    const SIZE: usize = 768;
    best_rate(threads, || {
        let left = vec![0.5; SIZE * SIZE];
        let right = vec![0.25; SIZE * SIZE];
        let mut product = vec![0.0; SIZE * SIZE];
        for _ in 0..4 {
            let (left, right) = (Mat::row_major(&left, SIZE), Mat::row_major(&right, SIZE));
            gemm(
                SIZE,
                SIZE,
                SIZE,
                MatMut::row_major(&mut product, SIZE),
                false,
                left,
                right,
            );
        }
        std::hint::black_box(&product);
        4 * 2 * SIZE * SIZE * SIZE
    })
}

fn best_rate(threads: usize, work: impl Fn() -> usize + Sync) -> f64 {
    let round = || {
        let start = Instant::now();
        let done: usize = std::thread::scope(|scope| {
            let workers: Vec<_> = (0..threads).map(|_| scope.spawn(&work)).collect();
            workers
                .into_iter()
                .map(|worker| worker.join().expect("no panic"))
                .sum()
        });
        done as f64 / start.elapsed().as_secs_f64() / 1e9
    };
    (0..9).map(|_| round()).fold(0.0, f64::max)
}

/// Nanoseconds from one thread's write to the moment when another sees it: the least of several
/// rounds of passing a cache line to and fro. Threads that write what others then read, as
/// parameters are, work no faster than that allows.
pub(crate) fn hand_over() -> f64 {
    const TURNS: usize = 5_000;
    // Both threads may have to share a core.
    const PATIENCE: usize = 10_000;
    let round = || {
        let turn = AtomicUsize::new(0);
        let play = |first: usize| {
            for mine in (first..TURNS).step_by(2) {
                let mut waited = 0;
                while turn.load(Ordering::Acquire) != mine {
                    waited += 1;
                    match waited % PATIENCE {
                        0 => std::thread::yield_now(),
                        _ => spin_loop(),
                    }
                }
                turn.store(mine + 1, Ordering::Release);
            }
        };
        let start = Instant::now();
        std::thread::scope(|scope| {
            scope.spawn(|| play(0));
            play(1);
        });
        1e9 * start.elapsed().as_secs_f64() / TURNS as f64
    };
    (0..5).map(|_| round()).fold(f64::INFINITY, f64::min)
}

/// Most memory that this process has held, in MiB, where the system tells.
pub(crate) fn peak_memory() -> Option<f64> {
    let status = std::fs::read_to_string("/proc/self/status").ok()?;
    let line = status
        .lines()
        .find_map(|line| line.strip_prefix("VmHWM:"))?;
    let kib: f64 = line.trim().strip_suffix(" kB")?.parse().ok()?;
    Some(kib / 1024.0)
}
