//! Model files and checkpoints with bytes changed at random: what is loaded must run, and
//! nothing may panic.

use std::panic::{AssertUnwindSafe, catch_unwind};

use letra_nn::prelude::*;

use super::forgery::{File, data, network, saved};

/// SplitMix64 (Steele, Lea and Flood 2014).
struct Noise(u64);

impl Noise {
    fn below(&mut self, end: usize) -> usize {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        ((z ^ (z >> 31)) % end as u64) as usize
    }
}

/// The bytes with a few of them changed, one taken out or one put in.
fn mutated(bytes: &[u8], noise: &mut Noise) -> Vec<u8> {
    let mut bytes = bytes.to_vec();
    // Most of a file is weights; most of what can go wrong is in the header.
    let end = if noise.below(4) > 0 {
        1600
    } else {
        bytes.len()
    };
    for _ in 0..=noise.below(3) {
        let place = noise.below(end.min(bytes.len()));
        match noise.below(8) {
            0 => drop(bytes.remove(place)),
            1 => bytes.insert(place, noise.below(256) as u8),
            2 => bytes[place] ^= 1 << noise.below(8),
            3 => bytes[place] = noise.below(256) as u8,
            _ => bytes[place] = b"0123456789[]{}\":,-.e"[noise.below(20)],
        }
    }
    bytes
}

/// How many of `count` mutations of `bytes` are refused; `run` uses each.
fn refused(bytes: &[u8], count: u64, run: impl Fn(&File) -> Result<(), Error>) -> usize {
    let mut refused = 0;
    let file = File::new(bytes);
    for seed in 0..count {
        file.write(&mutated(bytes, &mut Noise(seed)));
        let result = catch_unwind(AssertUnwindSafe(|| run(&file)));
        let result = result.unwrap_or_else(|_| panic!("mutation {seed} made it panic"));
        refused += usize::from(result.is_err());
    }
    refused
}

#[test]
fn models() {
    let data = data();
    let refused = refused(&saved(), 20_000, |file| {
        let mut network = file.load()?;
        network.predict(data.inputs())?;
        network.layer_outputs(data.inputs())?;
        network.train_on_batch(&data)?;
        Ok(())
    });
    // Some mutations only change a weight.
    assert!(
        (10_000..20_000).contains(&refused),
        "{refused} were refused"
    );
}

#[test]
fn checkpoints() {
    let (data, file) = (data(), File::new(&[]));
    let mut keeper = Checkpoint::new(&file.path);
    let fit = || Fit::epochs(2).batch_size(2);
    network().fit(&data, fit().callback(&mut keeper)).unwrap();
    let bytes = std::fs::read(&file.path).unwrap();
    let refused = refused(&bytes, 5000, |file| {
        let fit = Fit::epochs(3).batch_size(2).resume(&file.path);
        network().fit(&data, fit).map(drop)
    });
    assert!((2500..5000).contains(&refused), "{refused} were refused");
}
