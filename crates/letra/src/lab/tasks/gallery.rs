//! Pictures of a task on the page.

use letra_nn::prelude::*;
use maud::{Markup, html};

use crate::failure::Failure;
use crate::report::picture::Grid;
use crate::report::scatter::{Group, scatter};

/// Rows of pictures under headings.
pub(in crate::lab) struct Gallery<'a> {
    pub(in crate::lab) title: &'a str,
    /// What is to be seen, in a sentence.
    pub(in crate::lab) note: &'a str,
    /// Above the columns; none, or as many as pictures in a row.
    pub(in crate::lab) headings: Vec<String>,
    /// What a row is called, and its pictures: ink from 0 to 1.
    pub(in crate::lab) rows: Vec<(String, Vec<Grid>)>,
}

impl Gallery<'_> {
    /// As a figure of the page.
    pub(in crate::lab) fn drawn(&self) -> Result<Markup, Failure> {
        let mut rows = Vec::new();
        for (name, grids) in &self.rows {
            let draw = |(place, grid): (usize, &Grid)| {
                let heading = self.headings.get(place).map_or("", String::as_str);
                grid.ink(1.0, &format!("{name} {heading}"))
            };
            let pictures: Vec<_> = grids
                .iter()
                .enumerate()
                .map(draw)
                .collect::<Result<_, _>>()?;
            rows.push((name, pictures));
        }
        // A picture a row has all the width.
        let are_lines = rows.iter().all(|(_, pictures)| pictures.len() == 1);
        Ok(html! {
            figure.card.gallery.lines[are_lines] {
                figcaption { (self.title) }
                p.note { (self.note) }
                div.scroll {
                    table {
                        @if !self.headings.is_empty() {
                            thead {
                                tr { td {} @for heading in &self.headings { th scope="col" { (heading) } } }
                            }
                        }
                        tbody {
                            @for (name, pictures) in &rows {
                                tr { th scope="row" { (name) } @for picture in pictures { td { (picture) } } }
                            }
                        }
                    }
                }
            }
        })
    }
}

/// Many pictures as one, in so many columns: weights red above zero and blue below.
pub(in crate::lab) fn filters(
    title: &str,
    note: &str,
    filters: &[Grid],
    columns: usize,
) -> Result<Markup, Failure> {
    let own_scale = |grid: &Grid| grid.scaled(1.0 / grid.largest().max(f32::MIN_POSITIVE));
    let scaled: Vec<_> = filters.iter().map(own_scale).collect();
    sheet(
        title,
        note,
        Grid::sheet(&scaled, columns).map(|sheet| sheet.diverging(1.0, title)),
    )
}

/// Many pictures as one, in so many columns: ink from 0 to 1.
pub(in crate::lab) fn pictures(
    title: &str,
    note: &str,
    pictures: &[Grid],
    columns: usize,
) -> Result<Markup, Failure> {
    sheet(
        title,
        note,
        Grid::sheet(pictures, columns).map(|sheet| sheet.ink(1.0, title)),
    )
}

fn sheet(
    title: &str,
    note: &str,
    drawn: Option<Result<Markup, Failure>>,
) -> Result<Markup, Failure> {
    let drawn = drawn.transpose()?;
    Ok(html! {
        figure.card.sheet {
            figcaption { (title) }
            p.note { (note) }
            @if let Some(drawn) = drawn { (drawn) }
        }
    })
}

/// Samples `[samples, height · width]` as pictures.
pub(in crate::lab) fn grids(samples: &Tensor, width: usize) -> Vec<Grid> {
    let each = 0..samples.samples();
    each.map(|sample| Grid::new(width, samples.sample(sample).to_vec()))
        .collect()
}

/// Codes `[samples, 2]` as points, a colour for each class.
pub(in crate::lab) fn map(
    title: &str,
    note: &str,
    codes: &Tensor,
    labels: &[u32],
    names: &[String],
) -> Markup {
    let of = |class: usize| {
        let samples = (0..codes.samples()).filter(|&sample| labels[sample] as usize == class);
        let point = |sample: usize| [codes.sample(sample)[0], codes.sample(sample)[1]];
        samples.map(|sample| point(sample).map(f64::from)).collect()
    };
    let groups: Vec<_> = (names.iter().enumerate())
        .map(|(class, name)| Group {
            name: name.clone(),
            points: of(class),
        })
        .collect();
    html! {
        figure.card {
            figcaption { (title) }
            p.note { (note) }
            (scatter(title, &groups))
        }
    }
}
