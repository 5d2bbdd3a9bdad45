use std::collections::{BTreeSet, HashSet};
use std::fs::File;
use std::io::Read;
use std::path::Path;

use super::quotes::check_quotes;
use crate::network::write_whole;
use crate::{Error, Tensor};

/// A table with a heading: named columns of texts, some of which are numbers. It is read from and
/// written to files of comma-separated values (RFC 4180).
///
/// ```
/// use letra_nn::formats::Table;
///
/// let table = Table::parse("height,colour\n1.5,red\n2,blue\n".as_bytes())?;
/// assert_eq!(table.numbers(&["height"])?.data(), [1.5, 2.0]);
/// let (labels, names) = table.classes("colour")?;
/// assert_eq!((labels, names), (vec![1, 0], vec!["blue".to_owned(), "red".to_owned()]));
/// # Ok::<(), letra_nn::Error>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Table {
    names: Vec<String>,
    columns: Vec<Vec<String>>,
}

impl Table {
    /// Reads a file of comma-separated values, whose first line names the columns.
    ///
    /// # Errors
    /// When the file cannot be read, a row is longer or shorter than the heading, two columns have one
    /// name, or the quote that a cell begins with is never closed, or is closed before the cell's end: it
    /// would swallow rows. A cell in quotes may have several lines.
    pub fn read(path: impl AsRef<Path>) -> Result<Self, Error> {
        let path = path.as_ref();
        let file = File::open(path).map_err(|error| Error::io(path, error))?;
        Table::parse(file).map_err(|error| match error.hint() {
            Some(hint) => Error::file(path, error.message()).with_hint(hint),
            None => Error::file(path, error.message()),
        })
    }

    /// The same from text.
    ///
    /// # Errors
    /// As [`Table::read`].
    pub fn parse(mut text: impl Read) -> Result<Self, Error> {
        let wrong = |error: csv::Error| {
            let hint = match error.kind() {
                csv::ErrorKind::Utf8 { .. } => "save it as UTF-8",
                csv::ErrorKind::Io(_) => "choose a file of comma-separated values",
                _ => "give every row as many fields as the heading",
            };
            Error::data(format!("the table cannot be read: {error}")).with_hint(hint)
        };
        let mut bytes = Vec::new();
        let read = text.read_to_end(&mut bytes);
        read.map_err(|error| wrong(error.into()))?;
        check_quotes(&bytes)?;
        let mut reader = csv::Reader::from_reader(&bytes[..]);
        let heading = reader.headers().map_err(wrong)?;
        let names: Vec<String> = heading.iter().map(|name| name.trim().to_owned()).collect();
        let mut known = HashSet::new();
        if let Some(name) = names.iter().find(|name| !known.insert(*name)) {
            return Err(Error::data(format!("two columns are called \"{name}\""))
                .with_hint("name each once"));
        }
        let mut columns = vec![Vec::new(); names.len()];
        for row in reader.records() {
            let row = row.map_err(wrong)?;
            for (column, cell) in columns.iter_mut().zip(&row) {
                column.push(cell.trim().to_owned());
            }
        }
        Ok(Table { names, columns })
    }

    /// Names of the columns, in their order.
    pub fn names(&self) -> &[String] {
        &self.names
    }

    /// Number of rows, without the heading.
    pub fn rows(&self) -> usize {
        self.columns.first().map_or(0, Vec::len)
    }

    /// The texts of a column.
    ///
    /// # Errors
    /// When there is no such column.
    pub fn column(&self, name: &str) -> Result<&[String], Error> {
        match self.names.iter().position(|known| known == name) {
            Some(place) => Ok(&self.columns[place]),
            None => Err(Error::data(format!("no column is called \"{name}\""))
                .with_hint(format!("there are {}", self.names.join(", ")))),
        }
    }

    /// Whether all of a column are finite numbers.
    ///
    /// # Errors
    /// When there is no such column.
    pub fn is_numeric(&self, name: &str) -> Result<bool, Error> {
        Ok(self.column(name)?.iter().all(|cell| number(cell).is_some()))
    }

    /// Columns of numbers: `[rows, columns]`.
    ///
    /// # Errors
    /// When there is no such column, or one holds something else than a finite number.
    pub fn numbers(&self, names: &[&str]) -> Result<Tensor, Error> {
        let mut values = vec![0.0; self.rows() * names.len()];
        for (place, name) in names.iter().enumerate() {
            for (row, cell) in self.column(name)?.iter().enumerate() {
                values[row * names.len() + place] = number(cell).ok_or_else(|| {
                    Error::data(format!("row {} of column {name} is \"{cell}\"", row + 1))
                        .with_hint("make it a finite number, or leave the row out")
                })?;
            }
        }
        Tensor::new([self.rows(), names.len()], values)
    }

    /// A column as classes: the label of each row, and the classes' names in the order of the alphabet.
    ///
    /// # Errors
    /// When there is no such column, or a cell of it is empty.
    pub fn classes(&self, name: &str) -> Result<(Vec<u32>, Vec<String>), Error> {
        let cells = self.column(name)?;
        if let Some(row) = cells.iter().position(String::is_empty) {
            return Err(
                Error::data(format!("row {} of column {name} is empty", row + 1))
                    .with_hint("fill it, or leave the row out"),
            );
        }
        let classes: BTreeSet<&String> = cells.iter().collect();
        let classes: Vec<String> = classes.into_iter().cloned().collect();
        let label = |cell| classes.binary_search(cell).expect("it is one of them") as u32;
        Ok((cells.iter().map(label).collect(), classes))
    }

    /// Adds a column at the end, such as predictions.
    ///
    /// # Errors
    /// When it has more or fewer cells than there are rows, or its name is taken.
    pub fn with_column(
        mut self,
        name: impl Into<String>,
        cells: impl IntoIterator<Item = impl ToString>,
    ) -> Result<Self, Error> {
        let name = name.into();
        let cells: Vec<String> = cells.into_iter().map(|cell| cell.to_string()).collect();
        if self.names.contains(&name) {
            return Err(
                Error::data(format!("there is a column called \"{name}\" already"))
                    .with_hint("give it another name"),
            );
        }
        if !self.names.is_empty() && cells.len() != self.rows() {
            return Err(Error::data(format!(
                "column {name} has {} cells for {} rows",
                cells.len(),
                self.rows()
            ))
            .with_hint("give it one a row"));
        }
        self.names.push(name);
        self.columns.push(cells);
        Ok(self)
    }

    /// Writes the table as comma-separated values. The file is there whole or not at all.
    ///
    /// # Errors
    /// When the file cannot be written.
    pub fn write(&self, path: impl AsRef<Path>) -> Result<(), Error> {
        let path = path.as_ref();
        let mut writer = csv::Writer::from_writer(Vec::new());
        let mut rows = || -> Result<Vec<u8>, csv::Error> {
            writer.write_record(&self.names)?;
            for row in 0..self.rows() {
                writer.write_record(self.columns.iter().map(|column| &column[row]))?;
            }
            writer.flush()?;
            Ok(writer.get_ref().clone())
        };
        let bytes = rows().map_err(|error| Error::io(path, error.into()))?;
        write_whole(path, &bytes)
    }
}

/// The finite number that a cell holds.
pub(super) fn number(cell: &str) -> Option<f32> {
    cell.parse().ok().filter(|value: &f32| value.is_finite())
}

#[cfg(test)]
mod tests {
    use super::*;

    const FLOWERS: &str =
        "\u{feff}size, kind ,place\n1.5,rose,\"Ghent, old town\"\n-2e1,iris,Bruges\n";

    #[test]
    fn cells_are_found_by_the_names_of_their_columns() {
        let table = Table::parse(FLOWERS.as_bytes()).unwrap();
        assert_eq!(table.names(), ["size", "kind", "place"]);
        assert_eq!(
            table.column("place").unwrap(),
            ["Ghent, old town", "Bruges"]
        );
        assert_eq!(table.numbers(&["size"]).unwrap().data(), [1.5, -20.0]);
        assert!(table.is_numeric("size").unwrap() && !table.is_numeric("kind").unwrap());
    }

    #[test]
    fn a_cell_in_quotes_may_have_several_lines() {
        let text = "a,b\n\"one, \n\"\"two\"\"\" ,2\r\n3\" wide,4\n";
        let table = Table::parse(text.as_bytes()).unwrap();
        assert_eq!(table.column("a").unwrap(), ["one, \n\"two\"", "3\" wide"]);
        assert_eq!(table.numbers(&["b"]).unwrap().data(), [2.0, 4.0]);
    }

    #[test]
    fn what_is_missing_or_no_number_is_named() {
        let refused = |text: &str, words: &[&str]| {
            let error = Table::parse(text.as_bytes())
                .and_then(|table| table.numbers(&["a", "b"]).map(|_| ()))
                .unwrap_err()
                .to_string();
            assert!(words.iter().all(|word| error.contains(word)), "{error}");
        };
        refused("a,b\n1,2\n3,\n", &["row 2 of column b is \"\""]);
        refused("a,b\n1,inf\n", &["row 1 of column b is \"inf\""]);
        refused("a,b\n1\n", &["as many fields"]);
        refused("a,b\n1,2\n3,\"4\n5,6\n", &["in line 3 is never closed"]);
        refused("a,a\n1,2\n", &["two columns are called \"a\""]);
        refused(
            "a,c\n1,2\n",
            &["no column is called \"b\"", "there are a, c"],
        );
        let error = Table::parse("a,b\n1,\n".as_bytes())
            .unwrap()
            .classes("b")
            .unwrap_err();
        assert!(error.to_string().contains("row 1 of column b is empty"));
    }

    #[test]
    fn what_is_written_is_read_again() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("flowers.csv");
        let table = Table::parse(FLOWERS.as_bytes()).unwrap();
        let table = table
            .with_column("said", ["a \"rose\"", "an iris"])
            .unwrap();
        table.write(&path).unwrap();
        assert_eq!(Table::read(&path).unwrap(), table);
        assert!(table.clone().with_column("said", ["", ""]).is_err());
        assert!(table.with_column("other", [1]).is_err());
        assert!(Table::read(folder.path().join("none.csv")).is_err());
    }
}
