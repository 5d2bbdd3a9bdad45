"""letra as a reader of the test pictures, by what its command prints as JSON."""

import dataclasses
import json
import pathlib
import subprocess
import sys

ROOT = pathlib.Path(__file__).resolve().parents[2]
# Few enough for a command line.
AT_ONCE = 200


def built():
    """letra's own program, built as it is released."""
    manifest = str(ROOT / "Cargo.toml")
    build = ["cargo", "build", "--quiet", "--release", "--manifest-path", manifest, "-p", "letra"]
    subprocess.run(build, check=True)
    return str(ROOT / "target/release/letra")


def split(arguments):
    """A command's own arguments and, after --, those that letra is given."""
    place = arguments.index("--") if "--" in arguments else len(arguments)
    return arguments[:place], arguments[place + 1 :]


def lines_of(answer):
    """The lines of a picture's answer; none where it has an error instead."""
    if "error" in answer:
        return None
    return [line["text"] for line in answer["lines"]]


@dataclasses.dataclass
class Letra:
    """A program, and what each of its commands is told besides the pictures."""

    program: str
    further: list

    def command(self, verb, pictures):
        return [self.program, verb, *map(str, pictures), *self.further, "--json"]

    def answers(self, verb, pictures):
        """An object a picture; some of them in one process."""
        found = []
        for start in range(0, len(pictures), AT_ONCE):
            part = [str(picture) for picture in pictures[start : start + AT_ONCE]]
            ran = subprocess.run(self.command(verb, part), capture_output=True, text=True)
            # The exit code is 1 where some could not be answered, and the others were.
            try:
                answered = json.loads(ran.stdout)
                named = [one["picture"] for one in answered]
            except (ValueError, TypeError, KeyError):
                named = None
            if named != part:
                sys.exit(
                    f"{self.program} {verb} --json did not print an array with an object for each "
                    f"picture in their order (exit code {ran.returncode}): "
                    f"{ran.stderr.strip()[:400] or ran.stdout[:400]}"
                )
            found += answered
        return found

    def read_all(self, pictures):
        return [lines_of(answer) for answer in self.answers("read", pictures)]
