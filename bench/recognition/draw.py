"""Draws labelled pictures of text in every face of some folders of fonts."""

import argparse
import csv
import dataclasses
import json
import pathlib
import random
import subprocess
import sys

from fontTools.ttLib import TTFont
from PIL import ImageFont

from renderers import BOX, RENDERERS, margin
from texts import SENTENCES
from wear import WEAR

GROUPS = ["known", "enrolled", "unknown"]


@dataclasses.dataclass
class Job:
    """A picture to draw."""

    file: str
    family: str
    style: str
    group: str
    wear: str
    text: str
    size: int
    cap_height: float
    ink: str
    ground: str
    random: random.Random


def faces(letra, folder):
    """Family, style and file of each face, as letra names it; files that hold one face only."""
    listed = json.loads(subprocess.run([letra, "fonts", "--json", folder], check=True, stdout=subprocess.PIPE).stdout)["fonts"]
    count = {}
    for face in listed:
        count[face["file"]] = count.get(face["file"], 0) + 1
    return [face for face in listed if count[face["file"]] == 1]


def job(face, group, wear, seed):
    """Sizes from capitals of 14 pixels on, after any shrinking; nothing in it depends on other faces."""
    choice = random.Random(f"{seed}/{face['file'].rsplit('/', 1)[-1]}/{wear}")
    shrinks = WEAR[wear][1] if wear else 1
    cap_height = 14 * shrinks * (44 / 14) ** choice.random()
    probe = ImageFont.truetype(face["file"], 1000)
    size = max(8, round(1000 * cap_height / capitals(probe)))
    covered = TTFont(face["file"], fontNumber=0, lazy=True).getBestCmap()
    texts = [text for text in SENTENCES if all(ord(one) in covered for one in text)]
    if not texts:
        return None
    text = choice.choice(texts)
    # What does not fit Chromium's box is cut between words, to no fewer than 12 characters.
    while probe.getlength(text) * size / 1000 > BOX[0] - 3 * cap_height and len(text.rsplit(" ", 1)[0]) >= 12:
        text = text.rsplit(" ", 1)[0]
    ink, ground = colours(choice)
    return Job(face["file"], face["family"], face["style"], group, wear or "clean", text, size, cap_height / shrinks, ink, ground, choice)


def capitals(font):
    _, top, _, bottom = font.getbbox("H")
    return max(bottom - top, 200)


def colours(choice):
    """Black on white half the time; else any two greys or tints far enough apart."""
    if choice.random() < 0.5:
        return "#000000", "#ffffff"
    tint = lambda low, high: "#" + "".join(f"{choice.randint(low, high):02x}" for _ in range(3))
    dark, light = tint(0, 90), tint(170, 255)
    return (dark, light) if choice.random() < 0.6 else (light, dark)


def jobs(options):
    for group in GROUPS:
        folder = options.fonts / group
        listed = faces(options.letra, folder)
        random.Random(options.seed).shuffle(listed)
        per_family = {}
        for face in listed:
            per_family[face["family"]] = per_family.get(face["family"], 0) + 1
            # A family of forty weights should not decide what is said of unknown ones.
            if group == "unknown" and per_family[face["family"]] > 3:
                continue
            for copy in range(options.copies):
                for wear in (None, list(WEAR)[(copy + per_family[face["family"]]) % len(WEAR)]):
                    made = job(face, group, wear, f"{options.seed}/{copy}")
                    if made:
                        yield made


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("fonts", type=pathlib.Path, help="folder with the folders known, enrolled and unknown")
    parser.add_argument("out", type=pathlib.Path)
    parser.add_argument("--letra", required=True, help="the letra command")
    parser.add_argument("--copies", type=int, default=2, help="clean pictures of each face, and worn ones")
    parser.add_argument("--seed", type=int, default=1)
    options = parser.parse_args()
    shares = {name: [] for name in RENDERERS}
    for index, one in enumerate(jobs(options)):
        shares[list(RENDERERS)[index // 2 % len(RENDERERS)]].append(one)
    options.out.mkdir(parents=True, exist_ok=True)
    rows = []
    for name, share in shares.items():
        for one, picture in RENDERERS[name](share):
            if one.wear in WEAR:
                picture = WEAR[one.wear][0](picture, one.random, one.cap_height * WEAR[one.wear][1])
            place = f"{len(rows):05}.png"
            picture.save(options.out / place)
            condition = "clean" if one.wear == "clean" else "worn"
            group = condition if one.group == "known" else f"{one.group}, {condition}"
            rows.append([place, one.family, one.style, group, name, one.wear, f"{one.cap_height:.1f}", one.text])
            if len(rows) % 100 == 0:
                print(f"{len(rows)} pictures", file=sys.stderr)
    with open(options.out / "labels.csv", "w", newline="") as file:
        csv.writer(file).writerows([["picture", "family", "style", "group", "renderer", "wear", "cap_height", "text"], *rows])


if __name__ == "__main__":
    main()
