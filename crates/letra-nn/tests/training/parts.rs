//! Layers with names, and networks as layers of others.

use letra_nn::prelude::*;

fn encoder() -> Sequential {
    Sequential::new([4])
        .add(Dense::new(3).tanh().named("first"))
        .add(Dense::new(2))
}

fn inputs(samples: usize, values: usize) -> Tensor {
    let data = (0..samples * values).map(|i| (i % 11) as f32 / 11.0 - 0.4);
    Tensor::new([samples, values], data.collect()).unwrap()
}

fn settings() -> Compile {
    Compile::new(Sgd::new(0.1))
        .loss(MeanSquaredError)
        .seed(3)
        .threads(1)
}

fn data() -> Dataset {
    Dataset::values(inputs(12, 4), inputs(12, 2)).unwrap()
}

#[test]
fn names_are_kept_in_the_file_and_found_by_freezing_and_inspection() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("named.letra");
    let mut trainer = encoder().compile(settings()).unwrap();
    trainer.freeze("first").unwrap();
    let before = trainer.weights().get("first/kernel").unwrap();
    trainer.fit(&data(), Fit::epochs(2)).unwrap();
    assert_eq!(trainer.weights().get("first/kernel").unwrap(), before);
    trainer.save(&path).unwrap();
    let loaded = Network::load(&path).unwrap();
    let names = ["first/kernel", "first/bias", "dense/kernel", "dense/bias"];
    assert!(loaded.weights().names().eq(names));
    assert!(loaded.is_frozen("first") && !loaded.is_frozen("dense"));
    let part = loaded.subnetwork(&["input"], &["first"]).unwrap();
    assert_eq!(part.output_shape(), [3]);
}

#[test]
fn names_that_say_nothing_or_are_anothers_are_refused() {
    let refused = |name: &str, word: &str| {
        let layers = Sequential::new([4])
            .add(Dense::new(3))
            .add(Dense::new(2).named(name));
        let error = layers.build(1).err().unwrap().to_string();
        assert!(
            error.contains(word) && error.contains("give it another"),
            "{error}"
        );
    };
    refused("", "other signs");
    refused("a/b", "other signs");
    refused("dense", "only one of its name");
    refused("input", "input's name");
    refused(&"x".repeat(300), "too long");
    // An automatic name makes way for one that was given.
    let network = Sequential::new([4])
        .add(Dense::new(3).named("dense_1"))
        .add(Dense::new(3))
        .add(Dense::new(2))
        .build(1)
        .unwrap();
    assert!(network.weights().names().any(|name| name == "dense_2/bias"));
}

#[test]
fn a_network_inside_another_answers_as_it_does_alone() {
    let inner = encoder().build(5).unwrap();
    let outer = Sequential::new([4])
        .add(&inner)
        .add(Dense::new(3))
        .build(9)
        .unwrap();
    let part = outer.subnetwork(&["input"], &["network/dense"]).unwrap();
    let given = inputs(7, 4);
    assert_eq!(
        part.predict(&given).unwrap(),
        inner.predict(&given).unwrap()
    );
    // The outer network's are copies.
    let kernel = Tensor::zeros([4, 3]);
    outer
        .weights()
        .set("network/first/kernel", &kernel)
        .unwrap();
    assert_ne!(inner.weights().get("first/kernel").unwrap(), kernel);
}

#[test]
fn a_network_at_two_places_has_one_set_of_parameters() {
    let twice = |inner: Sequential| {
        let mut model = Model::new();
        let (left, right) = (model.input([4]), model.input([4]));
        let first = model.layer(inner.named("encoder"), [left]);
        let second = model.again(first, [right]);
        let third = model.again(second, [left]);
        let sum = model.layer(Add, [first, second, third]);
        let last = model.layer(Dense::new(2), [sum]);
        model.outputs([last])
    };
    let mut whole = twice(encoder()).compile(settings()).unwrap();
    assert_eq!(whole.weights().names().count(), 6);
    let data = Dataset::values(inputs(12, 4), inputs(12, 2)).unwrap();
    let data = data.and_input(inputs(12, 4)).unwrap();
    // Layer by layer, the same network.
    let mut model = Model::new();
    let (left, right) = (model.input([4]), model.input([4]));
    let mut places = Vec::new();
    let first = model.layer(Dense::new(3).tanh(), [left]);
    let code = model.layer(Dense::new(2), [first]);
    places.push(code);
    for input in [right, left] {
        let first = model.again(first, [input]);
        places.push(model.again(code, [first]));
    }
    let sum = model.layer(Add, places);
    let last = model.layer(Dense::new(2), [sum]);
    let mut alike = model.outputs([last]).compile(settings()).unwrap();
    let names = ["encoder/first", "encoder/dense", "dense"]
        .into_iter()
        .zip(["dense", "dense_1", "dense_2"]);
    for (name, other) in names {
        for what in ["kernel", "bias"] {
            let values = whole.weights().get(&format!("{name}/{what}")).unwrap();
            alike
                .weights()
                .set(&format!("{other}/{what}"), &values)
                .unwrap();
        }
    }
    let [one, other] =
        [&mut whole, &mut alike].map(|trainer| trainer.fit(&data, Fit::epochs(3)).unwrap());
    assert_eq!(one, other);
}

#[test]
fn a_network_that_does_not_fit_is_refused() {
    let built = encoder().build(1).unwrap();
    let error = Sequential::new([5])
        .add(&built)
        .build(1)
        .err()
        .unwrap()
        .to_string();
    assert!(error.contains("[4]") || error.contains("[5]"), "{error}");
    let error = Sequential::new([3])
        .add(Dense::new(6))
        .add(encoder())
        .build(1)
        .err()
        .unwrap();
    assert!(
        error
            .to_string()
            .contains("network network wants [4] but is given [6]"),
        "{error}"
    );
    let mut model = Model::new();
    let input = model.input([4]);
    let both = model.layer(encoder(), [input, input]);
    let error = model.outputs([both]).build(1).err().unwrap().to_string();
    assert!(error.contains("reads 1 values but is given 2"), "{error}");
}

#[test]
fn parameters_are_taken_over_by_names_and_not_by_counting() {
    let trained = encoder().build(5).unwrap();
    let body = || Sequential::new([4]).add(Dense::new(4));
    // With a layer in front, "dense" is another layer here: its values would be wrong.
    let shifted = body()
        .add(Dense::new(3).tanh().named("first"))
        .add(Dense::new(2))
        .build(1)
        .unwrap();
    let before = shifted.weights().get("dense/kernel");
    assert_eq!(
        shifted.take_parameters(&trained).unwrap(),
        ["first/kernel", "first/bias"]
    );
    assert_eq!(shifted.weights().get("dense/kernel"), before);
    let unlike = body().add(Dense::new(2)).build(1).unwrap();
    let error = unlike.take_parameters(&Sequential::new([4]).add(Dense::new(2)).build(1).unwrap());
    assert!(error.unwrap_err().to_string().contains("named"));
}

/// left − right
fn difference() -> Model {
    let mut model = Model::new();
    let (left, right) = (model.input([2]), model.input([2]));
    let difference = model.layer(Subtract, [left, right]);
    model.outputs([difference])
}

#[test]
fn a_network_that_was_given_one_value_twice_reads_two_at_another_place() {
    let mut model = Model::new();
    let (p, q) = (model.input([2]), model.input([2]));
    let first = model.layer(difference(), [p, p]);
    let second = model.again(first, [p, q]);
    let both = model.layer(Concatenate, [first, second]);
    let network = model.outputs([both]).build(1).unwrap();
    let [p, q] = [[1.0, 2.0], [10.0, 20.0]].map(|row| Tensor::new([1, 2], row.to_vec()).unwrap());
    let found = network.predict_all(&[p, q]).unwrap();
    assert_eq!(found[0].data(), [0.0, 0.0, -9.0, -18.0]);
}

#[test]
fn networks_in_networks_in_networks_are_checked_and_repeated() {
    let inner = || Sequential::new([3]).add(Dense::new(2));
    let wrong = Sequential::new([4]).add(Sequential::new([4]).add(inner()));
    let error = wrong.build(1).err().unwrap().to_string();
    assert!(error.contains("wants [3] but is given [4]"), "{error}");
    let mut model = Model::new();
    let (left, right) = (model.input([3]), model.input([3]));
    let outer = Sequential::new([3]).add(inner().named("inner"));
    let one = model.layer(outer.named("outer"), [left]);
    let other = model.again(one, [right]);
    let sum = model.layer(Add, [one, other]);
    let network = model.outputs([sum]).build(1).unwrap();
    let names = ["outer/inner/dense/kernel", "outer/inner/dense/bias"];
    assert!(network.weights().names().eq(names));
}

#[test]
fn automatic_names_count_in_their_part_too() {
    let part = || Sequential::new([3]).add(Dense::new(3));
    let trained = Sequential::new([3]).add(part()).build(1).unwrap();
    let shifted = Sequential::new([3])
        .add(Elu::new(1.0))
        .add(part())
        .build(2)
        .unwrap();
    assert!(shifted.take_parameters(&trained).is_err());
    // In a part with a name, what stands in front of it does not matter, but what stands in it does.
    let named = Sequential::new([3])
        .add(part().named("part"))
        .build(1)
        .unwrap();
    let moved = Sequential::new([3])
        .add(Elu::new(1.0))
        .add(part().named("part"))
        .build(2)
        .unwrap();
    assert_eq!(moved.take_parameters(&named).unwrap().len(), 2);
    let inside = Sequential::new([3]).add(Elu::new(1.0)).add(Dense::new(3));
    let inside = Sequential::new([3])
        .add(inside.named("part"))
        .build(2)
        .unwrap();
    assert!(inside.take_parameters(&named).is_err());
    // A name that looks like one that was counted is one all the same, also in a file.
    let own = Sequential::new([3])
        .add(Elu::new(1.0))
        .add(Dense::new(3).named("dense_1"));
    let own = Network::from_bytes("own", &own.build(1).unwrap().to_bytes().unwrap()).unwrap();
    let other = Sequential::new([3])
        .add(Dense::new(3).named("dense_1"))
        .build(2)
        .unwrap();
    assert_eq!(other.take_parameters(&own).unwrap().len(), 2);
}

#[test]
fn what_could_not_be_loaded_is_not_built() {
    let inner = Sequential::new([3]).add(Dense::new(2).named("a".repeat(200)));
    let long = Sequential::new([3]).add(inner.named("b".repeat(200)));
    assert!(
        long.build(1)
            .err()
            .unwrap()
            .to_string()
            .contains("256 characters")
    );
    let many = (0..4097).fold(Sequential::new([1]), |layers, _| layers.add(Elu::new(1.0)));
    assert!(
        many.build(1)
            .err()
            .unwrap()
            .to_string()
            .contains("4096 is the most")
    );
}
