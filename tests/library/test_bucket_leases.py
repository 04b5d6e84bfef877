"""The lease on results in an object store: one run at a time, and the loss of machines and of responses."""

import json
import threading

import pytest

from tests.library.machines import ADDRESS, Machines
from tests.waiting import wait_until
from voicemill.errors import ResultsLockedError, StorageError
from voicemill.store import bucket_lease
from voicemill.store.bucket_lease import NAME, leased
from voicemill.store.object_store import ObjectFolder

pytestmark = pytest.mark.filterwarnings("ignore::DeprecationWarning", "ignore::ResourceWarning")


def test_a_second_run_is_refused(machines: Machines, monkeypatch: pytest.MonkeyPatch) -> None:
    """A run that another process renews its lease on is not disturbed; the error names that process."""
    monkeypatch.setattr(bucket_lease, "_RENEWED_EVERY_S", 0.05)
    monkeypatch.setattr(bucket_lease, "_POLL_S", 0.05)
    with leased(ObjectFolder(ADDRESS)):
        with pytest.raises(ResultsLockedError, match=f"{ADDRESS} is in use by process"):
            machines.run()
        assert NAME in machines.stored()
    assert machines.run().ok


def test_the_lease_of_a_lost_machine_is_taken_over(machines: Machines, monkeypatch: pytest.MonkeyPatch) -> None:
    """A lease that is not renewed ends; a process that lost its lease may not write."""
    monkeypatch.setattr(bucket_lease, "_POLL_S", 0.01)
    objects = ObjectFolder(ADDRESS)
    assert objects.create(NAME, json.dumps({"process": "process 1 on elsewhere", "host": "elsewhere"}).encode())
    monkeypatch.setattr(bucket_lease, "_ENDS_AFTER_S", 0.05)
    monkeypatch.setattr(bucket_lease, "_RENEWED_EVERY_S", 0.02)
    with leased(objects) as lease:
        etag = objects.list(NAME)[NAME].etag
        while objects.replace(NAME, b"{}", etag) is None:
            etag = objects.list(NAME)[NAME].etag
        wait_until(lambda: not lease._thread.is_alive(), "a lease that was lost")
        with pytest.raises(StorageError, match="no longer locked by this run"):
            lease.check()
    assert NAME in machines.stored()


class _LosesAResponse(ObjectFolder):
    """A folder whose next conditional write is done, but its response is lost."""

    loses = True

    def replace(self, name: str, content: bytes, etag: str) -> str | None:
        """Write as usual; the first time, fail afterwards."""
        written = super().replace(name, content, etag)
        if self.loses:
            self.loses = False
            raise StorageError("the response was lost")
        return written


@pytest.mark.usefixtures("machines")
def test_a_lease_outlives_a_lost_response(monkeypatch: pytest.MonkeyPatch) -> None:
    """A renewal that was written although its response was lost still belongs to this process."""
    monkeypatch.setattr(bucket_lease, "_RENEWED_EVERY_S", 0.02)
    objects = _LosesAResponse(ADDRESS)
    with leased(objects) as lease:
        wait_until(lambda: not objects.loses, "the lost response")
        renewed = objects.list(NAME)[NAME]
        wait_until(lambda: objects.list(NAME)[NAME] != renewed, "two renewals after it")
        lease.check()


def test_only_one_of_many_processes_gets_the_lease(machines: Machines) -> None:
    """Of ten conditional writes at the same time, one succeeds."""
    objects = ObjectFolder(ADDRESS)
    created: list[str | None] = []
    threads = [
        threading.Thread(target=lambda number=number: created.append(objects.create("lock", b"%d" % number)))
        for number in range(10)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sum(etag is not None for etag in created) == 1
