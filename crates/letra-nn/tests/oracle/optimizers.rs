//! Twenty steps of each optimizer on given gradients, as Keras takes them or, where no
//! framework has the optimizer, as its paper's formulas do.

use letra_nn::optimizers::{
    AdaSecant, Adadelta, Adagrad, Adam, AdamW, Adamax, Lion, Nadam, Optimizer, RmsProp, SLOTS, Sgd,
    Update, Vsgd,
};
use letra_nn::prelude::*;
use serde_json::Value;

use super::reading::{assert_close, doubles, list, name, numbers, single, singles, whole};

fn optimizer(settings: &Value) -> Box<dyn Optimizer> {
    let rate = single(&settings["rate"]);
    let number = |key: &str| single(&settings[key]);
    let flag = |key: &str| settings[key].as_bool().unwrap();
    match settings["kind"].as_str().unwrap() {
        "sgd" => Box::new(
            Sgd::new(rate)
                .momentum(number("momentum"))
                .nesterov(flag("nesterov"))
                .decay(number("decay")),
        ),
        "adam" => Box::new(
            Adam::new(rate)
                .betas(number("beta_1"), number("beta_2"))
                .epsilon(number("epsilon"))
                .amsgrad(flag("amsgrad")),
        ),
        "adamax" => Box::new(
            Adamax::new(rate)
                .betas(number("beta_1"), number("beta_2"))
                .epsilon(number("epsilon")),
        ),
        "lion" => Box::new(
            Lion::new(rate)
                .betas(number("beta_1"), number("beta_2"))
                .weight_decay(number("weight_decay")),
        ),
        "nadam" => Box::new(
            Nadam::new(rate)
                .betas(number("beta_1"), number("beta_2"))
                .epsilon(number("epsilon"))
                .momentum_decay(number("momentum_decay")),
        ),
        "adam_w" => Box::new(
            AdamW::new(rate)
                .weight_decay(number("weight_decay"))
                .betas(number("beta_1"), number("beta_2"))
                .epsilon(number("epsilon"))
                .amsgrad(flag("amsgrad")),
        ),
        "adagrad" => Box::new(
            Adagrad::new(rate)
                .initial_accumulator_value(number("initial_accumulator_value"))
                .epsilon(number("epsilon")),
        ),
        "adadelta" => Box::new(
            Adadelta::new(rate)
                .rho(number("rho"))
                .epsilon(number("epsilon")),
        ),
        "rms_prop" => Box::new(
            RmsProp::new(rate)
                .rho(number("rho"))
                .momentum(number("momentum"))
                .centered(flag("centered"))
                .epsilon(number("epsilon")),
        ),
        "ada_secant" => Box::new(
            AdaSecant::new()
                .rate(rate)
                .decay(number("decay"))
                .gamma_clip(number("gamma_clip"))
                .delta_clip(settings["delta_clip"].as_f64().map(|clip| clip as f32))
                .variance_reduction_start(whole(&settings["start"]) as u64)
                .adagrad(flag("adagrad"))
                .epsilon(number("epsilon")),
        ),
        "vsgd" => Box::new(
            Vsgd::new()
                .rate(rate)
                .slow_start(whole(&settings["slow_start"]) as u64)
                .slow_constant(number("slow_constant"))
                .detect_outliers(flag("detect_outliers"))
                .epsilon(number("epsilon")),
        ),
        kind => panic!("the test knows no {kind}"),
    }
}

/// One parameter of its own, with the optimizer's state.
struct Trained {
    weights: Vec<f32>,
    slots: Vec<Vec<f32>>,
    step: u64,
}

impl Trained {
    fn new(optimizer: &dyn Optimizer, weights: Vec<f32>) -> Self {
        let slots = optimizer.slots().iter().enumerate();
        Trained {
            slots: slots
                .map(|(slot, _)| vec![optimizer.initial(slot); weights.len()])
                .collect(),
            weights,
            step: 0,
        }
    }

    fn step(&mut self, optimizer: &dyn Optimizer, gradients: &[f32], probe_gradients: &[f32]) {
        let square = |value: &f32| f64::from(*value) * f64::from(*value);
        let norm = gradients.iter().map(square).sum::<f64>().sqrt() as f32;
        let mut displaced = vec![
            0.0;
            if optimizer.wants_probe() {
                gradients.len()
            } else {
                0
            }
        ];
        if optimizer.wants_probe() {
            let update = self.update(optimizer, norm, gradients, [&[], &[]]);
            optimizer.displace(update, &mut displaced);
        }
        let probe = [&displaced[..], probe_gradients];
        optimizer.update(self.update(optimizer, norm, gradients, probe));
        self.step += 1;
    }

    fn update<'a>(
        &'a mut self,
        optimizer: &dyn Optimizer,
        norm: f32,
        gradients: &'a [f32],
        probe: [&'a [f32]; 2],
    ) -> Update<'a> {
        let mut slots: [&mut [f32]; SLOTS] = Default::default();
        for (slot, values) in slots.iter_mut().zip(&mut self.slots) {
            *slot = values;
        }
        let rate = optimizer.rate(self.step) as f32;
        let mut update = Update::new(rate, &mut self.weights, gradients);
        (update.step, update.norm) = (self.step, norm);
        (update.probe, update.slots) = (probe, slots);
        update
    }
}

#[test]
fn weights_after_each_of_twenty_steps() {
    let numbers = numbers("optimizers");
    let start = singles(&numbers["start"]);
    for case in list(&numbers["cases"]) {
        let optimizer = optimizer(&case["optimizer"]);
        optimizer.check().unwrap();
        let mut trained = Trained::new(&*optimizer, start.clone());
        let probes = match optimizer.wants_probe() {
            true => list(&case["probe_gradients"]),
            false => &[],
        };
        let steps = list(&case["gradients"]).iter().zip(list(&case["weights"]));
        for (step, (gradient, wanted)) in steps.enumerate() {
            let probe = probes.get(step).map(singles).unwrap_or_default();
            trained.step(&*optimizer, &singles(gradient), &probe);
            let what = format!("{}, step {step}", name(case));
            assert_close(&what, &trained.weights, &doubles(wanted), 1e-5);
        }
        assert_eq!(list(&case["weights"]).len(), 20);
    }
}

#[test]
fn defaults_are_those_of_keras_or_the_authors() {
    let numbers = numbers("optimizers");
    let defaults: [Box<dyn Optimizer>; 10] = [
        Box::new(Adam::new(0.001)),
        Box::new(AdamW::new(0.001)),
        Box::new(Adamax::new(0.001)),
        Box::new(Lion::new(0.001)),
        Box::new(Nadam::new(0.001)),
        Box::new(Adagrad::new(0.001)),
        Box::new(Adadelta::new(0.001)),
        Box::new(RmsProp::new(0.001)),
        Box::new(AdaSecant::new()),
        Box::new(Vsgd::new()),
    ];
    for written in defaults {
        let wanted = format!("{} defaults", written.kind());
        let mut cases = list(&numbers["cases"]).iter();
        let case = cases.find(|case| name(case) == wanted).unwrap();
        let configured = optimizer(&case["optimizer"]);
        assert_eq!(written.configuration(), configured.configuration());
    }
}

/// A kernel of three values and a bias of one: E = (y − t)² at y = 0 has the gradient −2 t at
/// the bias and −2 t x at the kernel.
#[test]
fn gradients_are_clipped_as_keras_does() {
    let numbers = numbers("optimizers");
    for case in list(&numbers["clipping"]) {
        let gradients: Vec<Vec<f32>> = list(&case["gradients"]).iter().map(singles).collect();
        let compile = Compile::new(Sgd::new(1.0)).loss(SumSquaredError);
        let compile = match () {
            _ if case["clipvalue"].is_number() => compile.clip_value(single(&case["clipvalue"])),
            _ if case["clipnorm"].is_number() => compile.clip_norm(single(&case["clipnorm"])),
            _ => compile.global_clip_norm(single(&case["global_clipnorm"])),
        };
        let mut network = Sequential::new([3])
            .add(Dense::new(1).kernel_initializer(Initializer::zeros()))
            .compile(compile)
            .unwrap();
        let bias = gradients[1][0];
        let inputs = gradients[0]
            .iter()
            .map(|gradient| gradient / bias)
            .collect();
        let inputs = Tensor::new([1, 3], inputs).unwrap();
        let targets = Tensor::new([1, 1], vec![-bias / 2.0]).unwrap();
        let batch = Dataset::values(inputs, targets).unwrap();
        network.train_on_batch(&batch).unwrap();
        for (parameter, wanted) in ["dense/kernel", "dense/bias"]
            .iter()
            .zip(list(&case["clipped"]))
        {
            let wanted: Vec<f64> = doubles(wanted).iter().map(|value| -value).collect();
            let found = network.parameter(parameter).unwrap();
            assert_close(name(case), found.data(), &wanted, 1e-6);
        }
    }
}
