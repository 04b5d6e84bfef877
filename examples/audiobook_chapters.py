"""Convert the chapters of a book to MP3 files, from a pandas DataFrame.

    python examples/audiobook_chapters.py [RESULTS]

Run it again, and no chapter is generated twice. Edit one text, and only the changed sentences are.
"""

import sys
from pathlib import Path

import pandas as pd

import voicemill

TEXTS = Path(__file__).parents[1] / "data" / "the-lamp"


def chapters(folder: Path) -> pd.DataFrame:
    """One row per text file, in order, with the chapter number as a column of its own."""
    texts = sorted(folder.glob("*.txt"))
    return pd.DataFrame(
        {
            "id": [f"chapter-{number}" for number, _ in enumerate(texts, start=1)],
            "text": [text.read_text(encoding="utf-8") for text in texts],
            "out": [f"the-lamp/{text.stem}" for text in texts],
            "chapter": range(1, len(texts) + 1),
        }
    )


def main(results: str = "results/audiobook") -> None:
    """Validate, then run; print where the audio is and how long it is."""
    rows = chapters(TEXTS)
    checked = voicemill.validate(rows, profile="audiobook")
    if not checked.ok:
        raise SystemExit("\n".join(str(problem) for problem in checked.problems))
    result = voicemill.run(rows, results, profile="audiobook", max_credits=50_000)
    for item in result.items.itertuples():
        print(f"{item.id}: {item.duration_s:.0f} s in {item.audio_path}")
    sys.exit(result.exit_code)


if __name__ == "__main__":
    main(*sys.argv[1:])
