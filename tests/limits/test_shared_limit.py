"""A limit in common: who takes and gives how much, played through without Prefect."""

import pytest

from voicemill.limits.shared_limit import Share, Standing


class Players:
    """Processes that want so much each, and take and give by turns."""

    def __init__(self, limit: int, *wanted: int) -> None:
        self.limit = limit
        self.wanted = list(wanted)
        self.held = [0] * len(wanted)
        self._shares = [Share() for _ in wanted]

    def beat(self) -> None:
        """One beat of each."""
        for number, share in enumerate(self._shares):
            members = sum(wanted > 0 or held > 0 for wanted, held in zip(self.wanted, self.held, strict=True))
            now = Standing(self.limit, sum(self.held), members, self.held[number], self.wanted[number])
            self.held[number] += share.change(now)
            assert self.held[number] >= 0
            assert sum(self.held) <= self.limit

    def beats(self, count: int) -> list[int]:
        """What each holds after so many beats."""
        for _ in range(count):
            self.beat()
        return self.held


@pytest.mark.parametrize(("limit", "processes"), [(12, 4), (12, 1), (12, 5), (60, 7), (3, 3), (100, 2)])
def test_all_get_a_fair_share(limit: int, processes: int) -> None:
    """Soon all slots are in use and nobody has less than a fair share."""
    held = Players(limit, *[limit] * processes).beats(12)
    assert sum(held) == limit
    assert min(held) >= limit // processes


def test_a_newcomer_gets_its_share() -> None:
    """Who came later is not starved by who has everything."""
    players = Players(12, 12, 0, 0)
    assert players.beats(6) == [12, 0, 0]
    players.wanted = [12, 12, 12]
    assert sorted(players.beats(12)) == [4, 4, 4]


def test_what_one_does_not_need_others_use() -> None:
    """A process at its end keeps what it needs, and the others have the rest nearly all of the time."""
    players = Players(12, 12, 12)
    players.beats(10)
    players.wanted = [1, 12]
    in_use = [sum(min(held, wanted) for held, wanted in zip(players.beats(1), players.wanted, strict=True))
              for _ in range(100)]  # fmt: skip
    assert sum(in_use[20:]) > 0.9 * 12 * 80
    players.wanted = [0, 12]
    assert players.beats(80)[0] == 0
    assert players.held[1] == 12


def test_more_processes_than_slots() -> None:
    """Each slot is used; there is not one for everybody."""
    assert sum(Players(2, 5, 5, 5, 5).beats(20)) == 2
