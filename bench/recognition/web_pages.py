#!/usr/bin/env python3
"""Draws pages of the web as Chromium shows them, each with text in three families; `web` calls it.

    web_pages.py FONTS DIR [--each N] [--seed N]

A page has a heading in one family; a menu, paragraphs, a button and a foot in another; a quotation or
a table in a third. labels.csv has a row for each family of each page: the page's picture, its kind
("plain", "tinted" or "dark"), the family, and the number of lines and the words of the whole page.
"""

import argparse
import csv
import html
import logging
import pathlib
import random
import sys

import languages
import renderers
from catalogue import faces

COLUMNS = "picture kind family lines text".split()
KINDS = {
    "plain": ("#222", "#fff", "#0b57d0", "#f1f3f4"),
    "tinted": ("#3b2f2f", "#faf3e7", "#8a3324", "#efe2cc"),
    "dark": ("#e6e6e6", "#16181d", "#8ab4f8", "#262a33"),
}
WIDTH, HEIGHT = 1280, 1000
# Handwriting and wide capitals set no paragraphs.
NOT_FOR_TEXT = ("Script", "Dancing", "Lobster", "Kaushan", "Leckerli", "Chorus", "Initials")


def plain_faces(folder):
    """A plain face a family, of the families that set paragraphs."""
    found = {}
    for face in faces(folder):
        if any(word in face.family for word in NOT_FOR_TEXT):
            continue
        if face.style.lower() in {"regular", "book", "roman", "normal"}:
            found.setdefault(face.family, face)
    return list(found.values())


def sentences(draw, face, count):
    fitting = [one for one, _ in languages.sentences() if face.characters >= set(one)]
    return [draw.choice(fitting) for _ in range(count)] if fitting else None


def page(draw, chosen, kind):
    """A page's HTML and its pieces of text, or None where a face has not all their characters."""
    ink, ground, accent, panel = KINDS[kind]
    texts = [sentences(draw, face, count) for face, count in zip(chosen, (1, 9, 4))]
    if not all(texts):
        return None
    (heading,), body, third = texts
    heading = " ".join(heading.split()[:7])
    menu = [" ".join(sentence.split()[:2]) for sentence in body[:4]]
    paragraphs = [" ".join(body[4:6]), " ".join(body[6:8])]
    foot, button = body[8], " ".join(body[5].split()[:3])
    rules = "".join(renderers.font_face(number, face.file) for number, face in enumerate(chosen))
    if draw.random() < 0.5:
        third_html = "<blockquote>" + "<br>".join(map(html.escape, third[:3])) + "</blockquote>"
        third_text = third[:3]
    else:
        rows = [sentence.split()[:4] for sentence in third]
        cells = ["".join(f"<td>{html.escape(word)}</td>" for word in row) for row in rows]
        third_html = "<table>" + "".join(f"<tr>{row}</tr>" for row in cells) + "</table>"
        third_text = [" ".join(row) for row in rows]
    size = draw.choice([15, 16, 17, 18])
    markup = (
        f"<!doctype html><meta charset=utf-8><style>{rules}"
        f" body {{ margin: 0; color: {ink}; background: {ground}; font: {size}px/1.55 f1 }}"
        f" h1 {{ font: {draw.randrange(32, 56)}px/1.2 f0; margin: 32px 0 20px }}"
        f" nav, footer {{ background: {panel}; padding: 14px 60px }}"
        f" nav span {{ margin-right: 42px; color: {accent} }}"
        " main { padding: 0 60px; max-width: 860px }"
        f" blockquote, table {{ font: {size + 2}px/1.6 f2; margin: 24px 30px }}"
        f" td {{ border: 1px solid {accent}; padding: 5px 16px }}"
        f" b {{ font-weight: normal; background: {accent}; color: {ground};"
        " padding: 8px 20px; border-radius: 5px }"
        f" footer {{ font-size: {size - 2}px; margin-top: 30px }}</style>"
        f"<nav>{''.join(f'<span>{html.escape(one)}</span>' for one in menu)}</nav>"
        f"<main><h1>{html.escape(heading)}</h1><p>{html.escape(paragraphs[0])}</p>{third_html}"
        f"<p>{html.escape(paragraphs[1])}</p><p><b>{html.escape(button)}</b></p></main>"
        f"<footer>{html.escape(foot)}</footer>"
        # A font that was refused must not be taken for another one.
        "<script>document.fonts.ready.then(() => {"
        " if ([...document.fonts].some(font => font.status != 'loaded'))"
        " document.body.innerHTML = '' })</script>"
    )
    return markup, [*menu, heading, paragraphs[0], *third_text, paragraphs[1], button, foot]


def main():
    arguments = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    arguments.add_argument("fonts", type=pathlib.Path, metavar="FONTS")
    arguments.add_argument("folder", type=pathlib.Path, metavar="DIR")
    arguments.add_argument("--each", type=int, default=16, help="pages a kind (16)")
    arguments.add_argument("--seed", type=int, default=1)
    arguments = arguments.parse_args()
    logging.disable(logging.WARNING)
    all_faces = plain_faces(arguments.fonts)
    if len(all_faces) < 3:
        sys.exit(f"{arguments.fonts} holds fewer than three families with a plain face")
    rows = []
    for kind in KINDS:
        (arguments.folder / kind).mkdir(parents=True, exist_ok=True)
        for number in range(arguments.each):
            draw = random.Random(f"{arguments.seed} {kind} {number}")
            picture = None
            while not picture:
                chosen = draw.sample(all_faces, 3)
                made = page(draw, chosen, kind)
                if not made:
                    continue
                hinting = draw.choice(renderers.HINTINGS)
                picture = renderers.screenshot(made[0], (WIDTH, HEIGHT), hinting)
                # Chromium did not take one of the fonts.
                if renderers.is_blank(picture):
                    picture = None
            texts = made[1]
            name = f"{kind}/{number:02}.png"
            picture.save(arguments.folder / name)
            of_page = dict(picture=name, kind=kind, lines=len(texts), text=" / ".join(texts))
            rows += [dict(of_page, family=face.family) for face in chosen]
    with open(arguments.folder / "labels.csv", "w", encoding="utf8", newline="") as file:
        writer = csv.DictWriter(file, COLUMNS)
        writer.writeheader()
        writer.writerows(rows)
    print(f"{len(rows) // 3} pages in {arguments.folder}")


if __name__ == "__main__":
    main()
