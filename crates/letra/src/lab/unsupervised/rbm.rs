//! A restricted Boltzmann machine of the pictures' pixels.

use letra_nn::learners::{
    AnnealedImportanceSampling, BoltzmannMachine, ContrastiveDivergence, Rbm, RbmEpoch, RbmFit,
};
use letra_nn::prelude::*;
use letra_nn::schedules::PolynomialDecay;
use maud::Markup;

use super::Task;
use super::watching::RbmWatch;
use crate::experiment::{Column, Row, Trial};
use crate::failure::Failure;
use crate::lab::tasks::gallery::{Gallery, filters, grids};
use crate::lab::tasks::lots::{Lot, Work, one_of_each};
use crate::lab::tasks::{Part, Training, measured, plot};
use crate::report::curves::Scale;
use crate::report::numbers::thousands;
use crate::report::picture::Grid;

/// The task.
pub(super) const TASK: Task = Task {
    name: "rbm",
    title: "A restricted Boltzmann machine",
    about: "How likely is a picture? Pixels are visible units, rounded to 0 and 1, and hidden units learn what goes \
            together. Contrastive divergence (Hinton 2002) follows chains of Gibbs sampling for one step from each \
            picture; persistent contrastive divergence (Tieleman 2008) never takes its chains back. Likelihoods are in \
            nats a picture, the higher the better, with ln Z by annealed importance sampling (Salakhutdinov and Murray \
            2008); the pseudo-likelihood is the mean over 100 pictures.",
    run,
};

const HIDDEN: usize = 256;
const BATCH: usize = 32;
const EPOCHS: usize = 40;
const RATE: f64 = 0.1;
const MOMENTUM: f32 = 0.5;

/// Chains of persistent contrastive divergence.
const PERSISTENT: usize = 64;

/// Pictures that the pseudo-likelihood is the mean of, which takes as long as a free energy for each pixel.
const FEW: usize = 100;

/// Epochs after which is measured on the way, as shares of all.
const MEASURED: [f64; 7] = [0.05, 0.1, 0.2, 0.35, 0.5, 0.75, 1.0];

/// Chains and steps of annealed importance sampling, on the way and in the end.
const ON_THE_WAY: [usize; 2] = [50, 500];
const IN_THE_END: [usize; 2] = [100, 2000];

/// Steps of Gibbs sampling after which chains are shown.
const SHOWN: [usize; 10] = [0, 1, 2, 5, 10, 20, 50, 100, 300, 1000];

/// Filters that are shown, and their columns.
const FILTERS: [usize; 2] = [100, 10];

const TRAIN: &str = "train_log_likelihood";
const TEST: &str = "test_log_likelihood";
const AIS_ERROR: &str = "log_partition_error";
const PSEUDO: &str = "test_pseudo_likelihood";
const ENERGY: &str = "free_energy_gap";
const RECONSTRUCTION: &str = "reconstruction_error";

/// How the machine learns.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Method {
    Contrastive,
    Persistent,
}

impl Method {
    const ALL: [Self; 2] = [Self::Contrastive, Self::Persistent];

    fn name(self) -> &'static str {
        match self {
            Self::Contrastive => "cd",
            Self::Persistent => "pcd",
        }
    }

    fn title(self) -> &'static str {
        match self {
            Self::Contrastive => "CD-1",
            Self::Persistent => "Persistent CD",
        }
    }
}

fn run(work: &Work<'_>) -> Result<Part, Failure> {
    let mut part = Part {
        columns: columns(),
        ..Part::default()
    };
    let (mut lines, mut filters) = (Vec::new(), Vec::new());
    for method in Method::ALL {
        let mut first = None;
        let trials = work.each(|lot| {
            let Some((trial, machine, curve)) = trial(work, method, lot, first.is_none())? else {
                return Ok(None);
            };
            if first.is_none() {
                first = Some((shown(work, method, lot, &machine)?, curve));
            }
            Ok(Some(vec![trial]))
        })?;
        let Some(mut rows) = trials else { break };
        let name = format!("{}-{}", TASK.name, method.name());
        let about = format!(
            "{HIDDEN} hidden units; batches of {BATCH}, {} epochs, a rate that falls from {RATE} to 0, momentum \
             {MOMENTUM}.{}",
            work.scaled(EPOCHS),
            match method {
                Method::Contrastive => String::new(),
                Method::Persistent => format!(" {PERSISTENT} chains."),
            }
        );
        part.rows
            .push(Row::new(name, method.title(), about, rows.remove(0)));
        if let Some((pictures, curve)) = first {
            let [of_units, rest @ ..] = pictures;
            filters.push(of_units);
            part.shown.extend(rest);
            lines.push((method, curve));
        }
    }
    part.findings.extend(part.rows.iter().map(finding));
    let mut curves = curves(&lines)?;
    curves.append(&mut filters);
    curves.append(&mut part.shown);
    part.shown = curves;
    Ok(part)
}

fn columns() -> Vec<Column> {
    let nats = |name, heading, figure| Column {
        name,
        heading,
        figure,
        show: |nats| format!("{nats:.1}").replace('-', "−"),
    };
    vec![
        nats(TRAIN, "Log-likelihood, train", |trial| {
            measured(trial, TRAIN)
        }),
        nats(TEST, "Log-likelihood, test", |trial| measured(trial, TEST)),
        nats(AIS_ERROR, "Error of ln Z", |trial| {
            measured(trial, AIS_ERROR)
        }),
        nats(PSEUDO, "Pseudo-likelihood, test", |trial| {
            measured(trial, PSEUDO)
        }),
        nats(ENERGY, "Free energy, test less train", |trial| {
            measured(trial, ENERGY)
        }),
        Column {
            name: RECONSTRUCTION,
            heading: "Reconstruction error, test",
            figure: |trial| measured(trial, RECONSTRUCTION),
            show: |error| format!("{error:.4}"),
        },
    ]
}

fn finding(row: &Row) -> String {
    let mean = |name: &str| row.mean(|trial| measured(trial, name).unwrap_or(f64::NAN));
    let gap = mean(TRAIN) - mean(TEST);
    format!(
        "To the machine of {}, the logarithm of a test picture's probability is {} nats on the mean, {:.0} {} than that \
         of a training picture.",
        row.title,
        format!("{:.0}", mean(TEST)).replace('-', "−"),
        gap.abs(),
        if gap >= 0.0 { "less" } else { "more" }
    )
}

/// What was measured on the way: after an epoch, of training and of test pictures.
struct Point {
    epoch: usize,
    free_energy: [f64; 2],
    pseudo_likelihood: [f64; 2],
    log_likelihood: [f64; 2],
}

/// The pictures that a machine is held to, with pixels of 0 and 1.
struct Rounded {
    both: [Tensor; 2],
    few: [Tensor; 2],
}

impl Rounded {
    fn of(lot: &Lot) -> Self {
        let both = [&lot.train, &lot.test].map(|data| rounded(data.inputs()));
        // The pictures of a class may follow each other.
        let few = |pictures: &Tensor| {
            let count = pictures.samples();
            let chosen = count.min(FEW);
            let places: Vec<_> = (0..chosen).map(|place| place * count / chosen).collect();
            pictures.select(&places)
        };
        let few = [few(&both[0]), few(&both[1])];
        Self { both, few }
    }

    fn measure(
        &self,
        machine: &BoltzmannMachine,
        epoch: usize,
        [chains, steps]: [usize; 2],
    ) -> Result<(Point, f64), Error> {
        let sampling = AnnealedImportanceSampling::new()
            .chains(chains)
            .steps(steps)
            .seed(1);
        let log_z = machine.estimate_log_partition(&sampling.base(&self.both[0]))?;
        let [train, test] = &self.both;
        let energies = [machine.free_energy(train)?, machine.free_energy(test)?];
        let free_energy = energies.map(|energies| mean(&energies));
        let [few_train, few_test] = &self.few;
        let point = Point {
            epoch,
            free_energy,
            pseudo_likelihood: [
                mean(&machine.pseudo_likelihood(few_train)?),
                mean(&machine.pseudo_likelihood(few_test)?),
            ],
            log_likelihood: free_energy.map(|energy| -energy - log_z.value),
        };
        Ok((point, log_z.standard_error))
    }
}

fn rounded(pictures: &Tensor) -> Tensor {
    let mut rounded = pictures.clone();
    for ink in rounded.data_mut() {
        *ink = f32::from(u8::from(*ink >= 0.5));
    }
    rounded
}

fn mean(values: &[f64]) -> f64 {
    values.iter().sum::<f64>() / values.len().max(1) as f64
}

/// Trains a machine, measured on the way if that is asked for; nothing if the reader asked to stop.
fn trial(
    work: &Work<'_>,
    method: Method,
    lot: &Lot,
    on_the_way: bool,
) -> Result<Option<(Trial, BoltzmannMachine, Vec<Point>)>, Failure> {
    let name = format!("Boltzmann machine, {}", method.title());
    let failed = |error: Error| Failure::network(&name, &error);
    let epochs = work.scaled(EPOCHS);
    let pictures = Rounded::of(lot);
    let steps = lot.train.samples().div_ceil(BATCH) * epochs;
    let rate = PolynomialDecay::new(RATE, steps as u64).end_learning_rate(0.0);
    let settings = ContrastiveDivergence::new(rate)
        .momentum(MOMENTUM)
        .persistent(match method {
            Method::Contrastive => 0,
            Method::Persistent => PERSISTENT,
        })
        .seed(lot.seed)
        .threads(work.threads());
    let mut training = work.training(&name, lot, epochs);
    let mut rbm = Rbm::new(work.shape().pixels(), HIDDEN)
        .compile(settings)
        .map_err(failed)?;
    let mut curve = Vec::new();
    let after: Vec<_> = MEASURED
        .map(|share| (share * epochs as f64).round() as usize)
        .into();
    let scaled = |[chains, steps]: [usize; 2]| [chains, work.scaled(steps).min(steps)];
    let on_the_way_by = scaled(ON_THE_WAY);
    let history = {
        let mut watch = |training: &mut Training<'_>, epoch: &RbmEpoch<'_>| -> Result<(), Error> {
            if on_the_way && after.contains(&epoch.number) {
                let measure =
                    |_: &Training<'_>| pictures.measure(epoch.machine, epoch.number, on_the_way_by);
                curve.push(training.apart(measure)?.0);
            }
            Ok(())
        };
        let mut watch = RbmWatch::each(&mut training, &mut watch);
        let fit = RbmFit::epochs(epochs)
            .batch_size(BATCH)
            .callback(&mut watch);
        rbm.fit(&pictures.both[0], fit)
    };
    let mut trial = lot.trial();
    match history {
        Err(Error::NotFinite { .. } | Error::Diverged { .. }) => trial.diverged = true,
        history => drop(history.map_err(failed)?),
    }
    if training.stopped() {
        return Ok(None);
    }
    trial.steps = rbm.taken_steps();
    trial.seconds = training.seconds();
    if !trial.diverged {
        let (point, error) = pictures
            .measure(&rbm, epochs, scaled(IN_THE_END))
            .map_err(failed)?;
        let reconstruction = rbm
            .reconstruction_error(&pictures.both[1])
            .map_err(failed)?;
        let [train, test] = point.log_likelihood;
        trial.measured.extend([
            (TRAIN, train),
            (TEST, test),
            (AIS_ERROR, error),
            (PSEUDO, point.pseudo_likelihood[1]),
            (ENERGY, point.free_energy[1] - point.free_energy[0]),
            (RECONSTRUCTION, reconstruction),
        ]);
    }
    Ok(Some((trial, rbm.into_machine(), curve)))
}

/// Filters, chains and reconstructions of a machine.
fn shown(
    work: &Work<'_>,
    method: Method,
    lot: &Lot,
    machine: &BoltzmannMachine,
) -> Result<[Markup; 3], Failure> {
    let failed = |error: Error| Failure::network(method.title(), &error);
    let width = work.shape().width;
    let [most, columns] = FILTERS;
    let note = format!(
        "Weights of {} of {HIDDEN} hidden units, each scaled by its largest: ink in red makes a unit active, in blue \
         keeps it quiet.",
        most.min(HIDDEN)
    );
    let title = |what: &str| format!("{}: {what}", method.title());
    let drawn = filters(
        &title("filters"),
        &note,
        &of_units(machine, width, most),
        columns,
    )?;
    let chains = chains(work, method, lot, machine).map_err(failed)?;
    let examples = rounded(&lot.test.inputs().select(&spread(lot.test.samples())));
    let again = machine.reconstruct(&examples).map_err(failed)?;
    let reconstructions = Gallery {
        title: &title("reconstructions"),
        note: "Test pictures, rounded, and what comes back of them by way of the hidden units.",
        headings: Vec::new(),
        rows: vec![
            ("before".into(), grids(&examples, width)),
            ("after".into(), grids(&again, width)),
        ],
    };
    Ok([drawn, chains.drawn()?, reconstructions.drawn()?])
}

/// The weights of the first so many hidden units.
pub(super) fn of_units(machine: &BoltzmannMachine, width: usize, most: usize) -> Vec<Grid> {
    let kernel = machine.kernel();
    let units = machine.hidden_units();
    let weights = |unit: usize| {
        kernel
            .data()
            .iter()
            .skip(unit)
            .step_by(units)
            .copied()
            .collect()
    };
    (0..most.min(units))
        .map(|unit| Grid::new(width, weights(unit)))
        .collect()
}

/// Places of some pictures among so many, evenly spread.
pub(super) fn spread(count: usize) -> Vec<usize> {
    const EXAMPLES: usize = 10;
    let chosen = count.min(EXAMPLES);
    (0..chosen).map(|place| place * count / chosen).collect()
}

/// Chains from noise and from a picture of each class.
fn chains<'a>(
    work: &Work<'_>,
    method: Method,
    lot: &Lot,
    machine: &BoltzmannMachine,
) -> Result<Gallery<'a>, Error> {
    const FROM_NOISE: usize = 3;
    let shape = work.shape();
    let examples = one_of_each(&lot.test, shape.classes);
    let starts = rounded(&lot.test.inputs().select(&examples));
    let mut from_noise = machine.chains(FROM_NOISE, lot.seed)?;
    let mut from_data = machine.chains_from(&starts, lot.seed)?;
    let names = work.class_names();
    let label = |place: usize| crate::lab::tasks::lots::labels(&lot.test)[examples[place]] as usize;
    let mut rows: Vec<(String, Vec<_>)> = (1..=FROM_NOISE)
        .map(|number| format!("noise {number}"))
        .chain((0..examples.len()).map(|place| names[label(place)].clone()))
        .map(|name| (name, Vec::new()))
        .collect();
    let mut taken = 0;
    for steps in SHOWN {
        from_noise.steps(steps - taken);
        from_data.steps(steps - taken);
        taken = steps;
        let noise = grids(from_noise.expected(), shape.width);
        let data = grids(from_data.expected(), shape.width);
        for ((_, row), grid) in rows.iter_mut().zip(noise.into_iter().chain(data)) {
            row.push(grid);
        }
    }
    Ok(Gallery {
        title: match method {
            Method::Contrastive => "CD-1: chains of Gibbs sampling",
            Method::Persistent => "Persistent CD: chains of Gibbs sampling",
        },
        note: "From noise and from a test picture of each class: probabilities of the pixels after so many steps.",
        headings: SHOWN.map(|steps| thousands(steps as u64)).into(),
        rows,
    })
}

/// Curves of both methods over epochs.
fn curves(lines: &[(Method, Vec<Point>)]) -> Result<Vec<Markup>, Failure> {
    let of = |figure: fn(&Point) -> [f64; 2]| {
        let both = lines.iter().flat_map(move |(method, points)| {
            [(0, "train"), (1, "test")].map(|(part, name)| {
                let points = points
                    .iter()
                    .map(|point| (point.epoch as f64, figure(point)[part]));
                (
                    format!("{}, {name}", method.title()),
                    points.collect::<Vec<_>>(),
                )
            })
        });
        both.collect()
    };
    Ok(vec![
        plot(
            "Log-likelihood over epochs, nats a picture, of the first seed",
            Scale::Values,
            of(|point| point.log_likelihood),
        )?,
        plot(
            "Pseudo-likelihood over epochs, nats a picture",
            Scale::Values,
            of(|point| point.pseudo_likelihood),
        )?,
        plot(
            "Free energy over epochs: where test parts from train, the machine learns by heart",
            Scale::Values,
            of(|point| point.free_energy),
        )?,
    ])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn filters_are_columns_of_the_kernel() {
        let mut machine = Rbm::new(6, 2).build(1).unwrap();
        let kernel: Vec<f32> = (0..12).map(|value| value as f32).collect();
        machine
            .set_kernel(&Tensor::new([6, 2], kernel).unwrap())
            .unwrap();
        let grids = of_units(&machine, 3, 100);
        let odd = Grid::new(3, vec![1.0, 3.0, 5.0, 7.0, 9.0, 11.0]);
        assert_eq!(grids[1], odd);
        assert_eq!(grids.len(), 2);
    }
}
