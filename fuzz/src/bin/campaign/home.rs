//! What the tries read, and `letra` itself.

use std::env;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use letra_fuzz::npz;
use letra_type::{Font, Picture, SHIFTS, draw_line, glyph_set, line_width};
use tempfile::TempDir;
use zip::CompressionMethod::Stored;

/// The model that comes with letra.
const MODEL: &str = concat!(
    env!("CARGO_MANIFEST_DIR"),
    "/../crates/letra/models/libre.letra"
);

pub(crate) struct Home {
    pub(crate) letra: PathBuf,
    folder: TempDir,
}

impl Home {
    /// Makes what the tries read, within `out`.
    pub(crate) fn new(out: &Path) -> io::Result<Self> {
        fs::create_dir_all(out)?;
        let folder = tempfile::Builder::new()
            .prefix("home-")
            .tempdir_in(out.canonicalize()?)?;
        let letra = match env::var_os("LETRA") {
            Some(path) => PathBuf::from(path),
            None => env::current_exe()?.with_file_name(format!("letra{}", env::consts::EXE_SUFFIX)),
        };
        let letra = letra.canonicalize().map_err(|error| {
            let what = format!("{}: {error}; LETRA names the command", letra.display());
            io::Error::new(error.kind(), what)
        })?;
        let home = Self { letra, folder };
        home.fill()?;
        Ok(home)
    }

    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    /// The model that comes with letra.
    pub(crate) fn model(&self) -> PathBuf {
        self.path("libre.letra")
    }

    pub(crate) fn text(&self) -> String {
        self.folder
            .path()
            .to_str()
            .expect("the folder's path is UTF-8")
            .into()
    }

    fn fill(&self) -> io::Result<()> {
        for folder in ["fonts", "labelled", "none"] {
            fs::create_dir(self.path(folder))?;
        }
        for bytes in typst_assets::fonts() {
            let file = match Font::from_bytes("font", bytes, 0)
                .map(|font| font.name())
                .as_deref()
            {
                Ok("Libertinus Serif") => "fonts/serif.otf",
                Ok("DejaVu Sans Mono") => "fonts/mono.ttf",
                Ok("Libertinus Serif Bold") => "bold.otf",
                Ok("Libertinus Serif Italic") => "italic.otf",
                _ => continue,
            };
            fs::write(self.path(file), bytes)?;
        }
        fs::write(self.path("none/broken.ttf"), "no font")?;
        fs::write(self.path("glyphs.npz"), glyphs())?;
        for file in ["line.png", "labelled/line.png"] {
            fs::write(self.path(file), line("Whistling quietly"))?;
        }
        fs::write(self.path("R.png"), line("R"))?;
        fs::copy(MODEL, self.path("libre.letra"))?;
        fs::write(
            self.path("labelled/labels.csv"),
            "picture,family,style,group\nline.png,Libertinus Serif,Regular,clean\n",
        )
    }
}

/// A line of text, black on white, as a PNG.
fn line(text: &str) -> Vec<u8> {
    let font = &Font::built_in()[0];
    let width = line_width(font, text, 40.0) as usize + 60;
    let mut picture = Picture::blank(width, 90, 255).expect("a size within limits");
    draw_line(&mut picture, font, text, 40.0, (30.0, 58.0), 0).expect("letters are drawn");
    picture.to_png().expect("a picture is encoded")
}

/// The built-in typefaces, each glyph in the middle of its picture only.
fn glyphs() -> Vec<u8> {
    let all = glyph_set(&Font::built_in()).expect("the built-in typefaces");
    let middle = |picture: &usize| SHIFTS[picture % SHIFTS.len()] == (0, 0);
    let few: Vec<usize> = (0..all.len()).filter(middle).collect();
    let pixels: Vec<u8> = few
        .iter()
        .flat_map(|&picture| all.picture(picture).to_vec())
        .collect();
    let labels: Vec<u8> = few
        .iter()
        .map(|&picture| all.labels()[picture] as u8)
        .collect();
    npz((36, 36), &pixels, &labels, Stored)
}
