//! A library of typefaces from folders, files, the system and the build.

use std::collections::{HashMap, HashSet};
use std::fs;
use std::path::{Path, PathBuf};

use super::face::Font;
use super::suitability::{Examination, Fingerprint, Reason, without_outlines};
use super::system_fonts;
use crate::error::{Error, Result};
use crate::file::read_whole;

/// Folders within folders are searched to this depth.
const DEEPEST: usize = 32;

/// The most files looked at.
const MOST_FILES: usize = 200_000;

/// How names of font files end.
const ENDINGS: [&str; 6] = ["ttf", "otf", "ttc", "otc", "woff", "woff2"];

/// Typefaces that can set Latin text, each once, and what was left out and why.
///
/// ```
/// use letra_type::FontLibrary;
///
/// let mut library = FontLibrary::new();
/// library.add_built_in();
/// assert!(library.fonts().iter().any(|font| font.name() == "Hack"));
/// for left_out in library.left_out() {
///     println!("{}: {}", left_out.name, left_out.reason);
/// }
/// ```
#[derive(Debug, Default)]
pub struct FontLibrary {
    fonts: Vec<Font>,
    left_out: Vec<LeftOut>,
    /// Which font draws what.
    known: HashMap<Fingerprint, usize>,
}

/// A face or a file that a library does not take.
///
/// ```
/// use letra_type::FontLibrary;
///
/// let mut library = FontLibrary::new();
/// library.add_built_in();
/// for left_out in library.left_out() {
///     let file = left_out.file.as_ref().map(|file| file.display().to_string());
///     println!("{} ({}): {}", left_out.name, file.unwrap_or_default(), left_out.reason);
/// }
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LeftOut {
    /// The face's name; of a file that could not be read, the file's.
    pub name: String,
    /// The file; `None` for what is built in.
    pub file: Option<PathBuf>,
    /// Why it is left out.
    pub reason: Reason,
}

impl FontLibrary {
    /// A library without fonts.
    pub fn new() -> Self {
        Self::default()
    }

    /// Adds what paths name: font files, and folders with all that is in them, at any depth.
    ///
    /// Of a folder the files are taken whose names end in .ttf, .otf, .ttc, .otc, .woff or .woff2,
    /// in the order of their paths. A file that is not a font, or a damaged one, is left out with a
    /// reason, as is a face that cannot set Latin text, draws as one that is there already, or takes
    /// so many operations to draw as no typeface does.
    ///
    /// # Errors
    /// A path does not exist, or a folder named cannot be read.
    pub fn add_paths(&mut self, paths: &[impl AsRef<Path>]) -> Result<()> {
        for path in paths {
            let path = path.as_ref();
            let failed = |source| Error::Read {
                path: path.into(),
                source,
            };
            if fs::metadata(path).map_err(failed)?.is_dir() {
                fs::read_dir(path).map_err(failed)?;
                self.add_folder(path);
            } else {
                self.add_file(path);
            }
        }
        Ok(())
    }

    /// Adds the fonts of this system and of its user.
    pub fn add_system(&mut self) {
        for folder in system_fonts::folders() {
            self.add_folder(&folder);
        }
    }

    /// Adds every face that comes with the build, bold and italic styles included.
    pub fn add_built_in(&mut self) {
        for font in Font::all_built_in() {
            self.add(font);
        }
    }

    /// Adds a face; left out, with a reason, if it cannot set Latin text or draws as one that is
    /// there already.
    pub fn add(&mut self, font: Font) {
        self.add_of(font, &mut Examination::default());
    }

    /// Adds a face of a file, at whose other faces the examination has looked.
    fn add_of(&mut self, font: Font, file: &mut Examination) {
        match file.of(&font) {
            Ok(fingerprint) => match self.known.get(&fingerprint) {
                None => {
                    self.known.insert(fingerprint, self.fonts.len());
                    self.fonts.push(font);
                }
                Some(&same) => {
                    let same = &self.fonts[same];
                    let reason = Reason::SameAs {
                        face: same.name(),
                        file: same.path().map(Into::into),
                    };
                    self.leave_out(font.name(), font.path(), reason);
                }
            },
            Err(reason) => self.leave_out(font.name(), font.path(), reason),
        }
    }

    /// The faces, in the order they were found.
    pub fn fonts(&self) -> &[Font] {
        &self.fonts
    }

    /// The faces, in the order they were found.
    pub fn into_fonts(self) -> Vec<Font> {
        self.fonts
    }

    /// What was left out, in the order it was found.
    pub fn left_out(&self) -> &[LeftOut] {
        &self.left_out
    }

    fn leave_out(&mut self, name: String, file: Option<&Path>, reason: Reason) {
        self.left_out.push(LeftOut {
            name,
            file: file.map(Into::into),
            reason,
        });
    }

    fn add_folder(&mut self, folder: &Path) {
        let mut search = Search::default();
        search.folder(folder, 0);
        search.files.sort();
        for file in &search.files {
            self.add_file(file);
        }
    }

    fn add_file(&mut self, path: &Path) {
        let file = path.display().to_string();
        let name = path
            .file_name()
            .map_or_else(|| file.clone(), |name| name.to_string_lossy().into_owned());
        let faces = read_whole(path).map(|bytes| {
            let pictures = without_outlines(&bytes, 0);
            (Font::faces(&file, bytes), pictures)
        });
        match faces {
            Ok((_, Some(reason))) => self.leave_out(name, Some(path), reason),
            Ok((Ok(faces), None)) => {
                let mut file = Examination::default();
                for face in faces {
                    match face {
                        Ok(font) => self.add_of(font.at(path), &mut file),
                        Err(error) => {
                            self.leave_out(name.clone(), Some(path), broken(&error));
                        }
                    }
                }
            }
            Ok((Err(error), None)) | Err(error) => {
                self.leave_out(name, Some(path), broken(&error));
            }
        }
    }
}

/// What is wrong with a file, without its name, which stands beside it.
fn broken(error: &Error) -> Reason {
    Reason::Broken(match error {
        Error::Font { problem, .. } => format!("cannot be read: {problem}"),
        Error::EmptyFile { .. } => "an empty file".into(),
        Error::Read { source, .. } => format!("cannot be read: {source}"),
        other => other.to_string(),
    })
}

/// Font files found in folders, each folder entered once whatever links point to it.
#[derive(Default)]
struct Search {
    files: Vec<PathBuf>,
    entered: HashSet<PathBuf>,
}

impl Search {
    fn folder(&mut self, folder: &Path, depth: usize) {
        let Ok(real) = folder.canonicalize() else {
            return;
        };
        if depth > DEEPEST || !self.entered.insert(real) {
            return;
        }
        let Ok(entries) = fs::read_dir(folder) else {
            return;
        };
        let mut paths: Vec<PathBuf> = entries.flatten().map(|entry| entry.path()).collect();
        paths.sort();
        for path in paths {
            let Ok(kind) = fs::metadata(&path) else {
                continue;
            };
            if kind.is_dir() {
                self.folder(&path, depth + 1);
            } else if kind.is_file() && is_font(&path) && self.files.len() < MOST_FILES {
                self.files.push(path);
            }
        }
    }
}

fn is_font(path: &Path) -> bool {
    let ending = path.extension().and_then(|ending| ending.to_str());
    ending.is_some_and(|ending| {
        ENDINGS
            .iter()
            .any(|known| known.eq_ignore_ascii_case(ending))
    })
}
