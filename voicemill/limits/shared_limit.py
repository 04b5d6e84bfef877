"""The share that one process should hold of a concurrency limit that several processes share.

A pure decision: `flows/shared_concurrency.py` leases and releases the slots.
"""

from dataclasses import dataclass

_MAX_BACKOFF_HEARTBEATS = 64
_IDLE_HEARTBEATS = 3


@dataclass(frozen=True, slots=True)
class Standing:
    """The limit, the slots that all processes hold, the number of processes that want some, and this one's slots."""

    limit: int
    active: int
    members: int
    held: int
    wanted: int

    @property
    def free(self) -> int:
        """Slots that no process holds."""
        return max(0, self.limit - self.active)

    @property
    def fair(self) -> int:
        """The fair share of one process."""
        return max(1, self.limit // max(1, self.members))


@dataclass
class Share:
    """Decides once per heartbeat.

    A process that can use free slots acquires them. When none are free, a process that holds more than its fair share
    releases the excess, and backs off from doing so when no other process acquired it.
    """

    released: int = 0
    backoff: int = 1
    wait: int = 0
    idle_heartbeats: int = 0

    def change(self, now: Standing) -> int:
        """How many slots to acquire or, if negative, to release."""
        self.idle_heartbeats = self.idle_heartbeats + 1 if now.wanted < now.held else 0
        if self.idle_heartbeats >= _IDLE_HEARTBEATS:
            return max(now.wanted, 1 if now.wanted else 0) - now.held
        self.wait = max(0, self.wait - 1)
        if now.free and now.wanted > now.held:
            return self._acquire(now)
        if not now.free and now.held > now.fair and now.members > 1 and not self.wait:
            self.released = now.held - now.fair
            return -self.released
        return 0

    def _acquire(self, now: Standing) -> int:
        if self.released and now.free >= self.released:  # no other process acquired them
            self.backoff = min(_MAX_BACKOFF_HEARTBEATS, self.backoff * 2)
            self.wait = self.backoff
        elif self.released:
            self.backoff = 1
        self.released = 0
        # Slots below the fair share are acquired at once; of the rest only a part, since others may want them too.
        below_fair = max(0, now.fair - now.held)
        beyond = max(0, now.free - below_fair)
        return min(now.wanted - now.held, now.free, below_fair + -(-beyond // max(1, now.members)))
