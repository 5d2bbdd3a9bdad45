//! Names that models carry.

/// The most characters of a name; those of fonts' families and styles have 200 each.
const MOST_CHARACTERS: usize = 512;

/// Says what is wrong with a name from a model's file, as the end of a sentence: letra itself
/// writes none that a terminal could mistake for commands.
pub(crate) fn check(name: &str) -> Result<(), String> {
    let count = name.chars().count();
    if count > MOST_CHARACTERS {
        return Err(format!(
            "has {count} characters, more than {MOST_CHARACTERS}"
        ));
    }
    match name
        .chars()
        .find(|&letter| letra_type::is_unprintable(letter))
    {
        Some(letter) => Err(format!(
            "has the control character {}",
            letter.escape_unicode()
        )),
        None => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_that_no_font_has_are_refused() {
        for name in [
            "Lato",
            "EB Garamond Medium Italic",
            "思源宋體",
            "",
            &"x".repeat(512),
        ] {
            assert_eq!(check(name), Ok(()), "{name}");
        }
        for name in [
            "\u{1b}[31mred",
            "b\nc",
            "\u{202e}dcba",
            "a\u{2066}b",
            &"x".repeat(513),
        ] {
            assert!(check(name).is_err(), "{name:?}");
        }
    }
}
