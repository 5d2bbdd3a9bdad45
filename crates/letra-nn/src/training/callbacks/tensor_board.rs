use std::fs::File;
use std::io::{ErrorKind, Write};
use std::ops::ControlFlow;
use std::path::{Path, PathBuf};
use std::time::{SystemTime, UNIX_EPOCH};

use crc::{CRC_32_ISCSI, Crc};
use prost::Message;

use super::{Callback, Epoch, Start};
use crate::Error;
use crate::network::check_writable;
use crate::training::EpochLogs;

/// Writes curves for TensorBoard: `tensorboard --logdir FOLDER` shows them while the training
/// goes on.
///
/// As Keras does, the training's values go to `FOLDER/train` and those on the validation data to
/// `FOLDER/validation`, named `epoch_loss` and `epoch_` before a metric's name, over the epochs.
/// A training that is resumed adds a file; what an earlier run wrote past the checkpoint no
/// longer counts. Give each training a folder of its own.
///
/// The files are a sequence of TFRecords, each an `Event` of TensorFlow's
/// `core/util/event.proto`.
///
/// ```no_run
/// use letra_nn::prelude::*;
///
/// let points = Tensor::new([4, 1], vec![-2.0, -1.0, 1.0, 2.0])?;
/// let data = Dataset::classes(points, vec![0, 0, 1, 1], 2)?;
/// let mut network = Sequential::new([1]).add(Dense::new(2)).compile(Compile::new(Sgd::new(0.1)))?;
/// network.fit(&data, Fit::epochs(3).callback(&mut TensorBoard::new("logs/first")))?;
/// // tensorboard --logdir logs
/// # Ok::<(), letra_nn::Error>(())
/// ```
#[derive(Debug)]
pub struct TensorBoard {
    folder: PathBuf,
    /// The files of this training, and the epoch that they are written up to.
    open: Option<(Run, Option<Run>, usize)>,
}

impl TensorBoard {
    /// Writes below `folder`, which is made if it is not there.
    pub fn new(folder: impl AsRef<Path>) -> Self {
        TensorBoard {
            folder: folder.as_ref().to_path_buf(),
            open: None,
        }
    }

    /// Starts files whose first epoch is the one after `done`.
    fn begin(&mut self, done: usize, logs: &EpochLogs) -> Result<(), Error> {
        let train = Run::begin(&self.folder.join("train"), done + 1)?;
        let validation = match logs.val_loss() {
            Some(_) => Some(Run::begin(&self.folder.join("validation"), done + 1)?),
            None => None,
        };
        self.open = Some((train, validation, done));
        Ok(())
    }
}

impl Callback for TensorBoard {
    fn on_train_begin(&mut self, _start: &Start<'_>) -> Result<(), Error> {
        let folder = self.folder.join("train");
        std::fs::create_dir_all(&folder).map_err(|error| Error::io(&folder, error))?;
        check_writable(&folder.join("events"), 0)
    }

    fn on_resume(&mut self, epoch: &Epoch<'_>) -> Result<ControlFlow<()>, Error> {
        self.begin(epoch.number, epoch.logs())?;
        Ok(ControlFlow::Continue(()))
    }

    fn on_epoch_end(&mut self, epoch: &Epoch<'_>) -> Result<ControlFlow<()>, Error> {
        let logs = epoch.logs();
        let follows = |(_, _, done): &(Run, Option<Run>, usize)| *done + 1 == epoch.number;
        if !self.open.as_ref().is_some_and(follows) {
            self.begin(epoch.number - 1, logs)?;
        }
        if let Some((train, validation, done)) = &mut self.open {
            train.write(epoch.number, logs.loss(), logs.metrics())?;
            if let (Some(validation), Some(loss)) = (validation, logs.val_loss()) {
                validation.write(epoch.number, loss, logs.val_metrics())?;
            }
            *done = epoch.number;
        }
        Ok(ControlFlow::Continue(()))
    }
}

/// One file of events.
#[derive(Debug)]
struct Run {
    path: PathBuf,
    file: File,
}

impl Run {
    fn begin(folder: &Path, first: usize) -> Result<Run, Error> {
        std::fs::create_dir_all(folder).map_err(|error| Error::io(folder, error))?;
        let (path, file) = new_file(folder)?;
        let mut run = Run { path, file };
        let version = Event {
            wall_time: now(),
            file_version: Some("brain.Event:2".into()),
            ..Event::default()
        };
        // Tells TensorBoard to forget what it knows of this step and later ones.
        let start = Event {
            wall_time: now(),
            step: first as i64,
            session_log: Some(SessionLog {
                status: SESSION_START,
            }),
            ..Event::default()
        };
        run.append(&[version, start])?;
        Ok(run)
    }

    fn write(&mut self, step: usize, loss: f64, metrics: &[(String, f64)]) -> Result<(), Error> {
        let loss = ("loss", loss);
        let metrics = metrics.iter().map(|(name, value)| (name.as_str(), *value));
        let values = std::iter::once(loss)
            .chain(metrics)
            .map(|(name, value)| Value {
                tag: format!("epoch_{name}"),
                simple_value: Some(value as f32),
            });
        self.append(&[Event {
            wall_time: now(),
            step: step as i64,
            summary: Some(Summary {
                value: values.collect(),
            }),
            ..Event::default()
        }])
    }

    fn append(&mut self, events: &[Event]) -> Result<(), Error> {
        let records: Vec<u8> = events
            .iter()
            .flat_map(|event| record(&event.encode_to_vec()))
            .collect();
        self.file
            .write_all(&records)
            .map_err(|error| Error::io(&self.path, error))
    }
}

/// A file with a name of its own that sorts after those of earlier runs.
fn new_file(folder: &Path) -> Result<(PathBuf, File), Error> {
    let seconds = now() as u64;
    for number in 0.. {
        let path = folder.join(format!(
            "events.out.tfevents.{seconds:010}.letra.{number:04}"
        ));
        match File::options().append(true).create_new(true).open(&path) {
            Ok(file) => return Ok((path, file)),
            Err(error) if error.kind() == ErrorKind::AlreadyExists => {}
            Err(error) => return Err(Error::io(&path, error)),
        }
    }
    unreachable!("a folder holds fewer files than there are numbers")
}

/// Seconds since 1970.
fn now() -> f64 {
    let elapsed = SystemTime::now().duration_since(UNIX_EPOCH);
    elapsed.map_or(0.0, |elapsed| elapsed.as_secs_f64())
}

/// A TFRecord: length, its checksum, the data, its checksum, all little-endian.
fn record(data: &[u8]) -> Vec<u8> {
    let length = (data.len() as u64).to_le_bytes();
    let mut record = length.to_vec();
    record.extend(checksum(&length).to_le_bytes());
    record.extend(data);
    record.extend(checksum(data).to_le_bytes());
    record
}

/// CRC-32C, turned and moved so that the checksum of data with a checksum in it is no worse
/// than any other.
fn checksum(data: &[u8]) -> u32 {
    static CRC_32C: Crc<u32> = Crc::<u32>::new(&CRC_32_ISCSI);
    let sum = CRC_32C.checksum(data);
    sum.rotate_right(15).wrapping_add(0xA282_EAD8)
}

/// `SessionLog.SessionStatus.START`.
const SESSION_START: i32 = 1;

/// What is used of TensorFlow's `Event`.
#[derive(Clone, PartialEq, Message)]
struct Event {
    #[prost(double, tag = "1")]
    wall_time: f64,
    #[prost(int64, tag = "2")]
    step: i64,
    #[prost(string, optional, tag = "3")]
    file_version: Option<String>,
    #[prost(message, optional, tag = "5")]
    summary: Option<Summary>,
    #[prost(message, optional, tag = "7")]
    session_log: Option<SessionLog>,
}

/// What is used of TensorFlow's `SessionLog`.
#[derive(Clone, PartialEq, Message)]
struct SessionLog {
    #[prost(int32, tag = "1")]
    status: i32,
}

/// What is used of TensorFlow's `Summary`.
#[derive(Clone, PartialEq, Message)]
struct Summary {
    #[prost(message, repeated, tag = "1")]
    value: Vec<Value>,
}

/// What is used of TensorFlow's `Summary.Value`.
#[derive(Clone, PartialEq, Message)]
struct Value {
    #[prost(string, tag = "1")]
    tag: String,
    #[prost(float, optional, tag = "2")]
    simple_value: Option<f32>,
}
