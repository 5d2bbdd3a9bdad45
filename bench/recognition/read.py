"""Scores readers of text on the pictures of a folder; bench/recognition/read calls it."""

import argparse
import collections
import json
import os
import pathlib
import sys

import letra_reader
import rows as labelled
import tesseract
import timing
import tuning
from transcripts import Tally, compare

MOST_CONFUSIONS = 15
HEIGHTS = [(14, "14 to 20 pixels"), (20, "20 to 30 pixels"), (30, "30 to 50 pixels")]


def percent(part, whole):
    return f"{100 * part / whole:.2f}" if whole else "-"


def rates(tally):
    return [
        percent(tally.errors, tally.characters),
        percent(tally.word_errors, tally.words),
        percent(tally.exact, tally.lines),
    ]


def sums(rows, comparisons, key):
    """The tallies of rows together that have the same key, in the order of the keys."""
    found = collections.defaultdict(Tally)
    for row, comparison in zip(rows, comparisons):
        found[key(row)].add(comparison.tally)
    return dict(sorted(found.items()))


def by_language(rows, comparisons):
    """Characters and errors of each language; an edit belongs to the line in which it is."""
    found = collections.defaultdict(Tally)
    for row, comparison in zip(rows, comparisons):
        ends, end = [], 0
        for line, language in zip(comparison.lines, row.languages):
            # With the space that follows it.
            end += len(line) + 1
            ends.append((end, language))
            found[language].characters += len(line)
        for place, *_ in comparison.edits:
            found[next(language for end, language in ends if place < end)].errors += 1
    return dict(sorted(found.items()))


def print_table(title, parts):
    """One line a part; for each reader characters and words that are wrong, lines that are right.

    `parts` holds for each reader a dictionary from the part's name to its tally.
    """
    readers = list(parts)
    names = list(parts[readers[0]])
    width = max(map(len, [title, *names]))
    print(f"\n{'':{width}} {'':8}" + "".join(f"   {reader:^25}" for reader in readers))
    heads = "".join(f"   {'chars %':>7} {'words %':>8} {'lines %':>8}" for _ in readers)
    print(f"{title:{width}} {'pictures':>8}{heads}")
    for name in names:
        tallies = [parts[reader][name] for reader in readers]
        cells = "".join("   {:>7} {:>8} {:>8}".format(*rates(tally)) for tally in tallies)
        print(f"{name:{width}} {tallies[0].pictures or '':>8}{cells}")


def print_confusions(group, reader, tally):
    """The most frequent of what was read wrong, with their numbers."""

    def kind(wanted, got):
        return "missing" if not got else "too much" if not wanted else "taken for another"

    def shown(text):
        return text.replace(" ", "␣")

    print(f"\n{group}, {reader}: {tally.errors} errors in {tally.characters} characters")
    for wanted_kind in ("taken for another", "missing", "too much"):
        counted = [(pair, n) for pair, n in tally.confusions.items() if kind(*pair) == wanted_kind]
        counted.sort(key=lambda one: (-one[1], one[0]))
        told = [
            f"{shown(wanted)}→{shown(got)} {count}"
            if wanted and got
            else f"{shown(wanted or got)} {count}"
            for (wanted, got), count in counted[:MOST_CONFUSIONS]
        ]
        print(f"  {wanted_kind + ':':18} {'   '.join(told) or 'none'}")


def height(row):
    return [name for least, name in HEIGHTS if row.cap_height >= least or least == 14][-1]


def print_details(rows, compared):
    for title, key in [
        ("drawn by", lambda row: row.renderer),
        ("worn", lambda row: row.wear),
        ("capitals", height),
        ("lines", lambda row: str(len(row.lines))),
    ]:
        print_table(title, {name: sums(rows, one, key) for name, one in compared.items()})
    print_table("language", {name: by_language(rows, one) for name, one in compared.items()})
    for group in labelled.GROUPS:
        for name, comparisons in compared.items():
            tally = sums(rows, comparisons, lambda row: row.group).get(group)
            if tally:
                print_confusions(group, name, tally)


def print_worst(rows, comparisons, read, reader):
    """The pictures with the most errors, with their truth and what was read."""
    wrong = [one for one in zip(rows, comparisons, read) if one[1].tally.errors]
    worst = sorted(wrong, key=lambda one: -one[1].tally.errors)
    print(f"\nmost errors, {reader}:")
    for row, comparison, lines in worst[:MOST_CONFUSIONS]:
        got = " / ".join(kept for kept in lines if kept.strip()) if lines else "no answer"
        print(f"  {row.picture}, {comparison.tally.errors}: {' / '.join(row.lines)} → {got}")


def as_object(rows, compared, texts, times):
    """All that was found, for a file of JSON."""
    objects = {}
    for name, comparisons in compared.items():
        parts = {
            "group": sums(rows, comparisons, lambda row: row.group),
            "renderer": sums(rows, comparisons, lambda row: row.renderer),
            "wear": sums(rows, comparisons, lambda row: row.wear),
        }
        tallies = {
            part: {key: tally.as_object() for key, tally in found.items()}
            for part, found in parts.items()
        }
        tallies["language"] = {
            language: {"characters": tally.characters, "errors": tally.errors}
            for language, tally in by_language(rows, comparisons).items()
        }
        tallies["confusions"] = {
            group: [
                {"wanted": wanted, "got": got, "count": count}
                for (wanted, got), count in tally.confusions.most_common()
            ]
            for group, tally in parts["group"].items()
        }
        objects[name] = tallies
    pictures = [
        {
            "picture": row.picture,
            "group": row.group,
            "text": list(row.lines),
            "read": {name: texts[name][index] for name in texts},
            "errors": {name: compared[name][index].tally.errors for name in compared},
        }
        for index, row in enumerate(rows)
    ]
    return {"readers": objects, "milliseconds": times, "pictures": pictures}


def arguments():
    parser = argparse.ArgumentParser(
        prog="bench/recognition/read",
        description="Scores `letra read` beside Tesseract 5.",
        epilog="What follows -- is given to `letra read`.",
    )
    parser.add_argument("home", type=pathlib.Path, help=argparse.SUPPRESS)
    parser.add_argument("--letra", metavar="PROGRAM", help="a program that is built already")
    parser.add_argument("--pictures", type=pathlib.Path, metavar="DIR", help="other pictures")
    parser.add_argument("--limit", type=int, metavar="N", help="an evenly spread sample only")
    parser.add_argument(
        "--readers",
        nargs="+",
        choices=["letra", "Tesseract"],
        metavar="READER",
        default=["letra", "Tesseract"],
        help="letra, Tesseract or both (both)",
    )
    parser.add_argument(
        "--details",
        action="store_true",
        help="also by language, program, wear and size, and what was confused",
    )
    parser.add_argument(
        "--json",
        type=pathlib.Path,
        metavar="FILE",
        help="write all figures, and what was read of each picture",
    )
    parser.add_argument(
        "--timed",
        type=int,
        default=40,
        metavar="N",
        help="pictures whose time is measured; 0 measures none (40)",
    )
    parser.add_argument(
        "--jobs",
        type=int,
        default=os.cpu_count(),
        metavar="N",
        help="processes of Tesseract at once where no time is measured",
    )
    parser.add_argument(
        "--try-settings",
        action="store_true",
        help="compare settings of Tesseract on a sample, and nothing else",
    )
    own, further = letra_reader.split(sys.argv[1:])
    return parser.parse_args(own), further


def main():
    asked, further = arguments()
    folder = asked.pictures or asked.home / "pictures"
    every = labelled.load(folder, asked.home / "fonts")
    if "Tesseract" in asked.readers:
        tesseract.need_models()
    cache = tesseract.Cache(asked.home / "tesseract.jsonl")
    if asked.try_settings:
        tuning.compare_settings(
            labelled.sample(every, asked.limit or 400, "tuning"), cache, asked.jobs
        )
        return
    rows = labelled.sample(every, asked.limit)
    texts = {}
    if "letra" in asked.readers:
        letra = letra_reader.Letra(asked.letra or letra_reader.built(), further)
        texts["letra"] = letra.read_all([row.path for row in rows])
    if "Tesseract" in asked.readers:
        texts["Tesseract"] = cache.read_all(rows, tesseract.best, asked.jobs)
    compared = {
        name: [compare(row.lines, lines, row.caseless) for row, lines in zip(rows, read)]
        for name, read in texts.items()
    }
    groups = {
        name: sums(rows, one, lambda row: labelled.GROUPS.index(row.group))
        for name, one in compared.items()
    }
    for name, parts in groups.items():
        groups[name] = {labelled.GROUPS[index]: tally for index, tally in parts.items()}
    print_table("group", groups)
    for name, parts in groups.items():
        unanswered = sum(tally.unanswered for tally in parts.values())
        if unanswered:
            print(f"{name} gave no answer to {unanswered} pictures.")
    if asked.details:
        print_details(rows, compared)
        for name, comparisons in compared.items():
            print_worst(rows, comparisons, texts[name], name)
    times = {}
    if asked.timed:
        timed = timing.Contest(
            letra if "letra" in texts else None, "Tesseract" in texts, every, max(2, asked.timed)
        )
        times = timed.measure()
        timing.print_table(times)
    if asked.json:
        object_ = as_object(rows, compared, texts, times)
        asked.json.write_text(json.dumps(object_, ensure_ascii=False, indent=1), encoding="utf8")


if __name__ == "__main__":
    main()
