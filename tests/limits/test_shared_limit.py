"""A shared limit: which process acquires and releases how many slots, simulated without Prefect."""

import pytest

from voicemill.limits.shared_limit import Share, Standing


class Processes:
    """Processes that each want some slots and take their heartbeats in turn."""

    def __init__(self, limit: int, *wanted: int) -> None:
        self.limit = limit
        self.wanted = list(wanted)
        self.held = [0] * len(wanted)
        self._shares = [Share() for _ in wanted]

    def heartbeat(self) -> None:
        """One heartbeat of each process."""
        for number, share in enumerate(self._shares):
            members = sum(wanted > 0 or held > 0 for wanted, held in zip(self.wanted, self.held, strict=True))
            now = Standing(self.limit, sum(self.held), members, self.held[number], self.wanted[number])
            self.held[number] += share.change(now)
            assert self.held[number] >= 0
            assert sum(self.held) <= self.limit

    def heartbeats(self, count: int) -> list[int]:
        """The slots that each process holds after this number of heartbeats."""
        for _ in range(count):
            self.heartbeat()
        return self.held


@pytest.mark.parametrize(("limit", "processes"), [(12, 4), (12, 1), (12, 5), (60, 7), (3, 3), (100, 2)])
def test_every_process_gets_a_fair_share(limit: int, processes: int) -> None:
    """After a few heartbeats all slots are in use and no process has less than its fair share."""
    held = Processes(limit, *[limit] * processes).heartbeats(12)
    assert sum(held) == limit
    assert min(held) >= limit // processes


def test_new_process_gets_its_share() -> None:
    """A process that starts later gets its share from the one that holds all slots."""
    processes = Processes(12, 12, 0, 0)
    assert processes.heartbeats(6) == [12, 0, 0]
    processes.wanted = [12, 12, 12]
    assert sorted(processes.heartbeats(12)) == [4, 4, 4]


def test_unused_slots_go_to_other_processes() -> None:
    """A process that needs few slots keeps those; the others use the rest most of the time."""
    processes = Processes(12, 12, 12)
    processes.heartbeats(10)
    processes.wanted = [1, 12]
    in_use = [sum(min(held, wanted) for held, wanted in zip(processes.heartbeats(1), processes.wanted, strict=True))
              for _ in range(100)]  # fmt: skip
    assert sum(in_use[20:]) > 0.9 * 12 * 80
    processes.wanted = [0, 12]
    assert processes.heartbeats(80)[0] == 0
    assert processes.held[1] == 12


def test_all_slots_are_used_by_more_processes_than_slots() -> None:
    """With more processes than slots, every slot is in use."""
    assert sum(Processes(2, 5, 5, 5, 5).heartbeats(20)) == 2
