"""The error of a file that cannot be used as a recording; it imports no decoder."""


class Unlistenable(ValueError):
    """A file cannot be used as a recording. The text continues its name and says what to do; `code` is for programs."""

    def __init__(self, why: str, code: str) -> None:
        super().__init__(why)
        self.code = code
