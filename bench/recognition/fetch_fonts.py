"""Downloads the Debian packages of fonts.txt and unpacks their font files; installs nothing."""

import fnmatch
import pathlib
import subprocess
import sys
import tempfile

HERE = pathlib.Path(__file__).parent
ENDINGS = {".ttf", ".otf", ".ttc"}


def packages():
    """Group, package and patterns of each line."""
    for line in (HERE / "fonts.txt").read_text().splitlines():
        if line.strip() and not line.startswith("#"):
            group, package, *patterns = line.split()
            yield group, package, patterns


def is_wanted(name, patterns):
    taken = [pattern for pattern in patterns if not pattern.startswith("!")]
    left_out = [pattern[1:] for pattern in patterns if pattern.startswith("!")]
    matches = lambda any_of: any(fnmatch.fnmatch(name, pattern) for pattern in any_of)
    return (not taken or matches(taken)) and not matches(left_out)


def unpack(package, patterns, target, work):
    """Copies the wanted font files of a package, and its statement of copyright."""
    subprocess.run(["apt-get", "download", package], cwd=work, check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    content = work / package
    subprocess.run(["dpkg-deb", "-x", next(work.glob(f"{package}_*.deb")), content], check=True)
    target.mkdir(parents=True, exist_ok=True)
    # Links would be a second copy of a file that comes anyway.
    files = [path for path in sorted(content.rglob("*")) if path.is_file() and not path.is_symlink()]
    for path in files:
        if path.suffix.lower() in ENDINGS and is_wanted(path.name, patterns) or path.name == "copyright":
            (target / path.name).write_bytes(path.read_bytes())


def fetch(folder):
    """Fonts in folder/GROUP/PACKAGE; packages that are there already are left as they are."""
    for group, package, patterns in packages():
        target = folder / group / package
        if target.exists():
            continue
        print(f"fetching {package}", file=sys.stderr)
        with tempfile.TemporaryDirectory() as work:
            try:
                unpack(package, patterns, target, pathlib.Path(work))
            except subprocess.CalledProcessError:
                sys.exit(f"error: cannot download {package}\nhint: this needs apt-get and Debian's or Ubuntu's package lists (`apt-get update`)")


if __name__ == "__main__":
    fetch(pathlib.Path(sys.argv[1]))
