"""Tesseract's settings beside the chosen ones, each changed in one thing."""

import collections
import dataclasses

import tesseract
from transcripts import Tally, compare

CHANGES = [
    ("as chosen", {}),
    ("--psm 3", {"psm": 3}),
    ("--psm 4", {"psm": 4}),
    ("--psm 11", {"psm": 11}),
    ("--psm 7", {"psm": 7}),
    ("--psm 13", {"psm": 13}),
    ("not scaled", {"capitals": None}),
    ("capitals of 24 pixels", {"capitals": 24}),
    ("capitals of 28 pixels", {"capitals": 28}),
    ("capitals of 40 pixels", {"capitals": 40}),
    ("no border", {"border": 0}),
    ("light as it is", {"even": False}),
    ("light made even", {"even": True}),
    ("not turned dark on light", {"upright": False}),
    ("thresholding_method=1", {"threshold": 1}),
    ("thresholding_method=2", {"threshold": 2}),
    ("script/Latin", {"languages": "script/Latin"}),
    ("all twelve languages", {"languages": "all"}),
]
KINDS = {"none": "clean", "photo": "photo"}
CLASSES = [
    f"{count}, {kind}"
    for count in ("one line", "more lines")
    for kind in ("clean", "worn", "photo")
]


def class_of(row):
    """What a setting could be chosen for."""
    count = "one line" if len(row.lines) == 1 else "more lines"
    return f"{count}, {KINDS.get(row.wear, 'worn')}"


def compare_settings(rows, cache, jobs):
    """Prints the character errors in percent, a line a setting, a column a class."""
    columns = ["all", *CLASSES]
    print(f"{'character errors, %':26}" + "".join(f"{column:>19}" for column in columns))
    for told, change in CHANGES:

        def changed(row, change=change):
            return dataclasses.replace(tesseract.best(row), **change)

        tallies = collections.defaultdict(Tally)
        for row, lines in zip(rows, cache.read_all(rows, changed, jobs)):
            tally = compare(row.lines, lines, row.caseless).tally
            for name in ("all", class_of(row)):
                tallies[name].add(tally)
        cells = (100 * tallies[name].errors / max(1, tallies[name].characters) for name in columns)
        print(f"{told:26}" + "".join(f"{cell:19.2f}" for cell in cells), flush=True)
