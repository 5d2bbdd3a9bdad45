"""Writes a picture in formats and colours that the corpora hold few of."""

import struct
import sys
from pathlib import Path

import numpy as np
from PIL import Image

made = Path(sys.argv[1])
colour = Image.open(made / "colour.ppm")
for mode in ["1", "L", "LA", "P", "RGB", "RGBA", "I;16"]:
    picture = colour.convert("L").convert("I;16") if mode == "I;16" else colour.convert(mode)
    name = "16" if mode == "I;16" else mode
    if mode in ("LA", "RGBA"):
        picture.putalpha(colour.getchannel("R"))
    picture.save(made / f"{name}.png")
    if mode in ("1", "L", "P", "RGB", "RGBA"):
        picture.save(made / f"{name}.bmp")
    if mode in ("L", "P", "RGB"):
        picture.save(made / f"{name}.gif")
    if mode in ("L", "RGB", "RGBA"):
        picture.save(made / f"{name}-lossless.webp", lossless=True)
        picture.save(made / f"{name}.webp", quality=80)


def lossless(samples, names, predictor, shift, interval):
    """A lossless JPEG (ITU-T T.81, annex H) of samples in rows, columns and components."""
    rows, columns, count = samples.shape
    segment = lambda marker, *data: bytes([0xFF, marker]) + struct.pack(">H", len(bytes(data)) + 2) + bytes(data)
    # Every size of a difference has a code of 6 bits.
    table = [0] * 6 + [17] + [0] * 10 + list(range(17))
    frame = [8, *struct.pack(">HH", rows, columns), count]
    scan = [count]
    for name in names:
        frame += [name, 0x11, 0]
        scan += [name, 0]
    file = b"\xff\xd8" + segment(0xC4, *table) + segment(0xC3, *frame)
    file += segment(0xDD, *struct.pack(">H", interval * columns)) + segment(0xDA, *scan, predictor, 0, shift)
    levels = (samples >> shift).astype(int)
    left, above, corner = (np.zeros_like(levels) for _ in range(3))
    left[:, 1:], above[1:], corner[1:, 1:] = levels[:, :-1], levels[:-1], levels[:-1, :-1]
    ways = [left, above, corner, left + above - corner, left + (above - corner >> 1)]
    predicted = (ways + [above + (left - corner >> 1), left + above >> 1])[predictor - 1]
    predicted[:, 0] = above[:, 0]
    first = slice(None, None, interval or rows)
    predicted[first] = left[first]
    predicted[first, 0] = 1 << 7 - shift
    bits, restarts = "", 0
    for row, differences in enumerate(levels - predicted):
        if interval and row and row % interval == 0:
            file += pack(bits) + bytes([0xFF, 0xD0 + restarts % 8])
            bits, restarts = "", restarts + 1
        for difference in differences.ravel().tolist():
            size = abs(difference).bit_length()
            value = difference if difference > 0 else difference + (1 << size) - 1
            bits += f"{size:06b}" + (f"{value:0{size}b}" if size else "")
    return file + pack(bits) + b"\xff\xd9"


def pack(bits):
    bits += "1" * (-len(bits) % 8)
    data = bytes(int(bits[place : place + 8], 2) for place in range(0, len(bits), 8))
    return data.replace(b"\xff", b"\xff\0")


grey = np.asarray(colour.convert("L"))[..., None]
for predictor in range(1, 8):
    for shift, interval in [(0, 0), (2, 0), (0, 10)]:
        name = f"lossless-{predictor}-{shift}-{interval}"
        (made / f"{name}.jpg").write_bytes(lossless(grey, [1], predictor, shift, interval))
        (made / f"{name}-rgb.jpg").write_bytes(lossless(np.asarray(colour), b"RGB", predictor, shift, interval))
(made / "lossless-unnamed.jpg").write_bytes(lossless(np.asarray(colour), [1, 2, 3], 1, 0, 0))
colour.convert("CMYK").save(made / "cmyk.jpg", quality=90)
for orientation in range(1, 9):
    exif = Image.Exif()
    exif[0x0112] = orientation
    for ending in ["jpg", "png", "webp"]:
        colour.save(made / f"turned-{orientation}.{ending}", exif=exif, lossless=True)
# TIFFs of every colour, packed in every way that Pillow and libtiff know of it.
PACKED = [None, "packbits", "tiff_lzw", "tiff_adobe_deflate", "jpeg"]
FAX = ["tiff_ccitt", "group3", "group4"]
for mode in ["1", "L", "LA", "P", "RGB", "RGBA", "CMYK", "YCbCr", "I;16"]:
    picture = colour.convert("L").convert("I;16") if mode == "I;16" else colour.convert(mode)
    if mode in ("LA", "RGBA"):
        picture.putalpha(colour.getchannel("R"))
    for packed in PACKED + (FAX if mode == "1" else []):
        for tags in [{}, {317: 2}, {278: 7}]:
            name = f"{mode.replace(';', '')}-{packed}-{''.join(map(str, tags))}.tif"
            try:
                picture.save(made / name, compression=packed, tiffinfo=tags)
            except (OSError, ValueError, RuntimeError, KeyError):
                (made / name).unlink(missing_ok=True)
