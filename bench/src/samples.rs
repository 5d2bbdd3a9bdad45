//! Samples of worn text drawn a second, on one thread.

use std::error::Error;
use std::path::PathBuf;
use std::time::Instant;

use clap::Args;
use letra_type::{Distortions, FontLibrary, LINE_HEIGHT, Sampler, WINDOW_WIDTH, Workbench};
use serde_json::json;

/// What drawing samples takes.
#[derive(Args)]
pub(crate) struct Settings {
    /// Folders and files of fonts; without any, the built-in ones.
    #[arg(value_name = "FONT")]
    fonts: Vec<PathBuf>,
    /// Rounds of a thousand samples each; the median counts.
    #[arg(long, default_value_t = 9)]
    rounds: usize,
    /// One JSON object instead of a line of text.
    #[arg(long)]
    json: bool,
}

/// Samples a round.
const ROUND: u64 = 1000;

pub(crate) fn run(settings: &Settings) -> Result<(), Box<dyn Error>> {
    let mut library = FontLibrary::new();
    match settings.fonts.as_slice() {
        [] => library.add_built_in(),
        paths => library.add_paths(paths)?,
    }
    let sampler = Sampler::new(library.fonts(), Distortions::default())?;
    let mut bench = Workbench::default();
    let mut window = vec![0; LINE_HEIGHT * WINDOW_WIDTH];
    // The first round fills the cache of outlines and does not count.
    let mut rates: Vec<f64> = (0..=settings.rounds.max(1) as u64)
        .map(|round| {
            let start = Instant::now();
            for index in 0..ROUND {
                std::hint::black_box(sampler.draw(round, index, &mut bench, &mut window));
            }
            ROUND as f64 / start.elapsed().as_secs_f64()
        })
        .skip(1)
        .collect();
    rates.sort_by(f64::total_cmp);
    let (rate, faces) = (rates[rates.len() / 2], library.fonts().len());
    if settings.json {
        println!(
            "{}",
            json!({"peer": "letra", "threads": 1, "faces": faces, "samples_per_second": rate})
        );
    } else {
        println!("{rate:.0} samples a second on one thread, of {faces} faces");
    }
    Ok(())
}
