"""Outputs that would leave the results folder, overwrite each other, or have names that are not portable."""

from pathlib import Path

from tests.manifest.bad_manifests import Bad, assert_refused, each, one_row

OUTPUTS = [
    Bad("out above", one_row(out="../a.wav"), 1, "out", "starts with '.'; start it with", "m.jsonl"),
    Bad("out absolute", one_row(out="/tmp/a.wav"), 1, "out", "starts with a slash; write it relative", "m.jsonl"),
    Bad("out on a drive", one_row(out="C:a.wav"), 1, "out", "drive letter; write it relative", "m.jsonl"),
    Bad("out with backslash", one_row(out="a\\b.wav"), 1, "out", "backslash; separate folders with", "m.jsonl"),
    Bad("out reserved", one_row(out="x/Con.tar.wav"), 1, "out", "Windows reserves.*choose another", "m.jsonl"),
    Bad("out hidden", one_row(out=".a.wav"), 1, "out", "starts with '.'", "m.jsonl"),
    Bad("out like an option", one_row(out="-rf.wav"), 1, "out", "starts with '-'", "m.jsonl"),
    Bad("out with NUL", one_row(out="a\0b.wav"), 1, "out", "NUL byte.*remove", "m.jsonl"),
    Bad("out with line end", one_row(out="a\nb.wav"), 1, "out", r"'\\n', which is not allowed in.*remove", "m.jsonl"),
    Bad("out with colon", one_row(out="ab:c.wav"), 1, "out", "':', which is not allowed in portable", "m.jsonl"),
    Bad("out that reads backwards", one_row(out="a\u202egpj.wav"), 1, "out", "not allowed in portable", "m.jsonl"),
    Bad("out empty part", one_row(out="a//b.wav"), 1, "out", "two slashes in a row or a slash at the end", "m.jsonl"),
    Bad("out ends in slash", one_row(out="a/"), 1, "out", "two slashes in a row or a slash at the end", "m.jsonl"),
    Bad("out ends in dot", one_row(out="a./b.wav"), 1, "out", "ends in '.'.*leave it out", "m.jsonl"),
    Bad("out part too long", one_row(out="é" * 61), 1, "out", "longer than 120 bytes; shorten", "m.jsonl"),
    Bad(
        "out too long", one_row(out="/".join(["abcdefghi"] * 25)), 1, "out", "longer than 240 bytes; shorten", "m.jsonl"
    ),
    Bad(
        "out of another kind",
        one_row(out="a.mp3"),
        1,
        "out",
        "extension .mp3.*container is wav; use .wav",
        "m.jsonl",
    ),
    Bad("out raw as wav", one_row(out="a.wav", container="raw"), 1, "out", "use .pcm or .raw", "m.jsonl"),
    Bad("unknown placeholder", one_row(out="{chapter}"), 1, "out", "no column for.*{chapter}; use one of", "m.jsonl"),
    Bad(
        "attribute in placeholder", one_row(out="{id.__class__}"), 1, "out", "no column for the placeholder", "m.jsonl"
    ),
    Bad("index in placeholder", one_row(out="{id[0]}"), 1, "out", "no column for the placeholder", "m.jsonl"),
    Bad("conversion in placeholder", one_row(out="{id!r}"), 1, "out", "exclamation mark", "m.jsonl"),
    Bad("empty placeholder", one_row(out="{}"), 1, "out", "no column for the placeholder", "m.jsonl"),
    Bad("single brace", one_row(out="a}b"), 1, "out", "unmatched brace", "m.jsonl"),
    Bad("vast width", one_row(out="{id:1000000000}"), 1, "out", "not a supported format", "m.jsonl"),
    Bad("nested placeholder", one_row(out="{id:{row}}"), 1, "out", "not a supported format", "m.jsonl"),
    Bad("number format of a word", one_row(out="{id:03d}"), 1, "out", "not a whole number", "m.jsonl"),
    Bad(
        "placeholder without value",
        one_row(out="{who}", who=None),
        1,
        "out",
        "is empty in this row; fill in",
        "m.jsonl",
    ),
    Bad("placeholder with slash", one_row(out="{who}", who="../x"), 1, "out", "contains a slash", "m.jsonl"),
    Bad("two rows, one file", "id,text,out\na,Hi,x\nb,Ho,x.wav\n", 2, "out", "row 1 would both write 'audio/x.wav'"),
    Bad("one file by case", "id,text,out\na,Hi,X\nb,Ho,x\n", 2, "out", "this row and row 1 would both write"),
    Bad("one file by Unicode", "id,text,out\na,Hi,\u00e9\nb,Ho,e\u0301\n", 2, "out", "row 1 would both write"),
    Bad("out meets an id", "id,text,out\nsome,Hi,\nb,Ho,Some\n", 2, "out", "row 1 would both write"),
    Bad("file and folder", "id,text,out\na,Hi,x.wav\nb,Ho,x.wav/y\n", 1, "out", "a folder of row 2; rename one"),
]


@each(OUTPUTS)
def test_an_unsafe_output_name_is_refused(bad: Bad, tmp_path: Path) -> None:
    """Nothing is written outside the audio folder, and no file twice."""
    assert_refused(bad, tmp_path)
