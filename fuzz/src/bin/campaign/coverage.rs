//! Damage that libFuzzer leads to code that no input has reached.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::Duration;

use clap::ValueEnum as _;
use letra_fuzz::Kind;

use crate::child::Used;
use crate::figure::{Fault, Figures, Outcome, Try, say};

/// What has the compiler count which edges are run through.
const FLAGS: &str = "-Cpasses=sancov-module -Cllvm-args=-sanitizer-coverage-level=4 \
    -Cllvm-args=-sanitizer-coverage-inline-8bit-counters -Cllvm-args=-sanitizer-coverage-pc-table \
    -Cllvm-args=-sanitizer-coverage-trace-compares";

pub(crate) fn run(figures: &mut Figures<'_>) {
    if figures.campaign.short {
        return;
    }
    let program = match build() {
        Ok(program) => program,
        Err(why) => {
            let why = format!("fuzz/coverage cannot be built with the nightly toolchain: {why}");
            return figures.skip("coverage", "all", &why);
        }
    };
    let minutes = figures.campaign.minutes.unwrap_or(10.0);
    let out = figures.campaign.out.clone();
    for &kind in Kind::value_variants() {
        figures.figure("coverage", &kind.to_string(), 1, |one| {
            guide(one, &program, &out, kind, minutes)
        });
    }
}

/// Builds the program, or says why it cannot be built.
fn build() -> Result<PathBuf, String> {
    let folder = Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/coverage"));
    let target = Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/../target/coverage"));
    let platform = "x86_64-unknown-linux-gnu";
    let built = Command::new("cargo")
        .args([
            "+nightly",
            "build",
            "--release",
            "--quiet",
            "--target",
            platform,
        ])
        .current_dir(folder)
        .env("CARGO_TARGET_DIR", target)
        .env("RUSTFLAGS", FLAGS)
        .output()
        .map_err(|error| error.to_string())?;
    match built.status.success() {
        true => Ok(target.join(platform).join("release/letra-coverage")),
        false => {
            let errors = String::from_utf8_lossy(&built.stderr);
            let first = errors.lines().find(|line| line.starts_with("error"));
            Err(first.unwrap_or("cargo does not say why").to_owned())
        }
    }
}

/// Lets libFuzzer read inputs of a kind for some minutes. What it finds is kept from run to run.
fn guide(one: &Try<'_>, program: &Path, out: &Path, kind: Kind, minutes: f64) -> Outcome {
    let corpus = out.canonicalize()?.join(format!("corpus-{kind}"));
    fs::create_dir_all(&corpus)?;
    for (number, bytes) in kind.corpus(&[]).iter().enumerate() {
        fs::write(corpus.join(format!("sound-{number}")), bytes)?;
    }
    let log = one.folder.join("log");
    let status = Command::new(program)
        .arg(&corpus)
        .arg(format!("-max_total_time={:.0}", 60.0 * minutes))
        .args(["-rss_limit_mb=1024", "-timeout=10", "-print_final_stats=1"])
        .arg(format!("-artifact_prefix={}/", one.folder.display()))
        .env("LETRA_FUZZ_KIND", kind.to_string())
        .env("TMPDIR", &one.folder)
        .stdout(Stdio::null())
        .stderr(fs::File::create(&log)?)
        .status()?;
    let log = fs::read(&log)?;
    let log = String::from_utf8_lossy(&log);
    let last = |word: &str| {
        log.lines()
            .rev()
            .find(|line| line.contains(word))
            .unwrap_or("")
    };
    let figure = |name: &str| {
        let value = last(name).rsplit(' ').next();
        value.and_then(|value| value.parse().ok()).unwrap_or(0)
    };
    one.of_inputs(figure("stat::number_of_executed_units:").max(1));
    one.note(Used {
        work: Duration::from_secs(figure("stat::slowest_unit_time_sec:")),
        memory: figure("stat::peak_rss_mb:") << 20,
    });
    if status.success() {
        say(&format!("  {}", last("DONE")));
        return Ok(());
    }
    let fault = match (
        log.contains("ERROR: libFuzzer: timeout"),
        log.contains("out-of-memory"),
    ) {
        (true, _) => Fault::Slow,
        (_, true) => Fault::Large,
        _ => Fault::Panic,
    };
    Err(fault.says(format!(
        "{}\n{}",
        last("panicked at"),
        last("ERROR: libFuzzer")
    )))
}
