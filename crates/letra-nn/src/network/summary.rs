use std::fmt;

use super::Network;

/// The layers of a network, their output shapes and numbers of parameters.
///
/// ```
/// use letra_nn::prelude::*;
///
/// let network = Sequential::new([2]).add(Dense::new(16).relu()).add(Dense::new(2)).build(0)?;
/// let summary = network.summary();
/// assert_eq!((summary.layers.len(), summary.parameters), (2, 82));
/// println!("{summary}");
/// # Ok::<(), letra_nn::Error>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Summary {
    /// One entry a layer, in order.
    pub layers: Vec<LayerSummary>,
    /// Number of values in all, trainable or not.
    pub parameters: usize,
    /// Number of values that training changes.
    pub trainable: usize,
}

impl Summary {
    /// Number of values that training does not change.
    pub fn non_trainable(&self) -> usize {
        self.parameters - self.trainable
    }
}

/// One line of a [`Summary`].
///
/// ```
/// use letra_nn::prelude::*;
///
/// let network = Sequential::new([2]).add(Dense::new(16).relu()).build(0)?;
/// let first = &network.summary().layers[0];
/// assert_eq!((first.name.as_str(), first.parameters, first.frozen), ("dense", 48, false));
/// # Ok::<(), letra_nn::Error>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct LayerSummary {
    /// Name of the layer, such as "dense_1".
    pub name: String,
    /// Kind of the layer, such as "dense".
    pub kind: String,
    /// Shape of one sample's output.
    pub output_shape: Vec<usize>,
    /// Number of values, trainable or not; 0 at the further places of a layer that stands
    /// at several.
    pub parameters: usize,
    /// Whether training leaves the parameters as they are.
    pub frozen: bool,
    /// What it reads: layers by their names, and "input" or "input_1", "input_2", …
    pub reads: Vec<String>,
}

impl Network {
    /// The layers, their shapes and parameter counts; prints as a table.
    pub fn summary(&self) -> Summary {
        let ops = self.ops();
        let layers: Vec<LayerSummary> = self
            .graph
            .nodes
            .iter()
            .zip(&ops.layers)
            .map(|(node, layer)| LayerSummary {
                name: node.name.clone(),
                kind: node.layer.kind().to_owned(),
                output_shape: ops.shapes[layer.outputs[0]].sizes().to_vec(),
                parameters: layer
                    .weights
                    .iter()
                    .filter(|_| node.shares.is_none())
                    .map(|&index| ops.weights[index].values())
                    .sum(),
                frozen: node.frozen,
                reads: node
                    .inputs
                    .iter()
                    .map(|&value| self.value_name(value))
                    .collect(),
            })
            .collect();
        let weights = ops.weights.iter();
        let trainable = weights.clone().filter(|known| known.trainable());
        Summary {
            layers,
            parameters: weights.map(|known| known.values()).sum(),
            trainable: trainable.map(|known| known.values()).sum(),
        }
    }
}

impl Summary {
    /// Whether each layer reads the one before it, and nothing else.
    fn is_chain(&self) -> bool {
        let before = self.layers.iter().map(|layer| layer.name.as_str());
        let before = std::iter::once("input").chain(before);
        before
            .zip(&self.layers)
            .all(|(before, layer)| layer.reads == [before])
    }
}

impl fmt::Display for Summary {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut rows =
            vec![["layer (kind)", "output shape", "parameters", "reads"].map(String::from)];
        let chain = self.is_chain();
        rows.extend(self.layers.iter().map(|layer| {
            let frozen = if layer.frozen { ", frozen" } else { "" };
            [
                format!("{} ({}{frozen})", layer.name, layer.kind),
                format!("{:?}", layer.output_shape),
                thousands(layer.parameters),
                layer.reads.join(", "),
            ]
        }));
        let width = |column: usize| {
            let cells = rows.iter().map(|row| row[column].chars().count());
            cells.max().unwrap_or(0)
        };
        let (first, second, third) = (width(0), width(1), width(2));
        let fourth = if chain { 0 } else { width(3) + 2 };
        let line = "─".repeat(first + second + third + 4 + fourth);
        for (index, [layer, shape, parameters, reads]) in rows.iter().enumerate() {
            write!(
                formatter,
                "{layer:<first$}  {shape:<second$}  {parameters:>third$}"
            )?;
            match chain {
                true => writeln!(formatter)?,
                false => writeln!(formatter, "  {reads}")?,
            }
            if index == 0 {
                writeln!(formatter, "{line}")?;
            }
        }
        writeln!(formatter, "{line}")?;
        write!(
            formatter,
            "{} parameters in all",
            thousands(self.parameters)
        )?;
        match self.non_trainable() {
            0 => Ok(()),
            others => write!(
                formatter,
                ": {} trainable, {} not",
                thousands(self.trainable),
                thousands(others)
            ),
        }
    }
}

fn thousands(number: usize) -> String {
    let digits = number.to_string();
    let mut text = String::new();
    for (index, digit) in digits.chars().enumerate() {
        if index > 0 && (digits.len() - index).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}
