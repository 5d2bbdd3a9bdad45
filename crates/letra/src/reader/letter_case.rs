//! Small letters and capitals of one shape, told apart by their neighbours.

/// Letters whose capitals have the same shape, so that only their size tells which they are.
const ALIKE: &str = "cosvwxzçćčóòôöõőøśšşșźżž";

/// Gives letters that look the same as capitals and as small letters, of whose case the network is
/// `unsure`, the case of the rest of their word: capitals where all other letters are capitals, small
/// letters where all others but the first are small. Where the word does not say, they stay as they are.
pub(super) fn settle(word: &mut [char], unsure: impl Fn(usize) -> bool) {
    let is_alike = |letter: char| {
        let mut small = letter.to_lowercase();
        small.next().is_some_and(|small| ALIKE.contains(small))
    };
    let sure: Vec<(usize, char)> = word
        .iter()
        .copied()
        .enumerate()
        .filter(|&(_, letter)| letter.is_alphabetic() && !is_alike(letter))
        .collect();
    let capitals = sure
        .iter()
        .filter(|(_, letter)| letter.is_uppercase())
        .count();
    let smalls_after_first = sure
        .iter()
        .all(|&(place, letter)| place == 0 || letter.is_lowercase());
    let all_capitals = capitals >= 2 && capitals == sure.len();
    let all_small = smalls_after_first && sure.iter().any(|(_, letter)| letter.is_lowercase());
    for (place, letter) in word.iter_mut().enumerate() {
        if !is_alike(*letter) || !unsure(place) {
            continue;
        }
        if all_capitals {
            *letter = capital(*letter);
        } else if all_small && place > 0 {
            *letter = one(letter.to_lowercase(), *letter);
        }
    }
}

/// Whether a word's case is that of no word: a capital comes after a small letter.
pub(super) fn is_mixed(word: &[char]) -> bool {
    let first_small = word.iter().position(|letter| letter.is_lowercase());
    first_small.is_some_and(|small| word[small..].iter().any(|letter| letter.is_uppercase()))
}

/// A letter as a capital, where that is a single one.
pub(super) fn capital(letter: char) -> char {
    one(letter.to_uppercase(), letter)
}

/// The letter of another case where it is a single one.
fn one(mut letters: impl Iterator<Item = char>, otherwise: char) -> char {
    match (letters.next(), letters.next()) {
        (Some(letter), None) => letter,
        _ => otherwise,
    }
}

#[cfg(test)]
mod tests {
    fn settled(word: &str, unsure: bool) -> String {
        let mut letters: Vec<char> = word.chars().collect();
        super::settle(&mut letters, |_| unsure);
        letters.into_iter().collect()
    }

    #[test]
    fn a_word_says_the_case_of_letters_that_look_alike() {
        let same = |word| assert_eq!(settled(word, true), word);
        assert_eq!(settled("QUIETsvx", true), "QUIETSVX");
        assert_eq!(settled("LIVEčšö", true), "LIVEČŠÖ");
        assert_eq!(settled("hiStoriC", true), "historic");
        for word in ["Cheval", "cheval", "Sorry", "SO", "vs.", "1sT", ""] {
            same(word);
        }
    }

    #[test]
    fn words_of_mixed_case_are_told() {
        let mixed = |word: &str| super::is_mixed(&word.chars().collect::<Vec<_>>());
        assert!(mixed("MÖbelstÜCKE") && mixed("iPhone") && mixed("McDonald"));
        assert!(!mixed("Cheval") && !mixed("NATO") && !mixed("a4") && !mixed(""));
    }

    #[test]
    fn what_the_network_is_sure_of_stays() {
        for word in ["JavaScript", "McSorley", "iOS", "QUIETsvx"] {
            assert_eq!(settled(word, false), word);
        }
    }
}
