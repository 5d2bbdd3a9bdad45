"""Scores letra on pictures as people have them; bench/recognition/wild and web call it."""

import argparse
import collections
import csv
import dataclasses
import json
import pathlib
import sys

import letra_reader
from transcripts import edits, line

TOP = 5


@dataclasses.dataclass
class Verdict:
    """What was said of a picture."""

    # No text was found, as it should be where there is none.
    silent: bool
    # Its family is the first (or named with it as hardly to be told from it), among the first five,
    # and first and likelier than none of them.
    first: bool
    of_five: bool
    shown: bool
    # Characters of the text, and the fewest changes that make what was read of them.
    characters: int
    errors: int


def named_first(typeface):
    """The first family, and those that are said to be hardly told from it."""
    return [typeface["candidates"][0]["family"], *typeface["about_first"].get("twins", [])]


def judge(label, identified, read, pages):
    typefaces = identified.get("typefaces")
    truth = line(label["text"].replace(" / ", " "))
    text = line(" ".join(letra_reader.lines_of(read) or []))
    errors = sum(max(len(wanted), len(got)) for _, wanted, got in edits(truth, text))
    if not typefaces:
        return Verdict(True, False, False, False, len(truth), errors)
    typeface = typefaces[0]
    if pages:
        # Of a page with several families the part that is said to be in this one.
        fitting = (one for one in typefaces if label["family"] in named_first(one))
        typeface = next(fitting, typeface)
    candidates = typeface["candidates"][:TOP]
    families = [one["family"] for one in candidates]
    first = label["family"] in named_first(typeface)
    return Verdict(
        silent=False,
        first=first,
        of_five=label["family"] in families,
        shown=first and candidates[0]["probability"] > typeface["none_of_these"],
        characters=len(truth),
        errors=errors,
    )


def print_table(verdicts):
    heads = ["pictures", "first", "of five", "shown", "no text", "chars wrong"]
    print(f"{'kind':16}" + "".join(f" {head:>11}" for head in heads))
    for kind, group in verdicts.items():
        count = len(group)
        has_text = any(one.characters for one in group)

        def share(values):
            return f"{100 * sum(values) / count:.0f} %"

        row = [str(count)]
        for values in ("first", "of_five", "shown"):
            row.append(share([getattr(one, values) for one in group]) if has_text else "–")
        row.append(share([one.silent for one in group]))
        errors = sum(one.errors for one in group)
        characters = sum(one.characters for one in group)
        row.append(f"{100 * errors / characters:.1f} %" if has_text else "–")
        print(f"{kind:16}" + "".join(f" {cell:>11}" for cell in row))


def arguments():
    parser = argparse.ArgumentParser(
        prog="bench/recognition/wild",
        description="Scores `letra identify` and `letra read` on pictures as people have them.",
        epilog="What follows -- is given to `letra identify`.",
    )
    parser.add_argument("home", type=pathlib.Path, help=argparse.SUPPRESS)
    parser.add_argument("--pages", action="store_true", help=argparse.SUPPRESS)
    parser.add_argument("--letra", metavar="PROGRAM", help="a program that is built already")
    parser.add_argument("--kinds", nargs="+", metavar="KIND", help="only these")
    parser.add_argument(
        "--json", type=pathlib.Path, metavar="FILE", help="write a verdict a picture"
    )
    own, further = letra_reader.split(sys.argv[1:])
    return parser.parse_args(own), further


def main():
    asked, further = arguments()
    folder = asked.home / ("web" if asked.pages else "wild")
    with open(folder / "labels.csv", encoding="utf8", newline="") as file:
        labels = list(csv.DictReader(file))
    kinds = list(dict.fromkeys(label["kind"] for label in labels))
    unknown = [kind for kind in asked.kinds or [] if kind not in kinds]
    if unknown:
        sys.exit(f"there is no kind {unknown[0]}: the kinds are {', '.join(kinds)}")
    labels = [label for label in labels if not asked.kinds or label["kind"] in asked.kinds]
    # A page has a row for each family.
    pictures = list(dict.fromkeys(folder / label["picture"] for label in labels))
    program = asked.letra or letra_reader.built()
    identified = letra_reader.Letra(program, further).answers("identify", pictures)
    read = letra_reader.Letra(program, []).answers("read", pictures)
    answers = dict(zip(pictures, zip(identified, read)))
    verdicts = [judge(one, *answers[folder / one["picture"]], asked.pages) for one in labels]
    by_kind = collections.defaultdict(list)
    for label, verdict in zip(labels, verdicts):
        by_kind[label["kind"]].append(verdict)
    print_table(by_kind)
    if asked.json:
        rows = [
            {"picture": label["picture"], "kind": label["kind"], **dataclasses.asdict(verdict)}
            for label, verdict in zip(labels, verdicts)
        ]
        asked.json.write_text(json.dumps(rows, indent=1), encoding="utf8")


if __name__ == "__main__":
    main()
