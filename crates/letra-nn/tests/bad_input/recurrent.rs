//! Recurrent layers with settings, states and sequences that make no sense.

use letra_nn::prelude::*;

use super::assert_refused;

fn refused(layers: Sequential, parts: &[&str]) {
    assert_refused(&format!("{layers:?}"), layers.build(0), parts);
}

fn steps() -> Sequential {
    Sequential::new([5, 3])
}

#[test]
fn settings() {
    refused(steps().add(Lstm::new(0)), &["lstm", "0 units"]);
    refused(steps().add(Gru::new(0)), &["gru", "0 units"]);
    refused(steps().add(SimpleRnn::new(0)), &["simple_rnn", "0 units"]);
    let nothing = Bidirectional::new(Lstm::new(0));
    refused(steps().add(nothing), &["bidirectional", "0 units"]);
    for units in [1 << 20, 1 << 40, usize::MAX / 2, usize::MAX] {
        refused(steps().add(Lstm::new(units)), &["lstm"]);
        refused(steps().add(Gru::new(units)), &["gru"]);
        refused(
            steps().add(Bidirectional::new(Gru::new(units))),
            &["bidirectional"],
        );
        refused(steps().add(SimpleRnn::new(units)), &["simple_rnn"]);
    }
    for rate in [-0.1, 1.0, 1.5, f32::NAN, f32::INFINITY] {
        let dropped = steps().add(Lstm::new(2).dropout(rate));
        refused(dropped, &["lstm", "features that are dropped"]);
        let dropped = steps().add(Gru::new(2).recurrent_dropout(rate));
        refused(dropped, &["gru", "state's values that are dropped"]);
    }
    use ActivationFunction::{Gelu, GeluTanh, Silu, Softmax};
    for function in [Gelu, GeluTanh, Silu, Softmax] {
        let name = format!("{function:?}");
        let parts = [&name[..], "derivative", "Tanh"];
        refused(steps().add(Lstm::new(2).activation(function)), &parts);
        refused(
            steps().add(Gru::new(2).recurrent_activation(function)),
            &parts,
        );
        refused(steps().add(SimpleRnn::new(2).activation(function)), &parts);
    }
    let numbers = Initializer::uniform(1.0, f32::NAN);
    refused(
        steps().add(Lstm::new(2).recurrent_initializer(numbers)),
        &["lstm"],
    );
    let penalty = Regularizer::l2(-1.0);
    refused(
        steps().add(Gru::new(2).recurrent_regularizer(penalty)),
        &["gru"],
    );
    let both = Bidirectional::new(Lstm::new(2).go_backwards(true));
    refused(
        steps().add(both),
        &["bidirectional", "goes backwards", "go_backwards"],
    );
}

#[test]
fn inputs_that_are_no_sequences() {
    for shape in [vec![5], vec![5, 3, 2], vec![]] {
        let layers = || Sequential::new(shape.clone());
        refused(
            layers().add(Lstm::new(2)),
            &["[steps, features]", "Reshape"],
        );
        refused(layers().add(Gru::new(2)), &["[steps, features]", "Reshape"]);
        let both = Bidirectional::new(SimpleRnn::new(2));
        refused(layers().add(both), &["[steps, features]"]);
    }
    for shape in [[0, 3], [5, 0]] {
        refused(Sequential::new(shape).add(Lstm::new(2)), &[]);
    }
    refused(
        steps().add(Lstm::new(2)).add(Lstm::new(2)),
        &["lstm_1", "[steps, features]"],
    );
}

/// A model of a layer that is given states of these shapes.
fn with_states(states: &[&[usize]], layer: impl IntoPart) -> Result<Network, Error> {
    let mut model = Model::new();
    let mut inputs = vec![model.input([5, 3])];
    inputs.extend(states.iter().map(|&shape| model.input(shape)));
    let given = model.layer(layer, inputs);
    model.outputs([given]).build(0)
}

#[test]
fn states() {
    let lstm = || Lstm::new(4);
    with_states(&[&[4], &[4]], lstm()).unwrap();
    assert_refused(
        "one",
        with_states(&[&[4]], lstm()),
        &["lstm", "3 inputs", "2 initial states"],
    );
    let three = with_states(&[&[4], &[4], &[4]], lstm());
    assert_refused("three", three, &["lstm", "3 inputs", "given 4"]);
    let shapes = with_states(&[&[4], &[3]], lstm());
    assert_refused("of other units", shapes, &["lstm", "[units]"]);
    let shapes = with_states(&[&[5, 4]], Gru::new(4));
    assert_refused("of a sequence", shapes, &["gru", "[units]"]);
    let both = with_states(&[&[4], &[4]], Bidirectional::new(lstm()));
    assert_refused(
        "two of four",
        both,
        &["bidirectional", "2 initial states", "give it 4"],
    );
    let mut model = Model::new();
    let nothing = model.layer(lstm(), []);
    assert!(model.outputs([nothing]).build(0).is_err());
    let mut model = Model::new();
    let input = model.input([5, 3]);
    let mut other = Model::new();
    let foreign = other.input([5, 3]);
    let value = model.layer(lstm(), [input]);
    model.outputs_of(foreign);
    assert_refused(
        "another's value",
        model.outputs([value]).build(0),
        &["another model"],
    );
}

/// Sequences whose training would fill more than the machine are refused before any memory is taken.
#[cfg(target_os = "linux")]
#[test]
fn batches_beyond_the_memory() {
    let compile = || Compile::new(Sgd::new(0.1)).threads(64);
    let mut network = Sequential::new([1])
        .add(Dense::new(1_000_000))
        .add(Reshape::new([1_000_000, 1]))
        .add(Lstm::new(64).return_sequences(true))
        .add(Lstm::new(64).return_sequences(true))
        .add(Lstm::new(64).return_sequences(true))
        .add(Lstm::new(64).return_sequences(true))
        .add(Lstm::new(2))
        .compile(compile())
        .unwrap();
    let inputs = Tensor::zeros([256, 1]);
    let data = Dataset::classes(inputs, vec![0; 256], 2).unwrap();
    let parts = ["batch of 256", "GB", "fewer samples a batch"];
    let fit = network.fit(&data, Fit::epochs(1).batch_size(256));
    assert_refused("a batch", fit, &parts);
    assert_refused("a batch", network.train_on_batch(&data), &parts);
    assert_refused("a batch", network.gradients(&data), &parts);
    assert_refused("a batch", network.gradients_to_inputs(&data), &parts);
}
