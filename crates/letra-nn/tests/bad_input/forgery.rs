//! Model files taken apart and put together again with something changed.

use std::collections::HashMap;
use std::io::Write;
use std::path::PathBuf;

use letra_nn::prelude::*;
use safetensors::SafeTensors;
use safetensors::tensor::{Dtype, TensorView};
use serde_json::Value;

/// A tensor of a file.
pub(crate) struct Piece {
    pub(crate) name: String,
    pub(crate) kind: Dtype,
    pub(crate) shape: Vec<usize>,
    pub(crate) data: Vec<u8>,
}

/// A model file in its parts.
pub(crate) struct Forgery {
    /// The architecture in the file's metadata.
    pub(crate) header: Value,
    pub(crate) tensors: Vec<Piece>,
}

impl Forgery {
    pub(crate) fn of(bytes: &[u8]) -> Self {
        let (_, metadata) = SafeTensors::read_metadata(bytes).unwrap();
        let text = &metadata.metadata().as_ref().unwrap()["letra"];
        let tensors = SafeTensors::deserialize(bytes).unwrap();
        let piece = |(name, view): (String, TensorView<'_>)| Piece {
            name,
            kind: view.dtype(),
            shape: view.shape().to_vec(),
            data: view.data().to_vec(),
        };
        Forgery {
            header: serde_json::from_str(text).unwrap(),
            tensors: tensors.tensors().into_iter().map(piece).collect(),
        }
    }

    /// The configuration of a layer.
    pub(crate) fn configuration(&mut self, layer: usize) -> &mut Value {
        &mut self.header["layers"][layer]["configuration"]
    }

    pub(crate) fn tensor(&mut self, name: &str) -> &mut Piece {
        let mut pieces = self.tensors.iter_mut();
        pieces.find(|piece| piece.name == name).unwrap()
    }

    pub(crate) fn bytes(&self) -> Vec<u8> {
        self.bytes_with(&self.header.to_string())
    }

    /// The file with any text for its architecture.
    pub(crate) fn bytes_with(&self, header: &str) -> Vec<u8> {
        let views = self.tensors.iter().map(|piece| {
            let view = TensorView::new(piece.kind, piece.shape.clone(), &piece.data);
            (piece.name.as_str(), view.unwrap())
        });
        let metadata = HashMap::from([("letra".to_owned(), header.to_owned())]);
        safetensors::serialize(views, Some(metadata)).unwrap()
    }
}

/// A folder with a file in it.
pub(crate) struct File {
    _folder: tempfile::TempDir,
    pub(crate) path: PathBuf,
}

impl File {
    pub(crate) fn new(bytes: &[u8]) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("model.letra");
        let file = File {
            _folder: folder,
            path,
        };
        file.write(bytes);
        file
    }

    /// Writes over what is there: quicker than a new file, where there are thousands.
    pub(crate) fn write(&self, bytes: &[u8]) {
        let mut options = std::fs::OpenOptions::new();
        let options = options.write(true).create(true).truncate(false);
        let mut file = options.open(&self.path).unwrap();
        file.write_all(bytes).unwrap();
        file.set_len(bytes.len() as u64).unwrap();
    }

    pub(crate) fn load(&self) -> Result<Trainer, Error> {
        Trainer::load_with(&self.path, &Registry::new(), Workers::new(1).unwrap())
    }
}

/// Loads a network from bytes, through a file.
pub(crate) fn load(bytes: &[u8]) -> Result<Trainer, Error> {
    File::new(bytes).load()
}

/// A small network with every kind of layer.
pub(crate) fn network() -> Trainer {
    let mut network = Sequential::new([6, 6, 1])
        .add(Conv2d::new(2, 3).same().relu())
        .add(MaxPool2d::new(2))
        .add(Reshape::new([18]))
        .add(Dropout::new(0.25))
        .add(Flatten)
        .add(Dense::new(3))
        .add(Activation::softmax())
        .compile(
            Compile::new(Sgd::new(0.1).momentum(0.9))
                .loss(CrossEntropy::new())
                .metric(Accuracy)
                .metric(TopKAccuracy::new(2))
                .threads(1),
        )
        .unwrap();
    network.note("class names", "abc");
    network
}

/// The bytes of its file.
pub(crate) fn saved() -> Vec<u8> {
    let file = File::new(&[]);
    network().save(&file.path).unwrap();
    std::fs::read(&file.path).unwrap()
}

/// Data that fits it.
pub(crate) fn data() -> Dataset {
    let pixels = (0..5 * 36).map(|place| (place % 11) as f32 / 11.0);
    let inputs = Tensor::new([5, 6, 6, 1], pixels.collect()).unwrap();
    Dataset::classes(inputs, vec![0, 1, 2, 0, 1], 3).unwrap()
}
