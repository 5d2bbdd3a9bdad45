"""Samples of worn text a second, drawn with Pillow, NumPy and OpenCV on one thread.

The same work as `letra-bench samples`: a line in a random face at a cap height of 10 to 60 pixels,
worn as a screenshot, scan or photo with the same probabilities and ranges, scaled to 40 by 160
and levelled. Each step uses the fastest call these libraries have for it: fonts are opened once a
size, noise is drawn in single precision, filters and warps are OpenCV's, in place where they can
be. Small differences favour Pillow: no snapped heights, no squeeze, and stem darkening by one dilation.

    python pillow_samples.py FONT_OR_FOLDER... [--rounds 9]
"""

import argparse
import json
import pathlib
import random
import statistics
import time

import cv2
import numpy
from PIL import Image, ImageDraw, ImageFont, features

cv2.setNumThreads(1)
HEIGHT, WIDTH, BASELINE, LETTERS = 40, 160, 29, 20
WORDS = pathlib.Path(__file__).parents[2] / "crates/letra-type/src/text/words"


class Sampler:
    def __init__(self, files):
        self.fonts = {}
        self.caps = {}
        # Without letters, as of symbols alone, there is nothing to learn.
        self.files = [file for file in files if self.cap_height(file) > 0]
        self.words = [path.read_text(encoding="utf8").split() for path in sorted(WORDS.glob("*.txt"))]
        self.weights = [
            list(1 / (numpy.arange(1, len(words) + 1) + 2.7)) for words in self.words
        ]
        self.sums = [numpy.cumsum(weights).tolist() for weights in self.weights]
        self.noise = numpy.random.Generator(numpy.random.SFC64(1))

    def font(self, file, size):
        if (file, size) not in self.fonts:
            self.fonts[file, size] = ImageFont.truetype(str(file), size)
        return self.fonts[file, size]

    def cap_height(self, file):
        """Height of a capital in em."""
        if file not in self.caps:
            box = self.font(file, 1000).getbbox("H", anchor="ls")
            self.caps[file] = -box[1] / 1000
        return self.caps[file]

    def line(self, draw):
        language = draw.randrange(len(self.words))
        count = 4 if draw.random() > 0.1 else 1
        words = draw.choices(self.words[language], cum_weights=self.sums[language], k=count)
        text = " ".join(words)
        return text.upper() if draw.random() < 0.1 else text

    def draw(self, seed):
        draw = random.Random(seed)
        uniform, chance = draw.uniform, lambda share: draw.random() < share
        face = draw.randrange(len(self.files))
        file = self.files[face]
        origin = draw.choices("screen scan photo".split(), (0.5, 0.2, 0.3))[0]
        cap = 10 * 6 ** draw.random()
        larger = 1.0
        if chance({"screen": 0.3, "scan": 0.3, "photo": 0.4}[origin]):
            larger = 0.65 * 2.7 ** draw.random()
        stripes = origin == "screen" and chance(0.3)
        size = max(4, round(cap / self.cap_height(file) * larger * (3 if stripes else 1)))
        font = self.font(file, size)
        text = self.line(draw)
        step = cap / LETTERS
        margin = cap / 4
        width, height = int(WIDTH * step + 2 * margin), int(HEIGHT * step + 2 * margin)
        scale = larger * (3 if stripes else 1)
        canvas = Image.new("L", (int(width * scale), int(height * scale)))
        length = font.getlength(text)
        room = canvas.width
        start = -uniform(-0.15 * room, length - 0.85 * room) if length > room else uniform(0, room - length)
        baseline = (BASELINE * step + margin) * scale
        ImageDraw.Draw(canvas).text((start, baseline), text, fill=255, font=font, anchor="ls")
        picture = numpy.asarray(canvas)
        if chance(0.6):
            picture = cv2.addWeighted(picture, 0.85, cv2.dilate(picture, None), 0.15, 0)
        if stripes:
            picture = cv2.blur(picture, (3, 1))
        if origin != "screen":
            picture = self.warp(picture, draw, origin)
        if picture.shape != (height, width):
            picture = cv2.resize(
                picture,
                (width, height),
                interpolation=cv2.INTER_AREA if scale > 1 else cv2.INTER_LINEAR,
            )
        ink, ground = uniform(0, 100), uniform(150, 255)
        if chance({"screen": 0.5, "scan": 0.0, "photo": 0.25}[origin]):
            ink, ground = ground, ink
        gamma = uniform(0.65, 1.4)
        table = ground + (ink - ground) * (numpy.arange(256, dtype=numpy.float32) / 255) ** gamma
        picture = table[picture].astype(numpy.float32, copy=False)
        if chance({"screen": 0.15, "scan": 0.4, "photo": 1.0}[origin]):
            grid = self.noise.random((4, 8), dtype=numpy.float32) * uniform(6, 50)
            picture += cv2.resize(grid - grid.mean(), (width, height), interpolation=cv2.INTER_CUBIC)
            right, down = uniform(-0.3, 0.3), uniform(-0.3, 0.3)
            light = 1 + numpy.linspace(-right, right, width, dtype=numpy.float32)
            picture *= light
            picture *= 1 + numpy.linspace(-down, down, height, dtype=numpy.float32)[:, None]
        if origin != "screen":
            self.grain(picture, uniform(0, 7))
        if origin != "screen" or chance(0.15):
            picture = cv2.GaussianBlur(picture, (0, 0), min(uniform(0.3, 1.3), cap / 8))
        if origin != "screen":
            self.grain(picture, uniform(0, 12))
        if chance({"screen": 0.35, "scan": 0.6, "photo": 0.8}[origin]):
            levels = cv2.convertScaleAbs(numpy.maximum(picture, 0))
            quality = [cv2.IMWRITE_JPEG_QUALITY, draw.randrange(25, 96)]
            picture = cv2.imdecode(cv2.imencode(".jpg", levels, quality)[1], cv2.IMREAD_GRAYSCALE)
        window = self.window(picture, step * uniform(0.93, 1.07), margin, uniform(-1.5, 1.5))
        return face, self.level(window, ink > ground)

    def grain(self, picture, deviation):
        noise = self.noise.standard_normal(picture.shape, dtype=numpy.float32)
        cv2.scaleAdd(noise, deviation, picture, picture)

    @staticmethod
    def warp(picture, draw, origin):
        height, width = picture.shape
        turn = draw.uniform(-1, 1) if origin == "scan" else draw.uniform(-2, 2)
        matrix = numpy.vstack([cv2.getRotationMatrix2D((width / 2, height / 2), turn, 1), [0, 0, 1]])
        if origin == "photo":
            matrix[2, 0] = draw.uniform(-0.08, 0.08) / width
            matrix[2, 1] = draw.uniform(-0.08, 0.08) / height
        return cv2.warpPerspective(picture, matrix, (width, height), flags=cv2.INTER_LINEAR)

    @staticmethod
    def window(picture, step, margin, shift):
        top = max(0, int(margin + shift * step))
        left = max(0, int((picture.shape[1] - WIDTH * step) / 2))
        part = picture[top : top + round(HEIGHT * step), left : left + round(WIDTH * step)]
        way = cv2.INTER_AREA if step > 1 else cv2.INTER_LINEAR
        return cv2.resize(part, (WIDTH, HEIGHT), interpolation=way)

    @staticmethod
    def level(window, light_on_dark):
        levels = 255.0 - window if light_on_dark else window
        ground, ink = numpy.partition(levels.ravel(), (64, 5120))[[5120, 64]]
        scale = 255 / max(24, float(ground) - float(ink))
        return cv2.convertScaleAbs(numpy.maximum(levels - ink, 0), alpha=scale)


def main():
    arguments = argparse.ArgumentParser()
    arguments.add_argument("fonts", nargs="+", type=pathlib.Path)
    arguments.add_argument("--rounds", type=int, default=9)
    arguments = arguments.parse_args()
    files = []
    for path in arguments.fonts:
        found = sorted(path.rglob("*.[to]tf")) if path.is_dir() else [path]
        files.extend(found)
    sampler = Sampler(files)
    rates = []
    for round_ in range(arguments.rounds + 1):
        start = time.perf_counter()
        for index in range(1000):
            sampler.draw(1000 * round_ + index)
        rates.append(1000 / (time.perf_counter() - start))
    print(
        json.dumps(
            {
                "peer": f"Pillow {Image.__version__}, OpenCV {cv2.__version__}",
                "raqm": features.check("raqm"),
                "threads": 1,
                "faces": len(sampler.files),
                # The first round opens the fonts and does not count.
                "samples_per_second": statistics.median(rates[1:]),
            }
        )
    )


if __name__ == "__main__":
    main()
