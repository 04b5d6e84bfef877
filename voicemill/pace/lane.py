"""One family of calls (speech, transcription), which the service counts by itself: its slots, and who sets them."""

from collections.abc import Callable
from dataclasses import replace

from voicemill.pace.rule import Bounds, Event, State, after
from voicemill.pace.slots import Slots

Log = Callable[[str], None]


class Lane:
    """The slots of one family. The least of three numbers holds: the rule's, the share of a limit that several
    processes have in common, and what the circuit lets through while the service is down."""

    def __init__(self, family: str, bounds: Bounds, log: Log) -> None:
        self.family = family
        self.state = State.opening(bounds)
        self.slots = Slots(self.state.slots)
        self.share: int | None = None
        self._held_back: int | None = None
        self._paused = False
        self._is_ending = False
        self._log = log

    @property
    def wanted(self) -> int:
        """How many slots could be used now."""
        return min(self.state.slots, self.slots.held + self.slots.waiting)

    @property
    def why(self) -> str:
        """Why it is as many slots as it is."""
        if self._paused:
            return "paused"
        if self._held_back is not None:
            return "the service is down"
        return "the shared limit" if self.share is not None and self.share < self.state.slots else self.state.why

    def tell(self, event: Event) -> None:
        """Something happened to a call."""
        before, self.state = self.state, after(self.state, event)
        if self.state.slots != before.slots:
            self._log(f"{self.family}: {before.slots} → {self.state.slots} calls at once: {self.state.why}")
            self._set()

    def give_share(self, slots: int) -> None:
        """Use at most `slots`, for the rest of the limit is in other hands."""
        if slots != self.share:
            self._log(f"{self.family}: {slots} slots of the shared limit")
            self.share = slots
            self._set()

    def hold_back(self, slots: int | None) -> None:
        """Let at most `slots` hold one; None lifts that again."""
        if slots != self._held_back:
            self._held_back = slots
            self._set()

    def let_one_ask(self) -> None:
        """Let one call through that is held back, to see whether the service is there: the shortest that waits, and one
        that has failed only where there is no other."""
        if self.slots.held < self._cap(held_back=None):
            self.slots.admit_one()

    def pause(self, paused: bool) -> None:
        """Let nothing begin, or go on."""
        self._paused = paused
        self._set()

    def settle(self, slots: int) -> None:
        """Use so many slots from now on, whatever was found."""
        self.state = replace(State.opening(Bounds.exactly(slots)), number=self.state.number + 1)
        self._set()

    def end(self) -> None:
        """Let everybody through who waits: the run is ending, and they will see it."""
        self._is_ending = True
        self._set()

    def _set(self) -> None:
        if self._is_ending:
            self.slots.limit = self.slots.held + self.slots.waiting + self.state.bounds.most
            return
        self.slots.limit = self._cap(held_back=self._held_back)

    def _cap(self, held_back: int | None) -> int:
        caps = (self.state.slots, self.share, held_back, 0 if self._paused else None)
        return min(cap for cap in caps if cap is not None)
