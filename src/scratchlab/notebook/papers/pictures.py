"""Loading photographs and scans upright, for OCR."""

from __future__ import annotations

import contextlib
import io
import warnings
from collections.abc import Generator
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING

from scratchlab.checks import Problem, installed

if TYPE_CHECKING:
    from PIL.Image import Image

ENDS = (".jpg", ".jpeg", ".png", ".webp", ".tif", ".tiff", ".bmp", ".heic", ".heif")
_EXIF, _TAKEN = 0x8769, 0x9003  # the table of EXIF, and `DateTimeOriginal` in it


def upright(content: bytes, path: Path) -> Image:
    """The picture, rotated according to EXIF, in RGB on white.

    path: for error messages. Raises Problem if the picture is broken, too large, or of an unsupported format.
    """
    with _opened(content, path) as picture:
        from PIL import Image, ImageOps

        turned = ImageOps.exif_transpose(picture).convert("RGBA")
        white = Image.new("RGBA", turned.size, "white")
        return Image.alpha_composite(white, turned).convert("RGB")


def taken(path: Path) -> datetime | None:
    """The EXIF time at which it was taken; None if there is none. Raises as `upright` does."""
    with _opened(path.read_bytes(), path) as picture:
        stamp = str(picture.getexif().get_ifd(_EXIF).get(_TAKEN, ""))
    with contextlib.suppress(ValueError):
        return datetime.strptime(stamp.strip("\0 "), "%Y:%m:%d %H:%M:%S")
    return None


@contextlib.contextmanager
def _opened(content: bytes, path: Path) -> Generator[Image]:
    installed("Reading pictures", "papers", "PIL")
    from PIL import Image, UnidentifiedImageError

    with contextlib.suppress(ImportError):
        import pillow_heif  # pyright: ignore[reportMissingImports]

        pillow_heif.register_heif_opener()  # pyright: ignore
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("error", Image.DecompressionBombWarning)
            with Image.open(io.BytesIO(content)) as picture:
                yield picture
    except (Image.DecompressionBombError, Image.DecompressionBombWarning):
        raise Problem(f"{path} has more than {Image.MAX_IMAGE_PIXELS:,} pixels; save a smaller version") from None
    except UnidentifiedImageError:
        heic = path.suffix.lower() in (".heic", ".heif")
        remedy = "pip install pillow-heif, or save it as JPEG" if heic else "save it again as PNG or JPEG"
        raise Problem(f"{path} is not a picture that Pillow can read here; {remedy}") from None
    except (OSError, SyntaxError, ValueError) as error:
        raise Problem(f"{path} is a broken picture ({error}); save it again as PNG or JPEG") from None
