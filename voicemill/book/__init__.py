"""From a book to a manifest, and from the results to a finished audiobook.

    from voicemill.book import master

    mastered = master("results/novel", "acx,m4b", title="The Lamp", author="Ann Author", cover="lamp.jpg")
    print(mastered.folder, mastered.failures)

Functions:
    master: deliver the audiobook files of shops and players, each measured after decoding; makes no call.

Classes:
    Mastered: what `master` returns.
"""

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from voicemill.book.mastering.master import Mastered, master

__all__ = ["Mastered", "master"]


def __getattr__(name: str) -> object:
    """Import a public name when it is first used."""
    if name not in __all__:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from voicemill.book.mastering import master as module

    return getattr(module, name)
