//! What the tasks are given, and the lines and photographs that they draw from.

use std::fs::File;
use std::io::BufReader;
use std::path::{Path, PathBuf};

use letra_nn::prelude::*;
use letra_nn::random::Random;
use letra_type::{Distortions, Font, FontLibrary, LINE_HEIGHT, Sampler, WINDOW_WIDTH, Workbench};

use crate::failure::Failure;
use crate::lab::tasks::lots::Work;
use crate::lab::tasks::{self, Part};

/// One of the tasks.
pub(super) type Task = tasks::Task<fn(&Transfer<'_>) -> Result<Part, Failure>>;

/// What a task is given.
pub(super) struct Transfer<'a> {
    pub(super) work: Work<'a>,
    /// Those to draw in.
    pub(super) fonts: Vec<Font>,
    /// Those of the folder of `--data`, if there are any.
    pub(super) photographs: Vec<Photograph>,
}

/// The most typefaces that are told apart.
const MOST_FONTS: usize = 64;

/// The fonts of some files and folders; the built-in ones without any.
pub(super) fn fonts(paths: &[PathBuf]) -> Result<Vec<Font>, Failure> {
    if paths.is_empty() {
        return Ok(Font::built_in());
    }
    let mut library = FontLibrary::new();
    library.add_paths(paths)?;
    let fonts = library.into_fonts();
    match fonts.len() {
        2..=MOST_FONTS => Ok(fonts),
        count => Err(Failure::new(format!("there are {count} fonts to draw in"))
            .hint(format!("name files or folders that hold 2 to {MOST_FONTS}"))),
    }
}

/// So many windows of text for each of some typefaces, ink from 0 to 1, `[windows, 40, 160, 1]`; which they are
/// follows from the seed and the first number alone.
pub(super) fn windows(
    fonts: &[Font],
    distortions: Distortions,
    (seed, first): (u64, u64),
    each: usize,
) -> Result<Dataset, Failure> {
    let sampler = Sampler::new(fonts, distortions)?;
    let (mut bench, mut window) = (Workbench::default(), vec![0; LINE_HEIGHT * WINDOW_WIDTH]);
    let (mut ink, mut labels) = (Vec::new(), Vec::new());
    for number in first..first + each as u64 {
        for face in 0..fonts.len() {
            let index = number * fonts.len() as u64 + face as u64;
            sampler.draw_face(face, seed, index, &mut bench, &mut window);
            ink.extend(window.iter().map(|&level| 1.0 - f32::from(level) / 255.0));
            labels.push(face as u32);
        }
    }
    Tensor::new([labels.len(), LINE_HEIGHT, WINDOW_WIDTH, 1], ink)
        .and_then(|windows| Dataset::classes(windows, labels, fonts.len()))
        .map_err(|error| Failure::network("the lines cannot be learnt", &error))
}

/// A picture in colour.
#[derive(Debug)]
pub(super) struct Photograph {
    width: usize,
    height: usize,
    /// Red, green and blue of each pixel, in rows.
    pixels: Vec<u8>,
}

/// The folder of photographs beside a set of pictures.
const PHOTOGRAPHS: &str = "photographs";

/// The most pixels of a photograph.
const MOST_PIXELS: usize = 1 << 26;

/// The photographs in the folder of that name in `data`; none where there is no such folder.
pub(super) fn photographs(data: Option<&Path>) -> Result<Vec<Photograph>, Failure> {
    let folder = match data {
        Some(data) if data.join(PHOTOGRAPHS).is_dir() => data.join(PHOTOGRAPHS),
        _ => return Ok(Vec::new()),
    };
    let entries = std::fs::read_dir(&folder)
        .map_err(|error| Failure::file("cannot read", &folder, &error))?;
    let mut files: Vec<PathBuf> = entries.flatten().map(|entry| entry.path()).collect();
    files.retain(|file| file.extension().is_some_and(|ending| ending == "png"));
    files.sort();
    let photographs = files.iter().map(|file| Photograph::read(file));
    let photographs = photographs.collect::<Result<Vec<_>, _>>()?;
    match photographs.is_empty() {
        false => Ok(photographs),
        true => Err(
            Failure::new(format!("{} holds no PNG files", folder.display()))
                .hint("put photographs there, or take the folder away"),
        ),
    }
}

impl Photograph {
    fn read(path: &Path) -> Result<Self, Failure> {
        let wrong = |problem: String| {
            Failure::new(format!("{}: {problem}", path.display()))
                .hint("put PNG files of grey levels or colours there")
        };
        let file = File::open(path).map_err(|error| Failure::file("cannot read", path, &error))?;
        let mut decoder = png::Decoder::new(BufReader::new(file));
        decoder.set_transformations(png::Transformations::normalize_to_color8());
        let mut reader = decoder
            .read_info()
            .map_err(|error| wrong(error.to_string()))?;
        let size = reader.output_buffer_size();
        let mut bytes = match size.filter(|&size| size <= 4 * MOST_PIXELS) {
            Some(size) => vec![0; size],
            None => return Err(wrong("it is too large".into())),
        };
        let info = reader
            .next_frame(&mut bytes)
            .map_err(|error| wrong(error.to_string()))?;
        let channels = info.color_type.samples();
        let pixel = |pixel: &[u8]| match channels {
            1 | 2 => [pixel[0]; 3],
            _ => [pixel[0], pixel[1], pixel[2]],
        };
        let pixels = bytes[..info.buffer_size()].chunks_exact(channels);
        Ok(Photograph {
            width: info.width as usize,
            height: info.height as usize,
            pixels: pixels.flat_map(pixel).collect(),
        })
    }

    /// Pixels of the smaller side.
    fn side(&self) -> usize {
        self.width.min(self.height)
    }

    /// A piece of so many pixels a side from a place that two shares from 0 to 1 tell: red, green and blue from 0 to 1.
    fn piece(&self, side: usize, [down, right]: [f32; 2]) -> impl Iterator<Item = f32> + '_ {
        let start =
            |share: f32, all: usize| ((share * (all - side + 1) as f32) as usize).min(all - side);
        let (top, left) = (start(down, self.height), start(right, self.width));
        let rows = (top..top + side).flat_map(move |row| {
            let first = 3 * (row * self.width + left);
            &self.pixels[first..first + 3 * side]
        });
        rows.map(|&level| f32::from(level) / 255.0)
    }
}

/// The recipe of MNIST-M (Ganin et al. 2016, section 5.2.1): each picture in grey, over a piece of a photograph that
/// is drawn by the random numbers, as the difference of both, |*digit* − *patch*| in each colour.
pub(super) fn over_photographs(
    pictures: &Tensor,
    photographs: &[Photograph],
    random: Random,
) -> Result<Tensor, Failure> {
    let shape = pictures.shape();
    let side = shape[1].max(shape[2]);
    let large: Vec<&Photograph> = (photographs.iter())
        .filter(|photograph| photograph.side() >= side)
        .collect();
    if large.is_empty() {
        return Err(
            Failure::new(format!("no photograph has {side} pixels a side"))
                .hint("take larger ones"),
        );
    }
    let (width, pixels) = (shape[2], shape[1] * shape[2]);
    let mut values = Vec::with_capacity(3 * pictures.data().len());
    for sample in 0..pictures.samples() {
        let drawn = random.uniform(sample, 3);
        let place = ((drawn[0] * large.len() as f32) as usize).min(large.len() - 1);
        let piece: Vec<f32> = large[place].piece(side, [drawn[1], drawn[2]]).collect();
        let ink = pictures.sample(sample);
        for (pixel, ink) in ink.iter().enumerate().take(pixels) {
            let (row, column) = (pixel / width, pixel % width);
            let colours = &piece[3 * (row * side + column)..][..3];
            values.extend(colours.iter().map(|colour| (ink - colour).abs()));
        }
    }
    Tensor::new([shape[0], shape[1], shape[2], 3], values)
        .map_err(|error| Failure::network("the pictures", &error))
}

/// The same pictures, grey in three colours.
pub(super) fn in_colour(pictures: &Tensor) -> Result<Tensor, Failure> {
    let shape = pictures.shape();
    let values = pictures.data().iter().flat_map(|&ink| [ink; 3]);
    Tensor::new([shape[0], shape[1], shape[2], 3], values.collect())
        .map_err(|error| Failure::network("the pictures", &error))
}
