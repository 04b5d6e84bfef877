"""The page as a file: the built template, with the data in compressed blocks that the page decodes when it needs them.

A block is a `<script>` of a data type, which browsers never execute. Its content is Base64, so no text of a row can
end the element. Blocks are written one after another: the data of 100,000 rows is never in memory at once.
"""

import gzip
import json
from base64 import b64encode
from functools import cache
from importlib.resources import files
from typing import IO, Any

_MARK = b"<!--voicemill-data-->"
_LEVEL = 6


@cache
def _template() -> tuple[bytes, bytes]:
    before, found, after = files("voicemill.html_report").joinpath("page.html").read_bytes().partition(_MARK)
    if not found:
        raise ValueError("voicemill/html_report/page.html has no place for data; run `make page`")
    return before, after


class PageWriter:
    """Writes a page block by block. The same blocks make the same bytes."""

    def __init__(self, file: IO[bytes], key: str) -> None:
        self._file = file
        self._file.write(_template()[0])
        self._file.write(key_line(key))

    def block(self, name: str, content: Any) -> None:  # noqa: ANN401 - any JSON
        """Append a block. `name` is unique in the page."""
        text = json.dumps(content, ensure_ascii=False, separators=(",", ":"), default=str, allow_nan=False)
        packed = gzip.compress(text.encode("utf-8", "replace"), _LEVEL, mtime=0)
        self._file.write(f'<script type="application/octet-stream" id="{name}">'.encode())
        self._file.write(b64encode(packed))
        self._file.write(b"</script>\n")

    def end(self) -> None:
        """Finish the page."""
        self._file.write(_template()[1])


def key_line(key: str) -> bytes:
    """The line that identifies the state of the results folder that a page shows."""
    return f'<script type="text/plain" id="source">{key}</script>\n'.encode()


def is_made_from(file: IO[bytes], key: str) -> bool:
    """Whether a page shows the state `key` of a results folder, with this version of the template."""
    before, line = _template()[0], key_line(key)
    return file.read(len(before) + len(line)) == before + line
