//! A confusion matrix as a table: a row is what was shown, a column what was said.

use maud::{Markup, html};

/// A class as the tables show it: its name, and a picture that stands for it.
#[derive(Debug, Clone)]
pub struct ClassLabel {
    /// Name of the class.
    pub name: String,
    /// Small picture of the class.
    pub picture: Markup,
}

/// The table of `counts[shown][said]`. Each row is coloured by the share of its pictures.
pub fn table(counts: &[Vec<u64>], classes: &[ClassLabel]) -> Markup {
    html! {
        table.confusion {
            thead {
                tr {
                    td {}
                    @for class in classes {
                        th scope="col" title=(class.name) { (class.picture) }
                    }
                }
            }
            tbody {
                @for (shown, (row, class)) in counts.iter().zip(classes).enumerate() {
                    tr {
                        th scope="row" { (class.name) }
                        @for (said, count) in row.iter().enumerate() {
                            (cell(*count, row.iter().sum(), shown == said, &class.name, &classes[said].name))
                        }
                    }
                }
            }
        }
    }
}

fn cell(count: u64, row: u64, right: bool, shown: &str, said: &str) -> Markup {
    let share = if row == 0 {
        0.0
    } else {
        count as f64 / row as f64
    };
    html! {
        td.right[right] .none[count == 0]
            style=(format!("--share:{share:.3}"))
            title=(format!("{count} of {row} pictures of {shown} were called {said}")) {
            @if count == 0 { "·" } @else { (count) }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rows_are_shared_out_and_names_are_escaped() {
        let classes = ["A & B", "C"].map(|name| ClassLabel {
            name: name.to_owned(),
            picture: html! { "x" },
        });
        let page = table(&[vec![3, 1], vec![0, 0]], &classes).into_string();
        assert!(page.contains("A &amp; B") && !page.contains("A & B"));
        assert!(page.contains("--share:0.750") && page.contains("--share:0.250"));
        assert!(page.contains("3 of 4 pictures of A &amp; B were called A &amp; B"));
        assert_eq!(page.matches("--share:0.000").count(), 2);
    }
}
