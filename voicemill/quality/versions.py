"""The versions of the checks of words, in a module that does not load a decoder.

A stored verdict depends on them: increase one when a change of its check can change a verdict.
"""

from typing import Final

GUIDED: Final = 2
TRANSCRIBED: Final = 1
