//! Text in a scene: a block of lines, turned, bent, seen at an angle; outlined, in a box, underlined.

use harfrust::Buffer;

use super::SceneSampler;
use super::canvas::{Canvas, Paint, Point};
use super::cells::{Part, TEXT};
use crate::lines::letter_height;
use crate::random::Random;
use crate::sample::face::{Face, SetGlyph};
use crate::sample::flat::fineness;

/// The least difference in grey levels between letters and their ground.
const LEAST_CONTRAST: f32 = 28.0;

/// By how many standard deviations of an uneven ground letters differ from it at least.
const DEVIATIONS: f32 = 2.3;

/// A block of lines: how it is laid into the picture. Places in it are in pixels from its middle.
struct Layout {
    middle: Point,
    half: Point,
    /// Sine and cosine of the direction it is read in.
    turn: Point,
    /// By which share distances shrink from the middle to the right end and to the bottom.
    perspective: Point,
    /// How far the middle of a line lies below its ends, in pixels.
    bend: f32,
}

impl Layout {
    fn place(&self, (x, y): Point) -> Point {
        let (u, v) = (x / self.half.0, y / self.half.1);
        let y = y + self.bend * (1.0 - u * u);
        // Kept away from the horizon.
        let depth = 1.0 + self.perspective.0 * u + self.perspective.1 * v;
        let depth = depth.clamp(0.5, 2.0);
        let (x, y) = (x / depth, y / depth);
        let (sin, cos) = self.turn;
        (
            self.middle.0 + x * cos - y * sin,
            self.middle.1 + x * sin + y * cos,
        )
    }

    /// Left, top, right and bottom of the block in the picture.
    fn bounds(&self) -> [f32; 4] {
        let (x, y) = self.half;
        let mut bounds = [
            f32::INFINITY,
            f32::INFINITY,
            f32::NEG_INFINITY,
            f32::NEG_INFINITY,
        ];
        for corner in [(-x, -y), (x, -y), (x, y), (-x, y), (0.0, -y), (0.0, y)] {
            let (x, y) = self.place(corner);
            bounds = [
                bounds[0].min(x),
                bounds[1].min(y),
                bounds[2].max(x),
                bounds[3].max(y),
            ];
        }
        bounds
    }
}

/// A line of a block.
struct Row {
    glyphs: Vec<SetGlyph>,
    /// Where its ink begins and ends, in pixels from the pen's start.
    ink: (f32, f32),
    /// The height of its taller letters, in pixels.
    height: f32,
    /// Where its pen starts and its baseline lies in the block.
    start: Point,
}

/// How a block's letters look.
struct Look {
    ink: f32,
    /// Of the other polarity, around letters.
    outline: Option<f32>,
    /// Only the letters' outlines are drawn.
    hollow: bool,
    shadow: Option<Point>,
    /// Box behind the letters: level, opacity, margin in letter heights.
    plate: Option<(f32, f32, f32)>,
    /// A rule so many letter heights above the baseline.
    rule: Option<f32>,
    aliased: bool,
}

/// Where blocks are in a scene already.
pub(super) type Taken = Vec<[f32; 4]>;

impl SceneSampler {
    /// Draws a block of text, if there is room for it, and says where its lines are.
    pub(super) fn draw_block(
        &self,
        canvas: &mut Canvas,
        buffer: &mut Buffer,
        taken: &mut Taken,
        parts: &mut Vec<Part>,
        random: &mut Random,
    ) {
        let face = random.one_of(&self.faces);
        let capitals = match random.below(100) {
            0..6 => random.by_ratio((3.5, 5.6)),
            6..82 => random.by_ratio(TEXT),
            _ => random.by_ratio((TEXT.1, 90.0)),
        };
        let scale = capitals / face.cap_height;
        let tracking = match random.happens(0.25) {
            true => random.between((-0.03, 0.3)) * face.units_per_em,
            false => 0.0,
        };
        let Some((rows, half)) = self.set_rows(face, capitals, tracking, buffer, random) else {
            return;
        };
        let Some(layout) = self.find_room(canvas, half, capitals, taken, random) else {
            return;
        };
        taken.push(layout.bounds());
        let look = look(canvas, layout.bounds(), capitals, random);
        let block = Block {
            face,
            rows: &rows,
            layout: &layout,
            scale,
            capitals,
        };
        block.draw(canvas, &look);
        block.tell(parts);
    }

    /// Writes and sets the lines of a block, and says half of its width and height.
    fn set_rows(
        &self,
        face: &Face,
        capitals: f32,
        tracking: f32,
        buffer: &mut Buffer,
        random: &mut Random,
    ) -> Option<(Vec<Row>, Point)> {
        let count = match random.below(10) {
            0..6 => 1,
            6..8 => 2,
            _ => 3 + random.below(6),
        };
        let scale = capitals / face.cap_height;
        let leading = capitals * random.between((1.5, 2.6));
        let mut text = String::new();
        let mut rows: Vec<Row> = Vec::new();
        for _ in 0..count {
            let characters = match random.below(20) {
                0 => 1 + random.below(2),
                1..4 => 3 + random.below(3),
                4..9 => 4 + random.below(8),
                _ => 8 + random.below(30),
            };
            self.texts
                .write(&face.repertoire, characters, random, &mut text);
            if characters < 4 {
                text = text
                    .split(' ')
                    .next()
                    .unwrap_or_default()
                    .chars()
                    .take(characters)
                    .collect();
            }
            if random.happens(0.15) {
                text = text.to_uppercase();
            }
            let mut glyphs = Vec::new();
            face.set(&text, (true, random.happens(0.8)), buffer, &mut glyphs);
            let mut tops = Vec::new();
            let mut ink = (f32::INFINITY, f32::NEG_INFINITY);
            for (index, set) in glyphs.iter_mut().enumerate() {
                set.x += tracking * index as f32;
                let Some(shape) = face
                    .glyph(set.glyph)
                    .filter(|shape| !shape.points.is_empty())
                else {
                    continue;
                };
                tops.push((f32::from(shape.bounds[3]) + set.y) * scale);
                ink.0 = ink.0.min((set.x + f32::from(shape.bounds[0])) * scale);
                ink.1 = ink.1.max((set.x + f32::from(shape.bounds[2])) * scale);
            }
            let Some(height) = letter_height(&mut tops) else {
                continue;
            };
            rows.push(Row {
                glyphs,
                ink,
                height: height.clamp(0.5 * capitals, 1.5 * capitals),
                start: (0.0, 0.0),
            });
        }
        let widest = rows
            .iter()
            .map(|row| row.ink.1 - row.ink.0)
            .fold(0.0, f32::max);
        if rows.is_empty() || widest <= 0.0 {
            return None;
        }
        let middle = random.happens(0.4);
        let height = leading * (rows.len() - 1) as f32 + 1.3 * capitals;
        for (index, row) in rows.iter_mut().enumerate() {
            let slack = widest - (row.ink.1 - row.ink.0);
            let indent = if middle { slack / 2.0 } else { 0.0 };
            row.start = (
                indent - widest / 2.0 - row.ink.0,
                capitals + leading * index as f32 - height / 2.0,
            );
        }
        Some((rows, (widest / 2.0, height / 2.0)))
    }

    /// A place for a block among the others, if one is found.
    fn find_room(
        &self,
        canvas: &Canvas,
        half: Point,
        capitals: f32,
        taken: &Taken,
        random: &mut Random,
    ) -> Option<Layout> {
        const TRIES: usize = 6;
        let side = canvas.side() as f32;
        let angle = match random.below(100) {
            0..50 => random.between((-2.0, 2.0)),
            50..66 => 90.0 * (1.0 + random.below(3) as f32) + random.between((-2.0, 2.0)),
            66..80 => random.between((-20.0, 20.0)),
            _ => random.between((0.0, 360.0)),
        };
        let flat = random.happens(0.7);
        let mut lean = || {
            if flat {
                0.0
            } else {
                random.between((-0.3, 0.3))
            }
        };
        let perspective = (lean(), lean());
        let bend = match random.happens(0.12) {
            true => random.between((-0.12, 0.12)) * half.0.min(12.0 * capitals),
            false => 0.0,
        };
        (0..TRIES).find_map(|_| {
            // A part may lie beyond the picture.
            let middle = |half: f32, random: &mut Random| {
                let over = 0.4 * half.min(side);
                random.between((-over.min(side / 4.0), side + over.min(side / 4.0)))
            };
            let layout = Layout {
                middle: (middle(half.0, random), middle(half.1, random)),
                half,
                turn: libm::sincosf(angle.to_radians()),
                perspective,
                bend,
            };
            let own = layout.bounds();
            let gap = 0.7 * capitals;
            let free = taken.iter().all(|other| {
                own[0] > other[2] + gap
                    || other[0] > own[2] + gap
                    || own[1] > other[3] + gap
                    || other[1] > own[3] + gap
            });
            let seen = own[2] > 0.0 && own[3] > 0.0 && own[0] < side && own[1] < side;
            (free && seen).then_some(layout)
        })
    }
}

/// Chooses how letters over a part of the picture look, so that a person could read them.
fn look(canvas: &Canvas, bounds: [f32; 4], capitals: f32, random: &mut Random) -> Look {
    let (mean, deviation) = canvas.measured(bounds, random);
    let needed = LEAST_CONTRAST.max(DEVIATIONS * deviation);
    let strong = random.happens(0.6);
    let mut plate = None;
    let mut ground = mean;
    let no_room = needed > mean.max(255.0 - mean) - 10.0;
    if no_room || random.happens(0.18) {
        let level = random.between((0.0, 255.0));
        let opacity = if no_room || random.happens(0.7) {
            1.0
        } else {
            random.between((0.6, 1.0))
        };
        plate = Some((level, opacity, random.between((0.1, 0.9))));
        ground = mean + (level - mean) * opacity;
    }
    let needed = match plate {
        Some((_, opacity, _)) => LEAST_CONTRAST.max(DEVIATIONS * deviation * (1.0 - opacity)),
        None => needed,
    };
    let far = if ground < 128.0 { 255.0 } else { 0.0 };
    let most = (far - ground).abs();
    let contrast = match strong {
        true => random.between((0.75 * most, most)),
        false => random.between((needed.min(most), most)),
    };
    let other_way = random.happens(0.3) && needed < 255.0 - most;
    let ink = match other_way {
        true => {
            (255.0 - far)
                + (ground - (255.0 - far)).signum()
                    * random.between((0.0, 1.0))
                    * (255.0 - most - needed).max(0.0)
        }
        false => ground + (far - ground).signum() * contrast.max(needed.min(most)),
    };
    let outlined = plate.is_none() && random.happens(if deviation > 20.0 { 0.35 } else { 0.08 });
    let opposite = if ink > 128.0 {
        random.between((0.0, 40.0))
    } else {
        random.between((215.0, 255.0))
    };
    let offset = capitals * random.between((0.05, 0.15));
    Look {
        ink: ink.clamp(0.0, 255.0),
        outline: outlined.then_some(opposite),
        hollow: !outlined && capitals > 9.0 && random.happens(0.06),
        shadow: random.happens(0.1).then_some((offset, offset)),
        plate,
        rule: random.happens(0.12).then(|| match random.happens(0.6) {
            true => random.between((-0.3, -0.1)),
            false => random.between((0.28, 0.45)),
        }),
        aliased: random.happens(0.1),
    }
}

/// A block that was laid out, to be drawn.
struct Block<'a> {
    face: &'a Face,
    rows: &'a [Row],
    layout: &'a Layout,
    scale: f32,
    capitals: f32,
}

impl Block<'_> {
    fn draw(&self, canvas: &mut Canvas, look: &Look) {
        if let Some((level, opacity, margin)) = look.plate {
            let over = margin * self.capitals;
            let (x, y) = (self.layout.half.0 + over + 2.0, self.layout.half.1 + over);
            let corners = [(-x, -y), (0.0, -y), (x, -y), (x, y), (0.0, y), (-x, y)];
            canvas.solid(&corners.map(|corner| self.layout.place(corner)));
            canvas.lay(Paint {
                level,
                opacity,
                aliased: false,
            });
        }
        let paint = |level: f32| Paint {
            level,
            opacity: 1.0,
            aliased: look.aliased,
        };
        let thickness = (0.09 * self.capitals).max(0.8);
        let opposite = if look.ink > 128.0 { 20.0 } else { 235.0 };
        if let Some(offset) = look.shadow {
            self.letters(canvas, 0.0, offset);
            canvas.lay(Paint {
                opacity: 0.6,
                ..paint(opposite)
            });
        }
        if let Some(outline) = look.outline {
            self.letters(canvas, thickness, (0.0, 0.0));
            canvas.lay(paint(outline));
        }
        if look.hollow {
            self.letters(canvas, 0.5 * thickness, (0.0, 0.0));
            canvas.lay(paint(look.ink));
            self.letters(canvas, -0.5 * thickness, (0.0, 0.0));
            canvas.lay(paint(opposite));
        } else {
            self.letters(canvas, 0.0, (0.0, 0.0));
            canvas.lay(paint(look.ink));
        }
        if let Some(height) = look.rule {
            for row in self.rows {
                let y = row.start.1 - height * self.capitals;
                let points = along(row).map(|x| self.layout.place((x, y)));
                canvas.stroke(&points.collect::<Vec<_>>(), thickness);
            }
            canvas.lay(paint(look.ink));
        }
    }

    /// Adds the letters' outlines, each side moved outwards by so many pixels.
    fn letters(&self, canvas: &mut Canvas, gain: f32, offset: Point) {
        let fineness = fineness(self.scale * self.face.units_per_em);
        let mut corners = Vec::new();
        for row in self.rows {
            for set in &row.glyphs {
                let Some(shape) = self.face.glyph(set.glyph) else {
                    continue;
                };
                let flat = shape.flat(fineness, self.face.units_per_em);
                corners.clear();
                corners.extend(flat.corners.iter().map(|corner| {
                    let (right, up) = corner.outwards;
                    let x = row.start.0 + (set.x + corner.x) * self.scale + right * gain;
                    let y = row.start.1 - (set.y + corner.y) * self.scale - up * gain;
                    let (x, y) = self.layout.place((x, y));
                    (x + offset.0, y + offset.1)
                }));
                let mut start = 0;
                for &end in &flat.ends {
                    canvas.outline(&corners[start..end]);
                    start = end;
                }
            }
        }
    }

    /// Says where the lines are, in straight parts.
    fn tell(&self, parts: &mut Vec<Part>) {
        for row in self.rows {
            let y = row.start.1;
            let steps: Vec<f32> = along(row).collect();
            for (index, pair) in steps.windows(2).enumerate() {
                let [from, to] = [pair[0], pair[1]].map(|x| self.layout.place((x, y)));
                let tops = [pair[0], pair[1]].map(|x| self.layout.place((x, y - row.height)));
                let (x, y) = (to.0 - from.0, to.1 - from.1);
                let length = (x * x + y * y).sqrt().max(1e-3);
                let away = |top: Point| ((top.0 - from.0) * y - (top.1 - from.1) * x) / length;
                parts.push(Part {
                    from,
                    to,
                    height: (away(tops[0]) + away(tops[1])) / 2.0,
                    ends: [index == 0, index + 2 == steps.len()],
                });
            }
        }
    }
}

/// Places along a row's ink, in the block: its ends and, in between, one every two letter heights.
fn along(row: &Row) -> impl Iterator<Item = f32> {
    let over = 0.1 * row.height;
    let (from, to) = (
        row.start.0 + row.ink.0 - over,
        row.start.0 + row.ink.1 + over,
    );
    let count = ((to - from) / (2.0 * row.height)).ceil().max(1.0) as usize;
    (0..=count).map(move |index| from + (to - from) * index as f32 / count as f32)
}
