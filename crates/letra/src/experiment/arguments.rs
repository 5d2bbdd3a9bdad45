//! What every experiment can be told.

use std::num::NonZero;
use std::path::{Path, PathBuf};
use std::thread;

use clap::Args;
use clap::builder::RangedU64ValueParser;

use super::examples::Split;

/// The pictures, the seed, and where the results go.
#[derive(Debug, Clone, Args)]
pub struct Arguments {
    /// Pictures in the seminar's format (NumPy npz); without it, of the built-in typefaces
    #[arg(long, value_name = "FILE.npz")]
    pub data: Option<PathBuf>,

    /// Which pictures are kept for the test
    #[arg(long, value_enum, default_value_t = Split::Seminar)]
    pub split: Split,

    /// Decides initial values, the order of the pictures, dropout and the random split
    #[arg(long, value_name = "N", default_value_t = 1)]
    pub seed: u64,

    /// Worker threads, 0 for all cores; the result is the same for any number
    #[arg(long, value_name = "N", default_value_t = 0)]
    pub threads: usize,

    /// Folder of the report; an older report there is replaced, anything else is left alone
    /// [default: letra-report/ and the name of the experiment]
    #[arg(long, value_name = "DIR")]
    pub out: Option<PathBuf>,

    /// Print one JSON object in place of the table
    #[arg(long)]
    pub json: bool,
}

/// The same for an experiment whose result could be luck: it is repeated from several seeds.
#[derive(Debug, Clone, Args)]
pub struct Repeated {
    #[command(flatten)]
    #[expect(missing_docs, reason = "clap would show it as the help of the command")]
    pub arguments: Arguments,

    /// Trainings of each variant, from this many seeds: --seed and those that follow it
    #[arg(long, value_name = "N", default_value_t = 3,
        value_parser = RangedU64ValueParser::<usize>::new().range(1..=1000))]
    pub seeds: usize,
}

impl Arguments {
    /// The pictures in a word: the name of the file, or "built-in".
    pub fn data_name(&self) -> String {
        self.data
            .as_deref()
            .map_or_else(|| "built-in".to_owned(), file_name)
    }

    /// The folder of the report of an experiment.
    pub fn folder(&self, experiment: &str) -> PathBuf {
        (self.out.clone()).unwrap_or_else(|| Path::new("letra-report").join(experiment))
    }

    /// How many threads work.
    pub fn worker_threads(&self) -> usize {
        match self.threads {
            0 => thread::available_parallelism().map_or(1, NonZero::get),
            count => count,
        }
    }

    /// The command line that gives the same result again.
    pub(super) fn command(&self, experiment: &str, seeds: usize) -> String {
        let mut command = format!("letra lab {experiment}");
        if let Some(data) = &self.data {
            command += &format!(" --data {}", data.display());
        }
        command += &format!(" --split {} --seed {}", self.split.name(), self.seed);
        if seeds > 1 {
            command += &format!(" --seeds {seeds}");
        }
        command
    }
}

fn file_name(path: &Path) -> String {
    path.file_name()
        .unwrap_or(path.as_os_str())
        .to_string_lossy()
        .into_owned()
}
