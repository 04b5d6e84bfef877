"""CSV and TSV as spreadsheets and speech data sets write them, and quotes that would join rows."""

from pathlib import Path

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from tests.manifest.read_manifest import read, read_good, refused, written

ROWS = [("c1", "The morning was cold.", "x"), ("c2", "Where are you, now?", ""), ("c3", "Nobody answered.", "")]


def test_a_comma_file_whose_quote_joins_rows_is_refused(tmp_path: Path) -> None:
    """The problem names the lines that the quote would join."""
    content = 'id,transcript,age\nc1,Cold.,x\nc2,"Where are you?,x\nc3,Nobody.,y\nc4,Who is there?",y\nc5,Rain.,\n'
    error = refused(written(tmp_path, content))
    assert [problem.row for problem in error.problems] == [2]
    assert "would join the rows of lines 3 to 5" in error.problems[0].why


def test_a_quote_that_joins_two_rows_of_two_columns_is_refused(tmp_path: Path) -> None:
    """Two columns are enough where the swallowed line begins with an id like the others."""
    error = refused(written(tmp_path, 'id,transcript\nc1,Cold.\nc2,"Where are you?\nc3,Who is there?"\nc4,Rain.\n'))
    assert "lines 3 to 4" in error.problems[0].why


@pytest.mark.parametrize("name", ["m.tsv", "m.csv"])
def test_tabs_and_bars_separate_text_with_lone_quotes(name: str, tmp_path: Path) -> None:
    """Common Voice and LJSpeech write quotes as plain text: each line is a row."""
    separator = "\t" if name == "m.tsv" else "|"
    lines = ["id,transcript,age", 'c1,"Where are you?,x', "c2,Nobody.,", 'c3,Who is there?",y', 'c4,"Quoted",']
    found = read_good(written(tmp_path, "\n".join(lines).replace(",", separator) + "\n", name))
    assert [row.speech.text for row in found.rows] == ['"Where are you?', "Nobody.", 'Who is there?"', "Quoted"]


def test_a_text_over_several_lines_is_one_row(tmp_path: Path) -> None:
    """Commas in its lines do not make it look like rows."""
    text = "He came, and saw.\nThen, slowly, he went.\nYes, he did.\nend"
    found = read_good(written(tmp_path, f'id,transcript\na1,Hi\na2,"{text}"\na3,Ho\n'))
    assert [row.speech.text for row in found.rows] == ["Hi", text, "Ho"]


def test_a_file_that_quotes_every_text_may_contain_lines_like_rows(tmp_path: Path) -> None:
    """Where every cell of the column is quoted, a quote is not a slip."""
    found = read_good(written(tmp_path, 'id,transcript\n"a1","Hi"\n"a2","one\na3,two\nthree"\n"a4","Ho"\n'))
    assert [row.speech.text for row in found.rows] == ["Hi", "one\na3,two\nthree", "Ho"]


@pytest.mark.parametrize("start", ["", "\ufeff", "sep=;\r\n", "\ufeffsep=;\r\n"])
def test_semicolons_are_recognized(start: str, tmp_path: Path) -> None:
    """Excel writes them in most of Europe, and decimal commas with them."""
    content = f"{start}id;transcript;speed;model\r\nk1;Guten Morgen, Leute.;1,2;sonic-3\r\nk2;Der Zug ist weg.;;\r\n"
    found = read_good(written(tmp_path, content))
    assert [(row.id, row.speech.text, row.speech.speed) for row in found.rows] == [
        ("k1", "Guten Morgen, Leute.", 1.2),
        ("k2", "Der Zug ist weg.", None),
    ]
    assert found.check.dialect == "separated by semicolons"


@pytest.mark.parametrize("above", [";;\n", ";; exported, by hand\n", "\n;;\n\n", "sep=;\n;;;\n", ",,\n"])
def test_lines_without_names_above_the_names_are_passed_over(above: str, tmp_path: Path) -> None:
    """Spreadsheets write empty rows as separators, and some programs write comments; they are not counted as rows."""
    found = read_good(written(tmp_path, f"{above}id;transcript;speed;model\n1;Hello.;1,2;sonic-3\n"))
    assert [(row.id, row.speech.text, row.speech.speed) for row in found.rows] == [("1", "Hello.", 1.2)]
    error = refused(written(tmp_path, f"{above}id;transcript\n1;Hello.\n2;a;b\n"))
    assert [problem.row for problem in error.problems] == [2]


@pytest.mark.parametrize("encoding", ["utf-16-le", "utf-16-be"])
@pytest.mark.parametrize("name", ["m.txt", "m.csv"])
def test_unicode_text_of_excel_is_read(name: str, encoding: str, tmp_path: Path) -> None:
    """It is UTF-16 with tabs, a byte order mark and the extension .txt; the summary names the encoding."""
    content = 'id\ttranscript\r\n1\tGrüße, Welt 🌍.\r\n2\t"Two\nlines"\r\n'
    (tmp_path / name).write_bytes(f"\ufeff{content}".encode(encoding))
    found = read_good(tmp_path / name)
    assert [(row.id, row.speech.text) for row in found.rows] == [("1", "Grüße, Welt 🌍."), ("2", "Two\nlines")]
    assert found.check.dialect == "in UTF-16"


def test_a_text_file_in_utf16_is_spoken(tmp_path: Path) -> None:
    """A text file that is not a table is one text, whatever its encoding."""
    (tmp_path / "m.txt").write_bytes("Ein Text.\nZwei Zeilen.".encode("utf-16"))
    assert read_good(tmp_path / "m.txt").row.speech.text == "Ein Text.\nZwei Zeilen."


@pytest.mark.parametrize("start", ["sep=;\nid;transcript\n1;Hi\n", '{"id": "1", "transcript": "Hi"}\n'])
def test_a_table_with_the_extension_txt_is_not_spoken_as_one_text(start: str, tmp_path: Path) -> None:
    """Its first line shows that it is a table."""
    assert read_good(written(tmp_path, start, "m.txt")).row.speech.text == "Hi"


def test_a_separator_line_may_name_a_tab(tmp_path: Path) -> None:
    """The line is not a row, and the row's place in the file counts it."""
    error = refused(written(tmp_path, 'sep=\t\nid\ttranscript\na\t"Hi\nthere"\nb\t\n'))
    assert (
        str(error.problems[0])
        == "row 2, column transcript: the text is empty; write a text or remove the row (line 5 of the file)"
    )


def test_nameless_empty_columns_and_empty_rows_are_left_out(tmp_path: Path) -> None:
    """Excel keeps them where cells were once used."""
    found = read_good(written(tmp_path, "id,transcript,,,\n1,One.,,,\n2,Two.,,,\n,,,,\n,,,,\n"))
    assert [(row.id, row.carried) for row in found.rows] == [("1", {}), ("2", {})]
    assert [str(warning) for warning in found.check.warnings] == ["row 3: 2 rows are empty and skipped"]


def test_missing_cells_at_the_end_of_a_row_are_empty(tmp_path: Path) -> None:
    """Excel drops trailing separators; one warning counts the rows."""
    found = read_good(written(tmp_path, "id,transcript,who,note\n1,One.,x,y\n2,Two.\n3,Three.,z\n4,Four.\n"))
    assert [dict(row.carried) for row in found.rows] == [
        {"who": "x", "note": "y"},
        {"who": "", "note": ""},
        {"who": "z", "note": ""},
        {"who": "", "note": ""},
    ]
    assert [warning.row for warning in found.check.warnings] == [2]
    assert found.check.warnings[0].why.startswith("3 rows have fewer cells")


def test_short_rows_with_ids_like_the_others_are_not_one_broken_row(tmp_path: Path) -> None:
    """Two of them could be the halves of one row; their ids say that they are not."""
    found = read_good(written(tmp_path, "id,transcript,note\nr1,One.,x\nr2,Two.\nr3,Three.\n"))
    assert [row.id for row in found.rows] == ["r1", "r2", "r3"]


def test_a_row_broken_in_two_is_refused(tmp_path: Path) -> None:
    """A line end in a text without quotes makes two short rows: neither is a row."""
    error = refused(written(tmp_path, "id,transcript,note\nr1,One.,x\nr2,It was\nlate,y\nr3,Three.,z\n"))
    assert [problem.row for problem in error.problems] == [2, 3]


def test_separators_without_cells_behind_them_are_left_out(tmp_path: Path) -> None:
    """A row may end in more separators than the first line has."""
    assert read_good(written(tmp_path, "id,transcript\na,Hi,,\n")).row.speech.text == "Hi"


@pytest.mark.parametrize(
    ("lines", "expected"),
    [
        (["LJ-01|The sea.|The sea.", "LJ-02|Room 12.|Room twelve."], [("LJ-01", "The sea."), ("LJ-02", "Room 12.")]),
        (["a1|The sea.", 'a2|A "lone quote.'], [("a1", "The sea."), ("a2", 'A "lone quote.')]),
        (["a1|anna|The sea.", "a2|berta|The end."], [("a1", "The sea."), ("a2", "The end.")]),
        (["id|transcript", "a1|The sea.", "a2|The end."], [("a1", "The sea."), ("a2", "The end.")]),
    ],
)
def test_vertical_bars_separate_data_sets(lines: list[str], expected: list[tuple[str, str]], tmp_path: Path) -> None:
    """LJSpeech and Piper have no line of column names."""
    found = read_good(written(tmp_path, "\n".join(lines) + "\n"))
    assert [(row.id, row.speech.text) for row in found.rows] == expected
    assert "vertical bar" in found.check.dialect


def test_rows_of_different_widths_are_not_taken_for_a_data_set(tmp_path: Path) -> None:
    """A text with a vertical bar would lose what stands behind it, or before it."""
    path = written(tmp_path, "a1|He paid 5|6 dollars.\na2|The end.\n")
    assert {problem.column for problem in refused(path).problems} == {"id", "transcript"}


def test_a_quote_that_joins_rows_beyond_the_named_columns_is_a_problem(tmp_path: Path) -> None:
    """The joined cell has no column, so nothing shows that its column is quoted."""
    error = refused(written(tmp_path, 'id,transcript\na1,Hi\na2,Ho,"\na3,Hu\na4,He"\n'))
    assert [problem.row for problem in error.problems] == [2]


def test_quotes_that_every_cell_needs_do_not_show_that_the_column_is_quoted(tmp_path: Path) -> None:
    """Cells with a comma must be quoted, so another one may have lost its second quote."""
    lines = ['a1,"Hi, you.",', 'a2,"The end.,', 'a3,Ho.,x"', 'a4,"No, no.",']
    error = refused(written(tmp_path, "id,transcript,note\n" + "\n".join(lines) + "\n"))
    assert "would join the rows of lines 3 to 4" in error.problems[0].why


cell = st.text(st.sampled_from('ab ,;|"\n\t.'), max_size=12)


pairs = st.lists(st.tuples(cell, cell), min_size=1, max_size=6)


@given(pairs, st.sampled_from(",;\t|"), st.sampled_from(["\n", "\r\n"]))
@example([("\t\n\t", "")], "\t", "\n")
def test_a_file_that_quotes_every_cell_is_read_back(
    tmp_path_factory: pytest.TempPathFactory, rows: list[tuple[str, str]], separator: str, end: str
) -> None:
    """Whatever its cells hold: separators, quotes and line ends stay where they are."""

    def line(*cells: str) -> str:
        return separator.join('"' + text.replace('"', '""') + '"' for text in cells) + end

    texts = [(f"{first}x", second) for first, second in rows]
    content = line("id", "transcript", "note")
    content += "".join(line(f"n{number}", *pair) for number, pair in enumerate(texts))
    found = read(written(tmp_path_factory.mktemp("read"), content))
    assert [(row.speech.text, row.carried["note"]) for row in found.rows] == texts


def test_no_row_swallows_another(tmp_path: Path) -> None:
    """Wherever one quote is put into a plain file, each id is that of a row or its line is named by a problem."""
    lines = [f"r{number},The text of row {number}.,n{number}" for number in range(4)]
    content = "id,transcript,note\n" + "\n".join(lines) + "\n"
    start = content.index("\n") + 1
    for first in range(start, len(content)):
        for second in (None, *range(first + 1, len(content), 11)):
            mutated = content[:first] + '"' + content[first:]
            mutated = mutated if second is None else mutated[:second] + '"' + mutated[second:]
            found = read(written(tmp_path, mutated))
            assert all(row.speech.text.count("text of row") <= 1 for row in found.rows), mutated
            assert len(found.rows) == len(lines) or found.problems, mutated


def test_column_names_that_swallow_rows_are_refused(tmp_path: Path) -> None:
    """A quote in the first line may join rows to it; a line end within a name alone does not."""
    for name in ('"note\na1,Hi,x\na2,Ho"', '"note\na1",Hi,x'):
        assert "would join" in refused(written(tmp_path, f"id,transcript,{name}\na3,Hu,y\n")).problems[0].why
    found = read_good(written(tmp_path, 'id,transcript,"note\n(optional)"\na1,Hi,x\n'))
    assert found.row.carried == {"note\n(optional)": "x"}


def test_a_swallowed_line_is_known_by_its_id(tmp_path: Path) -> None:
    """Also where the quotes within it give it more cells than there are columns."""
    lines = ["r1\tHi\tx", 'r2\tHo\t"', 'r3\t""A\tb."\t', "r4\tHu\tx"]
    error = refused(written(tmp_path, "id\ttranscript\tnote\n" + "\n".join(lines) + "\n", "m.tsv"))
    assert [problem.row for problem in error.problems] == [2]


@pytest.mark.parametrize("start", ["", "\ufeff"])
def test_joined_files_repeat_their_column_names(start: str, tmp_path: Path) -> None:
    """The second line of names would be spoken; a byte order mark before it, or before a row, is no part of a cell."""
    error = refused(written(tmp_path, f"{start}id,transcript\na,Hi\n{start}id,transcript\nb,Ho\n"))
    assert [(problem.row, problem.why) for problem in error.problems] == [
        (2, "the row repeats the column names, as in files that were joined; remove it")
    ]
    found = read_good(written(tmp_path, f"{start}id,transcript\na,Hi\n{start}b,Ho\n"))
    assert [row.id for row in found.rows] == ["a", "b"]
