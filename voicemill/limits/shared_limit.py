"""A limit that several processes have in common: how many of its slots this one should hold.

Pure: it is told how things stand and says what to do; who asks whom, and how slots of the dead come back, is the
business of `flows/shared_concurrency.py`.
"""

from dataclasses import dataclass

_LONGEST_BACKOFF_BEATS = 64
_IDLE_BEATS = 3


@dataclass(frozen=True, slots=True)
class Standing:
    """How things stand: the limit, what all hold of it, how many processes want some, what this one holds and wants."""

    limit: int
    active: int
    members: int
    held: int
    wanted: int

    @property
    def free(self) -> int:
        """What nobody holds."""
        return max(0, self.limit - self.active)

    @property
    def fair(self) -> int:
        """The share of one process."""
        return max(1, self.limit // max(1, self.members))


@dataclass
class Share:
    """Decides once a beat. Free slots are taken by who can use them; where there are none, who holds more than a fair
    share gives the rest away, and does so less often where nobody took it."""

    gave: int = 0
    grudge: int = 1
    wait: int = 0
    idle_beats: int = 0

    def change(self, now: Standing) -> int:
        """How many slots to take, or, below 0, to give away."""
        self.idle_beats = self.idle_beats + 1 if now.wanted < now.held else 0
        if self.idle_beats >= _IDLE_BEATS:
            return max(now.wanted, 1 if now.wanted else 0) - now.held
        self.wait = max(0, self.wait - 1)
        if now.free and now.wanted > now.held:
            return self._take(now)
        if not now.free and now.held > now.fair and now.members > 1 and not self.wait:
            self.gave = now.held - now.fair
            return -self.gave
        return 0

    def _take(self, now: Standing) -> int:
        if self.gave and now.free >= self.gave:  # Nobody wanted it.
            self.grudge = min(_LONGEST_BACKOFF_BEATS, self.grudge * 2)
            self.wait = self.grudge
        elif self.gave:
            self.grudge = 1
        self.gave = 0
        # What is below the fair share is taken at once; of the rest each takes a part, for others may want it too.
        below_fair = max(0, now.fair - now.held)
        beyond = max(0, now.free - below_fair)
        return min(now.wanted - now.held, now.free, below_fair + -(-beyond // max(1, now.members)))
