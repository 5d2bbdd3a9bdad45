"""Compares letra's grey levels with those that Pillow's colours have by letra's own formula."""

import os
import re
import subprocess
import sys
import warnings
from collections import Counter
from pathlib import Path

import numpy as np
from PIL import Image, ImageCms, ImageOps

warnings.simplefilter("ignore")
Image.MAX_IMAGE_PIXELS = None
# A test picture of more pixels has no place on a small machine.
MOST_PIXELS = 10_000_000
ENDINGS = {".png", ".apng", ".jpg", ".jpeg", ".jfif", ".mpo", ".webp", ".gif", ".bmp", ".dib", ".tif", ".tiff"}
FORMATS = {"PNG", "JPEG", "MPO", "WEBP", "GIF", "BMP", "DIB", "TIFF"}

# Each colour by itself; otherwise it comes from a table of few, up to 4 levels beside it.
BY_LAB = ImageCms.buildTransform(
    ImageCms.createProfile("LAB"), ImageCms.createProfile("sRGB"), "LAB", "RGB", flags=ImageCms.Flags.NOOPTIMIZE
)


def luma(rgb):
    red, green, blue = (rgb[..., channel].astype(np.int32) for channel in range(3))
    return (red * 299 + green * 587 + blue * 114 + 500) // 1000


def by_pillow(path):
    """Grey levels of a file, upright, on white; None if Pillow does not open it."""
    try:
        picture = Image.open(path)
        kind = picture.format
        if picture.width * picture.height > MOST_PIXELS:
            return None, None
        bits = picture.tag_v2.get(258, (8,))[0] if kind == "TIFF" else 8
        signed = kind == "TIFF" and picture.tag_v2.get(339) == (2,)
        picture.load()
        picture = ImageOps.exif_transpose(picture)
        if kind == "PNG" and picture.mode in ("I", "I;16", "I;16B"):
            levels = np.asarray(picture).astype(np.int32)
            clear = levels == picture.info.get("transparency", -1)
            return kind, np.where(clear, 255, levels >> 8)
        if kind == "TIFF" and picture.mode in ("I;16", "I;16B"):
            return kind, np.asarray(picture).astype(np.int32) >> bits - 8
        if signed and bits == 16:
            return kind, np.clip(np.asarray(picture), 0, None) >> 7
        if picture.mode == "LAB":
            picture = BY_LAB.apply(picture)
        rgba = np.asarray(picture.convert("RGBA"))
    except Exception:
        return None, None
    alpha = rgba[..., 3].astype(np.int32)
    return kind, (255 * (255 - alpha) + luma(rgba) * alpha + 127) // 255


def by_letra(grey, folder, paths):
    """For each file its levels, or what letra says instead."""
    folder.mkdir(exist_ok=True)
    lines = []
    for start in range(0, len(paths), 100):
        some = paths[start : start + 100]
        done = subprocess.run([grey, folder, *some], capture_output=True, text=True)
        said = done.stdout.splitlines()
        if len(said) != len(some):
            raise SystemExit(f"error: {some[len(said)]} ends letra: {done.stderr}")
        for index, line in enumerate(said):
            if re.fullmatch(r"\d+ \d+", line):
                yield np.asarray(Image.open(folder / f"{index}.png")).astype(np.int32)
            else:
                yield line


def judge(kind, pillow, letra):
    """A word for the table, and what there is to say."""
    if isinstance(letra, str):
        return ("both refuse", "") if pillow is None else ("refused", letra)
    if pillow is None:
        return "letra only", ""
    if pillow.shape != letra.shape:
        return "another size", f"{letra.shape[::-1]} for {pillow.shape[::-1]}"
    apart = np.abs(pillow - letra)
    most = int(apart.max())
    if most == 0:
        return "same", ""
    if most == 1:
        return "within 1", ""
    share = f"up to {most} levels, {np.mean(apart > 1):.4%} of its pixels more than 1"
    return ("within 2", share) if most == 2 else ("differs", share)


def main():
    grey, home, *files = sys.argv[1:]
    home = Path(home)
    if not files:
        found = (home / "files").rglob("*")
        files = sorted(str(path) for path in found if path.suffix.lower() in ENDINGS and path.is_file())
    counts, remarks = {}, []
    for path, letra in zip(files, by_letra(grey, home / "grey", files)):
        kind, pillow = by_pillow(path)
        if kind not in FORMATS:
            kind, pillow = "damaged", None
        word, remark = judge(kind, pillow, letra)
        counts.setdefault("JPEG" if kind == "MPO" else kind, Counter())[word] += 1
        if word not in ("same", "within 1", "both refuse"):
            remarks.append(f"{os.path.relpath(path, home)}: {word} {remark}")
    words = ["same", "within 1", "within 2", "differs", "another size", "refused", "letra only", "both refuse"]
    print("| format | files | " + " | ".join(words) + " |")
    print("|---" * (len(words) + 2) + "|")
    for kind in sorted(counts):
        row = counts[kind]
        print(f"| {kind} | {row.total()} | " + " | ".join(str(row[word]) for word in words) + " |")
    print()
    print("\n".join(remarks))


main()
