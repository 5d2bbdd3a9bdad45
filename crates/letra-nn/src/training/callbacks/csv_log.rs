use std::fs::File;
use std::io::Write;
use std::ops::ControlFlow;
use std::path::{Path, PathBuf};

use super::{Callback, Epoch, Start};
use crate::Error;
use crate::network::{check_writable, write_whole};
use crate::training::EpochLogs;

/// Writes what each epoch was measured by to a file of comma-separated values: a heading, then
/// a row an epoch.
///
/// The file begins anew with the training and, for one that is resumed, with all that its
/// checkpoint knows, so that there is one row for each epoch whatever came between.
///
/// ```
/// use letra_nn::prelude::*;
///
/// let points = Tensor::new([4, 1], vec![-2.0, -1.0, 1.0, 2.0])?;
/// let data = Dataset::classes(points, vec![0, 0, 1, 1], 2)?;
/// let mut network = Sequential::new([1]).add(Dense::new(2)).compile(Compile::new(Sgd::new(0.1)))?;
/// let file = std::env::temp_dir().join("letra-nn-csv-log-example.csv");
/// # let _ = std::fs::remove_file(&file);
/// network.fit(&data, Fit::epochs(3).callback(&mut CsvLog::new(&file)))?;
/// // A line of names, and one an epoch.
/// assert_eq!(std::fs::read_to_string(&file).unwrap().lines().count(), 4);
/// # std::fs::remove_file(&file).unwrap();
/// # Ok::<(), letra_nn::Error>(())
/// ```
#[derive(Debug)]
pub struct CsvLog {
    path: PathBuf,
    /// Open to add the row with the given index.
    open: Option<(File, usize)>,
}

impl CsvLog {
    /// Writes to `path`, in place of what was there.
    pub fn new(path: impl AsRef<Path>) -> Self {
        CsvLog {
            path: path.as_ref().to_path_buf(),
            open: None,
        }
    }

    /// Everything so far, in one go.
    fn begin(&mut self, epochs: &[EpochLogs]) -> Result<(), Error> {
        let mut text = heading(&epochs[0]);
        for epoch in epochs {
            text += &row(epoch);
        }
        write_whole(&self.path, text.as_bytes())?;
        let file = File::options()
            .append(true)
            .open(&self.path)
            .map_err(|error| Error::io(&self.path, error))?;
        self.open = Some((file, epochs.len()));
        Ok(())
    }
}

impl Callback for CsvLog {
    fn on_train_begin(&mut self, _start: &Start<'_>) -> Result<(), Error> {
        check_writable(&self.path, 0)
    }

    fn on_resume(&mut self, epoch: &Epoch<'_>) -> Result<ControlFlow<()>, Error> {
        self.begin(epoch.history().epochs())?;
        Ok(ControlFlow::Continue(()))
    }

    fn on_epoch_end(&mut self, epoch: &Epoch<'_>) -> Result<ControlFlow<()>, Error> {
        let epochs = epoch.history().epochs();
        match &mut self.open {
            Some((file, rows)) if *rows + 1 == epochs.len() && *rows > 0 => {
                // One call, so that a row is there whole as far as the system can help it.
                file.write_all(row(epoch.logs()).as_bytes())
                    .map_err(|error| Error::io(&self.path, error))?;
                *rows += 1;
            }
            _ => self.begin(epochs)?,
        }
        Ok(ControlFlow::Continue(()))
    }
}

fn heading(logs: &EpochLogs) -> String {
    let mut names = vec!["epoch".to_owned(), "steps".into(), "loss".into()];
    names.extend(logs.metrics().iter().map(|(name, _)| field(name)));
    names.extend(logs.val_loss().map(|_| "val_loss".into()));
    let val_metrics = logs.val_metrics().iter();
    names.extend(val_metrics.map(|(name, _)| field(&format!("val_{name}"))));
    names.join(",") + "\n"
}

fn row(logs: &EpochLogs) -> String {
    // The shortest text that reads back as the same number.
    let mut text = format!("{},{},{}", logs.epoch(), logs.steps(), logs.loss());
    let values = logs.metrics().iter().map(|(_, value)| *value);
    let val_metrics = logs.val_metrics().iter().map(|(_, value)| *value);
    for value in values.chain(logs.val_loss()).chain(val_metrics) {
        text += &format!(",{value}");
    }
    text + "\n"
}

/// A name as one field (RFC 4180): in quotes where it holds a comma, a quote or a line's end.
fn field(name: &str) -> String {
    match name.contains([',', '"', '\n', '\r']) {
        true => format!("\"{}\"", name.replace('"', "\"\"")),
        false => name.to_owned(),
    }
}
