//! What is added to the objectives: information, reconstruction; and conditions that are text.

use letra_nn::learners::{
    Adversarial, AdversarialFit, AdversarialObjective, AdversarialTrainer, Information,
    Reconstruction,
};
use letra_nn::prelude::*;
use letra_nn::random::{Domain, Random};

fn compiled(pair: Adversarial, rate: f64, threads: usize) -> AdversarialTrainer {
    let compile = || {
        Compile::new(Adam::new(rate).betas(0.5, 0.999))
            .seed(3)
            .threads(threads)
    };
    pair.compile(compile(), compile()).unwrap()
}

fn normal(samples: usize, values: usize, place: usize) -> Tensor {
    let random = Random::new(3, Domain::Data, place, 0);
    let drawn = (0..samples).flat_map(|sample| random.normal(sample, values));
    Tensor::new([samples, values], drawn.collect()).unwrap()
}

/// Points near (±1, y), with y from −1 to 1: a choice and a number.
fn two_lines(samples: usize) -> Dataset {
    let random = Random::new(4, Domain::Data, 0, 0);
    let points = (0..samples).flat_map(|sample| {
        let drawn = random.uniform(sample, 2);
        let side = if drawn[0] < 0.5 { -1.0 } else { 1.0 };
        [side, 2.0 * drawn[1] - 1.0]
    });
    Dataset::unlabelled(Tensor::new([samples, 2], points.collect()).unwrap()).unwrap()
}

fn informed(threads: usize) -> AdversarialTrainer {
    let codes = Information::new().categorical(2).continuous(1).hidden(16);
    let generator = Sequential::new([2 + codes.values()])
        .add(Dense::new(24).relu())
        .add(Dense::new(24).relu())
        .add(Dense::new(2));
    let discriminator = Sequential::new([2])
        .add(Dense::new(32))
        .add(LeakyRelu::new(0.2))
        .add(Dense::new(32))
        .add(LeakyRelu::new(0.2))
        .add(Dense::new(1));
    let pair = Adversarial::new(generator, discriminator).information(codes);
    compiled(pair, 0.003, threads)
}

#[test]
fn codes_are_found_again_in_the_samples_and_in_the_data() {
    let data = two_lines(1024);
    let mut pair = informed(2);
    let history = pair
        .fit(&data, AdversarialFit::epochs(40).batch_size(64))
        .unwrap();
    let cost = |epoch: usize| history.epochs()[epoch].get("information_loss").unwrap();
    // Nothing known of the codes costs log 2 + 1/3.
    assert!(cost(0) > 0.3 && cost(39) < 0.2, "{} {}", cost(0), cost(39));
    let noise = pair.noise(200, 5);
    let said = pair.information().unwrap();
    let codes = said.predict(&pair.generate(&noise, &[]).unwrap()).unwrap();
    let right = (0..200).filter(|&sample| {
        let (noise, codes) = (noise.sample(sample), codes.sample(sample));
        (noise[2] > noise[3]) == (codes[0] > codes[1])
    });
    assert!(right.count() > 190);
    // One side of the data is one value of the choice.
    let (of_data, inputs) = (said.predict(data.inputs()).unwrap(), data.inputs());
    let same = (0..1024).filter(|&sample| {
        let codes = of_data.sample(sample);
        (inputs.sample(sample)[0] > 0.0) == (codes[0] > codes[1])
    });
    let same = same.count();
    assert!(!(60..=964).contains(&same), "{same} of 1024");
}

#[test]
fn a_term_is_part_of_the_losses() {
    let batch = two_lines(8);
    let scores = informed(1).train_on_batch(&batch).unwrap();
    let information = scores.information_loss.unwrap();
    let sum = scores.real_loss + scores.generated_loss + information;
    assert!((scores.discriminator_loss - sum).abs() < 1e-5);
    assert_eq!(scores.reconstruction_loss, None);

    let network = |first: usize, last: usize| {
        let mut model = Model::new();
        let (value, told) = (model.input([first]), model.input([2]));
        let both = model.layer(Concatenate, [value, told]);
        let hidden = model.layer(Dense::new(4).tanh(), [both]);
        let output = model.layer(Dense::new(last), [hidden]);
        model.outputs([output])
    };
    for distance in [Reconstruction::Absolute, Reconstruction::Squared] {
        let pair = Adversarial::new(network(3, 2), network(2, 1))
            .objective(AdversarialObjective::Wasserstein)
            .gradient_penalty(10.0)
            .reconstruction(distance, 100.0);
        let compile = || Compile::new(Sgd::new(1e-30)).seed(3).threads(1);
        let mut pair = pair.compile(compile(), compile()).unwrap();
        let told = batch.clone().and_input(normal(8, 2, 1)).unwrap();
        let scores = pair.train_on_batch(&told).unwrap();
        let error = scores.reconstruction_loss.unwrap();
        // Of eight samples, the critic's scores are small beside a hundred errors.
        let rest = scores.generator_loss.unwrap() - 100.0 * error;
        assert!(error > 0.1 && rest.abs() < 2.0, "{scores:?}");
        assert!(scores.gradient_penalty.unwrap() > 0.0);
        assert_eq!(scores.information_loss, None);
    }
}

#[test]
fn a_training_with_codes_resumes_to_the_bit() {
    let data = two_lines(96);
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("pair.safetensors");
    let fit = |epochs| AdversarialFit::epochs(epochs).batch_size(32);
    let mut whole = informed(2);
    let history = whole.fit(&data, fit(4)).unwrap();
    informed(1).fit(&data, fit(2).checkpoint(&path)).unwrap();
    let mut resumed = informed(1);
    let again = resumed.fit(&data, fit(4).resume(&path)).unwrap();
    assert_eq!(history, again);
    let said = |pair: &AdversarialTrainer| pair.information().unwrap().predict(data.inputs());
    assert_eq!(said(&whole).unwrap(), said(&resumed).unwrap());
    assert_eq!(whole.sample(5, 1).unwrap(), resumed.sample(5, 1).unwrap());
}

const LETTERS: usize = 4;

/// Words of a and b, numbers 1 and 2, and a value that is −1 for no b and 1 for b alone.
fn words(count: usize) -> (Tensor, Tensor) {
    let random = Random::new(5, Domain::Data, 0, 0);
    let (mut letters, mut values) = (Vec::new(), Vec::new());
    for word in 0..count {
        let drawn = random.uniform(word, LETTERS);
        let is_b = drawn.iter().map(|&drawn| drawn < 0.5);
        letters.extend(is_b.clone().map(|is_b| if is_b { 2.0 } else { 1.0 }));
        let share = is_b.filter(|&is_b| is_b).count() as f32 / LETTERS as f32;
        values.push(2.0 * share - 1.0 + 0.05 * random.normal(word, 1)[0]);
    }
    (
        Tensor::new([count, 1], values).unwrap(),
        Tensor::new([count, LETTERS], letters).unwrap(),
    )
}

/// Text as a condition: an embedding and an LSTM read it, in both networks.
fn reads_text(first: usize) -> Model {
    let mut model = Model::new();
    let (value, text) = (model.input([first]), model.input([LETTERS]));
    let letters = model.layer(Embedding::new(3, 4).mask_zero(true), [text]);
    let read = model.layer(Lstm::new(12), [letters]);
    let both = model.layer(Concatenate, [value, read]);
    let hidden = model.layer(Dense::new(24), [both]);
    let hidden = model.layer(LeakyRelu::new(0.2), [hidden]);
    let output = model.layer(Dense::new(1), [hidden]);
    model.outputs([output])
}

#[test]
fn a_generator_is_told_what_to_make_by_text() {
    let (values, letters) = words(512);
    let data = Dataset::unlabelled(values)
        .unwrap()
        .and_input(letters)
        .unwrap();
    let pair = Adversarial::new(reads_text(2), reads_text(1))
        .objective(AdversarialObjective::LeastSquares)
        .average(0.98);
    let mut pair = compiled(pair, 0.004, 2);
    pair.fit(&data, AdversarialFit::epochs(60).batch_size(64))
        .unwrap();
    for (word, wanted) in [
        ([1.0, 1.0, 1.0, 1.0], -1.0),
        ([1.0, 2.0, 2.0, 1.0], 0.0),
        ([2.0, 2.0, 2.0, 2.0], 1.0),
    ] {
        let text = Tensor::new([50, LETTERS], word.repeat(50)).unwrap();
        let drawn = pair.sample_of(&[text], 9).unwrap();
        let mean = drawn.data().iter().sum::<f32>() / 50.0;
        assert!((mean - wanted).abs() < 0.3, "{mean} for {word:?}");
    }
}

#[test]
fn terms_that_make_no_sense_are_refused() {
    let network = |first: usize, last: usize| Sequential::new([first]).add(Dense::new(last));
    let refused = |terms: &dyn Fn(Adversarial) -> Adversarial, words: &[&str]| {
        let pair = terms(Adversarial::new(network(3, 2), network(2, 1)));
        let compile = || Compile::new(Sgd::new(0.1));
        let error = pair.compile(compile(), compile()).map(drop).unwrap_err();
        let text = error.to_string();
        assert!(words.iter().all(|word| text.contains(word)), "{text}");
        assert!(error.hint().is_some(), "{text}");
    };
    let codes = |codes: Information| move |pair: Adversarial| pair.information(codes.clone());
    let new = Information::new;
    refused(&codes(new()), &["no codes"]);
    refused(&codes(new().categorical(1)), &["fewer than 2"]);
    refused(&codes(new().continuous(0)), &["0 continuous"]);
    refused(&codes(new().continuous(1).hidden(0)), &["0 hidden"]);
    refused(&codes(new().continuous(1).weight(0.0)), &["weight 0"]);
    refused(&codes(new().categorical(4)), &["[3]", "4 values"]);
    for weight in [0.0, -1.0, f32::NAN] {
        let term = |pair: Adversarial| pair.reconstruction(Reconstruction::Absolute, weight);
        refused(&term, &["reconstruction", &weight.to_string()]);
    }
}
