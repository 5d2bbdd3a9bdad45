"""Text drawn by Pillow (FreeType), Pango (HarfBuzz and cairo) and Chromium (Blink and Skia)."""

import html
import os
import pathlib
import subprocess
import tempfile

from PIL import Image, ImageDraw, ImageFont

PAGE_WIDTH, PAGE_HEIGHT = 2400, 6000
LEADING = 1.35
# How Chromium fits letters to pixels.
HINTINGS = ("none", "slight", "full")
# What a face is for, by the tag whose text is set in it.
STYLES = {"b": "font-weight: bold; ", "i": "font-style: italic; "}


def colour(rgb):
    return "#%02x%02x%02x" % tuple(rgb)


def with_pillow(order, _folder):
    font = ImageFont.truetype(str(order.face.file), order.size)
    text, gap = "\n".join(order.lines), order.size * (LEADING - 1)
    measure = ImageDraw.Draw(Image.new("L", (1, 1)))
    left, top, right, bottom = measure.multiline_textbbox((0, 0), text, font, spacing=gap)
    size = (round(right - left) + 2 * order.margin, round(bottom - top) + 2 * order.margin)
    picture = Image.new("RGB", size, colour(order.ground))
    start = (order.margin - left, order.margin - top)
    ImageDraw.Draw(picture).multiline_text(start, text, colour(order.ink), font, spacing=gap)
    return picture


def with_pango(order, folder):
    """pango-view, shown by fontconfig nothing but the one font."""
    folder = pathlib.Path(folder)
    alone = folder / "alone"
    alone.mkdir(exist_ok=True)
    for old in alone.iterdir():
        old.unlink()
    (alone / order.face.file.name).symlink_to(order.face.file)
    settings = folder / "fonts.conf"
    settings.write_text(
        '<?xml version="1.0"?><!DOCTYPE fontconfig SYSTEM "fonts.dtd"><fontconfig>'
        f"<dir>{alone}</dir><cachedir>{folder / 'cache'}</cachedir></fontconfig>"
    )
    (folder / "text").write_text("\n".join(order.lines), encoding="utf8")
    hinting = order.draw.choice(["none", "slight", "full"])
    command = [
        "pango-view",
        "--no-display",
        "--pixels",
        f"--font=Sans {order.size:.2f}",
        f"--line-spacing={order.draw.uniform(1, 1.3):.2f}",
        f"--margin={order.margin}",
        f"--foreground={colour(order.ink)}",
        f"--background={colour(order.ground)}",
        f"--antialias={order.draw.choice(['gray', 'gray', 'subpixel'])}",
        f"--hinting={hinting}",
        f"--output={folder / 'pango.png'}",
        str(folder / "text"),
    ]
    if hinting == "none":
        command += ["--subpixel-positions", "--hint-metrics=off"]
    environment = {**os.environ, "FONTCONFIG_FILE": str(settings)}
    subprocess.run(command, env=environment, check=True, stderr=subprocess.DEVNULL)
    return Image.open(folder / "pango.png").convert("RGB")


def pages(orders):
    """Orders with their place, a page's worth at a time: (order, top, width, height)."""
    page, top = [], 0
    for order in orders:
        font = ImageFont.truetype(str(order.face.file), order.size)
        # Room for what Chromium sets wider or taller; the rest is ground.
        spare = 1.02 if order.emphasis is None else 1.12
        width = max(font.getlength(line) for line in order.lines) * spare + 2 * order.margin
        width = min(PAGE_WIDTH, round(width) + 4)
        height = round(len(order.lines) * LEADING * order.size + 2 * order.margin)
        if page and top + height > PAGE_HEIGHT:
            yield page
            page, top = [], 0
        page.append((order, top, width, height))
        top += height
    if page:
        yield page


def font_face(index, file, further=""):
    return f'@font-face {{ font-family: f{index}; src: url("{file.as_uri()}"); {further}}}'


def markup(order):
    """The lines of an order as HTML; the word that stands out, if any, is a <b> or an <i>."""
    lines = [html.escape(line) for line in order.lines]
    if order.emphasis:
        words = [[html.escape(word) for word in line.split(" ")] for line in order.lines]
        left, tag = order.emphasis.word, order.emphasis.tag
        for line in words:
            if 0 <= left < len(line):
                line[left] = f"<{tag}>{line[left]}</{tag}>"
            left -= len(line)
        lines = [" ".join(line) for line in words]
    return "<br>".join(lines)


def screenshot(page, size, hinting):
    """A page of HTML as Chromium shows it in a window of this size."""
    with tempfile.TemporaryDirectory() as folder:
        folder = pathlib.Path(folder)
        (folder / "page.html").write_text(page, encoding="utf8")
        command = [
            "chromium",
            "--headless",
            "--no-sandbox",
            "--disable-gpu",
            "--hide-scrollbars",
            "--allow-file-access-from-files",
            f"--font-render-hinting={hinting}",
            f"--user-data-dir={folder / 'profile'}",
            f"--window-size={size[0]},{size[1]}",
            "--virtual-time-budget=20000",
            f"--screenshot={folder / 'page.png'}",
            (folder / "page.html").as_uri(),
        ]
        subprocess.run(command, check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        return Image.open(folder / "page.png").convert("RGB")


def is_blank(picture):
    return all(low == high for low, high in picture.getextrema())


def with_chromium(orders, number):
    """One page of orders; a picture for each, or None where Chromium does not take the font."""
    rules, blocks = [], []
    for index, (order, top, width, height) in enumerate(orders):
        rules.append(font_face(index, order.face.file))
        if order.emphasis:
            rules.append(font_face(index, order.emphasis.face.file, STYLES[order.emphasis.tag]))
        blocks.append(
            f'<p style="top:{top}px; width:{width}px; height:{height}px; padding:{order.margin}px;'
            f" font:{order.size:.2f}px/{LEADING} f{index}; color:{colour(order.ink)};"
            f' background:{colour(order.ground)}">{markup(order)}</p>'
        )
    page = (
        "<!doctype html><meta charset=utf-8><style>body { margin: 0 }"
        " p { position: absolute; left: 0; margin: 0; box-sizing: border-box; overflow: hidden;"
        f" white-space: pre }} {' '.join(rules)}</style>{''.join(blocks)}"
        # A font that was refused must not be taken for another one.
        "<script>document.fonts.ready.then(() => { [...document.fonts].forEach(font => {"
        " if (font.status != 'loaded')"
        " document.querySelectorAll('p')[font.family.slice(1)].innerHTML = '' }) })"
        "</script>"
    )
    last = orders[-1]
    hinting = HINTINGS[number % len(HINTINGS)]
    sheet = screenshot(page, (PAGE_WIDTH, last[1] + last[3]), hinting)
    pictures = []
    for _, top, width, height in orders:
        picture = sheet.crop((0, top, width, top + height))
        pictures.append(None if is_blank(picture) else picture)
    return pictures
