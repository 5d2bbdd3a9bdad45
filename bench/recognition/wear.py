"""What happens to pictures: JPEG, blur, half size, a photograph."""

import io

import numpy as np
from PIL import Image, ImageFilter


def jpeg(picture, random, _cap_height):
    return compressed(picture, 50)


def blur(picture, random, cap_height):
    return picture.filter(ImageFilter.GaussianBlur(random.uniform(0.03, 0.06) * cap_height))


def half_size(picture, random, _cap_height):
    return picture.resize((picture.width // 2, picture.height // 2), Image.LANCZOS)


def photograph(picture, random, cap_height):
    """A view at an angle under uneven light, slightly out of focus, with noise, as JPEG."""
    width, height = picture.size
    angle = random.uniform(-1.5, 1.5)
    picture = picture.rotate(angle, Image.BICUBIC, fillcolor=picture.getpixel((2, 2)))
    narrow = random.uniform(0.0, 0.06) * height
    lean = random.uniform(-0.04, 0.04) * height
    corners = [0, narrow, lean, height - narrow, width + lean, height, width, 0]
    picture = picture.transform(picture.size, Image.QUAD, corners, Image.BICUBIC)
    picture = picture.filter(ImageFilter.GaussianBlur(random.uniform(0.02, 0.045) * cap_height))
    pixels = np.asarray(picture, np.float32)
    across = np.linspace(-1, 1, pixels.shape[1])[None, :, None]
    down = np.linspace(-1, 1, pixels.shape[0])[:, None, None]
    light = 0.88 + 0.12 * (random.uniform(-1, 1) * across + random.uniform(-1, 1) * down)
    noise = np.random.default_rng(random.getrandbits(32)).normal(0, random.uniform(2, 7), pixels.shape)
    pixels = np.clip(pixels * light + noise, 0, 255).astype(np.uint8)
    return compressed(Image.fromarray(pixels), random.randint(55, 85))


def compressed(picture, quality):
    buffer = io.BytesIO()
    picture.convert("RGB").save(buffer, "JPEG", quality=quality)
    buffer.seek(0)
    return Image.open(buffer).convert("RGB")


# Each with the factor by which it makes letters smaller.
WEAR = {"jpeg": (jpeg, 1), "blur": (blur, 1), "half-size": (half_size, 2), "photograph": (photograph, 1)}
