#!/usr/bin/env python3
"""Draws labelled pictures of text with one word in bold or italic letters; `styles` calls it.

    style_pictures.py FONTS DIR [--seed N]

Of every family of FONTS that has a plain and a bold or an italic face two pictures for each of
these, one clean and one worn, and two in which no word stands out. Chromium draws all of them.
DIR gets the pictures and labels.csv, in which `word_index` counts the words of the whole text from
0 and `kind` says whether the word is bold or italic, or none.
"""

import argparse
import collections
import csv
import dataclasses
import logging
import pathlib
import random
import sys

import cv2
import numpy

import languages
import renderers
import wear
from catalogue import Face, faces
from composition import broken, colours

PLAIN = {"regular", "roman", "book", "medium", "normal"}
KINDS = {"bold": "b", "italic": "i", "none": None}
SHORTEST_WORD = 4
COLUMNS = "picture family plain kind wear cap_height word_index word style text".split()


@dataclasses.dataclass
class Emphasis:
    """The word of a text that stands out, counted from 0, its tag and its face."""

    word: int
    tag: str
    face: Face


@dataclasses.dataclass
class Order:
    """A picture to be drawn."""

    face: Face
    kind: str
    emphasis: Emphasis | None
    wear: str
    cap_height: float
    size: float
    lines: list
    ink: tuple
    ground: tuple
    margin: int
    draw: random.Random

    @property
    def words(self):
        return " ".join(self.lines).split()


def role(style):
    """What a face is for, by its style's name: plain, bold, italic or something else.

    >>> [role(style) for style in ("Sans-Book", "12 Bold", "Oblique", "Bold Italic", "Light")]
    ['plain', 'bold', 'italic', None, None]
    """
    words = [word for word in style.lower().replace("-", " ").split() if word.isalpha()]
    last = words[-1] if words else ""
    if len([word for word in words if word != "sans"]) != 1:
        return None
    if last in PLAIN:
        return "plain"
    return {"bold": "bold", "italic": "italic", "oblique": "italic"}.get(last)


def families(folder):
    """Families with a plain and a bold or an italic face: their faces by what these are for."""
    found = collections.defaultdict(dict)
    for face in faces(folder):
        part = role(face.style)
        # "Regular" before "Medium", should a family have both.
        if part and (part not in found[face.family] or face.style.lower() == "regular"):
            found[face.family][part] = face
    return {
        family: parts
        for family, parts in sorted(found.items())
        if "plain" in parts and len(parts) > 1
    }


def order(family, parts, kind, wear_kind, seed, all_sentences):
    draw = random.Random(f"{seed} {family} {kind} {wear_kind}")
    face, other = parts["plain"], parts.get(kind)
    larger = wear.DRAWN_LARGER.get(wear_kind, 1.0)
    size = 14 * (50 / 14) ** draw.random() * larger / face.cap_height
    if draw.random() < 0.5:
        size = float(numpy.ceil(size))
    characters = face.characters & other.characters if other else face.characters
    fitting = [sentence for sentence in all_sentences if characters >= set(sentence)]
    if not fitting:
        return None
    lines = broken(draw.choice(fitting), draw.randrange(24, 60))
    words = " ".join(lines).split()
    # Without marks, of which nobody can tell whose they are.
    long = [i for i, word in enumerate(words) if word.isalpha() and len(word) >= SHORTEST_WORD]
    if not long:
        return None
    word = draw.choice(long)
    ink, ground = colours(draw)
    return Order(
        face=face,
        kind=kind,
        emphasis=Emphasis(word, KINDS[kind], other) if other else None,
        wear=wear_kind,
        cap_height=size * face.cap_height / larger,
        size=size,
        lines=lines,
        ink=ink,
        ground=ground,
        margin=round(size * draw.uniform(0.35, 1.0)),
        draw=draw,
    )


def orders(folder, seed):
    all_sentences = [sentence for sentence, _ in languages.sentences()]
    for number, (family, parts) in enumerate(families(folder).items()):
        for place, kind in enumerate(KINDS):
            if kind != "none" and kind not in parts:
                continue
            for wear_kind in ("none", wear.KINDS[(number + place) % len(wear.KINDS)]):
                one = order(family, parts, kind, wear_kind, seed, all_sentences)
                if one:
                    yield one


def finish(one, picture, path, folder):
    """Wears a drawn picture and writes it; its row of labels."""
    pixels = numpy.asarray(picture)[:, :, ::-1]
    if one.wear != "none":
        pixels = wear.worn(pixels, one.wear, one.cap_height, one.draw)
    cv2.imwrite(str(folder / path), pixels)
    emphasis = one.emphasis
    return dict(
        picture=path,
        family=one.face.family,
        plain=one.face.style,
        kind=one.kind,
        wear=one.wear,
        cap_height=f"{one.cap_height:.1f}",
        word_index=emphasis.word if emphasis else "",
        word=one.words[emphasis.word] if emphasis else "",
        style=emphasis.face.style if emphasis else "",
        text=" / ".join(one.lines),
    )


def main():
    arguments = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    arguments.add_argument("fonts", type=pathlib.Path, metavar="FONTS")
    arguments.add_argument("folder", type=pathlib.Path, metavar="DIR")
    arguments.add_argument("--seed", type=int, default=1)
    arguments = arguments.parse_args()
    logging.disable(logging.WARNING)
    every = list(orders(arguments.fonts, arguments.seed))
    if not every:
        sys.exit(f"{arguments.fonts} holds no family with a bold or an italic face")
    for side in ("clean", "worn"):
        (arguments.folder / side).mkdir(parents=True, exist_ok=True)
    rows, number = [], 0
    for count, page in enumerate(renderers.pages(every)):
        pictures = renderers.with_chromium(page, count)
        for (one, *_), picture in zip(page, pictures):
            side = "clean" if one.wear == "none" else "worn"
            name = "".join(c if c.isalnum() else "-" for c in f"{one.face.family} {one.kind}")
            ending = "jpg" if one.wear in {"jpeg", "photo"} else "png"
            path = f"{side}/{number:04}-{name}.{ending}"
            number += 1
            if picture is None:
                print(f"left out: Chromium does not take {one.face.family}", file=sys.stderr)
                continue
            rows.append(finish(one, picture, path, arguments.folder))
    with open(arguments.folder / "labels.csv", "w", encoding="utf8", newline="") as file:
        writer = csv.DictWriter(file, COLUMNS)
        writer.writeheader()
        writer.writerows(rows)
    families_drawn = len({row["family"] for row in rows})
    print(f"{len(rows)} pictures of {families_drawn} families in {arguments.folder}")


if __name__ == "__main__":
    main()
