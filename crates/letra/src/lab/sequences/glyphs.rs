//! The seminar's glyphs read row by row, and with their pixels in another order.

use letra_nn::prelude::*;
use letra_nn::random::{Domain, Random};

use super::cell::Cell;
use super::work::{Task, Work};
use crate::experiment::{Experiment, Repetition, Row, Trial, named};
use crate::failure::Failure;
use crate::lab::tasks::{Classify, Part, accuracies, plot};
use crate::networks::{Recipe, Training};
use crate::report::curves::Scale;
use crate::report::numbers::percent;

/// The task.
pub(super) const TASK: Task = Task {
    name: "glyphs",
    title: "Glyphs, read row by row",
    about: "Which typeface a picture of 36 × 36 pixels is of, read as 36 steps of 36 pixels, from the uppermost row \
            to the lowest; and the same where the pixels of all pictures are put in one random order before. \
            Where accuracy falls, a network had made use of which pixels are neighbours.",
    run,
};

const UNITS: usize = 64;
const BATCH: usize = 64;
const EPOCHS: usize = 40;
const RATE: f64 = 0.003;

/// The network beside the recurrent ones.
const CNN: &str = "cnn-keras";

/// The order of the pixels.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Order {
    Rows,
    Shuffled,
}

impl Order {
    const ALL: [Self; 2] = [Self::Rows, Self::Shuffled];

    fn name(self) -> &'static str {
        match self {
            Self::Rows => "rows",
            Self::Shuffled => "shuffled",
        }
    }

    /// After the title of a network.
    fn words(self) -> &'static str {
        match self {
            Self::Rows => "",
            Self::Shuffled => ", pixels shuffled",
        }
    }
}

fn run(work: &Work<'_>) -> Result<Part, Failure> {
    let experiment = work.experiment;
    let mut part = Part {
        columns: accuracies(),
        ..Part::default()
    };
    for order in Order::ALL {
        for cell in Cell::ALL {
            let trials =
                experiment.repeat(|repetition| recurrent(work, cell, order, repetition))?;
            let Some(trials) = trials else {
                return finished(part);
            };
            let about = format!(
                "{UNITS} units over the rows and a softmax on the last state; {EPOCHS} epochs, Adam."
            );
            part.rows
                .push(row(cell.name(), cell.title(), &about, order, trials));
        }
        let Some(recipe) = Recipe::named(CNN) else {
            continue;
        };
        let trials =
            experiment.repeat(|repetition| convolution(work, recipe, order, repetition))?;
        let Some(trials) = trials else {
            return finished(part);
        };
        part.rows
            .push(row("cnn", recipe.title, recipe.about, order, trials));
    }
    finished(part)
}

fn row(name: &str, title: &str, about: &str, order: Order, trials: Vec<Trial>) -> Row {
    let name = format!("{}-{}-{name}", TASK.name, order.name());
    Row::new(name, format!("{title}{}", order.words()), about, trials)
}

fn finished(mut part: Part) -> Result<Part, Failure> {
    if part.rows.is_empty() {
        return Ok(part);
    }
    part.findings = findings(&part.rows);
    let lines = part.rows.iter().filter(|row| !row.name.ends_with("cnn"));
    let lines = lines.map(|row| {
        let points = row.curve().into_iter();
        let points = points.map(|point| (point.step as f64, point.train.accuracy));
        (row.title.clone(), points.collect())
    });
    part.shown.push(plot(
        "Training accuracy of the recurrent networks over epochs",
        Scale::Accuracy,
        lines.collect(),
    )?);
    Ok(part)
}

fn findings(rows: &[Row]) -> Vec<String> {
    let of =
        |order: Order, name: &str| named(rows, &format!("{}-{}-{name}", TASK.name, order.name()));
    let networks = Cell::ALL.map(Cell::name).into_iter().chain(["cnn"]);
    networks
        .filter_map(|name| {
            let rows = of(Order::Rows, name)?;
            let first = format!(
                "{} names {} of the test pictures right",
                rows.title,
                percent(rows.test_accuracy())
            );
            Some(match of(Order::Shuffled, name) {
                None => format!("{first}."),
                Some(shuffled) => format!(
                    "{first}, and {} where the pixels are shuffled.",
                    percent(shuffled.test_accuracy())
                ),
            })
        })
        .collect()
}

/// The pictures of a fold: those that train, and those that test.
fn pictures(
    experiment: &Experiment,
    order: Order,
    repetition: &Repetition,
) -> Result<[Dataset; 2], Failure> {
    let fold = &repetition.fold;
    let both = [&fold.train, &fold.test];
    let both = both.map(|pictures| {
        let data = experiment.examples.dataset(pictures)?;
        match order {
            Order::Rows => Ok(data),
            Order::Shuffled => {
                shuffled(data).map_err(|error| Failure::network("the pictures", &error))
            }
        }
    });
    let [train, test] = both;
    Ok([train?, test?])
}

/// The pictures with their pixels in another order, the same for all.
fn shuffled(data: Dataset) -> Result<Dataset, Error> {
    let pictures = data.inputs();
    // Which order it is, is no matter of the trial's seed: all trials have the same one.
    let order = Random::new(0, Domain::Shuffle, 1, 0).permutation(pictures.sample_values());
    let each = (0..pictures.samples()).map(|index| pictures.sample(index));
    let pixels = each.flat_map(|picture| order.iter().map(|&pixel| picture[pixel]));
    let pixels = Tensor::new(pictures.shape(), pixels.collect())?;
    data.with_inputs(pixels)
}

fn recurrent(
    work: &Work<'_>,
    cell: Cell,
    order: Order,
    repetition: &Repetition,
) -> Result<Option<Trial>, Failure> {
    let [train, test] = pictures(work.experiment, order, repetition)?;
    let name = format!("Glyphs, {}{}", cell.title(), order.words());
    let task = Classify {
        name: &name,
        train: &train,
        test: &test,
        epochs: work.scaled(EPOCHS),
        batch: BATCH,
    };
    let shape = work.experiment.examples.task();
    let training = work.training(&name, repetition.seed, task.epochs);
    task.train(training, Trial::new(repetition), || {
        let schedule = letra_nn::schedules::OneCycle::new(RATE, task.steps());
        let compile = work.compile(Adam::new(schedule), repetition.seed);
        let rows = shape.input().add(Reshape::new([shape.height, shape.width]));
        cell.last(rows, UNITS)
            .add(Dense::new(shape.classes))
            .compile(compile.metric(Accuracy).global_clip_norm(1.0))
    })
}

fn convolution(
    work: &Work<'_>,
    recipe: &'static Recipe,
    order: Order,
    repetition: &Repetition,
) -> Result<Option<Trial>, Failure> {
    let [train, test] = pictures(work.experiment, order, repetition)?;
    let Training::MiniBatch { batch, epochs } = recipe.training else {
        return Ok(None);
    };
    let name = format!("Glyphs, {}{}", recipe.title, order.words());
    let task = Classify {
        name: &name,
        train: &train,
        test: &test,
        epochs: work.scaled(epochs),
        batch,
    };
    let training = work.training(&name, repetition.seed, task.epochs);
    task.train(training, Trial::new(repetition), || {
        let settings = recipe.settings(task.steps()).metric(Accuracy);
        let threads = work.experiment.arguments.threads;
        let settings = settings.seed(repetition.seed).threads(threads);
        recipe.compile(&work.experiment.examples.task(), settings)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn shuffled_pictures_have_the_same_pixels_elsewhere_and_all_in_the_same_order() {
        let pixels: Vec<f32> = (0..100).map(|pixel| pixel as f32).collect();
        let both = [pixels.clone(), pixels.clone()].concat();
        let pictures = Tensor::new([2, 10, 10, 1], both).unwrap();
        let data = Dataset::classes(pictures, vec![0, 1], 2).unwrap();
        let shuffled = shuffled(data).unwrap();
        let first = shuffled.inputs().sample(0).to_vec();
        assert_eq!(first, shuffled.inputs().sample(1));
        assert_ne!(first, pixels);
        let mut sorted = first;
        sorted.sort_by(f32::total_cmp);
        assert_eq!(sorted, pixels);
    }
}
