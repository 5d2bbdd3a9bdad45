"""How sentences become lines, and in which colours."""

SHORTEST = 12


def broken(sentence, width):
    """A sentence in lines of about so many characters, none shorter than SHORTEST."""
    lines = [""]
    for word in sentence.split():
        if lines[-1] and len(lines[-1]) + len(word) >= width:
            lines.append("")
        lines[-1] += (" " if lines[-1] else "") + word
    return [line for line in lines if len(line) >= SHORTEST]


def colours(draw):
    """Ink and ground, far enough apart to be read."""
    kind = draw.random()
    if kind < 0.6:
        return (0, 0, 0), (255, 255, 255)
    tint = [draw.randrange(215, 256) for _ in range(3)]
    shade = [draw.randrange(0, 90) for _ in range(3)]
    return (tint, shade) if kind > 0.85 else (shade, tint)
