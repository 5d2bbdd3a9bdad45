//! The guides in `docs/` say what is so: what rustdoc cannot test of them is code that runs here, and
//! their output is what comes out.

use std::path::Path;
use std::process::Command;

use letra_nn::prelude::*;

/// The page on tasks, and the examples that it shows, in this order.
const TASKS: &str = "binary-multi-label-regression";
const TASK_EXAMPLES: [&str; 3] = ["one_unit", "several_labels", "label_a_pixel"];

/// Tells a test to run its example in the current folder.
const RUN: &str = "LETRA_TEST_RUN_EXAMPLE";

/// Each example as a module, with a test that runs it when asked to.
macro_rules! examples {
    ($($name:ident)*) => {
        $(#[allow(unreachable_pub, reason = "the example shows a type as a library has it")]
        mod $name {
            include!(concat!("../examples/", stringify!($name), ".rs"));

            #[test]
            fn runs() {
                if std::env::var_os(super::RUN).is_some() {
                    main().unwrap();
                }
            }
        })*
    };
}

examples! {
    back_propagation first_network inner_loss label_a_pixel layer_of_ops many_threads
    network_in_network one_unit own_layer own_loaded own_saved pairs_of_points regression
    several_labels shared_sub_model shared_weights through_another transfer
}

#[cfg(feature = "csv")]
examples! { table }

/// Further examples that print a figure.
const FIGURES: [&str; 4] = [
    "network_in_network",
    "regression",
    "shared_sub_model",
    "transfer",
];

fn read(path: &str) -> String {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    std::fs::read_to_string(root.join(path)).unwrap()
}

/// The contents of the fenced blocks of a kind, without their indentation.
fn blocks(page: &str, kind: &str) -> Vec<Vec<String>> {
    let mut blocks = Vec::new();
    let text = read(&format!("crates/letra-nn/docs/{page}.md"));
    let mut lines = text.lines();
    while let Some(line) = lines.next() {
        let indentation = line.len() - line.trim_start().len();
        let fence = line.trim_start().strip_prefix("```").unwrap_or("");
        if fence.split(',').next() == Some(kind) {
            let inside = lines.by_ref().take_while(|line| line.trim() != "```");
            let unindented = inside.map(|line| line.get(indentation..).unwrap_or(""));
            blocks.push(unindented.map(str::to_owned).collect());
        }
    }
    blocks
}

/// The code of an example that the guide shows: what stands between its marks, or all
/// after the comment that it begins with.
fn shown_code(example: &str) -> Vec<String> {
    let text = read(&format!("crates/letra-nn/examples/{example}.rs"));
    let marked = text.split("// guide: begin\n").nth(1);
    let code = match marked.and_then(|rest| rest.split("// guide: end\n").next()) {
        Some(code) => code,
        None => text.split_once("\n\n").unwrap().1,
    };
    // Of the inside of a function, without its indentation.
    let lines = || code.lines().filter(|line| !line.trim().is_empty());
    let spaces = |line: &str| line.len() - line.trim_start().len();
    let indentation = lines().map(spaces).min().unwrap_or(0);
    let unindented = |line: &str| line.get(indentation..).unwrap_or("").to_owned();
    code.trim_end().lines().map(unindented).collect()
}

/// What an example prints.
fn printed(example: &str) -> Vec<String> {
    printed_in(tempfile::tempdir().unwrap().path(), example)
}

/// The same, in a folder where another may have run.
fn printed_in(folder: &Path, example: &str) -> Vec<String> {
    let output = Command::new(std::env::current_exe().unwrap())
        .args(["--exact", &format!("{example}::runs"), "--nocapture"])
        .env(RUN, "1")
        .current_dir(folder)
        .output()
        .unwrap();
    assert!(output.status.success(), "{example} failed");
    let text = String::from_utf8(output.stdout).unwrap();
    text.lines().map(str::to_owned).collect()
}

/// Whether two lines have the same words, and numbers that differ by little: the last digits
/// of a training are not the same on every kind of machine.
fn alike(shown: &str, printed: &str) -> bool {
    let number = |word: &str| {
        let word = word.trim_matches(|letter: char| "[](),%".contains(letter));
        word.parse::<f64>().ok()
    };
    let (shown, printed) = (shown.split_whitespace(), printed.split_whitespace());
    shown.clone().count() == printed.clone().count()
        && shown
            .zip(printed)
            .all(|(one, other)| match (number(one), number(other)) {
                (Some(one), Some(other)) => (one - other).abs() <= 0.02_f64.max(0.05 * one.abs()),
                _ => one == other,
            })
}

#[test]
fn the_code_shown_is_the_examples() {
    for (page, example) in [
        ("first-network", "first_network"),
        ("backpropagation", "back_propagation"),
        ("adding-a-layer", "own_layer"),
        ("models", "pairs_of_points"),
    ] {
        assert_eq!(blocks(page, "rust")[0], shown_code(example), "{page}");
    }
    for (block, example) in blocks(TASKS, "rust").iter().zip(TASK_EXAMPLES) {
        assert_eq!(block[..], shown_code(example), "{example}");
    }
}

/// Those that check themselves what they show.
#[test]
fn the_other_examples_run() {
    for example in [
        "inner_loss",
        "layer_of_ops",
        "many_threads",
        "shared_weights",
    ] {
        printed(example);
    }
}

#[test]
fn a_network_learns_through_another() {
    let printed = printed("through_another").join("\n");
    assert!(printed.contains("asked for: 100 %"), "{printed}");
}

#[test]
fn the_output_shown_is_what_the_examples_print() {
    for (page, example) in [
        ("first-network", "first_network"),
        ("backpropagation", "back_propagation"),
        ("models", "pairs_of_points"),
    ] {
        assert_printed(
            blocks(page, "text").iter().flatten(),
            example,
            &printed(example),
        );
    }
}

fn assert_printed<'a>(lines: impl Iterator<Item = &'a String>, example: &str, printed: &[String]) {
    let mut printed_lines = printed.iter();
    for shown in lines {
        // The test harness may print something before a line.
        let found = printed_lines.any(|line| {
            let end = line.chars().count().saturating_sub(shown.chars().count());
            let end: String = line.chars().skip(end).collect();
            alike(shown, line) || alike(shown, &end)
        });
        assert!(found, "{example} does not print {shown:?} but {printed:#?}");
    }
}

/// What the examples of tasks print is what the guide shows, and about as good as scikit-learn's.
#[test]
fn the_tasks_reach_their_figures() {
    for (shown, example) in blocks(TASKS, "text").iter().zip(TASK_EXAMPLES) {
        let printed = printed(example);
        assert_printed(shown.iter(), example, &printed);
        assert_reached(example, &printed);
    }
}

/// The other examples' figures are about as good as scikit-learn's.
#[test]
fn the_examples_reach_their_figures() {
    for example in FIGURES {
        assert_reached(example, &printed(example));
    }
    #[cfg(feature = "csv")]
    assert_reached("table", &printed("table"));
}

#[test]
fn things_of_ones_own_are_saved_by_one_program_and_loaded_by_another() {
    let folder = tempfile::tempdir().unwrap();
    printed_in(folder.path(), "own_saved");
    assert_reached("own_loaded", &printed_in(folder.path(), "own_loaded"));
}

fn assert_reached(example: &str, printed: &[String]) {
    let oracle: serde_json::Value =
        serde_json::from_str(&read("oracle/numbers/examples.json")).unwrap();
    for (name, wanted) in oracle[example].as_object().unwrap() {
        let own = format!("{name} ");
        let mut values = printed.iter().filter_map(|line| {
            let value = line.split_once(&own)?;
            value.1.parse::<f64>().ok()
        });
        let (found, wanted) = (values.next_back().unwrap(), wanted.as_f64().unwrap());
        assert!(
            found > wanted - 0.01,
            "{example}: {name} {found} for {wanted}"
        );
    }
}

/// The shorter pieces of the guide are the bodies of the functions below.
#[test]
fn the_pieces_of_code_are_ones_that_compile() {
    let source = read("crates/letra-nn/tests/guide.rs");
    let source: Vec<&str> = source.lines().map(str::trim).collect();
    let (first, tasks) = (blocks("first-network", "rust"), blocks(TASKS, "rust"));
    let pieces = || first[1..].iter().chain(&tasks[3..]);
    assert_eq!(pieces().count(), 3);
    for piece in pieces() {
        let piece: Vec<&str> = piece.iter().map(|line| line.trim()).collect();
        let found = source.windows(piece.len()).any(|lines| lines == piece);
        assert!(found, "guide.rs lacks {piece:#?}");
    }
}

#[test]
fn a_training_that_stops_and_goes_on() -> Result<(), Error> {
    let folder = tempfile::tempdir().unwrap();
    // No other test here has paths of its own that are relative.
    std::env::set_current_dir(folder.path()).unwrap();
    let points = Tensor::new([4, 1], vec![-2.0, -1.0, 1.0, 2.0])?;
    let train = Dataset::classes(points, vec![0, 0, 1, 1], 2)?;
    let test = train.clone();
    let mut network = Sequential::new([1])
        .add(Dense::new(2))
        .compile(Compile::new(Sgd::new(0.1)))?;
    let mut printer = LambdaCallback::new()
        .on_epoch_end(|epoch| println!("epoch {}: {}", epoch.number, epoch.logs()));
    let mut stopping = EarlyStopping::new().patience(5);
    let mut keeper = Checkpoint::new("circle.checkpoint");
    let fit = Fit::epochs(500)
        .validation_data(&test)
        .callback(&mut printer)
        .callback(&mut stopping)
        .callback(&mut keeper)
        .resume("circle.checkpoint");
    let history = network.fit(&train, fit)?;
    assert_eq!(history.epochs().len(), 500);
    Ok(())
}

#[test]
fn a_network_for_pictures() -> Result<(), Error> {
    let network = Sequential::new([36, 36, 1])
        .add(Conv2d::new(4, 5).same().relu())
        .add(MaxPool2d::new(2))
        .add(Flatten)
        .add(Dense::new(32).relu())
        .add(Dropout::new(0.25))
        .add(Dense::new(5))
        .compile(Compile::new(Sgd::new(0.1)))?;
    assert_eq!(network.output_shape(), [5]);
    Ok(())
}

/// Those of the other pages are parts of the examples.
#[test]
fn the_pieces_of_examples_are_in_them() {
    for (page, place, example) in [
        ("weights-networks-trainers", 0, "shared_weights"),
        ("weights-networks-trainers", 4, "layer_of_ops"),
        ("adding-a-layer", 1, "layer_of_ops"),
    ] {
        let source = read(&format!("crates/letra-nn/examples/{example}.rs"));
        let source: Vec<&str> = source.lines().map(str::trim).collect();
        let piece = &blocks(page, "rust")[place];
        let piece: Vec<&str> = piece.iter().map(|line| line.trim()).collect();
        let found = source.windows(piece.len()).any(|lines| lines == piece);
        assert!(found, "{example} lacks {piece:#?}");
    }
}

#[test]
fn a_curve_is_measured_over_the_whole_pass() -> Result<(), Error> {
    let curve = |samples: usize, step: f32| {
        let inputs: Vec<f32> = (0..samples).map(|i| i as f32 * step - 1.0).collect();
        let targets = inputs.iter().map(|x| x * x).collect();
        let column = |values| Tensor::new([samples, 1], values);
        Dataset::values(column(inputs)?, column(targets)?)
    };
    let (train, test) = (curve(200, 0.01)?, curve(50, 0.04)?);
    let mut network = Sequential::new([1])
        .add(Dense::new(16).tanh())
        .add(Dense::new(1))
        .compile(
            Compile::new(Adam::new(0.02))
                .loss(MeanSquaredError)
                .metric(MeanAbsoluteError)
                .metric(RootMeanSquaredError)
                .metric(R2Score),
        )?;
    let mut stopping = EarlyStopping::new()
        .monitor("val_mean_absolute_error")
        .patience(20)
        .restore_best_weights(true);
    let fit = Fit::epochs(200)
        .validation_data(&test)
        .callback(&mut stopping);
    network.fit(&train, fit)?;
    let scores = network.evaluate(&test)?;
    assert!(scores.metric("r2_score") > Some(0.99), "{scores:?}");
    Ok(())
}

/// The one line that a layer adds stands among lines that are really there.
#[test]
fn the_list_of_layers_is_the_one_in_the_source() {
    let list = &blocks("adding-a-layer", "rust")[2];
    let source = read("crates/letra-nn/src/layers/mod.rs");
    for line in list.iter().filter(|line| !line.contains("// …")) {
        let there = source.lines().any(|known| known == line);
        assert_eq!(there, !line.contains("Squareplus"), "{line}");
    }
}

#[test]
fn a_layer_of_ones_own_works_like_any_other() -> Result<(), Error> {
    let printed = printed("own_layer").join("\n");
    assert!(printed.contains("[1.0, 2.0, 0.5]"), "{printed}");
    let refused = Sequential::new([3])
        .add(own_layer::Squareplus(-1.0))
        .compile(Compile::new(Sgd::new(0.1)));
    let error = refused.err().unwrap().to_string();
    assert_eq!(
        error,
        "layer 1 (squareplus) has bend -1: choose a finite number above 0"
    );
    // It trains, its gradient measured: E by each bias before it.
    let network = |bias: &[f32]| {
        let network = Sequential::new([2])
            .add(Dense::new(3))
            .add(own_layer::Squareplus(0.25))
            .compile(Compile::new(Sgd::new(0.1)).loss(SumSquaredError).seed(4))?;
        network.set_parameter("dense/bias", &Tensor::new([3], bias.to_vec())?)?;
        Ok::<Trainer, Error>(network)
    };
    let batch = Dataset::values(
        Tensor::new([2, 2], vec![1.0, 2.0, -3.0, 0.5])?,
        Tensor::zeros([2, 3]),
    )?;
    let seen = network(&[0.0; 3])?.back_propagate(&batch)?;
    for unit in 0..3 {
        let moved = |by: f32| {
            let mut bias = [0.0; 3];
            bias[unit] = by;
            network(&bias)?.evaluate(&batch).map(|scores| scores.loss)
        };
        let measured = (moved(1e-2)? - moved(-1e-2)?) / 2e-2;
        let (_, derived) = &seen.gradients[1];
        assert!((f64::from(derived.data()[unit]) - measured).abs() < 1e-3);
    }
    Ok(())
}
