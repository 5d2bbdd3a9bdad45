// A layer of one's own, which both programs know.
use letra_nn::layers::{Emit, Layer, Value};
use letra_nn::{BuildError, ops};

/// The square of each value.
#[derive(Debug, Serialize, Deserialize)]
struct Square;

impl Layer for Square {
    fn kind(&self) -> &'static str {
        "square"
    }
    fn configuration(&self) -> serde_json::Value {
        serde_json::json!(self)
    }
    fn emit(&self, inputs: &[Value], emit: &mut Emit<'_>) -> Result<Vec<Value>, BuildError> {
        Ok(vec![emit.op(
            ops::Multiply,
            &[inputs[0], inputs[0]],
            &[],
        )?])
    }
}
