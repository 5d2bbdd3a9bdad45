//! The networks that learn from both domains, and those that answer, on the same weights.

use super::DomainTrainer;
use crate::graph::Value;
use crate::layer_graph::{Graph, Layers};
use crate::layers::{Activation, GradientReversal, Layer};
use crate::losses::BinaryCrossEntropy;
use crate::metrics::BinaryAccuracy;
use crate::network::{IntoPart, Model, Part};
use crate::optimizers::Sgd;
use crate::training::Compile;
use crate::{Error, Shape, Tensor};

const FEATURES: &str = "features";
const LABELS: &str = "labels";
const DOMAINS: &str = "domains";
/// What the networks' outputs are called in a history.
const OUTPUTS: [&str; 3] = ["class", "source_domain", "target_domain"];

/// Features and a classifier on them.
#[derive(Debug)]
pub(super) struct Joined {
    features: Result<Side, Error>,
    labels: Result<Side, Error>,
}

/// A network that becomes part of another, several times.
#[derive(Debug)]
pub(super) struct Side {
    name: &'static str,
    graph: Graph,
    parameters: Vec<(String, Tensor)>,
}

impl Side {
    fn of(part: impl IntoPart, name: &'static str) -> Result<Self, Error> {
        let (graph, parameters) = match part.into_part().layers? {
            Layers::Graph(graph, parameters) => (graph, parameters),
            Layers::One(_) => {
                return Err(Error::build(format!(
                    "the network of {name} is a layer, whose input has no shape"
                ))
                .with_hint("put it into a Sequential"));
            }
        };
        if graph.inputs.len() != 1 {
            return Err(Error::build(format!(
                "the network of {name} has {} inputs",
                graph.inputs.len()
            ))
            .with_hint("let it have one"));
        }
        Ok(Side {
            name,
            graph,
            parameters,
        })
    }

    /// The network of domains.
    pub(super) fn of_domains(part: impl IntoPart) -> Result<Self, Error> {
        Side::of(part, DOMAINS)
    }

    fn part(&self) -> Part {
        Part {
            name: Some(self.name.into()),
            layers: Ok(Layers::Graph(self.graph.clone(), self.parameters.clone())),
        }
    }

    fn input(&self) -> &Shape {
        &self.graph.inputs[0]
    }

    fn output(&self) -> Result<Shape, Error> {
        let ops = self.graph.ops()?;
        if !ops.carried.is_empty() {
            return Err(Error::build(format!(
                "the network of {} carries states from batch to batch",
                self.name
            ))
            .with_hint("leave stateful out: each batch has samples of its own"));
        }
        match &ops.output_shapes()[..] {
            [output] => Ok(output.clone()),
            outputs => Err(Error::build(format!(
                "the network of {} has {} outputs",
                self.name,
                outputs.len()
            ))
            .with_hint("take a subnetwork of it that gives one")),
        }
    }

    /// Refuses another shape of features than the network takes.
    fn check_features(&self, features: &Shape) -> Result<(), Error> {
        match features == self.input() {
            true => Ok(()),
            false => {
                let (wanted, name) = (self.input(), self.name);
                let message = format!(
                    "the features have shape {features} but the network of {name} takes {wanted}"
                );
                Err(Error::shape(wanted.sizes(), features.sizes(), message)
                    .with_hint("let it take what the last layer of the features gives"))
            }
        }
    }
}

/// A value under a name that a history has.
fn output(model: &mut Model, value: Value, number: usize) -> Value {
    model.layer(Activation::linear().named(OUTPUTS[number]), [value])
}

impl Joined {
    pub(super) fn new(features: impl IntoPart, labels: impl IntoPart) -> Self {
        Joined {
            features: Side::of(features, FEATURES),
            labels: Side::of(labels, LABELS),
        }
    }

    /// Networks whose features hide the domain from a network that tells it.
    pub(super) fn adversarial(
        self,
        reversal: GradientReversal,
        domains: Side,
        mut compile: Compile,
    ) -> Result<DomainTrainer, Error> {
        let [features, labels] = self.checked()?;
        domains.check_features(&features.output()?)?;
        let score = domains.output()?;
        if score.values() != 1 {
            return Err(Error::build(format!(
                "the network of {DOMAINS} gives {score}, and there are two domains"
            ))
            .with_hint("let its last layer be Dense::new(1): whether a sample is of the source"));
        }
        let mut model = Model::new();
        let source = model.input(features.input().clone());
        let target = model.input(features.input().clone());
        let of_source = model.layer(features.part(), [source]);
        let of_target = model.again(of_source, [target]);
        let class = model.layer(labels.part(), [of_source]);
        let reversed = model.layer(reversal, [of_source]);
        let source_score = model.layer(domains.part(), [reversed]);
        let reversed = model.again(reversed, [of_target]);
        let target_score = model.again(source_score, [reversed]);
        let outputs = [class, source_score, target_score];
        let outputs = outputs.into_iter().enumerate();
        let outputs: Vec<Value> = outputs
            .map(|(number, value)| output(&mut model, value, number))
            .collect();
        check_objective(&compile)?;
        for _ in 1..OUTPUTS.len() {
            // Halves: the mean over the samples of both.
            compile = compile
                .next_output()
                .loss(BinaryCrossEntropy::from_logits())
                .loss_weight(0.5)
                .metric(BinaryAccuracy::new());
        }
        trainer(model.outputs(outputs), [&features, &labels], compile)
    }

    /// Networks whose features a penalty holds together.
    pub(super) fn discrepancy(
        self,
        penalty: impl Layer,
        compile: Compile,
    ) -> Result<DomainTrainer, Error> {
        let [features, labels] = self.checked()?;
        let mut model = Model::new();
        let source = model.input(features.input().clone());
        let target = model.input(features.input().clone());
        let of_source = model.layer(features.part(), [source]);
        let of_target = model.again(of_source, [target]);
        let of_source = model.layer(penalty, [of_source, of_target]);
        let class = model.layer(labels.part(), [of_source]);
        let class = output(&mut model, class, 0);
        check_objective(&compile)?;
        trainer(model.outputs([class]), [&features, &labels], compile)
    }

    fn checked(self) -> Result<[Side; 2], Error> {
        let (features, labels) = (self.features?, self.labels?);
        labels.check_features(&features.output()?)?;
        labels.output()?;
        Ok([features, labels])
    }
}

/// Refuses losses on more than the labels.
fn check_objective(compile: &Compile) -> Result<(), Error> {
    match (compile.outputs.len(), compile.inner.is_empty()) {
        (1, true) => Ok(()),
        _ => Err(
            Error::configuration("there are losses on more than the labels")
                .with_hint("say one loss; those of the domains are there"),
        ),
    }
}

/// The whole, with the networks that answer on its weights.
fn trainer(
    whole: Model,
    [features, labels]: [&Side; 2],
    compile: Compile,
) -> Result<DomainTrainer, Error> {
    let learner = whole.compile(compile)?;
    let on = |classifies: bool| {
        let mut model = Model::new();
        let input = model.input(features.input().clone());
        let mut value = model.layer(features.part(), [input]);
        if classifies {
            value = model.layer(labels.part(), [value]);
            value = output(&mut model, value, 0);
        }
        model.outputs([value]).build_on(&learner)
    };
    // Its loss and metrics are lent to it.
    let mut answering = on(true)?.compile(Compile::new(Sgd::new(0.0)))?;
    answering.read_first_as(&learner);
    let features = on(false)?;
    Ok(DomainTrainer::new(learner, answering, features))
}
