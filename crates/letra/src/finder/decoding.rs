//! From what the network says of cells to lines.

use letra_type::SCENE_CELL;

use super::search::Map;

/// Cells that are text with at least this probability make lines.
const TEXT: f32 = 0.5;

/// The least mean probability of a line's cells.
const LEAST_CONFIDENCE: f32 = 0.62;

/// The fewest cells of a line.
const FEWEST_CELLS: usize = 3;

/// Two cells are of one line if their directions have at least this cosine, their letters differ in height
/// by at most this factor, and their baselines by at most this many letter heights.
const LIKE_DIRECTION: f32 = 0.75;
const LIKE_HEIGHT: f32 = 1.5;
const LIKE_BASELINE: f32 = 0.5;

/// The same of two parts of lines.
const LIKE_PARTS: (f32, f32, f32) = (0.93, 1.35, 0.35);

/// The widest gap within a line, in letter heights.
const WIDEST_GAP: f32 = 1.4;

/// Letter heights that the network is at home with, in its own pixels; elsewhere its confidence counts less.
const AT_HOME: (f32, f32) = (6.2, 16.5);
const ELSEWHERE: f32 = 0.85;

/// How far a line reaches over the sides of its outermost cells, in letter heights: ground does not hurt
/// its reading, half a letter does.
const OVER_ENDS: f32 = 0.15;

/// The share of a line's middle that lies in another for the two to be one.
const SHARED: f32 = 0.5;

/// A line of text that was found in a picture. Places and lengths are in its pixels.
///
/// ```
/// use letra::finder::FoundLine;
///
/// let line = FoundLine {
///     start: (10.0, 40.0),
///     direction: (1.0, 0.0),
///     length: 80.0,
///     height: 12.0,
///     confidence: 0.9,
/// };
/// assert_eq!(line.place(5.0, 12.0), (15.0, 28.0));
/// assert_eq!(line.seen_from((15.0, 28.0)), (5.0, 12.0));
/// ```
#[derive(Debug, Clone, PartialEq)]
pub struct FoundLine {
    /// Where its baseline begins: column and row.
    pub start: (f32, f32),
    /// Cosine and sine of the direction it is read in: (1, 0) to the right, (0, 1) downwards.
    pub direction: (f32, f32),
    /// The length of its baseline.
    pub length: f32,
    /// The height of its taller letters, see [`letra_type::letter_height`].
    pub height: f32,
    /// How sure the network is that it is text, 0 to 1: the mean over its cells.
    pub confidence: f32,
}

impl FoundLine {
    /// A place so far along the line and so far above its baseline.
    pub fn place(&self, along: f32, above: f32) -> (f32, f32) {
        let (cos, sin) = self.direction;
        (
            self.start.0 + along * cos + above * sin,
            self.start.1 + along * sin - above * cos,
        )
    }

    /// How far a place is along the line, and how far above its baseline.
    pub fn seen_from(&self, (x, y): (f32, f32)) -> (f32, f32) {
        let (cos, sin) = self.direction;
        let (x, y) = (x - self.start.0, y - self.start.1);
        (x * cos + y * sin, x * sin - y * cos)
    }

    /// The line as it would be read the other way, its letters standing on what were their tops.
    pub fn reversed(&self) -> Self {
        let (cos, sin) = self.direction;
        Self {
            start: self.place(self.length, self.height),
            direction: (-cos, -sin),
            ..self.clone()
        }
    }

    /// The share of this line's middle that lies in another.
    pub fn share_in(&self, other: &Self) -> f32 {
        const PLACES: usize = 16;
        let inside = |index: &usize| {
            let along = (*index as f32 + 0.5) / PLACES as f32 * self.length;
            let (u, v) = other.seen_from(self.place(along, self.height / 2.0));
            let reach = 0.25 * other.height;
            (-reach..=other.length + reach).contains(&u)
                && (-0.3 * other.height..=1.3 * other.height).contains(&v)
        };
        (0..PLACES).filter(inside).count() as f32 / PLACES as f32
    }
}

/// A cell of text.
struct Cell {
    column: usize,
    row: usize,
    probability: f32,
    middle: (f32, f32),
    /// How far its middle lies above the baseline.
    above: f32,
    height: f32,
    direction: (f32, f32),
}

impl Cell {
    fn of(values: &[f32], column: usize, row: usize) -> Option<Self> {
        let probability = 1.0 / (1.0 + libm::expf(-values[0]));
        let norm = (values[3] * values[3] + values[4] * values[4]).sqrt();
        // Neither holds where a value is not a number.
        if !(probability >= TEXT && norm > 0.2) {
            return None;
        }
        let direction = (values[3] / norm, values[4] / norm);
        let above = (values[1] * 8.0).clamp(-40.0, 40.0);
        let cell = SCENE_CELL as f32;
        let middle = ((column as f32 + 0.5) * cell, (row as f32 + 0.5) * cell);
        Some(Self {
            column,
            row,
            probability,
            middle,
            above,
            height: 10.0 * libm::expf(values[2].clamp(-1.5, 1.5)),
            direction,
        })
    }

    fn goes_with(&self, other: &Self) -> bool {
        let ((cos, sin), (other_cos, other_sin)) = (self.direction, other.direction);
        let ratio = self.height / other.height;
        // Of the other's middle, above this one's baseline by either.
        let (x, y) = (
            other.middle.0 - self.middle.0,
            other.middle.1 - self.middle.1,
        );
        let away = (self.above + x * sin - y * cos - other.above).abs();
        cos * other_cos + sin * other_sin >= LIKE_DIRECTION
            && (1.0 / LIKE_HEIGHT..=LIKE_HEIGHT).contains(&ratio)
            && away <= LIKE_BASELINE * self.height.min(other.height)
    }
}

/// The lines of what the network says of a picture that was reduced by a factor.
pub(super) fn lines_of(map: &Map, factor: f32) -> Vec<FoundLine> {
    let mut cells = Vec::new();
    let mut index = vec![u32::MAX; map.columns * map.rows];
    for row in 0..map.rows {
        for column in 0..map.columns {
            if let Some(cell) = Cell::of(map.cell(column, row), column, row) {
                index[row * map.columns + column] = cells.len() as u32;
                cells.push(cell);
            }
        }
    }
    let mut groups = Groups::of(cells.len());
    let at = |column: isize, row: isize| {
        let inside =
            column >= 0 && row >= 0 && column < map.columns as isize && row < map.rows as isize;
        let found = inside.then(|| index[row as usize * map.columns + column as usize]);
        found.filter(|&found| found != u32::MAX)
    };
    for (number, cell) in cells.iter().enumerate() {
        let (column, row) = (cell.column as isize, cell.row as isize);
        for (right, down) in [(1, 0), (0, 1), (1, 1), (-1, 1)] {
            if let Some(other) = at(column + right, row + down)
                && cell.goes_with(&cells[other as usize])
            {
                groups.join(number as u32, other);
            }
        }
        let reach = (WIDEST_GAP * cell.height / SCENE_CELL as f32).ceil() as usize;
        let (cos, sin) = cell.direction;
        let further = (2..=reach.max(2)).find_map(|step| {
            // A direction may be off by some degrees.
            [0.0, 1.0, -1.0].into_iter().find_map(|aside| {
                let right = (step as f32 * cos - aside * sin).round() as isize;
                let down = (step as f32 * sin + aside * cos).round() as isize;
                at(column + right, row + down)
                    .filter(|&other| cell.goes_with(&cells[other as usize]))
            })
        });
        if let Some(other) = further {
            groups.join(number as u32, other);
        }
    }
    let groups = groups.members();
    let members =
        |of: &[u32]| -> Vec<&Cell> { of.iter().map(|&one| &cells[one as usize]).collect() };
    let parts: Vec<(FoundLine, Vec<u32>)> = groups
        .into_iter()
        .filter_map(|group| Some((line_of(&members(&group), 1.0)?, group)))
        .collect();
    let mut whole = Groups::of(parts.len());
    for (number, (one, _)) in parts.iter().enumerate() {
        for (other_number, (other, _)) in parts.iter().enumerate().skip(number + 1) {
            if continues(one, other) {
                whole.join(number as u32, other_number as u32);
            }
        }
    }
    let lines = whole.members().into_iter().filter_map(|joined| {
        let of_parts = joined
            .iter()
            .flat_map(|&part| parts[part as usize].1.iter());
        let all: Vec<u32> = of_parts.copied().collect();
        let mut line = line_of(&members(&all), factor)?;
        let is_text = line.confidence >= LEAST_CONFIDENCE;
        if !(AT_HOME.0..=AT_HOME.1).contains(&(line.height / factor)) {
            line.confidence *= ELSEWHERE;
        }
        is_text.then_some(line)
    });
    lines.collect()
}

/// Whether two lines are parts of one, with a gap between them as between words.
fn continues(one: &FoundLine, other: &FoundLine) -> bool {
    let (direction, height, baseline) = LIKE_PARTS;
    let (longer, shorter) = match one.length >= other.length {
        true => (one, other),
        false => (other, one),
    };
    let cosine =
        longer.direction.0 * shorter.direction.0 + longer.direction.1 * shorter.direction.1;
    let ratio = longer.height / shorter.height;
    let (from, above_from) = longer.seen_from(shorter.start);
    let (to, above_to) = longer.seen_from(shorter.place(shorter.length, 0.0));
    let gap = (from - longer.length).max(-to);
    cosine >= direction
        && (1.0 / height..=height).contains(&ratio)
        && (above_from + above_to).abs() / 2.0 <= baseline * longer.height
        && gap <= WIDEST_GAP * longer.height
}

/// The line that cells lie in. Where it is long, its axis is that of its cells' places (their principal
/// component; K. Pearson 1901), which way it is read what they say of their direction.
fn line_of(cells: &[&Cell], factor: f32) -> Option<FoundLine> {
    if cells.len() < FEWEST_CELLS {
        return None;
    }
    let all: f32 = cells.iter().map(|cell| cell.probability).sum();
    let mean = |of: &dyn Fn(&Cell) -> f32| {
        cells
            .iter()
            .map(|cell| cell.probability * of(cell))
            .sum::<f32>()
            / all
    };
    let turned = |(x, y): (f32, f32)| {
        let norm = (x * x + y * y).sqrt().max(1e-3);
        (x / norm, y / norm)
    };
    let mut direction = turned((
        mean(&|cell| cell.direction.0),
        mean(&|cell| cell.direction.1),
    ));
    let centre = (mean(&|cell| cell.middle.0), mean(&|cell| cell.middle.1));
    let height = mean(&|cell| cell.height);
    let off = |cell: &Cell| (cell.middle.0 - centre.0, cell.middle.1 - centre.1);
    let across = mean(&|cell| off(cell).0.powi(2));
    let down = mean(&|cell| off(cell).1.powi(2));
    let both = mean(&|cell| off(cell).0 * off(cell).1);
    let spread = (across + down) / 2.0 + (((across - down) / 2.0).powi(2) + both * both).sqrt();
    // Cells over four times the letters' height deviate by so much.
    if spread > (1.1 * height).powi(2) {
        let axis = match across >= down {
            true => turned((spread - down, both)),
            false => turned((both, spread - across)),
        };
        let along = axis.0 * direction.0 + axis.1 * direction.1;
        if along.abs() > 0.7 {
            direction = (axis.0 * along.signum(), axis.1 * along.signum());
        }
    }
    let above = mean(&|cell| cell.above);
    let middle = (
        centre.0 - above * direction.1,
        centre.1 + above * direction.0,
    );
    let cell_side = SCENE_CELL as f32;
    let along = |cell: &&Cell| {
        let (x, y) = (
            (cell.column as f32 + 0.5) * cell_side - middle.0,
            (cell.row as f32 + 0.5) * cell_side - middle.1,
        );
        x * direction.0 + y * direction.1
    };
    let first = cells.iter().map(along).fold(f32::INFINITY, f32::min);
    let last = cells.iter().map(along).fold(f32::NEG_INFINITY, f32::max);
    // A cell stands for its sides, too.
    let ends = cell_side / 2.0 + OVER_ENDS * height;
    let (first, last) = (first - ends, last + ends);
    let length = last - first;
    let fits = length > 0.6 * height && height.is_finite();
    fits.then(|| FoundLine {
        start: (
            (middle.0 + first * direction.0) * factor,
            (middle.1 + first * direction.1) * factor,
        ),
        direction,
        length: length * factor,
        height: height * factor,
        confidence: all / cells.len() as f32,
    })
}

/// Each line once, the surest and longest first: one that was found at several sizes is taken from the
/// size that shows it best.
pub(super) fn without_doubles(mut lines: Vec<FoundLine>) -> Vec<FoundLine> {
    let worth = |line: &FoundLine| line.confidence * (1.0 + line.length / line.height).min(20.0);
    lines.sort_by(|one, other| worth(other).total_cmp(&worth(one)));
    let mut kept: Vec<FoundLine> = Vec::new();
    for line in lines {
        let is_known =
            |other: &FoundLine| line.share_in(other) > SHARED || other.share_in(&line) > SHARED;
        if !kept.iter().any(is_known) {
            kept.push(line);
        }
    }
    kept
}

/// Groups that are joined (union and find after R. Tarjan, 1975).
struct Groups(Vec<u32>);

impl Groups {
    fn of(count: usize) -> Self {
        Self((0..count as u32).collect())
    }

    fn root(&mut self, mut member: u32) -> u32 {
        while self.0[member as usize] != member {
            let above = self.0[self.0[member as usize] as usize];
            self.0[member as usize] = above;
            member = above;
        }
        member
    }

    fn join(&mut self, one: u32, other: u32) {
        let (one, other) = (self.root(one), self.root(other));
        self.0[one.max(other) as usize] = one.min(other);
    }

    fn members(mut self) -> Vec<Vec<u32>> {
        let count = self.0.len();
        let mut members: Vec<Vec<u32>> = vec![Vec::new(); count];
        for member in 0..count as u32 {
            let root = self.root(member);
            members[root as usize].push(member);
        }
        members.retain(|members| !members.is_empty());
        members
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What a network would say of lines: start, direction in degrees, length and height each.
    fn said(lines: &[((f32, f32), f32, f32, f32)]) -> Map {
        let (columns, rows) = (60, 50);
        let mut map = Map {
            columns,
            rows,
            values: [-8.0, 0.0, 0.0, 0.0, 0.0].repeat(columns * rows),
        };
        for &(start, angle, length, height) in lines {
            let (sin, cos) = libm::sincosf(angle.to_radians());
            let line = FoundLine {
                start,
                direction: (cos, sin),
                length,
                height,
                confidence: 1.0,
            };
            for row in 0..rows {
                for column in 0..columns {
                    let middle = (4.0 * column as f32 + 2.0, 4.0 * row as f32 + 2.0);
                    let (u, v) = line.seen_from(middle);
                    let over = 0.1 * height;
                    if (-over..=length + over).contains(&u) && (0.0..=height).contains(&v) {
                        let values = [6.0, v / 8.0, libm::logf(height / 10.0), cos, sin];
                        map.values[(row * columns + column) * 5..][..5].copy_from_slice(&values);
                    }
                }
            }
        }
        map
    }

    #[test]
    fn cells_that_agree_make_lines_at_any_angle() {
        for angle in [0.0, 12.0, 45.0, 90.0, 133.0, 180.0, 270.0, 301.0] {
            let (sin, cos) = libm::sincosf(f32::to_radians(angle));
            let start = (120.0 - 40.0 * cos, 100.0 - 40.0 * sin);
            let lines = lines_of(&said(&[(start, angle, 80.0, 12.0)]), 2.0);
            let [line] = lines.as_slice() else {
                panic!("{angle}: {lines:?}");
            };
            let off = (line.start.0 - 2.0 * start.0).hypot(line.start.1 - 2.0 * start.1);
            assert!(off < 14.0, "{angle}: {line:?}");
            assert!(
                line.direction.0 * cos + line.direction.1 * sin > 0.999,
                "{angle}: {line:?}"
            );
            assert!((line.height - 24.0).abs() < 0.5 && (line.length - 166.0).abs() < 14.0);
        }
    }

    #[test]
    fn lines_close_to_one_another_stay_apart_and_doubles_go() {
        let two = [
            ((20.0, 60.0), 0.0, 150.0, 10.0),
            ((20.0, 77.0), 0.0, 150.0, 10.0),
        ];
        let lines = lines_of(&said(&two), 1.0);
        assert_eq!(lines.len(), 2, "{lines:?}");
        let mut doubled = lines.clone();
        doubled.extend(lines.iter().map(|line| FoundLine {
            length: 0.8 * line.length,
            ..line.clone()
        }));
        assert_eq!(without_doubles(doubled), lines);
        assert!(lines_of(&said(&[]), 1.0).is_empty());
    }

    #[test]
    fn answers_that_are_no_numbers_are_no_text() {
        let mut map = said(&[]);
        map.values.fill(f32::NAN);
        assert!(lines_of(&map, 1.0).is_empty());
    }
}
