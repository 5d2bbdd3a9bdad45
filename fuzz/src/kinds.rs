//! The kinds of files, sound ones of each, and all that is done with one.

use std::fmt;
use std::fs;
use std::io::Write;
use std::path::PathBuf;

use clap::ValueEnum;
use letra_nn::prelude::*;
use letra_type::{
    Distortions, Font, FontLibrary, Ink, LINE_HEIGHT, Picture, Sampler, WINDOW_WIDTH, Workbench,
    draw_line, find_lines, read_npz_bytes, runs_vertically,
};
use zip::CompressionMethod::{Deflated, Stored};

use crate::archive::npz;
use crate::font_file::{FontFile, calling, collection, repeated};

#[derive(Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Kind {
    /// Listed, compared, set and drawn.
    Fonts,
    /// Decoded, and searched for ink and lines.
    Pictures,
    /// Loaded, and asked for a prediction.
    Models,
    /// Archives of labelled pictures, read.
    Data,
}

impl fmt::Display for Kind {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str(match self {
            Self::Fonts => "fonts",
            Self::Pictures => "pictures",
            Self::Models => "models",
            Self::Data => "data",
        })
    }
}

/// What came of a reading.
pub enum Answer {
    Taken,
    Refused(String),
}

impl Answer {
    pub fn is_taken(&self) -> bool {
        matches!(self, Self::Taken)
    }
}

impl fmt::Display for Answer {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Taken => out.write_str("taken"),
            Self::Refused(problem) => write!(out, "refused: {problem}"),
        }
    }
}

impl Kind {
    /// Sound files to damage.
    pub fn corpus(self, further: &[PathBuf]) -> Vec<Vec<u8>> {
        let mut corpus = match self {
            Self::Fonts => fonts(),
            Self::Pictures => pictures(),
            Self::Models => models(),
            Self::Data => data(),
        };
        corpus.extend(further.iter().map(|path| {
            fs::read(path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
        }));
        corpus
    }

    /// Does all that letra does with a file.
    pub fn read(self, bytes: &[u8]) -> Answer {
        let done = match self {
            Self::Fonts => read_font(bytes),
            Self::Pictures => read_picture(bytes),
            Self::Models => read_model(bytes),
            Self::Data => read_npz_bytes("the data", bytes)
                .map(drop)
                .map_err(|error| error.to_string()),
        };
        match done {
            Ok(()) => Answer::Taken,
            Err(problem) => Answer::Refused(problem),
        }
    }
}

fn fonts() -> Vec<Vec<u8>> {
    let mut fonts: Vec<Vec<u8>> = typst_assets::fonts().map(<[u8]>::to_vec).collect();
    // The largest ones would mean few inputs a second.
    fonts.sort_by_key(Vec::len);
    fonts.truncate(6);
    fonts.push(epaint_default_fonts::HACK_REGULAR.to_vec());
    fonts.push(epaint_default_fonts::UBUNTU_LIGHT.to_vec());
    fonts.extend(small_fonts());
    fonts
}

/// Fonts of a few kilobytes whose tables ask for work: subroutines within subroutines, a
/// collection of one face many times, variations; and web fonts.
fn small_fonts() -> Vec<Vec<u8>> {
    let letters = FontFile::of_letters("Letters");
    let mut varied = FontFile::of_letters("Varied");
    varied.fvar(&[(2, 100), (2, 900)].repeat(20));
    varied.variations(53, 50);
    varied.varied_advances(3, 20);
    let mut fonts = vec![
        calling(5, 3).bytes(),
        calling(50, 3).bytes(),
        repeated(&calling(3, 4), 256),
        collection(&[
            FontFile::of_letters("First"),
            FontFile::of_letters("Second"),
        ]),
        varied.bytes(),
    ];
    fonts.extend(web_fonts(&letters));
    fonts
}

#[cfg(feature = "woff2")]
fn web_fonts(font: &FontFile) -> Vec<Vec<u8>> {
    use crate::web_font_file::{TRUE_TYPE, claims, woff, woff2};
    let stored = font.tables.iter();
    let stored: Vec<_> = stored
        .map(|(tag, bytes)| (*tag, bytes.clone(), bytes.len() as u32))
        .collect();
    let (claims, data) = claims(font);
    vec![
        woff(10_000, &stored, false),
        woff2(TRUE_TYPE, &claims, &[], &data),
    ]
}

#[cfg(not(feature = "woff2"))]
fn web_fonts(_font: &FontFile) -> Vec<Vec<u8>> {
    Vec::new()
}

fn read_font(bytes: &[u8]) -> Result<(), String> {
    let file = scratch("ttf");
    fs::write(&file, bytes).map_err(|error| error.to_string())?;
    let mut library = FontLibrary::new();
    library
        .add_paths(&[&file])
        .map_err(|error| error.to_string())?;
    let fonts = library.fonts();
    let fonts = &fonts[..fonts.len().min(4)];
    if fonts.is_empty() {
        return Err("no usable face".into());
    }
    let sampler = Sampler::new(fonts, Distortions::default()).map_err(|error| error.to_string())?;
    let mut bench = Workbench::default();
    let mut window = vec![0; LINE_HEIGHT * WINDOW_WIDTH];
    for index in 0..3 {
        sampler.draw(1, index, &mut bench, &mut window);
    }
    let mut picture = Picture::blank(300, 60, 255).map_err(|error| error.to_string())?;
    for font in fonts {
        font.character_count();
        draw_line(&mut picture, font, "Hamburgefons 12", 30.0, (5.0, 45.0), 0)
            .map_err(|error| error.to_string())?;
    }
    Ok(())
}

fn pictures() -> Vec<Vec<u8>> {
    let font = Font::built_in().remove(0);
    let mut picture = Picture::blank(120, 48, 255).expect("a size within limits");
    for (line, y) in [("Quartz & glue", 20.0), ("jumping, 1984", 42.0)] {
        draw_line(&mut picture, &font, line, 16.0, (4.0, y), 0).expect("letters are drawn");
    }
    let mut files = vec![picture.to_png().expect("a picture is encoded")];
    for (quality, progressive, scans_apart, colour) in [
        (40, false, false, jpeg_encoder::ColorType::Luma),
        (90, true, false, jpeg_encoder::ColorType::Luma),
        (75, false, false, jpeg_encoder::ColorType::Rgb),
        (60, false, true, jpeg_encoder::ColorType::Rgb),
        (75, true, true, jpeg_encoder::ColorType::Cmyk),
    ] {
        let samples = match colour {
            jpeg_encoder::ColorType::Rgb => 3,
            jpeg_encoder::ColorType::Cmyk => 4,
            _ => 1,
        };
        let levels = picture.pixels().iter();
        let pixels: Vec<u8> = levels.flat_map(|&level| vec![level; samples]).collect();
        let mut file = Vec::new();
        let mut encoder = jpeg_encoder::Encoder::new(&mut file, quality);
        encoder.set_progressive(progressive);
        encoder.set_optimized_huffman_tables(scans_apart);
        encoder
            .encode(&pixels, 120, 48, colour)
            .expect("a picture is encoded");
        files.push(file);
    }
    files.extend([webp(&picture), gif(&picture), bmp(&picture)]);
    files.extend(tiffs(&picture));
    let arithmetic = [
        include_bytes!("../../crates/letra-type/tests/arithmetic/full-sequential.jpg").as_slice(),
        include_bytes!("../../crates/letra-type/tests/arithmetic/quartered-progressive.jpg"),
        include_bytes!("../../crates/letra-type/tests/arithmetic/quartered-restarts.jpg"),
    ];
    files.extend(arithmetic.map(<[u8]>::to_vec));
    files
}

fn webp(picture: &Picture) -> Vec<u8> {
    let mut file = Vec::new();
    let (width, height) = (picture.width() as u32, picture.height() as u32);
    image_webp::WebPEncoder::new(&mut file)
        .encode(picture.pixels(), width, height, image_webp::ColorType::L8)
        .expect("a picture is encoded");
    file
}

fn gif(picture: &Picture) -> Vec<u8> {
    let mut file = Vec::new();
    let (width, height) = (picture.width() as u16, picture.height() as u16);
    let palette: Vec<u8> = (0..=255).flat_map(|level| [level; 3]).collect();
    let frame = gif::Frame::from_indexed_pixels(width, height, picture.pixels(), None);
    gif::Encoder::new(&mut file, width, height, &palette)
        .and_then(|mut encoder| encoder.write_frame(&frame))
        .expect("a picture is encoded");
    file
}

/// A BMP of 8 bits a pixel, each a run of its own.
fn bmp(picture: &Picture) -> Vec<u8> {
    let mut file = b"BM\0\0\0\0\0\0\0\0\x36\x04\0\0\x28\0\0\0".to_vec();
    file.extend((picture.width() as u32).to_le_bytes());
    file.extend((picture.height() as u32).to_le_bytes());
    file.extend([1, 0, 8, 0, 1, 0, 0, 0]);
    file.resize(54, 0);
    file.extend((0..=255).flat_map(|level| [level, level, level, 0]));
    for row in picture.pixels().chunks_exact(picture.width()) {
        file.extend(row.iter().flat_map(|&level| [1, level]));
        file.extend([0, 0]);
    }
    file.extend([0, 1]);
    file
}

/// TIFFs: levels as they are, by LZW and Deflate with differences, and a fax.
fn tiffs(picture: &Picture) -> Vec<Vec<u8>> {
    let (width, height) = (picture.width(), picture.height());
    let mut deflated = flate2::write::ZlibEncoder::new(Vec::new(), flate2::Compression::fast());
    deflated
        .write_all(picture.pixels())
        .expect("a vector takes all");
    let deflated = deflated.finish().expect("a vector takes all");
    let lzw = weezl::encode::Encoder::with_tiff_size_switch(weezl::BitOrder::Msb, 8)
        .encode(picture.pixels())
        .expect("levels are compressed");
    let mut fax = fax::encoder::Encoder::new(fax::VecWriter::new());
    for row in picture.pixels().chunks_exact(width) {
        let colours = row.iter().map(|&level| match level {
            ..128 => fax::Color::Black,
            _ => fax::Color::White,
        });
        let Ok(()) = fax.encode_line(colours, width as u32);
    }
    let Ok(fax) = fax.finish();
    [
        (1, 8, picture.pixels()),
        (5, 8, &lzw),
        (8, 8, &deflated),
        (4, 1, &fax.finish()),
    ]
    .map(|(compression, bits, data)| {
        let mut file = b"II*\0\x08\0\0\0\x09\0".to_vec();
        for (tag, value) in [
            (256_u16, width as u32),
            (257, height as u32),
            (258, bits),
            (259, compression),
            (262, u32::from(bits == 8)),
            (273, 122),
            (277, 1),
            (279, data.len() as u32),
            (317, if compression == 1 { 1 } else { 2 }),
        ] {
            file.extend(tag.to_le_bytes());
            file.extend([4, 0, 1, 0, 0, 0]);
            file.extend(value.to_le_bytes());
        }
        file.extend([0; 4]);
        [&file, data].concat()
    })
    .to_vec()
}

fn read_picture(bytes: &[u8]) -> Result<(), String> {
    let picture = Picture::from_bytes("the picture", bytes).map_err(|error| error.to_string())?;
    drop(Ink::find(&picture));
    drop(find_lines(&picture));
    runs_vertically(&picture);
    Ok(())
}

/// Where a file lies while it is read.
fn scratch(ending: &str) -> PathBuf {
    std::env::temp_dir().join(format!("letra-fuzz-{}.{ending}", std::process::id()))
}

fn models() -> Vec<Vec<u8>> {
    let pictures = Sequential::new([12, 12, 1])
        .add(Conv2d::new(3, 3))
        .add(BatchNormalization::new())
        .add(MaxPool2d::new(2))
        .add(Flatten)
        .add(Dense::new(4));
    let points = Sequential::new([6])
        .add(Dense::new(5).relu())
        .add(Dropout::new(0.5))
        .add(Dense::new(3));
    [pictures, points]
        .into_iter()
        .map(|network| {
            let network = network
                .compile(
                    Compile::new(Adam::new(0.001))
                        .loss(CrossEntropy::from_logits())
                        .seed(1),
                )
                .expect("a network is built");
            let path = scratch("letra");
            network.save(&path).expect("a network is saved");
            fs::read(&path).expect("it was saved")
        })
        .collect()
}

fn read_model(bytes: &[u8]) -> Result<(), String> {
    let path = scratch("letra");
    fs::write(&path, bytes).map_err(|error| error.to_string())?;
    let network = Network::load_with(
        &path,
        &Registry::new(),
        Workers::new(1).map_err(|error| error.to_string())?,
    )
    .map_err(|error| error.to_string())?;
    let shape = [&[2], network.input_shape()].concat();
    let values = shape.iter().product();
    // What the product refuses before it asks.
    if network.multiply_adds() > 1_000_000_000 || network.activations() > 1 << 24 {
        return Ok(());
    }
    let inputs = Tensor::new(shape, vec![0.5; values]).map_err(|error| error.to_string())?;
    network
        .predict(&inputs)
        .map(drop)
        .map_err(|error| error.to_string())
}

fn data() -> Vec<Vec<u8>> {
    let pixels: Vec<u8> = (0..=199).collect();
    let labels: Vec<u8> = (0..8).map(|picture| picture % 3).collect();
    [Stored, Deflated]
        .map(|method| npz((8, 5), &pixels, &labels, method))
        .into()
}
