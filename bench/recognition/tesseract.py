"""Tesseract as a reader of the test pictures, prepared for as its documentation recommends.

https://tesseract-ocr.github.io/tessdoc/ImproveQuality: dark text on a light ground, capitals of
some 30 pixels, a border, the page segmentation that fits the picture.
"""

import concurrent.futures
import dataclasses
import hashlib
import json
import os
import pathlib
import subprocess
import sys
import tempfile

import cv2
import numpy

import languages

DOTS_PER_INCH = 300


@dataclasses.dataclass(frozen=True)
class Setting:
    """How Tesseract is asked, and what is done to a picture before."""

    # Page segmentation: 3 automatic, 6 one block, 7 one line, 11 sparse text.
    psm: int = 6
    # Pixels that capitals are scaled to; None leaves the picture's size.
    capitals: int | None = None
    # Pixels of ground that are added around.
    border: int = 0
    # Whether light on dark is turned to dark on light.
    upright: bool = True
    # Whether uneven light is divided out.
    even: bool = False
    # Binarisation: 0 Otsu's, 1 Leptonica's adaptive Otsu, 2 Sauvola's.
    threshold: int = 0
    # "own": those of the picture's lines; "all": those of all pictures; else a model's name.
    languages: str = "own"


def best(row):
    """The setting that is compared with letra; `read --try-settings` compares it with others.

    Only photos have uneven light.
    """
    return Setting(psm=6, capitals=32, border=10, even=row.wear == "photo")


def evenly_lit(levels, cap_height):
    """Dark text on a light ground divided by the ground, which is what closing leaves of it."""
    side = 2 * round(cap_height) + 1
    edged = cv2.copyMakeBorder(levels, *[side] * 4, cv2.BORDER_REPLICATE)
    ground = cv2.morphologyEx(edged, cv2.MORPH_CLOSE, numpy.ones((side, side), numpy.uint8))
    ground = cv2.GaussianBlur(ground, (0, 0), side / 2)[side:-side, side:-side]
    return cv2.divide(levels, ground, scale=255)


def prepared(path, cap_height, setting):
    """The picture's grey levels as Tesseract gets them."""
    levels = cv2.imread(str(path), cv2.IMREAD_GRAYSCALE)
    edge = numpy.concatenate([levels[0], levels[-1], levels[:, 0], levels[:, -1]])
    ground = int(numpy.median(edge))
    if setting.upright and ground < 128:
        levels, ground = 255 - levels, 255 - ground
    if setting.even:
        levels, ground = evenly_lit(levels, cap_height), 255
    if setting.capitals:
        factor = setting.capitals / cap_height
        way = cv2.INTER_CUBIC if factor > 1 else cv2.INTER_AREA
        levels = cv2.resize(levels, None, fx=factor, fy=factor, interpolation=way)
    sides = [setting.border] * 4
    return cv2.copyMakeBorder(levels, *sides, cv2.BORDER_CONSTANT, value=ground)


def model_names(row, setting):
    """What `-l` gets: the languages of a picture's lines are told, the longest text's first."""
    if setting.languages == "all":
        return "+".join(languages.CODES.values())
    if setting.languages != "own":
        return setting.languages
    characters = {}
    for line, language in zip(row.lines, row.languages):
        characters[language] = characters.get(language, 0) + len(line)
    ordered = sorted(characters, key=lambda language: -characters[language])
    return "+".join(languages.CODES[language] for language in ordered)


def command(names, setting, picture):
    return [
        "tesseract",
        str(picture),
        "stdout",
        "-l",
        names,
        "--oem",
        "1",
        "--psm",
        str(setting.psm),
        "--dpi",
        str(DOTS_PER_INCH),
        "-c",
        f"thresholding_method={setting.threshold}",
    ]


def environment(threads):
    """That of a process with so many threads of OpenMP; None leaves their number to it."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith("OMP_")}
    return kept | ({"OMP_THREAD_LIMIT": str(threads)} if threads else {})


def write_prepared(row, setting, folder, name="picture"):
    # Of all its formats this one is read soonest.
    target = pathlib.Path(folder) / f"{name}.pgm"
    cv2.imwrite(str(target), prepared(row.path, row.cap_height, setting))
    return target


def read(row, setting):
    """The lines that Tesseract reads; none where it fails."""
    with tempfile.TemporaryDirectory() as folder:
        picture = write_prepared(row, setting, folder)
        ran = subprocess.run(
            command(model_names(row, setting), setting, picture),
            env=environment(1),
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
        )
    return ran.stdout.decode("utf8", "replace").splitlines() if ran.returncode == 0 else None


def version():
    told = subprocess.run(["tesseract", "--version"], capture_output=True, text=True)
    return (told.stdout or told.stderr).splitlines()[0]


def need_models():
    """Stops unless the models of all languages are there."""
    told = subprocess.run(["tesseract", "--list-langs"], capture_output=True, text=True)
    there = (told.stdout + told.stderr).split()
    absent = [code for code in languages.CODES.values() if code not in there]
    if absent:
        packages = " ".join(f"tesseract-ocr-{code}" for code in absent)
        sys.exit(f"error: Tesseract lacks models\nhint: apt-get install {packages}")


class Cache:
    """What Tesseract read of pictures, kept by their bytes and its settings; lines of JSON."""

    def __init__(self, file):
        self.file, self.version, self.known = file, version(), {}
        if file.exists():
            for line in file.read_text(encoding="utf8").splitlines():
                try:
                    key, lines = json.loads(line)
                except ValueError:
                    # The end of a run that was stopped.
                    continue
                self.known[key] = lines

    def key(self, row, setting):
        asked = [self.version, model_names(row, setting), *dataclasses.astuple(setting)]
        # To the tenth of a pixel as in the labels, since it is scaled by this.
        asked.append(row.cap_height)
        digest = hashlib.sha256(row.path.read_bytes())
        digest.update(json.dumps(asked).encode())
        return digest.hexdigest()

    def read_all(self, rows, setting_of, jobs):
        """The lines of each row; what is not known yet is read by some processes at once."""
        settings = [setting_of(row) for row in rows]
        keys = [self.key(row, setting) for row, setting in zip(rows, settings)]
        absent = {
            key: (row, setting)
            for key, row, setting in zip(keys, rows, settings)
            if key not in self.known
        }
        with open(self.file, "a", encoding="utf8") as record:
            with concurrent.futures.ThreadPoolExecutor(jobs) as pool:
                waiting = {pool.submit(read, *job): key for key, job in absent.items()}
                for done, future in enumerate(concurrent.futures.as_completed(waiting), 1):
                    key = waiting[future]
                    self.known[key] = future.result()
                    if self.known[key] is None:
                        print(f"Tesseract failed on {absent[key][0].picture}", file=sys.stderr)
                        continue
                    record.write(json.dumps([key, self.known[key]], ensure_ascii=False) + "\n")
                    if done % 50 == 0 or done == len(absent):
                        print(f"Tesseract read {done} of {len(absent)} pictures", file=sys.stderr)
        return [self.known[key] for key in keys]
