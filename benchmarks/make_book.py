"""Build the sample EPUB from `data/the-ferry`: the same bytes each time.

python -m benchmarks.make_book
"""

import sys
import zipfile
from pathlib import Path

from PIL import Image, ImageDraw

_SOURCES = Path("data/the-ferry")
_BOOK = Path("data/the-ferry.epub")
_WHEN = (2026, 1, 1, 0, 0, 0)
_SIZE = 600
_CONTAINER = """<?xml version="1.0" encoding="utf-8"?>
<container xmlns="urn:oasis:names:tc:opendocument:xmlns:container" version="1.0">
  <rootfiles><rootfile full-path="EPUB/package.opf" media-type="application/oebps-package+xml"/></rootfiles>
</container>
"""


def draw_cover(path: Path) -> None:
    """A boat on the water at night."""
    image = Image.new("RGB", (_SIZE, _SIZE), "#14233c")
    draw = ImageDraw.Draw(image)
    draw.ellipse((400, 70, 500, 170), fill="#f4e3b2")
    draw.rectangle((0, 400, _SIZE, _SIZE), fill="#0b1526")
    for line in range(5):
        draw.line((60 + 40 * line, 440 + 30 * line, 540 - 40 * line, 440 + 30 * line), fill="#2f4a73", width=4)
    draw.polygon(((170, 370), (430, 370), (390, 420), (210, 420)), fill="#8a5a3c")
    draw.polygon(((300, 180), (300, 360), (400, 360)), fill="#e8e8e0")
    draw.line((296, 170, 296, 372), fill="#c9b08a", width=6)
    draw.text((_SIZE // 2, 510), "The Last Ferry", fill="#f4e3b2", anchor="mm", font_size=52)
    image.save(path, quality=88)


def build(path: Path) -> None:
    """Write the EPUB. The cover is drawn only once: its bytes depend on the version of the image library."""
    if not (_SOURCES / "cover.jpg").exists():
        draw_cover(_SOURCES / "cover.jpg")
    with zipfile.ZipFile(path, "w") as archive:
        _add(archive, "mimetype", b"application/epub+zip", zipfile.ZIP_STORED)
        _add(archive, "META-INF/container.xml", _CONTAINER.encode())
        for source in sorted(_SOURCES.iterdir()):
            if source.suffix != ".csv":
                _add(archive, f"EPUB/{source.name}", source.read_bytes())


def _add(archive: zipfile.ZipFile, name: str, content: bytes, compression: int = zipfile.ZIP_DEFLATED) -> None:
    archive.writestr(zipfile.ZipInfo(name, _WHEN), content, compression)


if __name__ == "__main__":
    build(Path(sys.argv[1]) if len(sys.argv) > 1 else _BOOK)
