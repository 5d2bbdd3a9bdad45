//! Models that are files of the right form and say what is not so.

use std::fs;
use std::io;

use letra_fuzz::damage::Numbers;
use letra_nn::prelude::*;
use serde_json::{Value, json};

use crate::figure::{Broken, Fault, Figures, Outcome, Try};

/// Every verb that reads a model.
const LINES: [&str; 4] = [
    "identify HOME/line.png --model forged.letra",
    "similar HOME/bold.otf --model forged.letra",
    "evaluate HOME/labelled --model forged.letra",
    "enroll forged.letra HOME/bold.otf -o more.letra",
];

pub(crate) fn run(figures: &mut Figures<'_>) {
    let count = figures.campaign.count(300, 6);
    figures.figure(
        "forged-models",
        "a value of the description",
        count,
        |one| {
            let mut model = Model::sound(one)?;
            change(
                &mut model.header["__metadata__"]["letra"],
                &mut one.numbers(),
            );
            model.read(one, false)
        },
    );
    let count = figures.campaign.count(100, 2);
    figures.figure(
        "forged-models",
        "a shape or a place of weights",
        count,
        |one| {
            let mut model = Model::sound(one)?;
            let weights = model.header.as_object_mut().expect("it is an object");
            let name = weights
                .keys()
                .nth(1 + one.below(weights.len() - 1))
                .cloned();
            change(
                &mut weights[&name.expect("there are as many")],
                &mut one.numbers(),
            );
            model.read(one, false)
        },
    );
    figures.figure("forged-models", "weights", WEIGHTS.len() as u64, |one| {
        let mut model = Model::sound(one)?;
        let weight = WEIGHTS[one.number as usize];
        for (index, bytes) in model.weights.chunks_exact_mut(4).enumerate() {
            let sign = if index % 4 < 2 { 1.0 } else { -1.0 };
            bytes.copy_from_slice(&(sign * weight).to_le_bytes());
        }
        model.read(one, true)
    });
    figures.figure("forged-models", "not whole", 6, |one| {
        let mut bytes = fs::read(one.home.model())?;
        match one.number {
            0 => bytes.clear(),
            1 => bytes.truncate(7),
            2 => bytes.truncate(bytes.len() / 2),
            3 => bytes.extend([0; 4]),
            4 => bytes[..8].copy_from_slice(&u64::MAX.to_le_bytes()),
            _ => bytes[..8].copy_from_slice(&(1_u64 << 40).to_le_bytes()),
        }
        fs::write(one.folder.join("forged.letra"), bytes)?;
        read(one, true)
    });
    figures.figure("forged-models", "arithmetic and names", 5, glyphs);
}

const WEIGHTS: [f32; 4] = [f32::NAN, f32::INFINITY, 3e38, f32::MAX];

/// The model that comes with letra, taken apart: safetensors is a length, a header in JSON, and
/// the weights.
struct Model {
    header: Value,
    weights: Vec<u8>,
}

impl Model {
    fn sound(one: &Try<'_>) -> io::Result<Self> {
        let bytes = fs::read(one.home.model())?;
        let (length, rest) = bytes.split_at(8);
        let length = u64::from_le_bytes(length.try_into().expect("eight bytes")) as usize;
        let (header, weights) = rest.split_at(length);
        Ok(Self {
            header: serde_json::from_slice(header)?,
            weights: weights.to_vec(),
        })
    }

    fn read(&self, one: &Try<'_>, is_wrong: bool) -> Outcome {
        let header = self.header.to_string();
        let mut bytes = (header.len() as u64).to_le_bytes().to_vec();
        bytes.extend(header.as_bytes());
        bytes.extend(&self.weights);
        fs::write(one.folder.join("forged.letra"), bytes)?;
        read(one, is_wrong)
    }
}

/// Has `forged.letra` read by every verb; where it must be refused, all must.
fn read(one: &Try<'_>, is_wrong: bool) -> Outcome {
    for line in LINES {
        let ended = one.run(line)?;
        if is_wrong && !ended.is_refusal() {
            return Err(ended.unexpected(line));
        }
        let is_no_number = ended.output.contains("NaN");
        let shown = ended.output + &ended.errors;
        if is_no_number || shown.contains(|one: char| one.is_control() && one != '\n') {
            return Err(Fault::Other.says(format!("`letra {line}` prints {shown:?}")));
        }
    }
    Ok(())
}

/// Puts something awkward in the place of a value at any depth. Strings that are JSON themselves
/// are gone into.
fn change(value: &mut Value, numbers: &mut Numbers) {
    if numbers.below(8) > 0 {
        match value {
            Value::Array(all) if !all.is_empty() => {
                let one = numbers.below(all.len());
                return change(&mut all[one], numbers);
            }
            Value::Object(all) if !all.is_empty() => {
                let one = numbers.below(all.len());
                let inner = all.values_mut().nth(one).expect("there are as many");
                return change(inner, numbers);
            }
            Value::String(text) => {
                if let Ok(mut inner @ (Value::Array(_) | Value::Object(_))) =
                    serde_json::from_str(text)
                {
                    change(&mut inner, numbers);
                    *text = inner.to_string();
                    return;
                }
            }
            _ => {}
        }
    }
    let awkward = [
        json!(null),
        json!(true),
        json!(0),
        json!(-1),
        json!(65_537),
        json!(1_u64 << 31),
        json!(u64::MAX),
        json!(1e308),
        json!(-3e38),
        json!(1e-300),
        json!(""),
        json!("n".repeat(65_536)),
        json!("evil\u{1b}[2J\u{7}\r\u{9b}"),
        json!([]),
        json!({}),
        json!([0, u64::MAX]),
        json!(vec![1; 10_000]),
    ];
    *value = awkward[numbers.below(awkward.len())].clone();
}

/// Models of single glyphs that ask for much, or have names that a terminal obeys.
fn glyphs(one: &Try<'_>) -> Outcome {
    let small = Sequential::new([36, 36, 1]);
    let network = match one.number {
        0 => small
            .add(UpSampling2d::new(60))
            .add(DepthwiseConv2d::new(31).same())
            .add(DepthwiseConv2d::new(31).same()),
        1 => small
            .add(UpSampling2d::new(20))
            .add(MaxPool2d::new(301).stride(1)),
        2 => small.add(UpSampling2d::new(120)).add(MaxPool2d::new(100)),
        _ => small,
    };
    let network = network
        .add(GlobalAveragePool2d::new())
        .add(Dense::new(2).softmax());
    let broken = |error: letra_nn::Error| -> Broken { Fault::Other.says(error.to_string()) };
    let mut network = network
        .compile(Compile::new(Sgd::new(0.1)))
        .map_err(broken)?;
    let name = match one.number {
        3 => "n".repeat(65_536),
        4 => "evil\u{1b}]0;title\u{7}\u{1b}[2J\u{9b}31m\r".into(),
        _ => "a".into(),
    };
    network.note("class_names", json!([name, "b"]).to_string());
    network.note("ink_sides", "[[20.0, 1.0]]");
    network
        .save(one.folder.join("forged.letra"))
        .map_err(broken)?;
    read(one, true)
}
