"""Text drawn by programs that letra shares no code with: Pillow with FreeType, Pango with Cairo, Chromium with Skia."""

import html
import pathlib
import shutil
import subprocess
import sys
import tempfile

from PIL import Image, ImageDraw, ImageFont

# Chromium draws so many jobs on one page, each in a box of its own.
BOXES = 24
BOX = (1500, 190)


def margin(job):
    return round(0.9 * job.cap_height)


def pillow(jobs):
    for job in jobs:
        font = ImageFont.truetype(job.file, job.size)
        left, top, right, bottom = font.getbbox(job.text)
        around = margin(job)
        picture = Image.new("RGB", (right - left + 2 * around, bottom - top + 2 * around), job.ground)
        ImageDraw.Draw(picture).text((around - left, around - top), job.text, job.ink, font)
        yield job, picture


def pango(jobs):
    """One font at a time is all that Fontconfig is shown, so that nothing else can be taken."""
    with tempfile.TemporaryDirectory() as work:
        work = pathlib.Path(work)
        config, fonts, out = work / "fonts.conf", work / "fonts", work / "out.png"
        config.write_text(f'<?xml version="1.0"?><fontconfig><dir>{fonts}</dir><cachedir>{work / "cache"}</cachedir></fontconfig>')
        for job in jobs:
            shutil.rmtree(fonts, ignore_errors=True)
            fonts.mkdir()
            shutil.copy(job.file, fonts)
            command = ["pango-view", "-q", "--pixels", f"--font=Any {job.size}", f"--margin={margin(job)}", f"--foreground={job.ink}",
                       f"--background={job.ground}", f"--output={out}", f"--text={job.text}", "--hinting=" + job.random.choice(["none", "slight", "full"])]
            done = subprocess.run(command, env={"FONTCONFIG_FILE": str(config), "PATH": "/usr/bin:/bin", "HOME": str(work), "LC_ALL": "C.UTF-8"}, stderr=subprocess.PIPE)
            if done.returncode != 0:
                sys.exit(f"error: Pango cannot draw {job.file}: {done.stderr.decode().strip()}")
            yield job, Image.open(out).convert("RGB")


def chromium(jobs):
    program = next((path for path in map(shutil.which, ["chromium", "chromium-browser", "google-chrome"]) if path), None)
    if not program:
        sys.exit("error: there is no Chromium\nhint: install the package chromium")
    for first in range(0, len(jobs), BOXES):
        some = jobs[first:first + BOXES]
        with tempfile.TemporaryDirectory() as work:
            page, shot = pathlib.Path(work) / "page.html", pathlib.Path(work) / "shot.png"
            page.write_text(page_of(some))
            size = f"{BOX[0]},{BOX[1] * len(some)}"
            subprocess.run([program, "--headless", "--no-sandbox", "--hide-scrollbars", "--allow-file-access-from-files", "--force-device-scale-factor=1",
                            f"--user-data-dir={work}/profile", f"--window-size={size}", "--virtual-time-budget=20000", f"--screenshot={shot}", page.as_uri()],
                           check=True, stderr=subprocess.DEVNULL, stdout=subprocess.DEVNULL)
            picture = Image.open(shot).convert("RGB")
            for index, job in enumerate(some):
                yield job, trimmed(picture.crop((0, index * BOX[1], BOX[0], (index + 1) * BOX[1])), job)


def page_of(jobs):
    faces = "".join(f'@font-face {{ font-family: f{i}; src: url("{pathlib.Path(job.file).as_uri()}"); }}\n' for i, job in enumerate(jobs))
    boxes = "".join(
        f'<div style="height:{BOX[1]}px;background:{job.ground};color:{job.ink};font:{job.size}px f{i};padding:{margin(job)}px">{html.escape(job.text)}</div>'
        for i, job in enumerate(jobs))
    style = "* { margin: 0; box-sizing: border-box; font-synthesis: none; } div { white-space: nowrap; overflow: hidden; }"
    return f"<!doctype html><meta charset=utf-8><style>{faces}{style}</style>{boxes}"


def trimmed(picture, job):
    """The box without what is empty beyond a margin."""
    ground = Image.new("RGB", picture.size, picture.getpixel((picture.width - 1, picture.height - 1)))
    from PIL import ImageChops

    ink = ImageChops.difference(picture, ground).getbbox()
    if ink is None:
        sys.exit(f"error: Chromium drew nothing with {job.file}")
    around = margin(job)
    left, top, right, bottom = ink
    return picture.crop((max(0, left - around), max(0, top - around), min(picture.width, right + around), min(picture.height, bottom + around)))


RENDERERS = {"pillow": pillow, "pango": pango, "chromium": chromium}
