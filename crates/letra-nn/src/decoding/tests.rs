//! The searches beside all paths, counted one by one.

use std::collections::BTreeMap;

use super::*;

/// A seeded row of numbers from 0 to 1.
struct Noise(u64);

impl Noise {
    fn fraction(&mut self) -> f64 {
        self.0 = self
            .0
            .wrapping_mul(6364136223846793005)
            .wrapping_add(1442695040888963407);
        (self.0 >> 33) as f64 / (1u64 << 31) as f64
    }

    fn below(&mut self, end: usize) -> usize {
        (self.fraction() * end as f64) as usize
    }

    /// Rows that each add up to 1.
    fn probabilities(&mut self, steps: usize, classes: usize) -> Vec<f32> {
        let mut all = Vec::new();
        for _ in 0..steps {
            let row: Vec<f64> = (0..classes)
                .map(|_| self.fraction().powi(3) + 1e-3)
                .collect();
            let sum: f64 = row.iter().sum();
            all.extend(row.iter().map(|value| (value / sum) as f32));
        }
        all
    }
}

/// The probability of all labels that `steps` can spell, and that of the best path of each.
fn of_all_paths(classes: usize, blank: u32, said: &[f32]) -> BTreeMap<Vec<u32>, (f64, f64)> {
    let steps = said.len() / classes;
    let mut all: BTreeMap<Vec<u32>, (f64, f64)> = BTreeMap::new();
    for number in 0..classes.pow(steps as u32) {
        let symbol = |step: usize| number / classes.pow(step as u32) % classes;
        let mut path: Vec<u32> = (0..steps).map(|step| symbol(step) as u32).collect();
        let values = path.iter().enumerate();
        let probability: f64 = values
            .map(|(step, &symbol)| f64::from(said[step * classes + symbol as usize]))
            .product();
        path.dedup();
        path.retain(|&label| label != blank);
        let (sum, best) = all.entry(path).or_default();
        *sum += probability;
        *best = best.max(probability);
    }
    all
}

/// Those of the largest score first.
fn ranked(
    all: &BTreeMap<Vec<u32>, (f64, f64)>,
    score: impl Fn(&[u32], f64) -> f64,
) -> Vec<(Vec<u32>, f64, f64)> {
    let row = |(labels, (sum, _)): (&Vec<u32>, &(f64, f64))| {
        (labels.clone(), sum.ln(), score(labels, sum.ln()))
    };
    let mut rows: Vec<_> = all.iter().map(row).collect();
    rows.retain(|row| row.2 > f64::NEG_INFINITY);
    rows.sort_by(|one, other| other.2.total_cmp(&one.2));
    rows
}

fn assert_found(what: &str, found: &[Candidate], wanted: &[(Vec<u32>, f64, f64)]) {
    assert_eq!(found.len(), wanted.len(), "{what}");
    for (found, (labels, log_probability, score)) in found.iter().zip(wanted) {
        assert_eq!(found.labels, *labels, "{what}");
        let off = (found.log_probability - log_probability).abs();
        assert!(off < 1e-9, "{what}: {found:?}, {log_probability}");
        assert!(
            (found.score - score).abs() < 1e-9,
            "{what}: {found:?}, {score}"
        );
    }
}

#[test]
fn a_beam_that_holds_all_texts_is_exact() {
    let mut noise = Noise(3);
    for _ in 0..60 {
        let (steps, classes) = (1 + noise.below(6), 2 + noise.below(3));
        let blank = noise.below(classes) as u32;
        let said = noise.probabilities(steps, classes);
        let all = of_all_paths(classes, blank, &said);
        let wanted = ranked(&all, |_, ctc| ctc);
        let search = BeamSearch::new()
            .blank(blank)
            .beam_width(5000)
            .top_paths(all.len());
        let found = search.decode(classes, &said).unwrap();
        assert_found(&format!("{steps} steps of {classes}"), &found, &wanted);
        // A narrow one finds no more than there is.
        let narrow = search
            .beam_width(2)
            .top_paths(1)
            .decode(classes, &said)
            .unwrap();
        let (sum, _) = all[&narrow[0].labels];
        assert!(narrow[0].log_probability <= sum.ln() + 1e-9);
    }
}

#[test]
fn a_beam_that_holds_all_texts_is_exact_with_a_model_a_bonus_and_words() {
    let mut noise = Noise(4);
    let texts = [vec![1, 2, 1], vec![1, 1], vec![2, 3, 1, 2]];
    let model = NGram::new(3, 3, &texts).unwrap();
    let words = WordList::new(&[vec![1, 2], vec![2], vec![1, 1, 2]]).unwrap();
    let (weight, bonus) = (0.7, 0.4);
    let complete = |labels: &[u32]| {
        let mut parts = labels.split(|label| *label == 3);
        parts.all(|part| part.is_empty() || words.contains(part))
    };
    let of_model = |labels: &[u32]| {
        let each = labels.iter().enumerate();
        let sum: f64 = each
            .map(|(place, &label)| model.log_probability(&labels[..place], label))
            .sum();
        sum + model.end_log_probability(labels)
    };
    for _ in 0..30 {
        let steps = 1 + noise.below(6);
        let said = noise.probabilities(steps, 4);
        let all = of_all_paths(4, 0, &said);
        let score = |labels: &[u32], ctc: f64| {
            ctc + weight * of_model(labels) + bonus * labels.len() as f64
        };
        let search = BeamSearch::new().beam_width(10_000).top_paths(12);
        let search = search.language_model(&model, weight).length_bonus(bonus);
        let wanted = ranked(&all, score);
        let found = search.decode(4, &said).unwrap();
        assert_found("a model", &found, &wanted[..wanted.len().min(12)]);
        let wanted = ranked(&all, |labels, ctc| match complete(labels) {
            true => score(labels, ctc),
            false => f64::NEG_INFINITY,
        });
        let found = search.words(&words).decode(4, &said).unwrap();
        assert_found("words", &found, &wanted[..wanted.len().min(12)]);
    }
}

#[test]
fn the_best_path_and_alignments_are_those_of_all_paths() {
    let mut noise = Noise(5);
    for _ in 0..60 {
        let (steps, classes) = (1 + noise.below(6), 2 + noise.below(3));
        let blank = noise.below(classes) as u32;
        let said = noise.probabilities(steps, classes);
        let all = of_all_paths(classes, blank, &said);
        let decoder = BestPath::new().blank(blank);
        let symbols = decoder.decode(classes, &said).unwrap();
        let most = all.values().map(|(_, best)| *best).fold(0.0, f64::max);
        let found = decoder.log_probability(classes, &said).unwrap();
        assert!((found - most.ln()).abs() < 1e-9);
        let mut room = Vec::new();
        spelled(classes, blank, &said, &mut room);
        assert_eq!(room, labels(&symbols));
        for (wanted, (_, best)) in &all {
            let aligned = align(classes, blank, &said, wanted).unwrap();
            assert_eq!(labels(&aligned), *wanted);
            // The path that the places say, blanks between them.
            let mut path = vec![blank; steps];
            for symbol in &aligned {
                path[symbol.steps.clone()].fill(symbol.label);
                let own = symbol.steps.clone();
                let each = own.map(|step| said[step * classes + symbol.label as usize]);
                assert_eq!(symbol.confidence, each.fold(0.0, f32::max));
            }
            let values = path.iter().enumerate();
            let probability: f64 = values
                .map(|(step, &symbol)| f64::from(said[step * classes + symbol as usize]))
                .product();
            assert!(
                (probability / best - 1.0).abs() < 1e-9,
                "{wanted:?}: {path:?}"
            );
        }
        assert_eq!(align(classes, blank, &said, &room).unwrap(), symbols);
    }
}

#[test]
fn an_n_gram_is_a_distribution_and_smooths_as_witten_and_bell() {
    let texts = [vec![1, 2, 1, 3], vec![1, 2], vec![]];
    for order in 1..6 {
        let model = NGram::new(order, 5, &texts).unwrap();
        for prefix in [&[][..], &[1], &[1, 2], &[4, 4, 4], &[2, 1, 2, 1, 2, 1]] {
            let labels = (1..=5).map(|label| model.log_probability(prefix, label).exp());
            let all = labels.sum::<f64>() + model.end_log_probability(prefix).exp();
            assert!((all - 1.0).abs() < 1e-12, "{order} after {prefix:?}: {all}");
        }
    }
    // By hand: of 9 labels and ends 3 are a 1, of 4 kinds; after a 1 came 2, 3, 2.
    let model = NGram::new(2, 5, &texts).unwrap();
    let alone = (3.0 + 4.0 / 6.0) / (9.0 + 4.0);
    assert!((model.log_probability(&[9], 1).exp() - alone).abs() < 1e-12);
    let two = (2.0 + 4.0 / 6.0) / (9.0 + 4.0);
    let after_one = (2.0 + 2.0 * two) / (3.0 + 2.0);
    assert!((model.log_probability(&[3, 1], 2).exp() - after_one).abs() < 1e-12);
    // A beginning is a history, too: it came 3 times, before 1, 1 and an end.
    let end = (3.0 + 4.0 / 6.0) / (9.0 + 4.0);
    let empty = (1.0 + 2.0 * end) / (3.0 + 2.0);
    assert!((model.end_log_probability(&[]).exp() - empty).abs() < 1e-12);
}

#[test]
fn text_outside_words_is_free() {
    let words = WordList::new(&[[1, 2]]).unwrap().letters(&[4]);
    // Blank, three letters of which one is in no word, and a space, each step one of them.
    let path = |symbols: &[usize]| {
        let mut said = vec![0.025; symbols.len() * 5];
        for (step, &symbol) in symbols.iter().enumerate() {
            said[step * 5 + symbol] = 0.9;
        }
        said
    };
    let read = |symbols: &[usize]| {
        let found = BeamSearch::new().words(&words).decode(5, &path(symbols));
        found.unwrap()[0].labels.clone()
    };
    assert_eq!(read(&[3, 1, 2, 3, 0, 3, 1, 2]), [3, 1, 2, 3, 3, 1, 2]);
    assert_eq!(read(&[1, 4, 2]), [1, 2]);
    assert_eq!(read(&[3, 4, 3]), [3]);
    // A beam too narrow for any other text than one that breaks off.
    let search = BeamSearch::new().words(&words).beam_width(1);
    assert_eq!(search.decode(5, &path(&[3, 1])).unwrap(), []);
}

#[test]
fn bad_arguments_are_refused() {
    let said = [0.5, 0.5];
    let refused = |what: &str, error: String, parts: &[&str]| {
        for part in parts {
            assert!(error.contains(part), "{what}: {error}");
        }
    };
    let search = |search: BeamSearch<'_>| search.decode(2, &said).unwrap_err().to_string();
    let new = BeamSearch::new;
    refused(
        "width",
        search(new().beam_width(0)),
        &["width 0", "at least 1"],
    );
    refused(
        "paths",
        search(new().beam_width(2).top_paths(3)),
        &["3 results", "or fewer"],
    );
    refused("none", search(new().top_paths(0)), &["0 results"]);
    refused(
        "bonus",
        search(new().length_bonus(f64::NAN)),
        &["NaN", "finite"],
    );
    refused("blank", search(new().blank(2)), &["blank is 2", "0 to 1"]);
    let model = NGram::new(1, 1, &[[1]]).unwrap();
    for weight in [-1.0, f64::NAN] {
        let error = search(new().language_model(&model, weight));
        refused("weight", error, &["weight", "0 or more"]);
    }
    #[derive(Debug)]
    struct Odd;
    impl LanguageModel for Odd {
        fn log_probability(&self, _: &[u32], _: u32) -> f64 {
            f64::NAN
        }
    }
    let error = search(new().language_model(&Odd, 1.0));
    refused("model", error, &["language model", "NaN", "0 or less"]);
    let path = |classes: usize, said: &[f32]| {
        let error = BestPath::new().decode(classes, said).unwrap_err();
        error.to_string()
    };
    refused(
        "rows",
        path(2, &[0.5; 3]),
        &["3 probabilities", "2 classes"],
    );
    refused("one class", path(1, &[1.0]), &["at least two"]);
    refused(
        "logits",
        path(2, &[0.5, 0.5, 3.0, -1.0]),
        &["step 1", "holds 3", "predict"],
    );
    refused("sum", path(2, &[0.5, 0.25]), &["step 0", "sum 0.75"]);
    refused("no number", path(2, &[f32::NAN, 0.5]), &["holds NaN"]);
    let aligned = |labels: &[u32]| {
        align(2, 0, &[0.5, 0.5, 1.0, 0.0], labels)
            .unwrap_err()
            .to_string()
    };
    refused("label", aligned(&[2]), &["2 is no label"]);
    refused("a blank", aligned(&[0]), &["0 is no label"]);
    refused("long", aligned(&[1, 1]), &["need 3 steps", "are 2"]);
    let never = align(2, 0, &[1.0, 0.0], &[1]).unwrap_err().to_string();
    refused("never", never, &["probability 0"]);
    assert_eq!(align(2, 0, &[], &[]).unwrap(), []);
    let none: [[u32; 0]; 0] = [];
    refused(
        "words",
        WordList::new(&none).unwrap_err().to_string(),
        &["at least one word"],
    );
    assert!(WordList::new(&[vec![1], vec![]]).is_err());
    refused(
        "order",
        NGram::new(0, 3, &[[1]]).unwrap_err().to_string(),
        &["order from 1"],
    );
    refused(
        "labels",
        NGram::new(2, 1, &[[1, 2]]).unwrap_err().to_string(),
        &["2 different"],
    );
    refused(
        "twice",
        Alphabet::new("aba").unwrap_err().to_string(),
        &["'a' twice"],
    );
    assert!(Alphabet::new("").is_err() && Alphabet::with_blank("ab", 3).is_err());
    let abc = Alphabet::with_blank("abc", 3).unwrap();
    refused(
        "letter",
        abc.labels("cd").unwrap_err().to_string(),
        &["no 'd'", "\"cd\""],
    );
    assert_eq!(abc.text(&abc.labels("cab").unwrap()), "cab");
}
