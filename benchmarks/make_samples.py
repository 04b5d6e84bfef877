"""Make `data/the-lamp.parquet` from `data/the-lamp.csv`: the same chapters with inline text, as MP3."""

from pathlib import Path

import pandas as pd

DATA = Path(__file__).parent.parent / "data"


def main() -> None:
    """Write the Parquet manifest."""
    manifest = pd.read_csv(DATA / "the-lamp.csv", dtype=str, keep_default_na=False)
    manifest["transcript"] = [(DATA / name).read_text(encoding="utf-8") for name in manifest.pop("text_file")]
    manifest["container"] = "mp3"
    manifest["bit_rate"] = 128_000
    manifest["chapter"] = range(1, len(manifest) + 1)
    manifest.to_parquet(DATA / "the-lamp.parquet", index=False)


if __name__ == "__main__":
    main()
