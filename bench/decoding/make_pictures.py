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
