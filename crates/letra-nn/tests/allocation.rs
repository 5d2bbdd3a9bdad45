//! A training step takes no memory from the system: the plan has it all.

use std::alloc::System;
use std::ops::ControlFlow;

use letra_nn::learners::{ContrastiveDivergence, Rbm, RbmCallback, RbmFit, RbmStep, RbmTrainer};
use letra_nn::prelude::*;
use stats_alloc::{INSTRUMENTED_SYSTEM, Region, StatsAlloc};

#[global_allocator]
static ALLOCATOR: &StatsAlloc<System> = &INSTRUMENTED_SYSTEM;

/// Counts the allocations from the end of one step to the end of the next.
struct Counter {
    region: Region<'static, System>,
    counts: Vec<usize>,
}

impl Callback for Counter {
    fn on_step_end(&mut self, _: &Step<'_>) -> Result<ControlFlow<()>, Error> {
        let change = self.region.change_and_reset();
        self.counts.push(change.allocations + change.reallocations);
        Ok(ControlFlow::Continue(()))
    }

    fn on_epoch_end(&mut self, _: &Epoch<'_>) -> Result<ControlFlow<()>, Error> {
        Ok(ControlFlow::Continue(()))
    }
}

#[test]
fn steps_allocate_nothing_once_the_first_epoch_is_over() {
    let loss = CategoricalFocalCrossEntropy::from_logits();
    // All are kept to the end: the threads of a pool that is given up take memory when they go.
    let _kept = [
        check(Compile::new(Adam::new(0.001))),
        // Norms of gradients, a second gradient, and arrays of state.
        check(Compile::new(AdaSecant::new()).global_clip_norm(1.0)),
        check(Compile::new(Vsgd::new())),
        check(Compile::new(Nadam::new(0.001)).loss(loss)),
        check_labels_of_sequences(),
        check_recurrent_layers(),
        check_carried_states(),
    ];
    check_long_sequences();
    let _kept = [
        check_boltzmann_machine(
            ContrastiveDivergence::new(0.1)
                .momentum(0.5)
                .sparsity(0.1, 0.1, 0.9),
        ),
        check_boltzmann_machine(
            ContrastiveDivergence::new(0.1)
                .persistent(7)
                .fast_weights(0.1, 0.95),
        ),
    ];
}

impl RbmCallback for Counter {
    fn on_step_end(&mut self, _: &RbmStep<'_>) -> Result<ControlFlow<()>, Error> {
        let change = self.region.change_and_reset();
        self.counts.push(change.allocations + change.reallocations);
        Ok(ControlFlow::Continue(()))
    }
}

fn check_boltzmann_machine(settings: ContrastiveDivergence) -> RbmTrainer {
    let data = Tensor::zeros([50, 40]);
    let mut rbm = Rbm::new(40, 70).compile(settings.threads(2)).unwrap();
    let mut counter = Counter {
        region: Region::new(ALLOCATOR),
        counts: Vec::with_capacity(1000),
    };
    rbm.fit(
        &data,
        RbmFit::epochs(7).batch_size(8).callback(&mut counter),
    )
    .unwrap();
    // The first epoch takes the memory, each begins with an order of its own, and a thread that starts late
    // takes some once.
    let later = counter
        .counts
        .chunks(7)
        .skip(1)
        .flat_map(|epoch| &epoch[1..]);
    let nothing = later.clone().filter(|count| **count == 0).count();
    assert!(nothing >= 32, "{:?} of 36", later.collect::<Vec<_>>());
    rbm
}

/// States that go from batch to batch, and from call to call.
fn check_carried_states() -> Trainer {
    let text: Vec<u32> = (0..97).map(|i| i % 3).collect();
    let data = Dataset::next_step_classes(&text, 3, 24, 1).unwrap();
    let mut network = Sequential::new([1])
        .add(Embedding::new(3, 4))
        .add(Lstm::new(6).return_sequences(true).stateful(true))
        .add(Dense::new(3))
        .compile(Compile::new(Adam::new(0.001)).threads(2))
        .unwrap();
    let step = Tensor::zeros([2, 1]);
    let mut stream = network.stream(2).unwrap();
    (0..3).for_each(|_| assert_eq!(stream.step(&step).unwrap().samples(), 2));
    let region = Region::new(ALLOCATOR);
    (0..20).for_each(|_| assert_eq!(stream.step(&step).unwrap().samples(), 2));
    let change = region.change();
    assert_eq!(change.allocations + change.reallocations, 0, "{change:?}");
    network = assert_nothing_allocated(network, &data);
    assert!(network.state("lstm/h").is_some());
    network
}

/// Sequences of unlike lengths, in both directions; of one thread, as for labels of sequences.
fn check_recurrent_layers() -> Trainer {
    let lengths: Vec<usize> = (0..96).map(|i| 1 + i * 7 % 9).collect();
    let sequences = Sequences::new(Tensor::zeros([96, 9, 3]), &lengths).unwrap();
    let labels = (0..96).map(|i| i % 3).collect();
    let data = sequences
        .with_targets(Targets::Classes { labels, count: 3 })
        .unwrap();
    let network = Sequential::sequences([9, 3])
        .add(Lstm::new(19).dropout(0.1).return_sequences(true))
        .add(Bidirectional::new(
            Gru::new(7).recurrent_dropout(0.1).return_sequences(true),
        ))
        .add(Gru::new(5).reset_after(false).return_sequences(true))
        .add(SimpleRnn::new(6).go_backwards(true))
        .add(Dense::new(3))
        .compile(Compile::new(Adam::new(0.001)).metric(Accuracy).threads(1));
    assert_nothing_allocated(network.unwrap(), &data)
}

/// A prediction goes through long sequences some steps at a time: it needs no more memory than for
/// those.
fn check_long_sequences() {
    let bytes = |steps: usize| {
        let layers = Sequential::new([steps, 2]).add(Lstm::new(8));
        let network = layers.build(0).unwrap();
        let input = Tensor::zeros([1, steps, 2]);
        let region = Region::new(ALLOCATOR);
        network.predict(&input).unwrap();
        region.change().bytes_allocated
    };
    let (short, long) = (bytes(64), bytes(100_000));
    assert!(long < 2 * short + 10_000, "{short} bytes, {long} bytes");
}

/// What a sequence needs is a thread's: of one thread, which takes all of them, nothing is left to chance.
fn check_labels_of_sequences() -> Trainer {
    let words: Vec<Vec<u32>> = (0..96).map(|i| vec![1 + i % 3; i as usize % 4]).collect();
    let labels = Ctc::new().pad(&words).unwrap();
    let data = Dataset::classes(Tensor::zeros([96, 9, 2]), labels, 4).unwrap();
    let compile = Compile::new(Adam::new(0.001)).loss(Ctc::new());
    let network = Sequential::new([9, 2])
        .add(Dense::new(4))
        .compile(compile.metric(LabelErrorRate).threads(1));
    assert_nothing_allocated(network.unwrap(), &data)
}

fn check(compile: Compile) -> Trainer {
    let pixels: Vec<f32> = (0..96 * 144)
        .map(|i| ((i * 13) % 29) as f32 / 29.0)
        .collect();
    let inputs = Tensor::new([96, 12, 12, 1], pixels).unwrap();
    let data = Dataset::classes(inputs, (0..96).map(|i| i % 3).collect(), 3).unwrap();
    let network = Sequential::new([12, 12, 1])
        .add(RandomTranslation::new(0.1, 0.1))
        .add(RandomRotation::new(0.1))
        .add(RandomZoom::new(0.1).fill_mode(FillMode::Nearest))
        .add(RandomFlip::new())
        .add(RandomContrast::new(0.1))
        .add(Rescaling::new(2.0))
        .add(GaussianNoise::new(0.1))
        .add(Conv2d::new(4, 5).same().relu())
        .add(MaxPool2d::new(2))
        .add(SpatialDropout2d::new(0.1))
        .add(Conv2d::new(8, 3))
        .add(DepthwiseConv2d::new(3).same())
        .add(Conv2d::new(8, 3).groups(2).same())
        .add(SeparableConv2d::new(8, 3).same())
        .add(UpSampling2d::new(2).bilinear())
        .add(AveragePool2d::new(2))
        .add(GroupNormalization::new().groups(4))
        .add(BatchNormalization::new())
        .add(Activation::tanh())
        .add(Dropout::new(0.25))
        .add(Flatten)
        .add(
            Dense::new(64)
                .activation(ActivationFunction::Gelu)
                .kernel_regularizer(Regularizer::l2(1e-3))
                .kernel_constraint(Constraint::max_norm(2.0))
                .bias_regularizer(Regularizer::l1(1e-3))
                .activity_regularizer(Regularizer::l2(1e-4)),
        )
        .add(Reshape::new([8, 8]))
        .add(
            MultiHeadAttention::new(2, 20)
                .dropout(0.1)
                .use_causal_mask(true),
        )
        .add(Flatten)
        .add(PRelu::new())
        .add(Maxout::new(64, 2))
        .add(DropConnect::new(40, 0.5).relu())
        .add(AnnealedDropout::new(0.5, 1000))
        .add(Standout::new(20).tanh())
        .add(LayerNormalization::new())
        .add(Dense::new(3))
        .compile(compile.metric(Accuracy).threads(2))
        .unwrap();
    assert_nothing_allocated(network, &data)
}

fn assert_nothing_allocated(mut network: Trainer, data: &Dataset) -> Trainer {
    let mut counter = Counter {
        region: Region::new(ALLOCATOR),
        counts: Vec::with_capacity(64),
    };
    network
        .fit(data, Fit::epochs(4).batch_size(24).callback(&mut counter))
        .unwrap();
    // Four steps an epoch; the first of each epoch also pays for the order of the samples.
    for (index, count) in counter.counts.iter().enumerate().skip(4) {
        if index % 4 != 0 {
            assert_eq!(*count, 0, "step {index} of {:?}", counter.counts);
        }
    }
    network
}
