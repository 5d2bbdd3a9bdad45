"""Settings of Tesseract beside the one that is compared with letra, each changed in one thing."""

import collections
import dataclasses

import tesseract
from transcripts import Tally, compare


def neighbours(setting):
    """What else could be chosen, by what is changed."""
    yield "as chosen", setting
    for psm in (3, 4, 6, 7, 11, 13):
        yield f"--psm {psm}", dataclasses.replace(setting, psm=psm)
    for capitals in (None, 24, 28, 32, 36, 40):
        told = f"capitals {capitals} pixels" if capitals else "not scaled"
        yield told, dataclasses.replace(setting, capitals=capitals)
    for border in (0, 10, 20):
        yield f"border {border} pixels", dataclasses.replace(setting, border=border)
    for threshold in (0, 1, 2):
        told = f"thresholding_method={threshold}"
        yield told, dataclasses.replace(setting, threshold=threshold)
    yield "not turned dark on light", dataclasses.replace(setting, upright=False)
    for languages in ("all", "script/Latin"):
        yield f"languages {languages}", dataclasses.replace(setting, languages=languages)


def classes(row):
    """The classes of pictures that a setting could be chosen for."""
    count = "one line" if len(row.lines) == 1 else "more lines"
    kind = {"none": "clean", "photo": "photo"}.get(row.wear, "worn")
    return ["all", f"{count}, {kind}"]


def compare_settings(rows, cache, jobs):
    """Prints the character errors in percent, a line a setting, a column a class."""
    columns = [
        "all",
        *(
            f"{count}, {kind}"
            for count in ("one line", "more lines")
            for kind in ("clean", "worn", "photo")
        ),
    ]
    print(f"{'character errors, %':26}" + "".join(f"{column:>19}" for column in columns))
    chosen = tesseract.best(rows[0])
    for told, setting in neighbours(chosen):
        if setting == chosen and told != "as chosen":
            continue
        tallies = collections.defaultdict(Tally)
        for row, lines in zip(rows, cache.read_all(rows, lambda _, one=setting: one, jobs)):
            tally = compare(row.lines, lines, row.caseless).tally
            for name in classes(row):
                tallies[name].add(tally)
        cells = (100 * tallies[name].errors / max(1, tallies[name].characters) for name in columns)
        print(f"{told:26}" + "".join(f"{cell:19.2f}" for cell in cells), flush=True)
