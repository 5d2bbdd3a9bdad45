//! Which pixels a score hangs on.

use super::Network;
use crate::graph::INPUT;
use crate::plan::TrainingPlan;
use crate::{Error, Tensor};

impl Network {
    /// How each class's score depends on each input value: ∂*S*₍c₎/∂*x* for the class `c` of each
    /// sample, of the inputs' shape (Simonyan, Vedaldi and Zisserman, "Deep inside convolutional
    /// networks", 2013, section 3, where it is *w* in eq. 4).
    ///
    /// The score is the class's value in the first output, as when predicting:
    /// nothing is dropped. The paper looks at scores before a softmax, which are what a network
    /// for `CrossEntropy::from_logits` gives; after a softmax layer of its own, the score is a
    /// probability, and its gradient is small wherever the network is sure.
    ///
    /// # Errors
    /// When the inputs do not have the network's input shape, there is not a class for each
    /// sample, the network has no such class, or a layer's gradient is not a number.
    pub fn input_gradients(&self, inputs: &Tensor, classes: &[u32]) -> Result<Tensor, Error> {
        let plan = self.go_back(inputs, classes, 0)?;
        Tensor::new(inputs.shape(), input_gradient(&plan, inputs))
    }

    /// The saliency map of each sample: at each place the largest size that
    /// [`input_gradients`](Self::input_gradients) has in any channel,
    ///
    /// *M*₍ij₎ = max₍k₎ |∂*S*₍c₎/∂*x*₍ijk₎|
    ///
    /// (Simonyan, Vedaldi and Zisserman 2013, section 3.1). For pictures
    /// `[samples, height, width, channels]` that is `[samples, height, width]`; inputs of
    /// another rank have no channels, and their map has their own shape.
    ///
    /// # Errors
    /// As for [`input_gradients`](Self::input_gradients).
    pub fn saliency(&self, inputs: &Tensor, classes: &[u32]) -> Result<Tensor, Error> {
        let gradients = self.input_gradients(inputs, classes)?;
        let (shape, channels) = match *gradients.shape() {
            [samples, height, width, channels] => (vec![samples, height, width], channels),
            _ => (gradients.shape().to_vec(), 1),
        };
        let largest = |place: &[f32]| place.iter().fold(0.0f32, |most, g| most.max(g.abs()));
        let map = gradients.data().chunks_exact(channels).map(largest);
        Tensor::new(shape, map.collect())
    }

    /// A plan that went forward for `inputs`, and back from the score of each sample's class
    /// through all layers from number `first` on.
    pub(super) fn go_back(
        &self,
        inputs: &Tensor,
        classes: &[u32],
        first: usize,
    ) -> Result<TrainingPlan, Error> {
        self.check_inputs(inputs.into())?;
        let units = self.units(0);
        if classes.len() != inputs.samples() {
            return Err(Error::data(format!(
                "{} classes for {} samples",
                classes.len(),
                inputs.samples()
            ))
            .with_hint("give one for each"));
        }
        if let Some(class) = classes.iter().find(|class| **class as usize >= units) {
            return Err(Error::data(format!("there is no class {class}"))
                .with_hint(format!("the network's classes are 0 to {}", units - 1)));
        }
        let ops = self.ops();
        let mut plan = self.inspection(inputs.samples());
        let mut without_numbers = None;
        plan.forward_and_back(&self.weights.now().all, inputs.into(), |pass, gradients| {
            pass.with_output_gradient(0, |_, gradient| {
                gradient.fill(0.0);
                for (row, class) in gradient.chunks_exact_mut(units).zip(classes) {
                    row[*class as usize] = 1.0;
                }
            });
            for (number, layer) in ops.layers.iter().enumerate().skip(first).rev() {
                for node in layer.ops.clone().rev() {
                    if !pass.backward_node(node, gradients) {
                        without_numbers.get_or_insert(number);
                    }
                }
            }
        });
        if let Some(number) = without_numbers {
            return Err(self.no_numbers(number));
        }
        Ok(plan)
    }

    /// What to say of a layer whose gradient is not a number.
    pub(super) fn no_numbers(&self, number: usize) -> Error {
        Error::data(format!(
            "the gradient of layer {} ({}) is not a number",
            number + 1,
            self.graph.nodes[number].name
        ))
        .with_hint(
            "if the layer keeps values for backward, its forward must \
             write them wherever `keep` has room, not only while training",
        )
    }

    /// Number of the layer called `name`.
    pub(crate) fn layer_number(&self, name: &str) -> Result<usize, Error> {
        let mut names = self.graph.nodes.iter().map(|node| node.name.as_str());
        names
            .clone()
            .position(|known| known == name)
            .ok_or_else(|| {
                let known: Vec<&str> = names.by_ref().collect();
                Error::data(format!(
                    "no layer is called \"{name}\"; there are {}",
                    known.join(", ")
                ))
            })
    }
}

/// The gradient of the inputs that a plan left, zeros where no output depends on them.
pub(super) fn input_gradient(plan: &TrainingPlan, inputs: &Tensor) -> Vec<f32> {
    let mut gradient = plan.inspect_gradient(INPUT, inputs.into());
    gradient.truncate(inputs.data().len());
    gradient
}
