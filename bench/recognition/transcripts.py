"""How far a text that was read is from the one that a picture shows.

Both are compared in Unicode's composed form (NFC) with single spaces; line ends count as spaces.
What a picture of a typeface cannot tell apart counts as the same: curved and straight quotation
marks, and a ligature's own character and its letters.
"""

import collections
import dataclasses
import unicodedata

SAME = {
    **dict.fromkeys("‘’‚‛", "'"),
    **dict.fromkeys("“”„‟", '"'),
    **{ligature: unicodedata.normalize("NFKC", ligature) for ligature in "ﬀﬁﬂﬃﬄﬅﬆ"},
}
SAME = str.maketrans(SAME)
NOTHING = ""
LONGEST_CONFUSION = 3


def line(text):
    """A line of text in the form in which it is compared.

    >>> line(" cafe\\u0301  “ﬁn” ")
    'café "fin"'
    """
    return " ".join(unicodedata.normalize("NFC", text).translate(SAME).split())


def edits(truth, read):
    """The fewest edits that make `read` of `truth` (Levenshtein), as (place in truth, wanted, got).

    What is missing was got as nothing, what is too much was wanted as nothing. Sequences of
    anything that compares.

    >>> edits("corner", "comer")
    [(2, 'r', ''), (3, 'n', 'm')]
    >>> edits("to be", "to  be")
    [(3, '', ' ')]
    """
    shorter = min(len(truth), len(read))
    head = next((i for i in range(shorter) if truth[i] != read[i]), shorter)
    most = shorter - head
    tail = next((i for i in range(most) if truth[-1 - i] != read[-1 - i]), most)
    truth, read = truth[head : len(truth) - tail], read[head : len(read) - tail]
    costs = [list(range(len(read) + 1))]
    for wanted in truth:
        above, row = costs[-1], [costs[-1][0] + 1]
        for place, got in enumerate(read):
            row.append(min(above[place] + (wanted != got), above[place + 1] + 1, row[-1] + 1))
        costs.append(row)
    found, down, across = [], len(truth), len(read)
    while down or across:
        cost = costs[down][across]
        if down and across:
            differs = truth[down - 1] != read[across - 1]
            if cost == costs[down - 1][across - 1] + differs:
                down, across = down - 1, across - 1
                if differs:
                    found.append((head + down, truth[down], read[across]))
                continue
        if down and cost == costs[down - 1][across] + 1:
            down -= 1
            found.append((head + down, truth[down], NOTHING))
        else:
            across -= 1
            found.append((head + down, NOTHING, read[across]))
    return found[::-1]


def confusions(found):
    """What was taken for what: edits side by side are one, unless they are many.

    >>> dict(confusions(edits("corner", "comer")))
    {('rn', 'm'): 1}
    """
    runs = []
    for place, wanted, got in found:
        if runs and place <= runs[-1][0] + 1:
            runs[-1] = (place, runs[-1][1] + [(wanted, got)])
        else:
            runs.append((place, [(wanted, got)]))
    counted = collections.Counter()
    for _, run in runs:
        whole = tuple("".join(side) for side in zip(*run))
        counted.update([whole] if max(map(len, whole)) <= LONGEST_CONFUSION else run)
    return counted


def exact_lines(truth, read):
    """How many lines of `truth` were read without an error, in their order.

    >>> exact_lines(["one", "two", "three"], ["one", "tvvo", "three"])
    2
    """
    best = [0] * (len(read) + 1)
    for wanted in truth:
        before = best[:]
        for place, got in enumerate(read):
            best[place + 1] = max(before[place + 1], best[place], before[place] + (wanted == got))
    return best[-1]


@dataclasses.dataclass
class Tally:
    """Errors of some pictures together."""

    pictures: int = 0
    characters: int = 0
    errors: int = 0
    errors_any_case: int = 0
    words: int = 0
    word_errors: int = 0
    lines: int = 0
    exact: int = 0
    unanswered: int = 0
    confusions: collections.Counter = dataclasses.field(default_factory=collections.Counter)

    def add(self, other):
        for field in dataclasses.fields(self):
            setattr(self, field.name, getattr(self, field.name) + getattr(other, field.name))

    def as_object(self):
        """Counts and shares for a JSON file."""
        counts = {
            field.name: getattr(self, field.name)
            for field in dataclasses.fields(self)
            if field.name != "confusions"
        }
        return counts | {
            "character_error_rate": self.errors / max(1, self.characters),
            "character_error_rate_any_case": self.errors_any_case / max(1, self.characters),
            "word_error_rate": self.word_errors / max(1, self.words),
            "exact_line_rate": self.exact / max(1, self.lines),
        }


@dataclasses.dataclass
class Comparison:
    """A picture's errors: its lines as they are compared, and the edits of them joined."""

    tally: Tally
    lines: list
    edits: list


def compare(truth_lines, read_lines, caseless=False):
    """Compares a picture's lines with those that were read; None where it was not answered.

    With `caseless` capitals and small letters count as the same.
    """
    truth = [line(one) for one in truth_lines]
    read = [kept for kept in map(line, read_lines or []) if kept]
    if caseless:
        truth, read = [[one.lower() for one in lines] for lines in (truth, read)]
    whole, got = " ".join(truth), " ".join(read)
    found = edits(whole, got)
    tally = Tally(
        pictures=1,
        characters=len(whole),
        errors=len(found),
        errors_any_case=len(edits(whole.lower(), got.lower())),
        words=len(whole.split()),
        word_errors=len(edits(whole.split(), got.split())),
        lines=len(truth),
        exact=exact_lines(truth, read),
        unanswered=read_lines is None,
        confusions=confusions(found),
    )
    return Comparison(tally, truth, found)
