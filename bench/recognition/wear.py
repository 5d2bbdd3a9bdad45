"""What happens to a picture between a drawing and a reader's eye, with OpenCV."""

import cv2
import numpy

cv2.setNumThreads(1)
# How much larger a picture is drawn that is worn so.
DRAWN_LARGER = {"half": 2.0}
KINDS = ["jpeg", "blur", "half", "photo"]


def worn(picture, kind, cap_height, draw):
    """A worn copy of an RGB picture (NumPy, bytes) whose capitals are so many pixels high."""
    return {"jpeg": jpeg, "blur": blur, "half": half, "photo": photo}[kind](picture, cap_height, draw)


def compressed(picture, quality):
    levels = numpy.clip(picture, 0, 255).round().astype(numpy.uint8)
    return cv2.imdecode(cv2.imencode(".jpg", levels, [cv2.IMWRITE_JPEG_QUALITY, quality])[1], 1)


def jpeg(picture, _cap_height, _draw):
    return compressed(picture, 50)


def blur(picture, cap_height, draw):
    return cv2.GaussianBlur(picture, (0, 0), min(draw.uniform(0.6, 1.4), cap_height / 14))


def half(picture, _cap_height, draw):
    height, width = picture.shape[:2]
    way = cv2.INTER_AREA if draw.random() < 0.5 else cv2.INTER_LINEAR
    return cv2.resize(picture, (max(1, width // 2), max(1, height // 2)), interpolation=way)


def photo(picture, cap_height, draw):
    """Seen from an angle in uneven light: turn, perspective, shading, blur, grain and JPEG."""
    height, width = picture.shape[:2]
    edge = max(8, height // 6)
    picture = cv2.copyMakeBorder(picture, edge, edge, edge, edge, cv2.BORDER_REPLICATE)
    tall, wide = picture.shape[:2]
    turn = cv2.getRotationMatrix2D((wide / 2, tall / 2), draw.uniform(-2, 2), 1)
    corners = numpy.float32([[0, 0], [wide, 0], [wide, tall], [0, tall]])
    # A wide picture of one line leans no more than a square one would.
    play = 0.05 * min(wide, 4 * tall)
    moved = numpy.float32(
        [[x + draw.uniform(-play, play), y + draw.uniform(-0.06, 0.06) * tall] for x, y in corners]
    )
    view = cv2.getPerspectiveTransform(corners, moved) @ numpy.vstack([turn, [0, 0, 1]])
    picture = cv2.warpPerspective(
        picture, view, (wide, tall), flags=cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE
    ).astype(numpy.float32)
    across = numpy.linspace(-1, 1, wide, dtype=numpy.float32)[None, :, None]
    down = numpy.linspace(-1, 1, tall, dtype=numpy.float32)[:, None, None]
    light = 0.85 + draw.uniform(-0.15, 0.15) * across + draw.uniform(-0.15, 0.15) * down
    picture *= light - draw.uniform(0, 0.1) * (across**2 + down**2)
    picture += draw.uniform(0, 12)
    picture = cv2.GaussianBlur(picture, (0, 0), min(draw.uniform(0.4, 1.1), cap_height / 16))
    random = numpy.random.default_rng(draw.randrange(2**32))
    grain = random.standard_normal(picture.shape[:2], dtype=numpy.float32)[:, :, None]
    picture += grain * draw.uniform(1.5, 6)
    return compressed(picture, draw.randrange(60, 91))
