"""Writes a picture in formats and colours that the corpora hold few of."""

import sys
from pathlib import Path

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
