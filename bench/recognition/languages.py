"""Which language each line of the test pictures is in, by the headings of sentences.txt."""

import pathlib

SENTENCES = pathlib.Path(__file__).resolve().parent / "sentences.txt"
# As Tesseract names them (ISO 639-2, the codes for terminology).
CODES = {
    "English": "eng",
    "German": "deu",
    "French": "fra",
    "Spanish": "spa",
    "Italian": "ita",
    "Dutch": "nld",
    "Portuguese": "por",
    "Swedish": "swe",
    "Danish": "dan",
    "Polish": "pol",
    "Czech": "ces",
    "Finnish": "fin",
}


def sentences():
    """The sentences with their languages, in the order of the file."""
    language, found = None, []
    for line in SENTENCES.read_text(encoding="utf8").splitlines():
        heading = line.removeprefix("#").strip()
        if line.startswith("#"):
            language = heading if heading in CODES else language
        elif line:
            found.append((line, language))
    return found


class Languages:
    """Looks up lines of pictures, which are parts of sentences, some of them in capitals."""

    def __init__(self):
        self.sentences = sentences()
        self.known = {}

    def of(self, line):
        if line not in self.known:
            fitting = (
                language
                for sentence, language in self.sentences
                if line in sentence or line in sentence.upper()
            )
            # What was left of a sentence without the characters that a face lacks is English.
            self.known[line] = next(fitting, "English")
        return self.known[line]
