"""Runs with results in an object store, against an S3 server: stored files, resuming elsewhere, refusals."""

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

import voicemill
from tests.flows.commands import InThisProcess
from tests.flows.results import violations, write_manifest
from tests.flows.speech_service import SpeechService
from tests.flows.without_prefect import without_prefect
from tests.hostile_speech import error_reply
from tests.html_report.folders import blocks_of
from tests.library.machines import ADDRESS, ROWS, Machines
from tests.waiting import wait_until
from voicemill.errors import ConfigError, StorageError
from voicemill.report.summary import as_lines
from voicemill.store import bucket_lease
from voicemill.store.bucket_lease import NAME
from voicemill.store.bucket_results import opened_results, scratch_of
from voicemill.store.results_folder import ResultsFolder

pytestmark = pytest.mark.filterwarnings("ignore::DeprecationWarning", "ignore::ResourceWarning")


@pytest.fixture
def command(capfd: pytest.CaptureFixture[str]) -> Iterator[InThisProcess]:
    """The command, called in this process and without Prefect."""
    with without_prefect():
        yield InThisProcess(capfd)


def test_everything_that_another_machine_needs_is_stored(machines: Machines, service: SpeechService) -> None:
    """A downloaded copy is a complete results folder, and a run on an empty disk makes only the calls of new rows."""
    first = machines.run()
    assert (first.ok, first.summary.calls_made, first.summary.results) == (True, 4, ADDRESS)
    assert f"Report: {ADDRESS}/report.html" in as_lines(first.summary)
    stored = machines.stored()
    assert {name.partition("/")[0] for name in stored if "/" in name} == {"audio", "answers", ".voicemill"}
    assert not [name for name in stored if "parts" in name or name == NAME]
    assert violations(machines.download()) == []
    machines.replace()
    again = machines.run()
    assert (again.summary.calls_made, again.summary.rows_unchanged) == (0, 4)
    assert {name: content for name, content in machines.stored().items() if not name.startswith(".v")} == {
        name: content for name, content in stored.items() if not name.startswith(".v")
    }
    machines.replace()
    write_manifest(machines.manifest, [*ROWS[1:], {"id": "g", "text": "Row g."}])
    assert machines.run().summary.calls_made == 1
    assert violations(machines.download()) == []
    assert len(service.requested) == 5


@pytest.mark.parametrize(("uploads", "of"), [(2, "answers/"), (3, ".voicemill/parts/")])
def test_a_killed_run_is_resumed(machines: Machines, service: SpeechService, uploads: int, of: str) -> None:
    """On an empty disk no stored answer is requested again; on the same disk no answer is."""
    machines.kill_after(uploads, of)
    stored = machines.stored()
    answers = sum(name.startswith("answers/") for name in stored)
    made = len(service.requested)
    assert made - answers <= 1
    assert machines.run().ok
    assert len(service.requested) <= len(ROWS) + 1  # the call in flight at the kill
    assert violations(machines.download()) == []
    machines.store_only(stored)
    machines.replace()
    result = machines.run()
    assert (result.ok, result.summary.calls_made) == (True, len(ROWS) - answers)
    assert violations(machines.download()) == []


def test_answers_of_another_machine_are_read_from_the_store(machines: Machines) -> None:
    """A file in another format is assembled from stored answers, without a call."""
    machines.run()
    machines.replace()
    result = machines.run(container="mp3")
    assert (result.ok, result.summary.calls_made) == (True, 0)
    assert "audio/a.mp3" in machines.stored()


def test_foreign_objects_are_kept(machines: Machines) -> None:
    """An object that voicemill did not write is not replaced: its row is refused."""
    machines.store.pipe_file(f"{ADDRESS}/audio/b.wav", b"mine")
    result = machines.run()
    assert (result.counts["refused"], list(result.failures["error_code"])) == (1, ["output_exists"])
    assert machines.stored()["audio/b.wav"] == b"mine"


def test_what_is_not_supported_is_refused_by_name(machines: Machines, tmp_path: Path) -> None:
    """Each refusal names the address and the way out; no call is made."""
    refused: tuple[tuple[dict[str, str], str], ...] = (
        ({"answers": str(tmp_path / "answers")}, "leave out --answers"),
        ({"runner": "ray://head:10001"}, "use process:N or dask://"),
        ({"runner": "pool:books"}, "use process:N or dask://"),
    )
    for options, message in refused:
        with pytest.raises(ConfigError, match=message):
            machines.run(**options)
    with pytest.raises(ConfigError, match="on a disk"):
        voicemill.plan(machines.manifest, ADDRESS)
    with pytest.raises(ConfigError, match="s3://results/books/one holds no results"):
        voicemill.verify(ADDRESS)
    with pytest.raises(ConfigError, match="s3://bucket/prefix"), opened_results("gs://results/books"):
        pass
    with pytest.raises(ConfigError, match="s3://bucket/prefix"), opened_results("s3://results"):
        pass
    with pytest.raises(ConfigError, match="is the local copy of s3://results/books/one"):
        voicemill.run(machines.manifest, scratch_of(ADDRESS))


def test_rows_use_the_output_of_rows_that_another_machine_made(machines: Machines, service: SpeechService) -> None:
    """The output is downloaded, and the dependent row is the only call."""
    machines.run()
    machines.replace()
    machines.manifest.write_text("id,op,text,audio\na,tts,Row a.,\nx,stt,,@a\n")
    result = machines.run()
    assert (result.ok, result.summary.calls_made) == (True, 1)
    assert violations(machines.download()) == []
    assert [passage.id for passage in voicemill.check(ADDRESS, check="signals")] == ["a", "x"]


def test_retry_and_export_work_on_an_address(machines: Machines, service: SpeechService) -> None:
    """On an empty disk, unfinished rows are retried, and exported files are stored with the results."""
    service.replies["Row b."] = error_reply(400, "Bad request", "The text cannot be spoken.")
    assert machines.run(timestamps=True).counts["refused"] == 1
    service.replies.clear()
    machines.replace()
    result = voicemill.retry(ADDRESS, force=True)
    assert (result.ok, result.summary.calls_made, result.summary.results) == (True, 1, ADDRESS)
    machines.replace()
    assert voicemill.export(ADDRESS, "srt").folder == f"{ADDRESS}/text"
    assert {name for name in machines.stored() if name.startswith("text/")} == {f"text/{name}.srt" for name in "abcd"}
    with pytest.raises(ConfigError, match="download the results first"):
        voicemill.export(ADDRESS, "nemo")
    machines.replace()
    assert voicemill.verify(ADDRESS) == []


def test_damage_at_an_address_is_found_and_repaired(
    machines: Machines, service: SpeechService, command: InThisProcess
) -> None:
    """`verify` reads the stored objects, not copies of this machine; `--repair` restores them without a call."""
    machines.run()
    stored = machines.stored()
    machines.store.pipe_file(f"{ADDRESS}/audio/b.wav", stored["audio/b.wav"][:-2])
    found = command("verify", ADDRESS)
    assert (found.code, "audio/b.wav" in found.stdout) == (1, True)
    assert command("verify", ADDRESS, "--repair").code == 0
    assert machines.stored()["audio/b.wav"] == stored["audio/b.wav"]
    assert len(service.requested) == 4


def test_status_and_report_of_an_address(
    machines: Machines, command: InThisProcess, monkeypatch: pytest.MonkeyPatch
) -> None:
    """`status` shows a run on another machine with its progress; `report` writes the page to the store."""
    monkeypatch.setattr(bucket_lease, "_RENEWED_EVERY_S", 0.05)
    monkeypatch.setattr(bucket_lease, "_POLL_S", 0.02)
    machines.run()
    assert command("status", ADDRESS, "--json").json["state"] == "ended"
    with opened_results(ADDRESS) as folder:
        folder.progress.write_text('{"rows": 9, "rows_done": 5}')
        wait_until(lambda: machines.store.exists(f"{ADDRESS}/.voicemill/progress.json"), "the progress of the run")
        running = command("status", ADDRESS, "--json").json
        assert (running["state"], running["progress"]["rows_done"]) == ("running", 5)
    machines.store.rm(f"{ADDRESS}/report.html")
    machines.replace()
    assert f"{ADDRESS}/report.html: 4 of 4 rows" in command("report", ADDRESS).stdout
    assert "report.html" in machines.stored()


def test_a_report_that_is_written_elsewhere_plays_all_files(machines: Machines) -> None:
    """A run on an empty disk writes a report that names the files of the first machine too."""
    machines.run()
    machines.replace()
    write_manifest(machines.manifest, [*ROWS, {"id": "e", "text": "Row e."}])
    result = machines.run()
    assert not (result.results / "audio" / "a.wav").exists()
    details = [block for name, block in blocks_of(result.results / "report.html").items() if name.startswith("detail")]
    audio = [row["audio"] for block in details for row in block]
    assert audio == [f"audio/{name}.wav" for name in "abcde"]


def test_an_unreachable_store_stops_the_run_before_any_call(
    machines: Machines, service: SpeechService, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The error names the address."""
    with pytest.raises(StorageError, match="s3://missing/books"):
        voicemill.run(machines.manifest, "s3://missing/books")
    assert service.requested == []


def test_the_higher_of_two_ledgers_counts(machines: Machines) -> None:
    """A call is counted before it is made, so the ledger with more calls is right."""
    machines.run()
    ledger = ResultsFolder(scratch_of(ADDRESS)).spent
    ledger.write_bytes(b'{"credits": 99.00, "calls": 9}'.ljust(63) + b"\n")
    with opened_results(ADDRESS) as folder:
        assert json.loads(folder.spent.read_bytes()) == {"credits": 99.0, "calls": 9}
    machines.replace()
    with opened_results(ADDRESS) as folder:
        assert json.loads(folder.spent.read_bytes())["calls"] == 4
