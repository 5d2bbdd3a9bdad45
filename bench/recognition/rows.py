"""The labelled pictures that are read, and samples of them."""

import csv
import dataclasses
import hashlib
import pathlib

import numpy
from PIL import Image, ImageDraw, ImageFont

from languages import Languages

# Letters whose small form is another one than the capital.
TWO_FORMS = "abdefghnqrt"
GROUPS = ["clean", "worn", "enrolled", "enrolled worn", "unknown", "unknown worn"]


@dataclasses.dataclass(frozen=True)
class Row:
    """A picture and what is known of it."""

    picture: str
    path: pathlib.Path
    group: str
    renderer: str
    wear: str
    cap_height: float
    family: str
    # Whether the face draws small letters as capitals, so that nobody can tell them apart.
    caseless: bool
    lines: tuple
    languages: tuple


def shape(font, letter):
    """What a letter looks like, whatever its size: 24 by 24 grey levels; None if like nothing."""
    left, top, right, bottom = font.getbbox(letter)
    if right <= left or bottom <= top:
        return None
    picture = Image.new("L", (right - left, bottom - top))
    ImageDraw.Draw(picture).text((-left, -top), letter, 255, font)
    return numpy.asarray(picture.resize((24, 24)), float)


def is_caseless(file):
    """Whether a font draws small letters in the form of capitals, of whatever height.

    The levels of a small letter and its capital correlate by 0.68 to 1 there, else by at most 0.61.
    """
    font = ImageFont.truetype(str(file), 96)
    pairs = [(shape(font, letter), shape(font, letter.upper())) for letter in TWO_FORMS]
    if any(form is None for pair in pairs for form in pair):
        return False
    alike = [numpy.corrcoef(small.flat, large.flat)[0, 1] for small, large in pairs]
    return float(numpy.median(alike)) > 0.65


def caseless_files(fonts):
    """The names of the fonts in a folder that have no small letters of their own."""
    files = {file.name: file for file in sorted(fonts.rglob("*.[to]tf"))}
    return {name for name, file in files.items() if is_caseless(file)}


def load(folder, fonts):
    languages, caseless = Languages(), caseless_files(fonts)
    with open(folder / "labels.csv", encoding="utf8", newline="") as file:
        labels = list(csv.DictReader(file))
    rows = []
    for label in labels:
        lines = tuple(label["text"].split(" / "))
        rows.append(
            Row(
                picture=label["picture"],
                path=folder / label["picture"],
                group=label["group"],
                renderer=label["renderer"],
                wear=label["wear"],
                cap_height=float(label["cap_height"]),
                family=label["family"],
                caseless=label["file"] in caseless,
                lines=lines,
                languages=tuple(map(languages.of, lines)),
            )
        )
    return rows


def sample(rows, count, seed=""):
    """So many rows, spread evenly over groups, programs and wear; the same for the same seed."""
    if count is None or count >= len(rows):
        return rows

    def place(row):
        chance = hashlib.sha256((seed + row.picture).encode()).hexdigest()
        return GROUPS.index(row.group), row.renderer, row.wear, chance

    ordered = sorted(rows, key=place)
    return [ordered[index * len(ordered) // count] for index in range(count)]
