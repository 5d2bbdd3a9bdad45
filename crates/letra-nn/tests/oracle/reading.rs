//! Reading the numbers, and holding others against them.

use std::path::Path;

use letra_nn::Tensor;
use serde_json::Value;

/// The numbers in `oracle/numbers/<name>.json`.
pub(crate) fn numbers(name: &str) -> Value {
    let path = Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("../../oracle/numbers")
        .join(name)
        .with_extension("json");
    let text = std::fs::read_to_string(&path).unwrap_or_else(|error| {
        panic!("{} cannot be read: {error}", path.display());
    });
    serde_json::from_str(&text).unwrap()
}

/// The entries of a JSON list.
pub(crate) fn list(value: &Value) -> &[Value] {
    value.as_array().expect("a list")
}

/// The name of a case.
pub(crate) fn name(case: &Value) -> &str {
    case["name"].as_str().expect("a name")
}

/// A number, as single precision.
pub(crate) fn single(value: &Value) -> f32 {
    value.as_f64().expect("a number") as f32
}

/// A whole number.
pub(crate) fn whole(value: &Value) -> usize {
    value.as_u64().expect("a whole number") as usize
}

/// A list of numbers.
pub(crate) fn doubles(value: &Value) -> Vec<f64> {
    list(value)
        .iter()
        .map(|number| number.as_f64().expect("a number"))
        .collect()
}

/// A list of numbers, as single precision.
pub(crate) fn singles(value: &Value) -> Vec<f32> {
    list(value).iter().map(single).collect()
}

/// A list of whole numbers.
pub(crate) fn sizes(value: &Value) -> Vec<usize> {
    list(value).iter().map(whole).collect()
}

/// Two whole numbers.
pub(crate) fn pair(value: &Value) -> [usize; 2] {
    sizes(value).try_into().expect("two numbers")
}

/// A list of classes.
pub(crate) fn labels(value: &Value) -> Vec<u32> {
    list(value)
        .iter()
        .map(|label| whole(label) as u32)
        .collect()
}

/// A tensor, `{"shape": […], "values": […]}`.
pub(crate) fn tensor(value: &Value) -> Tensor {
    Tensor::new(sizes(&value["shape"]), singles(&value["values"])).unwrap()
}

/// Fails unless each number is within `tolerance` of the wanted one, relative to it where
/// it is above 1.
pub(crate) fn assert_close(what: &str, found: &[f32], wanted: &[f64], tolerance: f64) {
    assert_eq!(
        found.len(),
        wanted.len(),
        "{what}: another number of values"
    );
    for (index, (&found, &wanted)) in found.iter().zip(wanted).enumerate() {
        let difference = (f64::from(found) - wanted).abs();
        assert!(
            difference <= tolerance * wanted.abs().max(1.0),
            "{what}, value {index}: {found} where the oracle has {wanted}"
        );
    }
}

/// Fails unless shape and values are those of the wanted tensor.
pub(crate) fn assert_tensor(what: &str, found: &Tensor, wanted: &Value, tolerance: f64) {
    assert_eq!(found.shape(), sizes(&wanted["shape"]), "{what}");
    assert_close(what, found.data(), &doubles(&wanted["values"]), tolerance);
}
