//! Font files put together table by table, sound ones and hostile ones.

#![allow(dead_code, reason = "each test file uses some")]

/// The tables of a TrueType font of 1000 units per em.
pub(crate) struct FontFile {
    pub(crate) tables: Vec<([u8; 4], Vec<u8>)>,
}

fn words(values: &[i32]) -> Vec<u8> {
    values
        .iter()
        .flat_map(|&value| (value as u16).to_be_bytes())
        .collect()
}

/// A glyph of one rectangle: left, bottom, right, top.
pub(crate) fn rectangle([left, bottom, right, top]: [i32; 4]) -> Vec<u8> {
    let (width, height) = (right - left, top - bottom);
    let mut glyph = words(&[1, left, bottom, right, top, 3, 0]);
    glyph.extend([1; 4]);
    glyph.extend(words(&[left, 0, width, 0, bottom, height, 0, -height]));
    glyph
}

/// A glyph made of others.
pub(crate) fn composite(parts: &[u16]) -> Vec<u8> {
    const ARGUMENTS_ARE_WORDS_AND_OFFSETS: i32 = 3;
    const MORE: i32 = 0x20;
    let mut glyph = words(&[-1, 0, 0, 500, 500]);
    for (index, &part) in parts.iter().enumerate() {
        let more = if index + 1 < parts.len() { MORE } else { 0 };
        let flags = ARGUMENTS_ARE_WORDS_AND_OFFSETS | more;
        glyph.extend(words(&[flags, part.into(), 0, 0]));
    }
    glyph
}

/// The letters A–Z and a–z, a rectangle each, all different, as glyphs 1 to 52.
pub(crate) fn letters() -> (Vec<Vec<u8>>, Vec<(char, u16)>) {
    let mut glyphs = vec![rectangle([0, 0, 500, 700])];
    let mut characters = Vec::new();
    for (index, letter) in ('A'..='Z').chain('a'..='z').enumerate() {
        let index = index as i32;
        let top = if index < 26 { 700 } else { 500 };
        glyphs.push(rectangle([40, 0, 100 + 9 * index, top]));
        characters.push((letter, index as u16 + 1));
    }
    (glyphs, characters)
}

impl FontFile {
    /// A font of glyphs, glyph 0 first, and the characters that show them.
    pub(crate) fn new(glyphs: &[Vec<u8>], characters: &[(char, u16)]) -> Self {
        let (mut glyf, mut loca) = (Vec::new(), vec![0; 4]);
        for glyph in glyphs {
            glyf.extend(glyph);
            glyf.resize(glyf.len().next_multiple_of(4), 0);
            loca.extend((glyf.len() as u32).to_be_bytes());
        }
        let count = glyphs.len() as i32;
        let mut head = words(&[1, 0, 1, 0, 0, 0, 0x5f0f, 0x3cf5, 0, 1000]);
        head.extend([0; 16]);
        head.extend(words(&[0, 0, 1000, 1000, 0, 8, 2, 1, 0]));
        let mut hhea = words(&[1, 0, 800, -200, 0, 600, 0, 0, 0, 1]);
        hhea.extend(words(&[0, 0, 0, 0, 0, 0, 0, 1]));
        let mut maxp = words(&[1, 0, count]);
        maxp.extend(words(&[100, 10, 100, 10, 2, 0, 0, 0, 0, 0, 0, 10, 10]));
        let mut hmtx = words(&[600, 0]);
        hmtx.extend(words(&vec![0; glyphs.len().saturating_sub(1)]));
        let mut file = Self { tables: Vec::new() };
        file.set(b"head", head);
        file.set(b"hhea", hhea);
        file.set(b"maxp", maxp);
        file.set(b"hmtx", hmtx);
        file.set(b"cmap", cmap(1, characters));
        file.set(b"loca", loca);
        file.set(b"glyf", glyf);
        file.set(b"post", [words(&[3, 0]), vec![0; 28]].concat());
        file
    }

    /// A font of all letters by that family's name.
    pub(crate) fn of_letters(family: &str) -> Self {
        let (glyphs, characters) = letters();
        let mut file = Self::new(&glyphs, &characters);
        file.name(&[(1, family), (2, "Regular")]);
        file.os2(400, 5, 0, 0x40);
        file
    }

    /// Sets a table, or takes its place.
    pub(crate) fn set(&mut self, tag: &[u8; 4], bytes: Vec<u8>) {
        self.tables.retain(|(known, _)| known != tag);
        self.tables.push((*tag, bytes));
    }

    /// Leaves a table out.
    pub(crate) fn without(mut self, tag: &[u8; 4]) -> Self {
        self.tables.retain(|(known, _)| known != tag);
        self
    }

    /// Strings by their name IDs, in English for Windows.
    pub(crate) fn name(&mut self, strings: &[(i32, &str)]) {
        let (mut records, mut text) = (Vec::new(), Vec::new());
        for (id, string) in strings {
            let encoded: Vec<u8> = string.encode_utf16().flat_map(u16::to_be_bytes).collect();
            let place = [encoded.len() as i32, text.len() as i32];
            records.extend(words(&[3, 1, 0x409, *id, place[0], place[1]]));
            text.extend(encoded);
        }
        let start = 6 + records.len() as i32;
        let header = words(&[0, strings.len() as i32, start]);
        self.set(b"name", [header, records, text].concat());
    }

    /// Weight, width class, PANOSE family kind and selection flags.
    pub(crate) fn os2(&mut self, weight: i32, width: i32, kind: u8, selection: i32) {
        let mut table = words(&[4, 500, weight, width, 0]);
        table.resize(32, 0);
        table.push(kind);
        table.resize(62, 0);
        table.extend(words(&[selection, 65, 122, 800, -200, 0, 800, 200]));
        table.resize(96, 0);
        self.set(b"OS/2", table);
    }

    /// An axis of weights from 100 to 900, and instances: name ID and weight of each.
    pub(crate) fn fvar(&mut self, instances: &[(i32, i32)]) {
        let count = instances.len() as i32;
        let mut table = words(&[1, 0, 16, 2, 1, 20, count, 8]);
        table.extend(b"wght");
        table.extend(words(&[100, 0, 400, 0, 900, 0, 0, 256]));
        for &(name, weight) in instances {
            table.extend(words(&[name, 0, weight, 0]));
        }
        self.set(b"fvar", table);
    }

    /// As many axes as are wanted, and no instance.
    pub(crate) fn axes(&mut self, count: usize) {
        let mut table = words(&[1, 0, 16, 2, count as i32, 20, 0, 4 + 4 * count as i32]);
        for _ in 0..count {
            table.extend(b"wght");
            table.extend(words(&[100, 0, 400, 0, 900, 0, 0, 256]));
        }
        self.set(b"fvar", table);
    }

    /// So many variations of the last glyph along one axis, none of which moves a point.
    pub(crate) fn variations(&mut self, glyphs: usize, count: u16) {
        let header = 20 + 4 * (glyphs + 1);
        let mut table = words(&[1, 0, 1, 1]);
        table.extend((header as u32).to_be_bytes());
        table.extend(words(&[glyphs as i32, 1]));
        table.extend((header as u32 + 2).to_be_bytes());
        table.extend([0; 4].repeat(glyphs));
        let mut data = words(&[count.into(), 4 + 4 * i32::from(count)]);
        data.extend([0; 4].repeat(count.into()));
        table.extend((data.len() as u32).to_be_bytes());
        table.extend(words(&[0x4000]));
        table.extend(data);
        self.set(b"gvar", table);
    }

    /// Advances that vary with one region of so many axes, so many times.
    pub(crate) fn varied_advances(&mut self, axes: usize, regions: usize) {
        let mut table = words(&[1, 0, 0, 20, 0, 0, 0, 0, 0, 0]);
        let region = words(&[0, 0, 0].repeat(axes));
        let data = 12 + 4 + region.len();
        table.extend(words(&[1, 0, 12, 1, 0, data as i32, axes as i32, 1]));
        table.extend(region);
        table.extend(words(&[0, 0, regions as i32]));
        table.extend([0; 2].repeat(regions));
        self.set(b"HVAR", table);
    }

    /// The file's bytes.
    pub(crate) fn bytes(&self) -> Vec<u8> {
        collection_part(self, 0)
    }
}

/// A collection of one font, so many times.
pub(crate) fn repeated(file: &FontFile, count: usize) -> Vec<u8> {
    let start = 12 + 4 * count;
    let mut bytes = b"ttcf".to_vec();
    bytes.extend(words(&[1, 0, 0, count as i32]));
    bytes.extend((start as u32).to_be_bytes().repeat(count));
    bytes.extend(collection_part(file, start));
    bytes
}

/// A font of all letters whose outlines are programs that call subroutines `fan` times, which call
/// others as often, to a depth.
pub(crate) fn calling(fan: usize, depth: usize) -> FontFile {
    const NUMBER_0: u8 = 139;
    const NUMBER_1: u8 = 140;
    const LINE: u8 = 5;
    const CALL: u8 = 29;
    const MOVE: u8 = 21;
    const END: u8 = 14;
    // Numbers of subroutines are written less 107.
    let call = |subroutine: usize| [NUMBER_0 - 107 + subroutine as u8, CALL];
    let subroutines: Vec<Vec<u8>> = (0..depth)
        .map(|level| match level + 1 < depth {
            true => call(level + 1).repeat(fan),
            false => [NUMBER_1, NUMBER_0, LINE].repeat(fan),
        })
        .collect();
    let (glyphs, characters) = letters();
    let program = |glyph: usize| {
        let start = [NUMBER_0 + glyph as u8, NUMBER_0, MOVE];
        [&start[..], &call(0), &[END]].concat()
    };
    let programs: Vec<Vec<u8>> = (0..glyphs.len()).map(program).collect();
    let mut file = FontFile::new(&glyphs, &characters)
        .without(b"glyf")
        .without(b"loca");
    file.set(b"CFF ", cff(&programs, &subroutines));
    file.name(&[(1, "Calling"), (2, "Regular")]);
    file.os2(400, 5, 0, 0x40);
    file
}

/// A table of PostScript outlines: the glyphs' programs and the subroutines of all.
fn cff(programs: &[Vec<u8>], subroutines: &[Vec<u8>]) -> Vec<u8> {
    let start = [1, 0, 4, 4].to_vec();
    let name = index(&[b"A".to_vec()]);
    let subroutines = index(subroutines);
    // A number of five bytes, and what it is: where the programs are.
    let dictionary = |place: usize| [&[29], &(place as u32).to_be_bytes()[..], &[17]].concat();
    let before = [
        start,
        name,
        index(&[dictionary(0)]),
        index(&[]),
        subroutines.clone(),
    ];
    let place = before.concat().len();
    let [start, name, _, strings, _] = before;
    let dictionary = index(&[dictionary(place)]);
    [
        start,
        name,
        dictionary,
        strings,
        subroutines,
        index(programs),
    ]
    .concat()
}

/// A list of byte strings, as CFF has it.
fn index(items: &[Vec<u8>]) -> Vec<u8> {
    let mut bytes = words(&[items.len() as i32]);
    if items.is_empty() {
        return bytes;
    }
    bytes.push(4);
    let mut end = 1_u32;
    bytes.extend(end.to_be_bytes());
    for item in items {
        end += item.len() as u32;
        bytes.extend(end.to_be_bytes());
    }
    bytes.extend(items.concat());
    bytes
}

/// A collection of fonts.
pub(crate) fn collection(files: &[FontFile]) -> Vec<u8> {
    let mut header = b"ttcf".to_vec();
    header.extend(words(&[1, 0, 0, files.len() as i32]));
    let mut start = header.len() + 4 * files.len();
    let mut parts = Vec::new();
    for file in files {
        header.extend((start as u32).to_be_bytes());
        let part = collection_part(file, start);
        start += part.len();
        parts.extend(part);
    }
    [header, parts].concat()
}

fn collection_part(file: &FontFile, start: usize) -> Vec<u8> {
    let mut tables: Vec<_> = file.tables.iter().collect();
    tables.sort_by_key(|(tag, _)| *tag);
    let mut bytes = words(&[1, 0, tables.len() as i32, 0, 0, 0]);
    let mut place = bytes.len() + 16 * tables.len();
    for (tag, table) in &tables {
        bytes.extend(tag);
        for number in [0, (start + place) as u32, table.len() as u32] {
            bytes.extend(number.to_be_bytes());
        }
        place += table.len().next_multiple_of(4);
    }
    for (_, table) in tables {
        bytes.extend(table);
        bytes.resize(bytes.len().next_multiple_of(4), 0);
    }
    bytes
}

/// A table of characters of format 12, for Windows in an encoding: 1 Unicode, 0 symbols.
pub(crate) fn cmap(encoding: i32, characters: &[(char, u16)]) -> Vec<u8> {
    let groups: Vec<[u32; 3]> = characters
        .iter()
        .map(|&(character, glyph)| [character as u32, character as u32, glyph.into()])
        .collect();
    cmap_of_groups(encoding, &groups)
}

/// As [`cmap`], of first character, last character and first glyph.
pub(crate) fn cmap_of_groups(encoding: i32, groups: &[[u32; 3]]) -> Vec<u8> {
    let mut sorted = groups.to_vec();
    sorted.sort_unstable();
    let mut table = words(&[0, 1, 3, encoding, 0, 12, 12, 0]);
    let length = 16 + 12 * sorted.len() as u32;
    for number in [length, 0, sorted.len() as u32]
        .into_iter()
        .chain(sorted.concat())
    {
        table.extend(number.to_be_bytes());
    }
    table
}
