use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};

use super::Table;
use super::table::number;
use crate::{Error, Tensor};

/// Categories of a column, at most: more are texts that seldom come twice.
const MOST_CATEGORIES: usize = 1000;

/// How the columns of a table become a network's input: numbers as they are, categories as one-hot
/// rows. What was made of the table that a network learnt from encodes others in the same way; `serde`
/// saves it, for instance as a [note](crate::Trainer::note) of the network's file.
///
/// ```
/// use letra_nn::formats::{FeatureSpace, Table};
///
/// let known = Table::parse("size,kind\n1.5,rose\n2,iris\n".as_bytes())?;
/// let features = FeatureSpace::infer(&known, &["size", "kind"])?;
/// assert_eq!(features.names(), ["size", "kind=iris", "kind=rose"]);
/// assert_eq!(features.encode(&known)?.data(), [1.5, 0.0, 1.0, 2.0, 1.0, 0.0]);
///
/// let new = Table::parse("kind,size\nlily,3\n".as_bytes())?;
/// let error = features.encode(&new).unwrap_err().to_string();
/// assert!(error.contains("\"lily\"") && error.contains("iris, rose"));
/// # Ok::<(), letra_nn::Error>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct FeatureSpace {
    features: Vec<Feature>,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
struct Feature {
    column: String,
    /// In the order of the alphabet; none for numbers.
    categories: Option<Vec<String>>,
}

impl FeatureSpace {
    /// Some columns of numbers, and then some of categories, which may be written as numbers, such as
    /// those of districts.
    ///
    /// # Errors
    /// When there is no such column, one of numbers holds something else, or one of categories has more
    /// than 1,000 of them.
    pub fn of(table: &Table, numbers: &[&str], categories: &[&str]) -> Result<Self, Error> {
        table.numbers(numbers)?;
        let numbers = numbers.iter().map(|&column| {
            Ok(Feature {
                column: column.into(),
                categories: None,
            })
        });
        let categories = categories.iter().map(|&column| {
            Ok(Feature {
                column: column.into(),
                categories: Some(categories_of(table, column)?),
            })
        });
        let features = numbers.chain(categories).collect::<Result<_, Error>>()?;
        Ok(FeatureSpace { features })
    }

    /// Some columns: those that hold numbers alone as numbers, others as categories.
    ///
    /// # Errors
    /// As [`FeatureSpace::of`]; most of a column are numbers, but not all.
    pub fn infer(table: &Table, columns: &[&str]) -> Result<Self, Error> {
        let feature = |&column: &&str| {
            let cells = table.column(column)?;
            let odd = cells.iter().position(|cell| number(cell).is_none());
            let numbers = cells.iter().filter(|cell| number(cell).is_some()).count();
            let categories = match odd {
                None => None,
                Some(row) if 2 * numbers > cells.len() => {
                    return Err(Error::data(format!(
                        "row {} of column {column} is \"{}\" among numbers",
                        row + 1,
                        cells[row]
                    ))
                    .with_hint("mend it or leave the row out; where they are categories, say so with FeatureSpace::of"));
                }
                Some(_) => Some(categories_of(table, column)?),
            };
            Ok(Feature {
                column: column.into(),
                categories,
            })
        };
        let features = columns.iter().map(feature).collect::<Result<_, Error>>()?;
        Ok(FeatureSpace { features })
    }

    /// Names of the values of a row: a column of numbers by its name, categories as "kind=rose".
    pub fn names(&self) -> Vec<String> {
        let names = |feature: &Feature| match &feature.categories {
            None => vec![feature.column.clone()],
            Some(categories) => {
                let name = |category| format!("{}={category}", feature.column);
                categories.iter().map(name).collect()
            }
        };
        self.features.iter().flat_map(names).collect()
    }

    /// Number of values of a row.
    pub fn width(&self) -> usize {
        self.features.iter().map(Feature::width).sum()
    }

    /// The rows of a table as a network's input: `[rows, width]`.
    ///
    /// # Errors
    /// When a column is missing, or holds no number or a category that was not there.
    pub fn encode(&self, table: &Table) -> Result<Tensor, Error> {
        let width = self.width();
        let mut values = vec![0.0; table.rows() * width];
        let mut first = 0;
        for feature in &self.features {
            let cells = table.column(&feature.column)?;
            for (row, cell) in cells.iter().enumerate() {
                let (place, value) = feature.encode(row, cell)?;
                values[row * width + first + place] = value;
            }
            first += feature.width();
        }
        Tensor::new([table.rows(), width], values)
    }
}

impl Feature {
    fn width(&self) -> usize {
        self.categories.as_ref().map_or(1, Vec::len)
    }

    /// Which of its values is not zero, and what it is.
    fn encode(&self, row: usize, cell: &str) -> Result<(usize, f32), Error> {
        let problem = || {
            Error::data(format!(
                "row {} of column {} is \"{cell}\"",
                row + 1,
                self.column
            ))
        };
        match &self.categories {
            None => number(cell).map(|value| (0, value)).ok_or_else(|| {
                problem().with_hint("make it a finite number, or leave the row out")
            }),
            Some(categories) => {
                let place = categories.binary_search_by(|known| known.as_str().cmp(cell));
                place.map(|place| (place, 1.0)).map_err(|_| {
                    let known = categories.join(", ");
                    problem().with_hint(format!("what was learnt from had {known} there"))
                })
            }
        }
    }
}

fn categories_of(table: &Table, column: &str) -> Result<Vec<String>, Error> {
    let categories: BTreeSet<&String> = table.column(column)?.iter().collect();
    if categories.len() > MOST_CATEGORIES {
        return Err(Error::data(format!(
            "column {column} has {} categories, more than {MOST_CATEGORIES}",
            categories.len()
        ))
        .with_hint("leave it out: texts that seldom come twice teach nothing"));
    }
    Ok(categories.into_iter().cloned().collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_may_be_categories_if_one_says_so() {
        let table = Table::parse("district,rent\n12,700\n3,650\n12,800\n".as_bytes()).unwrap();
        let features = FeatureSpace::of(&table, &["rent"], &["district"]).unwrap();
        assert_eq!(features.names(), ["rent", "district=12", "district=3"]);
        let rows = features.encode(&table).unwrap();
        assert_eq!(rows.data(), [700., 1., 0., 650., 0., 1., 800., 1., 0.]);
        assert_eq!(
            FeatureSpace::infer(&table, &["district"]).unwrap().width(),
            1
        );
        let error = FeatureSpace::of(&table, &["district", "street"], &[]).unwrap_err();
        assert!(error.to_string().contains("street"));
    }

    #[test]
    fn a_gap_among_numbers_makes_no_categories_of_them() {
        let table = Table::parse("age\n31.5\nNA\n40.25\n".as_bytes()).unwrap();
        let error = FeatureSpace::infer(&table, &["age"])
            .unwrap_err()
            .to_string();
        assert!(
            error.contains("row 2 of column age is \"NA\" among numbers"),
            "{error}"
        );
    }

    #[test]
    fn another_program_encodes_in_the_same_way() {
        let table = Table::parse("kind\nb\na\n".as_bytes()).unwrap();
        let features = FeatureSpace::infer(&table, &["kind"]).unwrap();
        let saved = serde_json::to_string(&features).unwrap();
        let read: FeatureSpace = serde_json::from_str(&saved).unwrap();
        assert_eq!(read, features);
        let other = Table::parse("other,kind\n1,a\n".as_bytes()).unwrap();
        assert_eq!(read.encode(&other).unwrap().data(), [1.0, 0.0]);
    }

    #[test]
    fn texts_that_seldom_come_twice_are_refused() {
        let rows: String = (0..1001).map(|i| format!("text {i}\n")).collect();
        let table = Table::parse(format!("text\n{rows}").as_bytes()).unwrap();
        let error = FeatureSpace::infer(&table, &["text"])
            .unwrap_err()
            .to_string();
        assert!(error.contains("1001 categories"), "{error}");
    }
}
