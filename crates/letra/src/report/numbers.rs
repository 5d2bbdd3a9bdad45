//! Numbers as people read them.

/// What stands where there is no figure.
pub const NONE: &str = "–";

/// A whole number with a comma before each group of three digits.
pub fn thousands(number: u64) -> String {
    let digits = number.to_string();
    let mut text = String::new();
    for (position, digit) in digits.chars().enumerate() {
        if position > 0 && (digits.len() - position).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

/// A share, 0 to 1, in per cent to one decimal.
pub fn percent(share: f64) -> String {
    format!("{:.1}%", share * 100.0)
}

/// A share, 0 to 1, as a bar of at most 30 characters; nothing below 0.
pub fn bar(share: f32) -> String {
    "█".repeat((share.min(1.0) * 30.0).round() as usize)
}

/// The lowest and the highest of several shares in per cent.
pub fn percent_range([low, high]: [f64; 2]) -> String {
    format!("{:.1}–{:.1}%", low * 100.0, high * 100.0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_grouped_by_three_digits() {
        assert_eq!(thousands(0), "0");
        assert_eq!(thousands(999), "999");
        assert_eq!(thousands(1000), "1,000");
        assert_eq!(thousands(1234567), "1,234,567");
    }

    #[test]
    fn shares_are_given_in_per_cent() {
        assert_eq!(percent(0.8249), "82.5%");
        assert_eq!(percent_range([0.7, 0.856]), "70.0–85.6%");
    }

    #[test]
    fn a_bar_has_an_end() {
        assert_eq!(bar(0.1).chars().count(), 3);
        assert_eq!(bar(-1.0), "");
        assert_eq!(bar(f32::INFINITY).chars().count(), 30);
        assert!(bar(f32::NAN).chars().count() <= 30);
    }
}
