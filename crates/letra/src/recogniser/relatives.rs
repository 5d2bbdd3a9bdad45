//! Families that stand in for others: drawn to the widths of one that cannot be shipped, so that a text
//! set in the one fills the same lines in the other.

/// A family that is seldom free, and those that are drawn to its widths.
struct Widths {
    of: &'static str,
    families: &'static [&'static str],
}

/// By fontconfig's `30-metric-aliases.conf` (version 2.14), which names each group's source.
const WIDTHS: [Widths; 16] = [
    widths(
        "Arial",
        &["Liberation Sans", "Arimo", "Albany", "Albany AMT"],
    ),
    widths("Arial Narrow", &["Liberation Sans Narrow"]),
    widths(
        "Times New Roman",
        &["Liberation Serif", "Tinos", "Thorndale", "Thorndale AMT"],
    ),
    widths(
        "Courier New",
        &["Liberation Mono", "Cousine", "Cumberland", "Cumberland AMT"],
    ),
    widths("Calibri", &["Carlito"]),
    widths("Cambria", &["Caladea"]),
    widths("Georgia", &["Gelasio"]),
    widths(
        "Helvetica",
        &["TeX Gyre Heros", "Nimbus Sans", "Nimbus Sans L"],
    ),
    widths(
        "Helvetica Narrow",
        &["TeX Gyre Heros Cn", "Nimbus Sans Narrow"],
    ),
    widths(
        "Times",
        &["TeX Gyre Termes", "Nimbus Roman", "Nimbus Roman No9 L"],
    ),
    widths(
        "Courier",
        &[
            "TeX Gyre Cursor",
            "Nimbus Mono PS",
            "Nimbus Mono",
            "Nimbus Mono L",
        ],
    ),
    widths(
        "ITC Avant Garde Gothic",
        &["TeX Gyre Adventor", "URW Gothic", "URW Gothic L"],
    ),
    widths(
        "ITC Bookman",
        &["TeX Gyre Bonum", "URW Bookman", "URW Bookman L"],
    ),
    widths(
        "ITC Zapf Chancery",
        &["TeX Gyre Chorus", "Z003", "URW Chancery L"],
    ),
    widths("Palatino", &["TeX Gyre Pagella", "P052", "URW Palladio L"]),
    widths(
        "New Century Schoolbook",
        &["TeX Gyre Schola", "C059", "Century Schoolbook L"],
    ),
];

const fn widths(of: &'static str, families: &'static [&'static str]) -> Widths {
    Widths { of, families }
}

/// The family to whose widths this one is drawn.
pub(super) fn drawn_to_the_widths_of(family: &str) -> Option<&'static str> {
    let group = WIDTHS.iter().find(|group| group.families.contains(&family));
    group.map(|group| group.of)
}

/// The other families that are drawn to the widths of the same one.
pub(super) fn of_the_same_widths(family: &str) -> impl Iterator<Item = &'static str> {
    let group = WIDTHS.iter().find(|group| group.families.contains(&family));
    let families = group.map_or(&[][..], |group| group.families);
    families
        .iter()
        .copied()
        .filter(move |other| *other != family)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_stands_in_for_a_family_is_said() {
        assert_eq!(drawn_to_the_widths_of("Arimo"), Some("Arial"));
        assert!(of_the_same_widths("Arimo").any(|family| family == "Liberation Sans"));
        assert_eq!(drawn_to_the_widths_of("Lato"), None);
        assert_eq!(of_the_same_widths("Lato").count(), 0);
    }
}
