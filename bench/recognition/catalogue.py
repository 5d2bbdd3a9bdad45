"""The faces of a folder, by their own tables as fontTools reads them."""

import dataclasses
import pathlib
import sys

from fontTools.pens.boundsPen import BoundsPen
from fontTools.pens.recordingPen import RecordingPen
from fontTools.ttLib import TTFont

LETTERS = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
COMPARED = LETTERS + "0123456789.,;:!?&-"
FEWEST_SHAPES = 20


@dataclasses.dataclass(frozen=True)
class Face:
    """One face: its names, its file, its height of capitals in em and its characters."""

    family: str
    style: str
    full_name: str
    file: pathlib.Path
    cap_height: float
    characters: frozenset


def name(font, *ids):
    """A name, in English if the font has that: the first of the ids that there is."""
    table = font["name"]
    for id_ in ids:
        english = table.getName(id_, 3, 1, 0x409) or table.getName(id_, 1, 0, 0)
        text = str(english or table.getDebugName(id_) or "").strip()
        if text:
            return text
    return ""


def drawing(font):
    """What a face draws for letters, digits and marks; none if it cannot set Latin text."""
    glyphs, cmap, metrics = font.getGlyphSet(), font.getBestCmap() or {}, font["hmtx"]
    if any(ord(letter) not in cmap for letter in LETTERS):
        return None
    shapes, whole = set(), [font["head"].unitsPerEm]
    for letter in COMPARED:
        glyph = cmap.get(ord(letter))
        if glyph is None:
            continue
        pen = RecordingPen()
        glyphs[glyph].draw(pen)
        shape = str(pen.value)
        whole.append((shape, metrics[glyph][0]))
        if letter in LETTERS and pen.value:
            shapes.add(shape)
    return hash(tuple(whole)) if len(shapes) >= FEWEST_SHAPES else None


def is_symbolic(font):
    panose = getattr(font.get("OS/2"), "panose", None)
    return panose is not None and panose.bFamilyType == 5


def faces(*folders):
    """The faces that set Latin text, each once, in the order of the folders and their files.

    Variable fonts are left out: not all the programs draw named instances.
    """
    found, seen = [], {}
    for file in (file for folder in folders for file in sorted(pathlib.Path(folder).rglob("*"))):
        if file.suffix.lower() not in {".ttf", ".otf"}:
            continue
        try:
            font = TTFont(file)
            if "fvar" in font or is_symbolic(font):
                continue
            drawn = drawing(font)
        except Exception as problem:  # Whatever a damaged font raises.
            print(f"left out: {file}: {problem}", file=sys.stderr)
            continue
        if drawn is None or drawn in seen:
            continue
        seen[drawn] = file
        cmap = font.getBestCmap()
        bounds = BoundsPen(font.getGlyphSet())
        font.getGlyphSet()[cmap[ord("H")]].draw(bounds)
        family = name(font, 16, 1) or file.stem
        style = name(font, 17, 2) or "Regular"
        found.append(
            Face(
                family=family,
                style=style,
                full_name=name(font, 4) or f"{family} {style}",
                file=file.resolve(),
                cap_height=(bounds.bounds[3] - max(0, bounds.bounds[1])) / font["head"].unitsPerEm,
                characters=frozenset(map(chr, cmap)),
            )
        )
    return found
