//! Generator and discriminator put together: the networks that each of them learns in, and those that
//! answer, all on the same weights.

use super::Settings;
use super::information::{INFORMATION, Information};
use super::objective::{Mean, ScoreLoss, Side as Scored};
use super::penalty::{Between, GradientPenalty};
use super::trainer::AdversarialTrainer;
use crate::graph::Value;
use crate::layer_graph::{Graph, Layers};
use crate::losses::Loss;
use crate::network::{IntoPart, Model, Network, Part};
use crate::plan::Objective;
use crate::training::Compile;
use crate::{Error, Shape, Tensor, Workers};

pub(super) const GENERATOR: &str = "generator";
pub(super) const DISCRIMINATOR: &str = "discriminator";

/// A generator or a discriminator, with the values of parameters that there are.
#[derive(Debug)]
pub(super) struct Side {
    graph: Graph,
    parameters: Vec<(String, Tensor)>,
}

impl Side {
    pub(super) fn of(part: impl IntoPart, name: &str) -> Result<Self, Error> {
        match part.into_part().layers? {
            Layers::Graph(graph, parameters) => Ok(Side { graph, parameters }),
            Layers::One(_) => Err(Error::build(format!(
                "the {name} is a layer, whose input has no shape"
            ))
            .with_hint("put it into a Sequential")),
        }
    }

    fn part(&self, name: &str) -> Part {
        Part {
            name: Some(name.into()),
            layers: Ok(Layers::Graph(self.graph.clone(), self.parameters.clone())),
        }
    }

    /// Shapes of what it takes after its first input.
    fn conditions(&self) -> &[Shape] {
        &self.graph.inputs[1..]
    }

    fn output(&self, name: &str) -> Result<Shape, Error> {
        let ops = self.graph.ops()?;
        if !ops.carried.is_empty() {
            return Err(
                Error::build(format!("the {name} carries states from batch to batch"))
                    .with_hint("leave stateful out: each batch has samples of its own"),
            );
        }
        match &ops.output_shapes()[..] {
            [output] => Ok(output.clone()),
            outputs => Err(
                Error::build(format!("the {name} has {} outputs", outputs.len()))
                    .with_hint("take a subnetwork of it that gives one"),
            ),
        }
    }

    /// The first layer that goes by the batch, if there is one.
    fn batch_normalisation(&self) -> Option<String> {
        let mut nodes = self.graph.nodes.iter();
        let by_batch = |kind| kind == "batch_normalization";
        let found = nodes.find(|node| by_batch(node.layer.kind()) && !node.frozen);
        found.map(|node| node.name.clone())
    }

    /// Whether its last layer ends with a sigmoid.
    fn ends_with_sigmoid(&self) -> bool {
        let last = self
            .graph
            .given()
            .first()
            .and_then(|&value| self.graph.node_of(value));
        let Some(node) = last.map(|node| &self.graph.nodes[node]) else {
            return false;
        };
        let configuration = node.layer.configuration();
        let function = match node.layer.kind() {
            "activation" => &configuration["function"],
            _ => &configuration["activation"],
        };
        function == "sigmoid"
    }
}

/// Whether a generator and a discriminator fit each other.
pub(super) fn check(
    generator: &Side,
    discriminator: &Side,
    settings: &Settings,
) -> Result<(), Error> {
    let sample = generator.output(GENERATOR)?;
    discriminator.output(DISCRIMINATOR)?;
    if let Some(information) = &settings.information {
        information.check_noise(&generator.graph.inputs[0])?;
    }
    let taken = &discriminator.graph.inputs[0];
    if &sample != taken {
        let message = format!("the generator gives {sample} but the discriminator takes {taken}");
        return Err(
            Error::shape(taken.sizes(), sample.sizes(), message).with_hint(
                "let the generator's last layer give what the discriminator's first input is",
            ),
        );
    }
    let (told, also) = (generator.conditions(), discriminator.conditions());
    if told != also {
        return Err(Error::build(format!(
            "the generator takes conditions {told:?} and the discriminator {also:?}"
        ))
        .with_hint("let both take the same ones, in the same order, after their first input"));
    }
    if settings.objective.takes_logits() && discriminator.ends_with_sigmoid() {
        return Err(Error::build(format!(
            "the discriminator ends with a sigmoid, and the objective {:?} takes logits",
            settings.objective
        ))
        .with_hint("leave the sigmoid out: it is part of the objective"));
    }
    Ok(())
}

/// The whole pair, ready to learn.
pub(super) fn trainer(
    (generator, discriminator): (Side, Side),
    settings: Settings,
    [generator_compile, discriminator_compile]: [Compile; 2],
    workers: &Workers,
) -> Result<AdversarialTrainer, Error> {
    let seed = generator_compile.seed;
    let pair = Pair {
        generator,
        discriminator,
    };
    let mut whole = pair
        .discriminator_step(&settings)?
        .build_with(seed, Some(workers.clone()))?;
    whole.hold(|name| name.starts_with("generator/"));
    let mut through = pair.generator_step(&settings)?.build_on(&whole)?;
    through.hold(|name| !name.starts_with("generator/"));
    let asked = |side: &Side, name: &str| {
        let mut model = Model::new();
        let inputs: Vec<Value> = side
            .graph
            .inputs
            .iter()
            .map(|shape| model.input(shape.clone()))
            .collect();
        let output = model.layer(side.part(name), inputs);
        model.outputs([output]).build_on(&whole)
    };
    let networks = [
        asked(&pair.generator, GENERATOR)?,
        asked(&pair.discriminator, DISCRIMINATOR)?,
    ];
    let information = settings.information.as_ref();
    let information = information
        .map(|codes| pair.predicted_codes(codes, &whole))
        .transpose()?;
    let by_batch = pair
        .generator
        .batch_normalisation()
        .map(|name| format!("{GENERATOR}/{name}"));
    let by_batch = by_batch.or_else(|| {
        let name = pair.discriminator.batch_normalisation();
        name.map(|name| format!("{DISCRIMINATOR}/{name}"))
    });
    let objective = settings.objective;
    let side = |side| ScoreLoss { objective, side };
    let mut losses: Vec<(Box<dyn Loss>, f32)> = vec![
        (
            Box::new(side(Scored::Real(1.0 - settings.label_smoothing))),
            1.0,
        ),
        (Box::new(side(Scored::Generated)), 1.0),
    ];
    losses.extend(
        settings
            .penalty
            .map(|factor| (Box::new(Mean) as Box<dyn Loss>, factor)),
    );
    let codes = || {
        let information = settings.information.as_ref()?;
        let loss: Box<dyn Loss> = Box::new(information.loss());
        Some((loss, information.factor()))
    };
    losses.extend(codes());
    let discriminator = learning(whole, discriminator_compile, losses, seed, workers)?;
    let mut losses: Vec<(Box<dyn Loss>, f32)> = vec![(Box::new(side(Scored::Generator)), 1.0)];
    losses.extend(codes());
    let distance = settings.reconstruction;
    losses.extend(distance.map(|(distance, weight)| (distance.loss(), weight)));
    let generator = learning(through, generator_compile, losses, seed, workers)?;
    Ok(AdversarialTrainer::new(
        settings,
        seed,
        [generator, discriminator],
        networks,
        information,
        by_batch,
    ))
}

/// A trainer of a network whose outputs have these losses and weights.
fn learning(
    network: Network,
    mut compile: Compile,
    losses: Vec<(Box<dyn Loss>, f32)>,
    seed: u64,
    workers: &Workers,
) -> Result<crate::Trainer, Error> {
    compile.inner.clear();
    compile.outputs = losses
        .into_iter()
        .map(|(loss, weight)| Objective {
            loss,
            weight,
            metrics: Vec::new(),
        })
        .collect();
    network.compile(compile.seed(seed).workers(workers.clone()))
}

struct Pair {
    generator: Side,
    discriminator: Side,
}

impl Pair {
    /// What the discriminator learns in. Inputs are samples, noise, conditions; outputs the scores of the
    /// samples, those of generated ones and, where they are asked for, the gradient penalty and what is
    /// said of the generated samples' codes.
    fn discriminator_step(&self, settings: &Settings) -> Result<Model, Error> {
        let mut model = Model::new();
        let samples = model.input(self.discriminator.graph.inputs[0].clone());
        let noise = model.input(self.generator.graph.inputs[0].clone());
        let conditions = self.conditions(&mut model);
        let with = |value: Value| [&[value], &conditions[..]].concat();
        let generated = model.layer(self.generator.part(GENERATOR), with(noise));
        let score = model.layer(self.discriminator.part(DISCRIMINATOR), with(samples));
        let of_generated = model.again(score, with(generated));
        let mut outputs = vec![score, of_generated];
        if settings.penalty.is_some() {
            let between = model.layer(Between.named("between"), [samples, generated]);
            let score = model.again(score, with(between));
            let penalty = GradientPenalty.named("gradient_penalty");
            outputs.push(model.layer(penalty, [score, between]));
        }
        if let Some(information) = &settings.information {
            outputs.push(information.head(&mut model, of_generated));
        }
        Ok(model.outputs(outputs))
    }

    /// What the generator learns in: from noise and conditions to the scores of what it makes of them and,
    /// where they are asked for, what is said of the codes and what it makes.
    fn generator_step(&self, settings: &Settings) -> Result<Model, Error> {
        let mut model = Model::new();
        let noise = model.input(self.generator.graph.inputs[0].clone());
        let conditions = self.conditions(&mut model);
        let with = |value: Value| [&[value], &conditions[..]].concat();
        let generated = model.layer(self.generator.part(GENERATOR), with(noise));
        let score = model.layer(self.discriminator.part(DISCRIMINATOR), with(generated));
        let mut outputs = vec![score];
        if let Some(information) = &settings.information {
            outputs.push(information.head(&mut model, score));
        }
        if settings.reconstruction.is_some() {
            outputs.push(generated);
        }
        Ok(model.outputs(outputs))
    }

    /// From samples, and conditions where they have a say, to what is said of the samples' codes.
    fn predicted_codes(&self, codes: &Information, whole: &Network) -> Result<Network, Error> {
        let mut model = Model::new();
        let samples = model.input(self.discriminator.graph.inputs[0].clone());
        let conditions = self.conditions(&mut model);
        let inputs = [&[samples], &conditions[..]].concat();
        let score = model.layer(self.discriminator.part(DISCRIMINATOR), inputs);
        let codes = codes.head(&mut model, score);
        let both = model.outputs([codes, score]).build_on(whole)?;
        if conditions.is_empty() {
            return both.subnetwork(&["input"], &[INFORMATION]);
        }
        let inputs: Vec<String> = (1..=1 + conditions.len())
            .map(|number| format!("input_{number}"))
            .collect();
        let inputs: Vec<&str> = inputs.iter().map(String::as_str).collect();
        both.subnetwork(&inputs, &[INFORMATION])
            .or_else(|_| both.subnetwork(&inputs[..1], &[INFORMATION]))
    }

    fn conditions(&self, model: &mut Model) -> Vec<Value> {
        let shapes = self.generator.conditions().iter();
        shapes.map(|shape| model.input(shape.clone())).collect()
    }
}
