//! Does to the `letra` command what ends work: kills it at any moment, fills its disk, closes its
//! outputs, runs it twice at once, gives it hostile files, and counts what is lost by it.

mod at_once;
mod child;
mod closed_outputs;
mod corpora;
mod coverage;
mod figure;
mod forged_models;
mod full_disk;
mod home;
mod job;
mod kills;
mod resumed;

use std::path::PathBuf;
use std::process::ExitCode;
use std::time::Duration;

use clap::{Parser, ValueEnum};
use figure::Figures;
use home::Home;

/// Attacks the letra command and counts what it loses
///
/// Prints a line a figure, and for each that broke how to make it again. The exit code is 1 where
/// any did.
#[derive(Parser)]
#[command(name = "fuzz/campaign")]
struct Campaign {
    /// What to do; without any, all in turn
    #[arg(value_enum, value_name = "PART")]
    parts: Vec<Part>,

    /// A little of each, in one to two minutes, without anything from elsewhere
    #[arg(long)]
    short: bool,

    /// Seed of moments, sizes and damage
    #[arg(long, default_value_t = 1, value_name = "N")]
    seed: u64,

    /// Makes the tries of this number only
    #[arg(long, value_name = "N")]
    number: Option<u64>,

    /// How long a figure may take; what is not done by then is left out, and the line says so
    #[arg(long, value_name = "N")]
    minutes: Option<f64>,

    /// Where the folders of tries that broke are kept
    #[arg(long, default_value = "target/campaign", value_name = "DIR")]
    out: PathBuf,
}

#[derive(Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Part {
    /// SIGKILL at any moment of learn, lab, enroll and reports: all is old or new, nothing is lost
    Kills,
    /// Trainings that are stopped, killed and resumed: the same bytes
    Resumed,
    /// Disks and file sizes that are too small
    FullDisk,
    /// Standard output and error that are closed, full, or without a reader
    ClosedOutputs,
    /// Two of each verb that writes, on the same target
    AtOnce,
    /// Damaged pictures, fonts, models and data, and those that other projects are tested with
    Corpora,
    /// Models made to mislead
    ForgedModels,
    /// Damage led by libFuzzer to code that no input has reached
    Coverage,
}

impl Campaign {
    /// How often something is tried.
    fn count(&self, whole: u64, short: u64) -> u64 {
        if self.short { short } else { whole }
    }

    /// How long a figure may take.
    fn time(&self) -> Duration {
        let minutes = self.minutes.unwrap_or(if self.short { 1.0 } else { 45.0 });
        Duration::from_secs_f64(60.0 * minutes.clamp(0.0, 10_000.0))
    }
}

fn main() -> ExitCode {
    let campaign = Campaign::parse();
    let parts = match campaign.parts.as_slice() {
        [] => Part::value_variants(),
        some => some,
    };
    let home = Home::new(&campaign.out).expect("a folder for the tries");
    let mut figures = Figures::new(&campaign, &home);
    for part in parts {
        match part {
            Part::Kills => kills::run(&mut figures),
            Part::Resumed => resumed::run(&mut figures),
            Part::FullDisk => full_disk::run(&mut figures),
            Part::ClosedOutputs => closed_outputs::run(&mut figures),
            Part::AtOnce => at_once::run(&mut figures),
            Part::Corpora => corpora::run(&mut figures),
            Part::ForgedModels => forged_models::run(&mut figures),
            Part::Coverage => coverage::run(&mut figures),
        }
    }
    ExitCode::from(u8::from(!figures.close()))
}
