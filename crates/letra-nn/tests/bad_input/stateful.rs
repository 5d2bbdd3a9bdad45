//! Carried states, streams and generating: what is refused, and what is said.

use letra_nn::layers::{Bidirectional, Emit, Gru, Layer, Lstm, Value};
use letra_nn::{BuildError, ops, prelude::*};

fn trainer() -> Trainer {
    Sequential::new([3, 2])
        .add(Lstm::new(4).stateful(true))
        .add(Dense::new(2))
        .compile(Compile::new(Sgd::new(0.1)))
        .unwrap()
}

fn data(samples: usize) -> Dataset {
    Dataset::classes(Tensor::zeros([samples, 3, 2]), vec![1; samples], 2).unwrap()
}

#[track_caller]
fn says(error: impl std::fmt::Display, parts: &[&str]) {
    let error = error.to_string();
    assert!(parts.iter().all(|part| error.contains(part)), "{error}");
}

#[test]
fn batches_of_another_size() {
    let mut trainer = trainer();
    trainer.train_on_batch(&data(4)).unwrap();
    let before = trainer.state("lstm/h");
    let told = ["3 sequences", "those of 4", "reset_states"];
    says(trainer.train_on_batch(&data(3)).unwrap_err(), &told);
    says(trainer.gradients(&data(3)).unwrap_err(), &told);
    says(trainer.gradients_to_inputs(&data(3)).unwrap_err(), &told);
    let upstream = [Tensor::zeros([3, 2])];
    says(trainer.backward(&data(3), &upstream).unwrap_err(), &told);
    assert_eq!(trainer.state("lstm/h"), before);
    trainer.reset_states();
    trainer.train_on_batch(&data(3)).unwrap();
}

#[test]
fn batches_that_do_not_go_on_with_each_other() {
    let mut trainer = trainer();
    let error = trainer.fit(&data(10), Fit::epochs(1).batch_size(4));
    says(
        error.unwrap_err(),
        &["10 samples", "one of 2", "leave out the last 2"],
    );
    let shuffled = Fit::epochs(1).batch_size(5).shuffle(true);
    says(
        trainer.fit(&data(10), shuffled).unwrap_err(),
        &["shuffled", "leave shuffle"],
    );
    let error = trainer.fit(
        &data(10),
        Fit::epochs(1).batch_size(5).bucket_by_length(true),
    );
    says(error.unwrap_err(), &["bucket_by_length"]);
    trainer
        .fit(&data(10), Fit::epochs(1).batch_size(5))
        .unwrap();
}

#[test]
fn states_that_are_not_there() {
    let mut trainer = trainer();
    let error = trainer
        .set_state("lstm/d", &Tensor::zeros([1, 4]))
        .unwrap_err();
    says(error, &["lstm/d", "lstm/h, lstm/c"]);
    trainer.set_state("lstm/h", &Tensor::zeros([5, 4])).unwrap();
    let error = trainer
        .set_state("lstm/c", &Tensor::zeros([4, 4]))
        .unwrap_err();
    says(error, &["lstm/c", "[5, 4]", "[4, 4]"]);
    let mut stream = trainer.stream(2).unwrap();
    let error = stream
        .set_state("lstm/h", &Tensor::zeros([2, 3]))
        .unwrap_err();
    says(error, &["[2, 4]", "[2, 3]"]);
}

#[test]
fn layers_that_cannot_carry() {
    let both_ways = Sequential::new([3, 2]).add(Bidirectional::new(Lstm::new(2).stateful(true)));
    says(
        both_ways.build(0).err().unwrap(),
        &["bidirectional", "both ways", "leave stateful out"],
    );
    let over_steps =
        Sequential::new([2, 3, 2]).add(TimeDistributed::new(Lstm::new(2).stateful(true)));
    says(
        over_steps.build(0).err().unwrap(),
        &["time_distributed", "carries values on"],
    );
    let mut model = Model::new();
    let (input, state) = (model.input([3, 2]), model.input([4]));
    let output = model.layer(Gru::new(4).stateful(true), [input, state]);
    says(
        model.outputs([output]).build(0).err().unwrap(),
        &["initial states", "leave one of them out"],
    );
}

#[test]
fn networks_that_make_no_stream() {
    let build = |network: Sequential| network.build(0).unwrap();
    let of = |network: &Network| network.stream(1).err().unwrap();
    let dense = build(Sequential::new([3]).add(Dense::new(2)));
    says(of(&dense), &["carries anything on", "predict"]);
    let both_ways = build(Sequential::new([3, 2]).add(Bidirectional::new(Lstm::new(2))));
    says(of(&both_ways), &["both ways"]);
    let backwards = build(Sequential::new([3, 2]).add(Lstm::new(2).go_backwards(true)));
    says(of(&backwards), &["goes backwards"]);
    let one = build(Sequential::new([3, 2]).add(Lstm::new(2)));
    says(one.stream(0).err().unwrap(), &["0 sequences"]);
    let mut model = Model::new();
    let (input, state) = (model.input([3, 2]), model.input([4]));
    let output = model.layer(Gru::new(4), [input, state]);
    says(
        of(&model.outputs([output]).build(0).unwrap()),
        &["initial states", "predict"],
    );
}

#[test]
fn steps_that_do_not_fit_a_stream() {
    let mut stream = trainer().stream(2).unwrap();
    stream
        .step(&Tensor::new([2, 1, 2], vec![1.0; 4]).unwrap())
        .unwrap();
    let before = stream.state("lstm/h");
    says(
        stream.step(&Tensor::zeros([3, 1, 2])).unwrap_err(),
        &["one of 2 sequences", "steps of 3"],
    );
    says(
        stream.step(&Tensor::zeros([2, 1, 3])).unwrap_err(),
        &["[2, 1, 3]", "as many features"],
    );
    says(
        stream.step(&Tensor::zeros([2, 2])).unwrap_err(),
        &["[2, 2]"],
    );
    says(
        stream.step(&Tensor::zeros([2, 0, 2])).unwrap_err(),
        &["holds no values"],
    );
    let two = [Tensor::zeros([2, 1, 2]), Tensor::zeros([2, 1, 2])];
    says(stream.step(&two).unwrap_err(), &["1 inputs", "given 2"]);
    assert_eq!(stream.state("lstm/h"), before);
    // A network whose later layers know the number of steps.
    let fixed = Sequential::new([3, 2])
        .add(Lstm::new(2).return_sequences(true))
        .add(Flatten)
        .add(Dense::new(1))
        .build(0)
        .unwrap();
    let error = fixed
        .stream(1)
        .unwrap()
        .step(&Tensor::zeros([1, 1, 2]))
        .unwrap_err()
        .to_string();
    says(error, &["dense/kernel", "[2, 1]", "[6, 1]"]);
    says(
        fixed.with_input_shape([4, 2]).err().unwrap(),
        &["dense/kernel"],
    );
    says(
        fixed.with_input_shapes(&[]).err().unwrap(),
        &["1 inputs", "0 shapes"],
    );
}

#[test]
fn settings_of_generating() {
    let letters = Sequential::new([3])
        .add(Embedding::new(5, 2))
        .add(Lstm::new(2))
        .add(Dense::new(5).softmax())
        .build(0)
        .unwrap();
    let with = |sampling: Sampling| letters.generate(&[1], 2, &sampling).unwrap_err();
    says(
        with(Sampling::new().temperature(-1.0)),
        &["temperature is -1", "0 or more"],
    );
    says(
        with(Sampling::new().temperature(f64::NAN)),
        &["temperature is NaN"],
    );
    says(with(Sampling::new().top_k(0)), &["top 0", "at least 1"]);
    says(
        letters.generate(&[], 2, &Sampling::new()).unwrap_err(),
        &["prompt is empty"],
    );
    says(
        letters.generate(&[7], 2, &Sampling::new()).unwrap_err(),
        &["embedding", "7"],
    );
    let error = letters
        .stream(2)
        .unwrap()
        .generate(&[1], 2, &Sampling::new())
        .unwrap_err();
    says(error, &["2 sequences"]);
    let error = letters
        .stream(1)
        .unwrap()
        .generate_values(&Tensor::zeros([2, 5]), 2)
        .unwrap_err();
    says(error, &["no step of its input"]);
}

#[test]
fn networks_whose_output_is_not_their_input() {
    let lstm = || Sequential::new([3, 2]).add(Lstm::new(4));
    let generate = |network: Sequential| {
        let network = network.build(0).unwrap();
        network.generate(&[1], 2, &Sampling::new()).unwrap_err()
    };
    says(
        generate(lstm().add(Dense::new(3).softmax())),
        &["[3, 2]", "[3]", "Embedding"],
    );
    says(
        generate(lstm().add(Dense::new(2))),
        &["no row of probabilities", "from_logits"],
    );
    says(
        generate(lstm().add(Dense::new(1))),
        &["no class of its input"],
    );
    let few = Sequential::new([3])
        .add(Embedding::new(4, 2))
        .add(Lstm::new(2));
    says(
        generate(few.add(Dense::new(5).softmax())),
        &["no class of its input"],
    );
    let values = lstm().add(Dense::new(3)).build(0).unwrap();
    let error = values
        .stream(1)
        .unwrap()
        .generate_values(&Tensor::zeros([2, 2]), 2);
    says(error.unwrap_err(), &["no step of its input"]);
    let values = lstm().add(Dense::new(2)).build(0).unwrap();
    for shape in [vec![2, 3], vec![0, 2], vec![2]] {
        let prompt = Tensor::zeros(shape);
        let error = values.stream(1).unwrap().generate_values(&prompt, 2);
        says(error.unwrap_err(), &["[steps, 2]"]);
    }
    let kernel = values.parameter("dense/kernel").unwrap();
    let broken = Tensor::new(kernel.shape(), vec![f32::NAN; 8]).unwrap();
    values.set_parameter("dense/kernel", &broken).unwrap();
    says(
        values.generate(&[1], 2, &Sampling::new()).unwrap_err(),
        &["NaN"],
    );
}

/// Does with a carried value what it is told.
#[derive(Debug)]
struct Carries(&'static str);

impl Layer for Carries {
    fn kind(&self) -> &'static str {
        "carries"
    }

    fn configuration(&self) -> serde_json::Value {
        serde_json::Value::Null
    }

    fn emit(&self, inputs: &[Value], emit: &mut Emit<'_>) -> Result<Vec<Value>, BuildError> {
        let input = inputs[0];
        let carried = emit.carried("it", [2])?;
        let sum = emit.op(ops::Add, &[carried, input], &[])?;
        match self.0 {
            "nothing" => {}
            "twice" => drop(emit.carried("it", [2])?),
            "input" => emit.carry(carried, input)?,
            "other" => emit.carry(input, sum)?,
            _ => {
                let wide = emit.op(ops::Concatenate, &[sum, sum], &[])?;
                emit.carry(carried, wide)?;
            }
        }
        Ok(vec![sum])
    }
}

#[test]
fn layers_of_ones_own_that_carry_wrongly() {
    let told = [
        ("nothing", "what takes its place"),
        ("twice", "two values called carries/it"),
        ("input", "none of its ops gives"),
        ("other", "not carried"),
        ("wide", "carries [4] on where [2] was"),
    ];
    for (what, part) in told {
        let error = Sequential::new([2])
            .add(Carries(what))
            .build(0)
            .err()
            .unwrap();
        says(error, &[part]);
    }
}
