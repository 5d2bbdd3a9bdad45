//! A support-vector machine with an RBF kernel, and the choice of its settings.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Mutex, PoisonError};
use std::thread;

use letra_type::Split as Fold;
use linfa::dataset::DatasetBase;
use linfa::traits::Fit;
use linfa_svm::Svm;
use ndarray::{Array1, Array2};

use crate::experiment::{Examples, Split};
use crate::failure::Failure;
use crate::interrupt::Interrupt;

/// What is tried for C, the price of a wrong training picture.
const PRICES: [f64; 3] = [1.0, 10.0, 100.0];
/// What is tried for γ of the kernel exp(−γ ‖x − y‖²): from where distances hardly count to where
/// only near copies are alike.
const GAMMAS: [f64; 5] = [0.003, 0.01, 0.03, 0.1, 0.3];
/// Parts of the cross-validation.
const PARTS: usize = 3;
/// The share of the training pictures that the settings are chosen on.
const SEARCHED: f64 = 0.25;
/// How nearly the optimum is reached, as in LIBSVM.
const TOLERANCE: f64 = 1e-3;

/// The settings of a support-vector machine.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Settings {
    /// The price of a wrong training picture.
    pub(super) c: f64,
    /// How fast two pictures become strangers: the kernel is exp(−γ ‖x − y‖²).
    pub(super) gamma: f64,
}

/// Pictures as rows of pixels, without the pixels that are the same in all of them: those are in
/// no distance.
pub(super) struct Rows {
    values: Vec<f64>,
    width: usize,
    labels: Vec<usize>,
    classes: usize,
}

impl Rows {
    /// The rows of all pictures.
    pub(super) fn new(examples: &Examples) -> Self {
        let pictures = examples.pictures();
        let first = pictures.picture(0);
        let differs = |pixel: &usize| {
            (0..pictures.len()).any(|at| pictures.picture(at)[*pixel] != first[*pixel])
        };
        let pixels: Vec<usize> = (0..first.len()).filter(differs).collect();
        let row = |picture| {
            pixels
                .iter()
                .map(move |&pixel| pictures.picture(picture)[pixel])
        };
        Self {
            values: (0..pictures.len())
                .flat_map(row)
                .map(|ink| f64::from(ink) / 255.0)
                .collect(),
            width: pixels.len(),
            labels: pictures.labels().to_vec(),
            classes: pictures.class_names().len(),
        }
    }

    fn row(&self, picture: usize) -> &[f64] {
        &self.values[picture * self.width..][..self.width]
    }

    /// exp(−γ ‖x − y‖²).
    fn kernel(&self, gamma: f64, one: usize, other: usize) -> f64 {
        // Eight sums beside each other, as wide as the processor's registers.
        let mut sums = [0.0; 8];
        let (one, one_rest) = self.row(one).as_chunks::<8>();
        let (other, other_rest) = self.row(other).as_chunks::<8>();
        for (one, other) in one.iter().zip(other) {
            for lane in 0..8 {
                sums[lane] += (one[lane] - other[lane]).powi(2);
            }
        }
        let rest = one_rest.iter().zip(other_rest);
        let rest: f64 = rest.map(|(one, other)| (one - other).powi(2)).sum();
        (-gamma * (sums.iter().sum::<f64>() + rest)).exp()
    }
}

/// A machine for each pair of classes; what most of them say is the answer, as in LIBSVM.
pub(super) struct Machine<'a> {
    rows: &'a Rows,
    settings: Settings,
    pairs: Vec<Pair>,
}

/// Tells one class from another.
struct Pair {
    classes: [usize; 2],
    /// Pictures that matter, with their weight.
    vectors: Vec<(usize, f64)>,
    threshold: f64,
}

impl<'a> Machine<'a> {
    /// Learns the pictures at `train`; nothing if the reader asked to stop.
    pub(super) fn train(
        rows: &'a Rows,
        train: &[usize],
        settings: Settings,
        (threads, interrupt): (usize, &Interrupt),
    ) -> Result<Option<Self>, Failure> {
        let mut pairs = Vec::new();
        for one in 0..rows.classes {
            pairs.extend((one + 1..rows.classes).map(|other| [one, other]));
        }
        let trained = in_parallel(threads, &pairs, interrupt, |&classes| {
            Pair::train(rows, train, classes, settings)
        });
        let Some(trained) = trained else {
            return Ok(None);
        };
        let pairs = trained.into_iter().collect::<Result<Vec<_>, _>>()?;
        Ok(Some(Self {
            rows,
            settings,
            pairs: pairs.into_iter().flatten().collect(),
        }))
    }

    /// The class of each picture at `pictures`.
    pub(super) fn classes(&self, pictures: &[usize], threads: usize) -> Vec<usize> {
        let class = |&picture: &usize| self.class(picture);
        in_parallel(threads, pictures, &Interrupt::default(), class).unwrap_or_default()
    }

    fn class(&self, picture: usize) -> usize {
        let gamma = self.settings.gamma;
        let mut known = vec![None; self.rows.labels.len()];
        let mut votes = vec![0; self.rows.classes];
        for pair in &self.pairs {
            let vectors = pair.vectors.iter();
            let sum: f64 = vectors
                .map(|&(vector, weight)| {
                    let kernel = known[vector]
                        .get_or_insert_with(|| self.rows.kernel(gamma, vector, picture));
                    weight * *kernel
                })
                .sum();
            votes[pair.classes[usize::from(sum < pair.threshold)]] += 1;
        }
        let most = votes.iter().max().copied().unwrap_or(0);
        votes.iter().position(|count| *count == most).unwrap_or(0)
    }

    /// The share of the pictures at `pictures` that are named right.
    pub(super) fn accuracy(&self, pictures: &[usize], threads: usize) -> f64 {
        let classes = self.classes(pictures, threads);
        let answers = classes.iter().zip(pictures);
        let right = answers.filter(|(class, picture)| **class == self.rows.labels[**picture]);
        right.count() as f64 / pictures.len() as f64
    }

    /// Pictures that take part in a decision, each counted once.
    pub(super) fn support_vectors(&self) -> usize {
        let vectors = self.pairs.iter().flat_map(|pair| &pair.vectors);
        let mut vectors: Vec<usize> = vectors.map(|(vector, _)| *vector).collect();
        vectors.sort_unstable();
        vectors.dedup();
        vectors.len()
    }
}

impl Pair {
    /// Nothing where a class has no pictures at `train`.
    fn train(
        rows: &Rows,
        train: &[usize],
        classes: [usize; 2],
        settings: Settings,
    ) -> Result<Option<Self>, Failure> {
        let of_pair = |picture: &&usize| classes.contains(&rows.labels[**picture]);
        let pictures: Vec<usize> = train.iter().filter(of_pair).copied().collect();
        let first: Array1<bool> = pictures
            .iter()
            .map(|&picture| rows.labels[picture] == classes[0])
            .collect();
        if first.iter().all(|&is_first| is_first == first[0]) {
            return Ok(None);
        }
        let values = Array2::from_shape_fn((pictures.len(), rows.width), |(place, column)| {
            rows.row(pictures[place])[column]
        });
        let svm = Svm::<f64, bool>::params()
            .pos_neg_weights(settings.c, settings.c)
            .eps(TOLERANCE)
            .gaussian_kernel(1.0 / settings.gamma)
            .fit(&DatasetBase::new(values, first))
            .map_err(|error| Failure::new(format!("a support-vector machine failed: {error}")))?;
        let weights = pictures.iter().zip(&svm.alpha);
        Ok(Some(Self {
            classes,
            vectors: weights
                .filter(|(_, weight)| weight.abs() > 1e-12)
                .map(|(picture, weight)| (*picture, *weight))
                .collect(),
            threshold: svm.rho,
        }))
    }
}

/// The settings that do best in a cross-validation within the pictures at `train`; nothing if the
/// reader asked to stop.
pub(super) fn choose(
    examples: &Examples,
    rows: &Rows,
    train: &[usize],
    (split, seed): (Split, u64),
    (threads, interrupt): (usize, &Interrupt),
) -> Result<Option<Settings>, Failure> {
    let parts = parts(examples, train, split, seed)?;
    let mut tries = Vec::new();
    for c in PRICES {
        tries.extend(GAMMAS.map(|gamma| Settings { c, gamma }));
    }
    let jobs: Vec<(Settings, &Fold)> = (tries.iter())
        .flat_map(|settings| parts.iter().map(|part| (*settings, part)))
        .collect();
    let accuracies = in_parallel(threads, &jobs, interrupt, |(settings, part)| {
        let machine = Machine::train(rows, &part.train, *settings, (1, interrupt))?;
        Ok(machine.map(|machine| machine.accuracy(&part.test, 1)))
    });
    let accuracies: Option<Vec<Option<f64>>> = accuracies
        .map(|accuracies| accuracies.into_iter().collect::<Result<_, Failure>>())
        .transpose()?;
    let Some(accuracies) = accuracies.and_then(|all| all.into_iter().collect::<Option<Vec<f64>>>())
    else {
        return Ok(None);
    };
    let sums = accuracies
        .chunks(PARTS)
        .map(|parts| parts.iter().sum::<f64>());
    // The first of equals: the lowest price, and then the widest kernel.
    let mut best = (f64::NEG_INFINITY, None);
    for (sum, settings) in sums.zip(tries) {
        if sum > best.0 {
            best = (sum, Some(settings));
        }
    }
    Ok(best.1)
}

/// A share of the pictures at `train` in parts, split as the experiment is: by characters, where
/// whole characters are kept back for the test.
fn parts(
    examples: &Examples,
    train: &[usize],
    split: Split,
    seed: u64,
) -> Result<Vec<Fold>, Failure> {
    let share = Fold::random(train.len(), SEARCHED, seed)?.test;
    let searched: Vec<usize> = share.into_iter().map(|place| train[place]).collect();
    let groups: Vec<usize> = match (split, examples.pictures().groups()) {
        (Split::UnseenCharacters, Some(groups)) => {
            searched.iter().map(|&picture| groups[picture]).collect()
        }
        _ => (0..searched.len()).collect(),
    };
    let parts = Fold::by_group(&groups, PARTS)?
        .into_iter()
        .map(|part| Fold {
            train: part.train.iter().map(|&place| searched[place]).collect(),
            test: part.test.iter().map(|&place| searched[place]).collect(),
        });
    Ok(parts.collect())
}

/// Does `work` for each job, on several threads; nothing if the reader asked to stop. The answers
/// are in the order of the jobs.
fn in_parallel<J: Sync, A: Send>(
    threads: usize,
    jobs: &[J],
    interrupt: &Interrupt,
    work: impl Fn(&J) -> A + Sync,
) -> Option<Vec<A>> {
    let next = AtomicUsize::new(0);
    let answers = Mutex::new(Vec::with_capacity(jobs.len()));
    thread::scope(|scope| {
        for _ in 0..threads.min(jobs.len()) {
            scope.spawn(|| {
                while !interrupt.requested() {
                    let job = next.fetch_add(1, Ordering::Relaxed);
                    let Some(todo) = jobs.get(job) else { break };
                    let answer = work(todo);
                    let mut answers = answers.lock().unwrap_or_else(PoisonError::into_inner);
                    answers.push((job, answer));
                }
            });
        }
    });
    let mut answers = answers.into_inner().unwrap_or_else(PoisonError::into_inner);
    answers.sort_by_key(|(job, _)| *job);
    (answers.len() == jobs.len()).then(|| answers.into_iter().map(|(_, answer)| answer).collect())
}
