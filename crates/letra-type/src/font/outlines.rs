//! A face's outlines, drawn only where that is no more work than a glyph deserves.
//!
//! Few bytes of a font may ask for very many operations: subroutines that call subroutines, glyphs
//! made of glyphs, thousands of variations of one outline. So the work is counted first, and
//! counting stops at the most that is allowed.

use std::cell::Cell;

use skrifa::GlyphId;
use skrifa::instance::{LocationRef, Size};
use skrifa::outline::{DrawSettings, OutlineGlyphCollection, OutlineGlyphFormat, OutlinePen};
use skrifa::raw::model::Error as ReadError;
use skrifa::raw::ps::cff::blend::BlendState;
use skrifa::raw::ps::cff::index::Index;
use skrifa::raw::ps::cff::{CffFontRef, dict};
use skrifa::raw::ps::charstring::{self, CharstringContext, CharstringKind, NullSink};
use skrifa::raw::tables::glyf::{Glyf, Glyph};
use skrifa::raw::tables::gvar::Gvar;
use skrifa::raw::tables::loca::Loca;
use skrifa::raw::tables::variations::ItemVariationStore;
use skrifa::raw::{FontRef, ReadError as BadData, TableProvider};

use super::face::{Font, collection};

/// The most operations that a glyph may take. The letters, digits and marks of the built-in faces
/// take up to 670, of an ornamental face (Fredericka the Great) 2,800, of one made of varied parts
/// (Handjet) 13,000.
pub(crate) const MOST_OPERATIONS: u64 = 200_000;

/// Steps of a variation that take as long as an operation.
const STEPS_AN_OPERATION: u64 = 4;

/// Glyphs within glyphs to this depth.
const DEEPEST: usize = 64;

/// Why a glyph is not drawn.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Undrawn {
    /// There is no such glyph.
    Missing,
    /// Its outline is not one.
    Damaged,
    /// It takes more than [`MOST_OPERATIONS`].
    TooMuchWork,
}

/// The outlines of a face at its place in the design space.
pub(crate) struct Outlines<'a> {
    glyphs: OutlineGlyphCollection<'a>,
    program: Program<'a>,
    location: LocationRef<'a>,
    /// What a place in the design space adds to each glyph, for its advance.
    variation: u64,
}

/// What draws the glyphs.
enum Program<'a> {
    TrueType {
        loca: Loca<'a>,
        glyf: Glyf<'a>,
        gvar: Option<Gvar<'a>>,
    },
    PostScript {
        font: Box<CffFontRef<'a>>,
        /// Bytes of the dictionary of the whole font.
        dictionary: u64,
        /// Where the dictionaries of groups of glyphs are, or the one of all.
        private: Private<'a>,
        /// What an operand may take to be varied.
        variation: u64,
    },
}

enum Private<'a> {
    OfAll(u64),
    OfGroups(Index<'a>),
}

impl<'a> Outlines<'a> {
    /// The outlines of a font; `None` if it has none that can be read.
    pub(crate) fn of(font: &'a Font) -> Option<Self> {
        let face = font.face()?;
        let glyphs = collection(&face)?;
        let program = match glyphs.format()? {
            OutlineGlyphFormat::Glyf => Program::TrueType {
                loca: face.loca(None).ok()?,
                glyf: face.glyf().ok()?,
                gvar: face.gvar().ok(),
            },
            OutlineGlyphFormat::Cff => {
                let cff = face.cff().ok()?;
                let top = cff.top_dicts().get(0)?;
                let data = cff.offset_data().as_bytes();
                post_script(CffFontRef::new_cff(data, 0, None).ok()?, data, top, false)?
            }
            OutlineGlyphFormat::Cff2 => {
                let cff = face.cff2().ok()?;
                let data = cff.offset_data().as_bytes();
                post_script(
                    CffFontRef::new_cff2(data, None).ok()?,
                    data,
                    cff.top_dict_data(),
                    true,
                )?
            }
            _ => return None,
        };
        let location = font.location();
        let varied = !location.coords().is_empty();
        Some(Self {
            glyphs,
            program,
            location,
            variation: if varied { advance_variation(&face) } else { 0 } / STEPS_AN_OPERATION,
        })
    }

    /// How many glyphs the outlines' tables truly have, whatever others claim.
    pub(crate) fn glyph_count(&self) -> usize {
        match &self.program {
            Program::TrueType { loca, .. } => loca.len(),
            Program::PostScript { font, .. } => font.num_glyphs() as usize,
        }
    }

    /// How many operations it takes to draw a glyph; more than [`MOST_OPERATIONS`] are not
    /// counted to the end.
    fn operations(&self, glyph: GlyphId) -> Result<u64, Undrawn> {
        let budget = Budget::default();
        // Whatever else is wrong with a glyph, drawing it will say.
        let _ = self.count(glyph, &budget);
        match budget.is_spent() {
            true => Err(Undrawn::TooMuchWork),
            false => Ok(budget.0.get()),
        }
    }

    /// Draws a glyph; returns how many operations it took.
    pub(crate) fn draw(
        &self,
        glyph: GlyphId,
        size: Size,
        pen: &mut impl OutlinePen,
    ) -> Result<u64, Undrawn> {
        let outline = self.glyphs.get(glyph).ok_or(Undrawn::Missing)?;
        let operations = self.operations(glyph)?;
        outline
            .draw(DrawSettings::unhinted(size, self.location), pen)
            .map(|_| operations)
            .map_err(|_| Undrawn::Damaged)
    }

    fn count(&self, glyph: GlyphId, budget: &Budget) -> Result<(), ReadError> {
        budget.spend(self.variation)?;
        match &self.program {
            Program::TrueType { .. } => self.count_points(glyph, 0, budget),
            Program::PostScript {
                font,
                dictionary,
                private,
                variation,
            } => {
                let group = font.subfont_index(glyph).unwrap_or(0);
                let private = match private {
                    Private::OfAll(bytes) => *bytes,
                    Private::OfGroups(groups) => {
                        let group = groups.get(group.into()).ok_or(ReadError::Malformed)?;
                        group.len() as u64 + private_bytes(group)
                    }
                };
                budget.spend(dictionary.saturating_add(private))?;
                self.count_bytes(font, group, glyph, *variation, budget)
            }
        }
    }

    /// A TrueType glyph takes an operation a point and part, and for each variation a step an axis
    /// and, where it is at work, one a point.
    fn count_points(&self, glyph: GlyphId, depth: usize, budget: &Budget) -> Result<(), ReadError> {
        let Program::TrueType { loca, glyf, gvar } = &self.program else {
            return Ok(());
        };
        if depth > DEEPEST {
            return Err(ReadError::LimitExceeded);
        }
        let Some(outline) = loca.get_glyf(glyph, glyf)? else {
            return Ok(());
        };
        let points = match &outline {
            Glyph::Simple(simple) => simple.num_points(),
            Glyph::Composite(composite) => {
                let mut parts = 0;
                for part in composite.components() {
                    parts += 1;
                    budget.spend(1)?;
                    self.count_points(part.glyph, depth + 1, budget)?;
                }
                parts
            }
        };
        // Four more stand for the pen and the margins.
        let points = points as u64 + 4;
        budget.spend(points)?;
        let coordinates = self.location.coords();
        if let Some(gvar) = gvar.as_ref().filter(|_| !coordinates.is_empty())
            && let Some(variations) = gvar.glyph_variation_data(glyph)?
        {
            let axes = u64::from(gvar.axis_count()) + 1;
            let steps = axes * variations.tuples().count() as u64;
            budget.spend(steps / STEPS_AN_OPERATION)?;
            for _ in variations.active_tuples_at(coordinates) {
                budget.spend(points.div_ceil(STEPS_AN_OPERATION))?;
            }
        }
        Ok(())
    }

    /// A PostScript glyph takes an operation a byte of its program, as often as it runs, and more
    /// where a byte may stand for a variation.
    fn count_bytes(
        &self,
        font: &CffFontRef<'_>,
        group: u16,
        glyph: GlyphId,
        variation: u64,
        budget: &Budget,
    ) -> Result<(), ReadError> {
        let coordinates = self.location.coords();
        let group = font.subfont(group, coordinates)?;
        let subroutines = match group.subrs_offset() as usize {
            0 => Index::Empty,
            start => Index::new(
                font.data().get(start..).ok_or(ReadError::Malformed)?,
                font.version() == 2,
            )?,
        };
        let blend = font
            .var_store()
            .and_then(|store| BlendState::new(store.clone(), coordinates, group.vs_index()).ok());
        let charstrings = font.charstrings();
        let counted = Counted {
            inner: (font.data(), charstrings, font.global_subrs(), &subroutines),
            variation,
            budget,
        };
        let program = charstrings
            .get(glyph.to_u32() as usize)
            .ok_or(ReadError::Malformed)?;
        let program = counted.counted(program)?;
        charstring::evaluate(&counted, blend, program, &mut NullSink).map(drop)
    }
}

fn post_script<'a>(
    font: CffFontRef<'a>,
    data: &'a [u8],
    top: &[u8],
    is_second: bool,
) -> Option<Program<'a>> {
    let groups = dict::entries(top, None).find_map(|entry| match entry {
        Ok(dict::Entry::FdArrayOffset(start)) => Index::new(data.get(start..)?, is_second).ok(),
        _ => None,
    });
    Some(Program::PostScript {
        dictionary: top.len() as u64,
        private: match groups {
            Some(groups) => Private::OfGroups(groups),
            None => Private::OfAll(private_bytes(top)),
        },
        variation: 1 + font.var_store().map_or(0, axes),
        font: Box::new(font),
    })
}

/// Bytes of the private dictionary that a dictionary names.
fn private_bytes(dictionary: &[u8]) -> u64 {
    let ranges = dict::entries(dictionary, None).filter_map(|entry| match entry {
        Ok(dict::Entry::PrivateDictRange(range)) => Some(range.len() as u64),
        _ => None,
    });
    ranges.max().unwrap_or(0)
}

fn axes(store: &ItemVariationStore<'_>) -> u64 {
    store
        .variation_region_list()
        .map_or(0, |regions| regions.axis_count().into())
}

/// The most that one value of the tables of metrics takes to be varied: an operation an axis of
/// each region.
fn advance_variation(face: &FontRef<'_>) -> u64 {
    let stores = [
        face.hvar().and_then(|table| table.item_variation_store()),
        face.mvar()
            .and_then(|table| table.item_variation_store().ok_or(BadData::NullOffset)?),
    ];
    let of_store = |store: ItemVariationStore<'_>| {
        let data = store.item_variation_data();
        let regions = data.iter().flatten().flatten();
        let most = regions
            .map(|data| u64::from(data.region_index_count()))
            .max();
        axes(&store) * most.unwrap_or(0)
    };
    stores
        .into_iter()
        .flatten()
        .map(of_store)
        .max()
        .unwrap_or(0)
}

/// Operations counted so far.
#[derive(Default)]
struct Budget(Cell<u64>);

impl Budget {
    fn spend(&self, operations: u64) -> Result<(), ReadError> {
        self.0.set(self.0.get().saturating_add(operations));
        match self.is_spent() {
            true => Err(ReadError::LimitExceeded),
            false => Ok(()),
        }
    }

    fn is_spent(&self) -> bool {
        self.0.get() > MOST_OPERATIONS
    }
}

/// Hands out the programs of a font and counts their bytes.
struct Counted<'a> {
    /// The table, the glyphs' programs, the subroutines of all glyphs and of a group.
    inner: (&'a [u8], &'a Index<'a>, &'a Index<'a>, &'a Index<'a>),
    variation: u64,
    budget: &'a Budget,
}

impl Counted<'_> {
    fn counted<'b>(&self, program: &'b [u8]) -> Result<&'b [u8], ReadError> {
        let bytes = program.len() as u64 + 1;
        self.budget.spend(bytes.saturating_mul(self.variation))?;
        Ok(program)
    }
}

impl CharstringContext for Counted<'_> {
    fn kind(&self) -> CharstringKind {
        self.inner.kind()
    }

    fn seac_components(&self, base: i32, accent: i32) -> Result<[&[u8]; 2], ReadError> {
        let [base, accent] = self.inner.seac_components(base, accent)?;
        Ok([self.counted(base)?, self.counted(accent)?])
    }

    fn global_subr(&self, index: i32) -> Result<&[u8], ReadError> {
        self.counted(self.inner.global_subr(index)?)
    }

    fn subr(&self, index: i32) -> Result<&[u8], ReadError> {
        self.counted(self.inner.subr(index)?)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::font::Font;

    #[test]
    fn real_fonts_take_a_hundredth_of_what_is_allowed() {
        for font in Font::all_built_in() {
            let outlines = Outlines::of(&font).unwrap();
            let glyphs = (' '..='~').filter_map(|letter| font.glyph(letter));
            let most = glyphs
                .map(|glyph| outlines.operations(glyph).unwrap())
                .max();
            assert!(
                most.is_some_and(|most| 100 * most <= MOST_OPERATIONS),
                "{}: {most:?}",
                font.name()
            );
        }
    }
}
