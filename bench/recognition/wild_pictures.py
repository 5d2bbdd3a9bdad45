#!/usr/bin/env python3
"""Draws labelled pictures as people have them, a folder a kind; `wild` calls it.

    wild_pictures.py FONTS DIR [--each N] [--seed N]

Each kind is a function below; its sentence says what the pictures show. Pillow draws them with the
faces of FONTS/known, those of the whole catalogue with FONTS/google, too; words and sentences are
those of sentences.txt, photographs those that come with scikit-image. labels.csv says of each
picture its kind, family, text and number of lines; "textures" and "photographs" have none.
"""

import argparse
import colorsys
import csv
import dataclasses
import logging
import pathlib
import random
import sys

import numpy
import skimage
from PIL import Image, ImageDraw, ImageFont

import languages
from catalogue import faces
from composition import broken

COLUMNS = "picture kind family lines text".split()
# Of scikit-image's pictures those that show a thing and no letters.
PHOTOGRAPHS = """astronaut.png brick.png camera.png cell.png chelsea.png coffee.png coins.png
grass.png gravel.png horse.png hubble_deep_field.jpg ihc.png moon.png motorcycle_left.png retina.jpg
rocket.jpg""".split()
SCRIPTS = ("Dancing", "Lobster", "Leckerli", "Kaushan")
THREE_LETTERS = "fog Qua Hey gym jog ply buy Sky egg Pig log fly pay Mug quo joy yes Key gap Typ".split()
SHORTEST_CONTRAST = 90
GREEK = [
    "Το τρένο φεύγει νωρίς",
    "Η θάλασσα ήταν ήσυχη χθες",
    "Φρέσκο ψωμί κάθε πρωί",
    "Παρακαλώ μην ακουμπάτε",
    "Ο κήπος ανοίγει στις εννέα",
    "Γράμματα από το νησί",
]
CYRILLIC = [
    "Поезд уходит рано утром",
    "Свежий хлеб каждый день",
    "Выставка открыта до мая",
    "Осторожно, ступеньки",
    "Старая мельница у реки",
    "Письма с другого берега",
]


def luma(colour):
    red, green, blue = colour
    return 0.299 * red + 0.587 * green + 0.114 * blue


@dataclasses.dataclass
class Drawn:
    """A picture and what it shows."""

    picture: Image.Image
    family: str
    lines: list


class Draw:
    """Random choices, and text drawn by them."""

    def __init__(self, all_faces, seed):
        self.random = random.Random(seed)
        self.faces = all_faces
        # Of the picture within its kind.
        self.number = 0
        self.sentences = [sentence for sentence, _ in languages.sentences()]

    def face(self, wanted=lambda face: True):
        families = sorted({face.family for face in self.faces if wanted(face)})
        family = self.random.choice(families)
        return self.random.choice([face for face in self.faces if face.family == family and wanted(face)])

    def sentence(self, face):
        fitting = [one for one in self.sentences if face.characters >= set(one)]
        return self.random.choice(fitting or ["Fresh bread every day"])

    def word(self, face, least=4, most=10):
        words = [word for word in self.sentence(face).split() if word.isalpha()]
        fitting = [word for word in words if least <= len(word) <= most]
        return self.random.choice(fitting) if fitting else "Abrupt"

    def size(self, least, most):
        return least * (most / least) ** self.random.random()

    def colours(self):
        while True:
            one, other = ([self.random.randrange(256) for _ in range(3)] for _ in range(2))
            if abs(luma(one) - luma(other)) > SHORTEST_CONTRAST:
                return tuple(one), tuple(other)

    def photograph(self, size=(640, 480)):
        folder = pathlib.Path(skimage.__file__).parent / "data"
        with Image.open(folder / self.random.choice(PHOTOGRAPHS)) as picture:
            picture = picture.convert("RGB")
        # A part of it, another each time.
        width, height = picture.size
        across = self.random.uniform(0.6, 1.0)
        left, top = (self.random.uniform(0, (1 - across) * side) for side in (width, height))
        part = (left, top, left + across * width, top + across * height)
        return picture.resize(size, Image.Resampling.BICUBIC, part)


def font(face, cap_height):
    return ImageFont.truetype(str(face.file), max(4, round(cap_height / face.cap_height)))


def cap_height(face, of):
    return round(of.size * face.cap_height)


def plain(face, lines, capitals, ink=(0, 0, 0), ground=(255, 255, 255), margin=1.0):
    """Lines in a picture of their own."""
    of = font(face, capitals)
    lefts, tops, rights, bottoms = zip(*(of.getbbox(line, anchor="ls") for line in lines))
    edge, step = int(margin * capitals), int(2.3 * capitals)
    width = max(rights) - min(lefts) + 2 * edge
    height = bottoms[-1] - tops[0] + 2 * edge + step * (len(lines) - 1)
    picture = Image.new("RGB", (int(width), int(height)), ground)
    draw = ImageDraw.Draw(picture)
    for number, line in enumerate(lines):
        place = (edge - min(lefts), edge - tops[0] + number * step)
        draw.text(place, line, font=of, fill=ink, anchor="ls")
    return picture


def one_word(draw):
    """A word of 4 to 10 letters, capitals of 64 pixels."""
    face = draw.face()
    word = draw.word(face)
    return Drawn(plain(face, [word], 64), face.family, [word])


def three_letters(draw):
    """Three letters, most of them with parts below the baseline."""
    face = draw.face()
    word = draw.random.choice(THREE_LETTERS)
    return Drawn(plain(face, [word], draw.size(16, 64)), face.family, [word])


def one_letter(draw):
    """A letter, small or capital."""
    face = draw.face()
    letter = draw.random.choice("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ")
    return Drawn(plain(face, [letter], 64), face.family, [letter])


def abrupt(draw):
    """The word "Abrupt" in every family, capitals of 64 pixels, as WhatFontIs's benchmark has it."""
    family = sorted({face.family for face in draw.faces})[draw.number]
    regular = [face for face in draw.faces if face.family == family]
    face = min(regular, key=lambda face: (face.style not in ("Regular", "Book", "Roman"), face.style))
    return Drawn(plain(face, ["Abrupt"], 64), family, ["Abrupt"])


def in_script(draw, sentences):
    face = draw.face(lambda face: all(face.characters >= set(one) for one in sentences))
    text = draw.random.choice(sentences)
    return Drawn(plain(face, [text], draw.size(16, 40)), face.family, [text])


def greek(draw):
    """A line in Greek, in families that have it."""
    return in_script(draw, GREEK)


def cyrillic(draw):
    """A line in Russian, in families that have it."""
    return in_script(draw, CYRILLIC)


def script(draw):
    """A word or a line in a script whose letters touch."""
    face = draw.face(lambda face: any(script in face.family for script in SCRIPTS))
    text = draw.word(face) if draw.random.random() < 0.5 else broken(draw.sentence(face), 30)[0]
    return Drawn(plain(face, [text], draw.size(16, 64)), face.family, [text])


def box(draw):
    """A button or a label: text in a coloured box that is little higher than its letters."""
    face = draw.face()
    of = font(face, draw.size(9, 40))
    text = draw.word(face) if draw.random.random() < 0.5 else broken(draw.sentence(face), 20)[0]
    capitals, ink_and_ground = cap_height(face, of), draw.colours()
    left, top, right, bottom = of.getbbox(text, anchor="ls")
    down, across = draw.random.uniform(0.1, 0.5) * capitals, draw.random.uniform(0.3, 0.9) * capitals
    width = int(right - left + 2 * across)
    height = int(max(capitals, -top) + max(0, bottom) + 2 * down)
    page = draw.random.choice([(255, 255, 255), (245, 245, 245), (20, 20, 20)])
    x, y = draw.random.randrange(20, 100), draw.random.randrange(15, 80)
    picture = Image.new("RGB", (width + 120, height + 100), page)
    pen = ImageDraw.Draw(picture)
    ink, ground = ink_and_ground
    radius = draw.random.choice([0, 0, 3, height // 2])
    pen.rounded_rectangle((x, y, x + width, y + height), radius=radius, fill=ground)
    baseline = y + down + max(capitals, -top)
    pen.text((x + across - left, baseline), text, font=of, fill=ink, anchor="ls")
    return Drawn(picture, face.family, [text])


def ruled(draw, place):
    face = draw.face()
    of = font(face, draw.size(11, 30))
    capitals = cap_height(face, of)
    lines = [broken(draw.sentence(face), 26)[0] for _ in range(2)]
    picture = plain(face, lines, capitals)
    lefts, tops, _, _ = zip(*(of.getbbox(line, anchor="ls") for line in lines))
    pen = ImageDraw.Draw(picture)
    for number, line in enumerate(lines):
        baseline = capitals - tops[0] + number * int(2.3 * capitals)
        top = baseline + round(place * capitals)
        left = capitals - min(lefts)
        rule = (left, top, left + of.getlength(line), top + max(1, round(0.09 * capitals)) - 1)
        pen.rectangle(rule, fill=(0, 0, 0))
    return Drawn(picture, face.family, lines)


def underlined(draw):
    """Two underlined lines."""
    return ruled(draw, 0.16)


def struck_through(draw):
    """Two lines struck through."""
    return ruled(draw, -0.36)


def transparent(draw):
    """White letters and nothing else: their coverage is the opacity."""
    face = draw.face()
    lines = broken(draw.sentence(face), 30)[:2]
    coverage = plain(face, lines, draw.size(14, 40)).convert("L").point(lambda level: 255 - level)
    picture = Image.new("RGBA", coverage.size, (255, 255, 255, 255))
    picture.putalpha(coverage)
    return Drawn(picture, face.family, lines)


def equal_lightness(draw):
    """Letters and ground of different colour and the same luma."""
    face = draw.face()
    lines = broken(draw.sentence(face), 30)[:2]
    hue, level = draw.random.random(), draw.random.uniform(60, 110)

    def colour(hue):
        rgb = [255 * part for part in colorsys.hsv_to_rgb(hue % 1, 0.85, 1)]
        return tuple(int(min(1, level / luma(rgb)) * part) for part in rgb)

    picture = plain(face, lines, draw.size(14, 40), colour(hue), colour(hue + 0.45))
    return Drawn(picture, face.family, lines)


def aliased(draw):
    """Letters without grey."""
    face = draw.face()
    of = font(face, draw.size(9, 22))
    text = broken(draw.sentence(face), 34)[0]
    picture = Image.new("1", (int(of.getlength(text)) + 40, int(of.size * 2.4)), 1)
    pen = ImageDraw.Draw(picture)
    pen.fontmode = "1"
    pen.text((20, int(of.size * 1.5)), text, font=of, fill=0, anchor="ls")
    return Drawn(picture.convert("L"), face.family, [text])


def poster(draw):
    """Two or three white words over a darkened photograph."""
    face = draw.face()
    words = [word for word in draw.sentence(face).split() if len(word) > 2][:3]
    text = " ".join(words) or "Summer Fest"
    picture = draw.photograph().point(lambda level: int(0.7 * level))
    of = font(face, draw.size(30, 90))
    if of.getlength(text) > 600:
        of = ImageFont.truetype(of.path, max(8, int(of.size * 600 / of.getlength(text))))
    place = ((640 - of.getlength(text)) / 2, draw.random.uniform(180, 420))
    ImageDraw.Draw(picture).text(place, text, font=of, fill=(255, 255, 255), anchor="ls")
    return Drawn(picture, face.family, [text])


def photograph(draw):
    """A photograph without text."""
    return Drawn(draw.photograph(), "", [])


def texture(draw):
    """Noise of several scales, without text."""
    numbers = numpy.random.default_rng(draw.random.randrange(1 << 30))
    sides, levels = [4 << octave for octave in range(6)], numpy.zeros((480, 640))
    for side in sides[draw.random.randrange(3) :]:
        noise = Image.fromarray(numbers.integers(0, 256, (side, side), dtype=numpy.uint8))
        levels += numpy.asarray(noise.resize((640, 480), Image.Resampling.BICUBIC), float) / side**0.5
    levels = 255 * (levels - levels.min()) / (levels.max() - levels.min())
    return Drawn(Image.fromarray(levels.astype(numpy.uint8)), "", [])


def mixed_faces(draw):
    """Six lines in two faces of a family in turn."""
    counts = {}
    for face in draw.faces:
        counts[face.family] = counts.get(face.family, 0) + 1
    family = draw.face(lambda face: counts[face.family] > 1).family
    both = draw.random.sample([face for face in draw.faces if face.family == family], 2)
    size = draw.size(14, 24)
    lines = [broken(draw.sentence(both[number % 2]), 30)[0] for number in range(6)]
    parts = [plain(both[number % 2], [line], size, margin=0.6) for number, line in enumerate(lines)]
    width = max(part.width for part in parts)
    picture = Image.new("RGB", (width, sum(part.height for part in parts)), (255, 255, 255))
    top = 0
    for part in parts:
        picture.paste(part, (0, top))
        top += part.height
    return Drawn(picture, family, lines)


def cut_out(draw):
    """Five lines, the first and the last cut through."""
    face = draw.face()
    capitals = draw.size(14, 26)
    lines = [broken(draw.sentence(face), 30)[0] for _ in range(5)]
    picture = plain(face, lines, capitals)
    cut = int(1.5 * capitals)
    return Drawn(picture.crop((0, cut, picture.width, picture.height - cut)), face.family, lines[1:-1])


def turned(draw):
    """Two lines turned by 90, 180 or 270 degrees."""
    face = draw.face()
    lines = broken(draw.sentence(face), 26)[:2]
    picture = plain(face, lines, draw.size(14, 50))
    way = draw.random.choice([Image.Transpose.ROTATE_90, Image.Transpose.ROTATE_180, Image.Transpose.ROTATE_270])
    return Drawn(picture.transpose(way), face.family, lines)


def subtitle(draw):
    """One or two lines in the lower third of a still: outlined, or on a dark box that lets it through."""
    face = draw.face()
    picture = draw.photograph((960, 540))
    lines = broken(draw.sentence(face), 34)[: draw.random.choice([1, 2])]
    of = font(face, draw.size(20, 32))
    ink = draw.random.choice([(255, 255, 255), (255, 235, 59)])
    boxed = draw.random.random() < 0.5
    step = int(1.35 * of.size)
    baseline = 500 - step * (len(lines) - 1)
    for number, line in enumerate(lines):
        left, top, right, bottom = of.getbbox(line, anchor="ls")
        place = ((960 - right) / 2, baseline + number * step)
        if boxed:
            shade = Image.new("RGBA", picture.size, (0, 0, 0, 0))
            box = (place[0] + left - 10, place[1] + top - 6, place[0] + right + 10, place[1] + bottom + 6)
            ImageDraw.Draw(shade).rectangle(box, fill=(0, 0, 0, 170))
            picture.paste(shade, (0, 0), shade)
        edge = {} if boxed else dict(stroke_width=max(1, round(of.size / 14)), stroke_fill=(0, 0, 0))
        ImageDraw.Draw(picture).text(place, line, font=of, fill=ink, anchor="ls", **edge)
    return Drawn(picture, face.family, lines)


def large_poster(draw):
    """Two words of capitals, up to a third of the picture's height each, over a photograph."""
    face = draw.face()
    words = [word.upper() for word in draw.sentence(face).split() if word.isalpha() and 3 < len(word) < 9][:2]
    words = words or ["SUMMER", "FEST"]
    picture = draw.photograph((1280, 900)).point(lambda level: int(0.75 * level))
    pen = ImageDraw.Draw(picture)
    capitals = draw.size(90, 240)
    baseline = 420
    for word in words:
        of = font(face, capitals)
        if of.getlength(word) > 1150:
            of = ImageFont.truetype(of.path, int(of.size * 1150 / of.getlength(word)))
        pen.text(((1280 - of.getlength(word)) / 2, baseline), word, font=of, fill=(255, 255, 255), anchor="ls")
        baseline += int(1.35 * capitals)
    return Drawn(picture, face.family, words)


def in_perspective(picture, ground, corners):
    """A picture laid on a ground so that its corners come to lie at these."""
    width, height = picture.size
    rows = []
    for (x, y), (u, v) in zip(corners, [(0, 0), (width, 0), (width, height), (0, height)]):
        rows.append([x, y, 1, 0, 0, 0, -u * x, -u * y])
        rows.append([0, 0, 0, x, y, 1, -v * x, -v * y])
    wanted = [part for corner in [(0, 0), (width, 0), (width, height), (0, height)] for part in corner]
    of = numpy.linalg.solve(numpy.array(rows, float), numpy.array(wanted, float))
    shape = dict(size=ground.size, method=Image.Transform.PERSPECTIVE, data=tuple(of))
    laid = picture.transform(**shape, resample=Image.Resampling.BICUBIC)
    mask = Image.new("L", picture.size, 255).transform(**shape, resample=Image.Resampling.BILINEAR)
    ground.paste(laid, (0, 0), mask)
    return ground


def sign(draw):
    """A coloured board with a word or two, seen from the side, in a photograph."""
    face = draw.face()
    words = [word for word in draw.sentence(face).split() if len(word) > 3][: draw.random.choice([1, 2])]
    text = " ".join(words) or "Harbour"
    ink, ground = draw.colours()
    board = plain(face, [text], 60, ink, ground, margin=0.8)
    width = draw.random.uniform(300, 560)
    height = width * board.height / board.width
    x, y = draw.random.uniform(30, 800 - width - 30), draw.random.uniform(60, max(61, 520 - height))
    lean, shrink = draw.random.uniform(-0.22, 0.22) * width, draw.random.uniform(0.6, 1.0)
    corners = [(x, y), (x + width, y + lean), (x + width, y + lean + shrink * height), (x, y + height)]
    if draw.random.random() < 0.5:
        corners = [(x, y + lean), (x + width, y), (x + width, y + height), (x, y + lean + shrink * height)]
    picture = in_perspective(board, draw.photograph((800, 600)), corners)
    return Drawn(picture, face.family, [text])


def screen(draw):
    """Three lines on a screen, photographed: its stripes of colour beat with the camera's pixels."""
    face = draw.face()
    lines = broken(draw.sentence(face), 30)[:3]
    dark = draw.random.random() < 0.5
    colours = ((230, 230, 230), (25, 25, 30)) if dark else ((20, 20, 20), (245, 245, 245))
    page = numpy.asarray(plain(face, lines, draw.size(12, 20), *colours), float)
    height, width, _ = page.shape
    # Three stripes a pixel, dark seams between rows.
    lit = numpy.zeros((4 * height, 3 * width, 3))
    for stripe in range(3):
        for row in range(3):
            lit[row::4, stripe::3, stripe] = page[:, :, stripe]
    lit = Image.fromarray(lit.astype(numpy.uint8))
    lit = lit.resize((3 * width, 3 * height), Image.Resampling.BOX)
    lit = lit.rotate(draw.random.uniform(-4, 4), Image.Resampling.BILINEAR, expand=True, fillcolor=(40, 40, 40))
    scale = draw.random.uniform(0.4, 0.75)
    size = (int(scale * lit.width), int(scale * lit.height))
    shot = numpy.asarray(lit.resize(size, Image.Resampling.BILINEAR, reducing_gap=None), float)
    noise = numpy.random.default_rng(draw.random.randrange(1 << 30)).normal(0, 5, shot.shape)
    picture = Image.fromarray(numpy.clip(3.8 * shot + noise, 0, 255).astype(numpy.uint8))
    return Drawn(picture, face.family, lines)


def outlined(draw):
    """Letters with an outline, filled with another colour or with the ground's, on colour or a photograph."""
    face = draw.face()
    text = broken(draw.sentence(face), 16)[0]
    of = font(face, draw.size(36, 90))
    left, top, right, bottom = of.getbbox(text, anchor="ls")
    size = (int(right - left + of.size), int(bottom - top + 1.2 * of.size))
    if draw.random.random() < 0.5:
        picture = draw.photograph(size)
    else:
        picture = Image.new("RGB", size, tuple(draw.random.randrange(60, 256) for _ in range(3)))
    ink, edge = draw.random.choice([((255, 255, 255), (0, 0, 0)), ((0, 0, 0), (255, 255, 255)), draw.colours()])
    place = (of.size / 2 - left, 0.6 * of.size - top)
    stroke = max(2, round(of.size / 18))
    ImageDraw.Draw(picture).text(
        place, text, font=of, fill=ink, anchor="ls", stroke_width=stroke, stroke_fill=edge
    )
    return Drawn(picture, face.family, [text])


def any_angle(draw):
    """Two lines turned by any angle."""
    face = draw.face()
    lines = broken(draw.sentence(face), 26)[:2]
    ink, ground = draw.random.choice([((0, 0, 0), (255, 255, 255)), draw.colours()])
    picture = plain(face, lines, draw.size(16, 40), ink, ground)
    angle = draw.random.uniform(0, 360)
    turned = picture.rotate(angle, Image.Resampling.BICUBIC, expand=True, fillcolor=ground)
    return Drawn(turned, face.family, lines)


def interface(draw):
    """Labels of an interface, capitals of 7 to 9 pixels, on panels of several greys."""
    face = draw.face()
    capitals = draw.random.choice([7, 8, 9])
    of = font(face, capitals)
    dark = draw.random.random() < 0.5
    panels = [(32, 33, 36), (45, 46, 50), (24, 24, 27)] if dark else [(255, 255, 255), (243, 244, 246), (229, 231, 235)]
    ink = (225, 225, 225) if dark else (55, 60, 70)
    picture = Image.new("RGB", (560, 300), panels[0])
    pen = ImageDraw.Draw(picture)
    pen.rectangle((0, 0, 150, 300), fill=panels[1])
    pen.line((150, 0, 150, 300), fill=panels[2])
    lines = []
    for number in range(5):
        y = 40 + 50 * number
        word, label = draw.word(face), broken(draw.sentence(face), 40)[0]
        pen.rectangle((14, y - 10, 24, y), outline=ink)
        pen.text((34, y), word, font=of, fill=ink, anchor="ls")
        pen.text((180, y), label, font=of, fill=ink, anchor="ls")
        pen.line((170, y + 18, 540, y + 18), fill=panels[2])
        lines.extend([word, label])
    return Drawn(picture, face.family, lines)


KINDS = [
    one_word,
    three_letters,
    one_letter,
    script,
    box,
    underlined,
    struck_through,
    transparent,
    equal_lightness,
    aliased,
    mixed_faces,
    cut_out,
    turned,
    any_angle,
    interface,
    poster,
    large_poster,
    subtitle,
    sign,
    screen,
    outlined,
    photograph,
    texture,
]
# With the whole catalogue; the first has a picture of every family.
OF_CATALOGUE = [abrupt, greek, cyrillic]


def main():
    arguments = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    arguments.add_argument("fonts", type=pathlib.Path, metavar="FONTS")
    arguments.add_argument("folder", type=pathlib.Path, metavar="DIR")
    arguments.add_argument("--each", type=int, default=60, metavar="N", help="pictures a kind (60)")
    arguments.add_argument("--seed", type=int, default=1)
    arguments = arguments.parse_args()
    logging.disable(logging.WARNING)
    known = arguments.fonts / "known"
    catalogue = faces(known, arguments.fonts / "google")
    of_known = [face for face in catalogue if face.file.is_relative_to(known.resolve())]
    # What is no letters, or boxes around them, has kinds of its own.
    all_faces = [face for face in of_known if "OCR" not in face.family]
    if not all_faces:
        sys.exit(f"{known} holds no face")
    rows = []
    for kind in KINDS + OF_CATALOGUE:
        name = kind.__name__.replace("_", " ")
        folder = arguments.folder / name.replace(" ", "-")
        folder.mkdir(parents=True, exist_ok=True)
        draw = Draw(catalogue if kind in OF_CATALOGUE else all_faces, f"{arguments.seed} {name}")
        count = len({face.family for face in catalogue}) if kind is abrupt else arguments.each
        for draw.number in range(count):
            drawn = kind(draw)
            number = draw.number
            path = f"{folder.name}/{number:03}.png"
            drawn.picture.save(arguments.folder / path)
            text = " / ".join(drawn.lines)
            rows.append(dict(picture=path, kind=name, family=drawn.family, lines=len(drawn.lines), text=text))
    with open(arguments.folder / "labels.csv", "w", encoding="utf8", newline="") as file:
        writer = csv.DictWriter(file, COLUMNS)
        writer.writeheader()
        writer.writerows(rows)
    print(f"{len(rows)} pictures of {len(KINDS + OF_CATALOGUE)} kinds in {arguments.folder}")


if __name__ == "__main__":
    main()
