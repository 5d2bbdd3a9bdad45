"""Scores the styles that letra names for words; bench/recognition/styles calls it."""

import argparse
import collections
import csv
import dataclasses
import json
import pathlib
import sys

import letra_reader
from transcripts import edits, line

BOLD = {"bold", "semibold", "demibold", "extrabold", "black", "heavy", "ultrabold"}
ITALIC = {"italic", "oblique", "slanted"}


def look(style):
    """What a style's name says: whether it is bold, and whether it leans.

    >>> look("Semibold Italic"), look("BoldOblique"), look("12 Regular"), look(None)
    ((True, True), (True, True), (False, False), None)
    """
    if style is None:
        return None
    name = style.lower()
    return any(word in name for word in BOLD), any(word in name for word in ITALIC)


def places(truth, read):
    """For each word that was read the place in the text of the word it is, or None.

    >>> places("a fine red cloth".split(), "a fine re d cloth".split())
    [0, 1, None, 2, 3]
    """
    if len(truth) == len(read):
        return list(range(len(read)))
    found, place = [], 0
    for at, wanted, got in edits(truth, read):
        found += range(place, at)
        place = at
        if got:
            found.append(at if wanted else None)
        if wanted:
            place += 1
    return found + list(range(place, len(truth)))


def outstanding(words):
    """Words that are said to stand out: by index, their look and that of most of the other text.

    `stands_out` says so where words have it; else those stand out that look otherwise.
    """
    looks = [look(word.get("style")) for word in words]
    weights = collections.Counter()
    for word, one in zip(words, looks):
        if one is not None and not word.get("stands_out"):
            weights[one] += len(word["text"]) or 1
    if not weights:
        return {}
    common = weights.most_common(1)[0][0]
    return {
        index: (one, common)
        for index, (word, one) in enumerate(zip(words, looks))
        if one is not None and word.get("stands_out", one != common)
    }


@dataclasses.dataclass
class Verdict:
    """What was said of a picture's words."""

    # Exactly the right word differs (in a picture without such a word: none does).
    word: bool
    # It differs as it should: bolder, or leaning, and nothing else.
    kind: bool
    # The right word is not among those that differ.
    missed: bool
    # Others differ.
    others: int


def judge(label, words):
    truth = line(label["text"].replace(" / ", " ")).split()
    read = [line(word["text"]) for word in words]
    where, differing = places(truth, read), outstanding(words)
    named = {where[i]: looks for i, looks in differing.items() if where[i] is not None}
    strange = len(differing) - len(named)
    right = int(label["word_index"]) if label["kind"] != "none" else None
    if not words:
        return Verdict(False, False, right is not None, 0)
    others = sum(place != right for place in named) + strange
    missed = right is not None and right not in named
    exact = not missed and not others
    turned = None
    if right in named:
        (bold, leans), (common_bold, common_leans) = named[right]
        turned = (bold and not common_bold, leans and not common_leans)
    wanted = {"bold": (True, False), "italic": (False, True), "none": None}[label["kind"]]
    return Verdict(exact, exact and turned == wanted, missed, others)


def print_table(title, parts):
    width = max(map(len, [title, *parts]))
    heads = ["pictures", "right word", "and kind", "missed", "others named"]
    print(f"\n{title:{width}}" + "".join(f" {head:>13}" for head in heads))
    for name, verdicts in parts.items():
        counts = [
            sum(one.word for one in verdicts),
            sum(one.kind for one in verdicts),
            sum(one.missed for one in verdicts),
            sum(one.others > 0 for one in verdicts),
        ]
        cells = "".join(f" {f'{n} ({100 * n / len(verdicts):.0f} %)':>13}" for n in counts)
        print(f"{name:{width}} {len(verdicts):13}{cells}")


def grouped(labels, verdicts, key):
    found = collections.defaultdict(list)
    for label, verdict in zip(labels, verdicts):
        found[key(label)].append(verdict)
    return dict(sorted(found.items()))


def side(label):
    return "clean" if label["wear"] == "none" else "worn"


def words_of(answer):
    return [word for line in answer.get("lines", []) for word in line.get("words") or []]


def arguments():
    parser = argparse.ArgumentParser(
        prog="bench/recognition/styles",
        description="Scores how `letra identify` names the one bold or italic word of a sentence.",
        epilog="What follows -- is given to `letra identify`.",
    )
    parser.add_argument("home", type=pathlib.Path, help=argparse.SUPPRESS)
    parser.add_argument("--letra", metavar="PROGRAM", help="a program that is built already")
    parser.add_argument("--limit", type=int, metavar="N", help="an evenly spread sample only")
    parser.add_argument(
        "--details", action="store_true", help="also by wear and family, and what went wrong"
    )
    parser.add_argument(
        "--json", type=pathlib.Path, metavar="FILE", help="write a verdict a picture"
    )
    own, further = letra_reader.split(sys.argv[1:])
    return parser.parse_args(own), further


def main():
    asked, further = arguments()
    folder = asked.home / "styles"
    with open(folder / "labels.csv", encoding="utf8", newline="") as file:
        labels = list(csv.DictReader(file))
    if asked.limit and asked.limit < len(labels):
        labels = [labels[i * len(labels) // asked.limit] for i in range(asked.limit)]
    letra = letra_reader.Letra(asked.letra or letra_reader.built(), further)
    answers = letra.answers("identify", [folder / label["picture"] for label in labels])
    words = [words_of(answer) for answer in answers]
    if not any(words):
        sys.exit(f"{letra.program} identify --json names no words in any line of any picture")
    verdicts = [judge(*one) for one in zip(labels, words)]
    print_table(
        "one word is", grouped(labels, verdicts, lambda label: f"{label['kind']}, {side(label)}")
    )
    print(f"\nThe answer to {sum(not one for one in words)} pictures names no words.")
    if asked.details:
        print_table("worn", grouped(labels, verdicts, lambda label: label["wear"]))
        print_table("family", grouped(labels, verdicts, lambda label: label["family"]))
        print()
        for label, verdict, told in zip(labels, verdicts, words):
            if not verdict.kind:
                named = [f"{told[i]['text']} ({told[i]['style']})" for i in outstanding(told)]
                wanted = f"{label['word']} ({label['style']})" if label["word"] else "nothing"
                print(f"{label['picture']}: {wanted}, but named {', '.join(named) or 'nothing'}")
    if asked.json:
        rows = [
            {"picture": label["picture"], "kind": label["kind"], **dataclasses.asdict(verdict)}
            for label, verdict in zip(labels, verdicts)
        ]
        asked.json.write_text(json.dumps(rows, indent=1), encoding="utf8")


if __name__ == "__main__":
    main()
