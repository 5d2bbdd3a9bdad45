//! The frame of every report's page: one file that needs nothing else to be read.

use maud::{DOCTYPE, Markup, PreEscaped, html};

const STYLE: &str = include_str!("style.css");

/// A page with a title and its sections.
pub fn page(title: &str, body: &Markup) -> String {
    html! {
        (DOCTYPE)
        html lang="en" {
            head {
                meta charset="utf-8";
                meta name="viewport" content="width=device-width, initial-scale=1";
                meta name="color-scheme" content="light dark";
                title { (title) " – letra" }
                style { (PreEscaped(STYLE)) }
            }
            body {
                main { (body) }
                footer { "Written by letra " (env!("CARGO_PKG_VERSION")) "." }
            }
        }
    }
    .into_string()
}
