"""One limit of calls at once for runs in several processes and on several machines: a global concurrency limit of
Prefect, whose slots each run leases in blocks and renews while it lives.

Prefect is contacted once per heartbeat, never per call. The slots of a run that died are released when its leases
expire: a minute after the last renewal, at the next pass of Prefect's repossessor (every 15 s).
"""

import asyncio
import random
import time
from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack, asynccontextmanager, suppress
from dataclasses import dataclass
from uuid import UUID

from prefect.client.orchestration import PrefectClient, get_client
from prefect.client.schemas.actions import GlobalConcurrencyLimitCreate
from prefect.exceptions import ObjectAlreadyExists, ObjectNotFound, PrefectHTTPStatusError

from voicemill.errors import ConfigError, VoicemillError
from voicemill.limits.concurrency import ConcurrencyLimiter
from voicemill.limits.shared_limit import Share, Standing

LEASE_S = 60.0
"""The shortest that Prefect's server grants."""

_RENEW_AFTER_S = 20.0
_BLOCKS = 12
_MOST_MEMBERS = 10_000
_BRISK_BEATS = 6
_LONGEST_END_S = 30.0
_LOCKED = 423
_GONE = 410


@dataclass(slots=True)
class _Lease:
    id: UUID
    slots: int
    renewed_s: float


class SharedSlots:
    """This process's part of the limit `NAME-FAMILY`, for one lane; `NAME-FAMILY-runs` counts who takes part.

    `size` is what the limit gets where Prefect has none of that name; 0 refuses to make one.
    """

    def __init__(self, client: PrefectClient, name: str, lane: ConcurrencyLimiter, size: int) -> None:
        self._client = client
        self._limit = f"{name}-{lane.family}"
        self._runs = f"{self._limit}-runs"
        self._lane = lane
        self._size = size
        self._share = Share()
        self._leases: list[_Lease] = []
        self._membership: _Lease | None = None
        self.beats_without_change = 0

    @property
    def held(self) -> int:
        """How many slots are leased."""
        return sum(lease.slots for lease in self._leases)

    async def beat(self) -> None:
        """Renew what is old, then take or give away. Raises `ConfigError` where there is no such limit."""
        if self._membership is None:
            if not self._lane.wanted:
                return
            await self._join()
        await self._renew()
        limit = await self._client.read_global_concurrency_limit_by_name(self._limit)
        runs = await self._client.read_global_concurrency_limit_by_name(self._runs)
        now = Standing(limit.limit, limit.active_slots, runs.active_slots, self.held, self._lane.wanted)
        change = self._share.change(now)
        if change > 0:
            await self._take(change, max(1, limit.limit // _BLOCKS))
        self._lane.give_share(self.held + min(0, change))
        await self._give_away()
        self.beats_without_change = 0 if change else self.beats_without_change + 1

    async def leave(self) -> None:
        """Give everything back."""
        leases = [*self._leases, *([self._membership] if self._membership else [])]
        self._leases, self._membership = [], None
        for lease in leases:
            with suppress(Exception):  # what cannot be given back ends by itself
                await self._client.release_concurrency_slots_with_lease(lease.id)

    def count_expired(self) -> None:
        """Use no slot whose lease has ended by our own clock; for when Prefect does not answer."""
        ended_s = time.monotonic() - LEASE_S
        self._leases = [lease for lease in self._leases if lease.renewed_s > ended_s]
        self._lane.give_share(min(self._lane.share or 0, self.held))

    async def _join(self) -> None:
        await self._ensure(self._limit, self._size)
        await self._ensure(self._runs, _MOST_MEMBERS)
        self._membership = await self._lease(self._runs, 1)

    async def _ensure(self, name: str, size: int) -> None:
        with suppress(ObjectNotFound):
            await self._client.read_global_concurrency_limit_by_name(name)
            return
        if not size:
            raise ConfigError(
                f"Prefect has no concurrency limit {name!r}; make it with `prefect gcl create {name} --limit N`, or "
                "name your plan (--plan), then it is made"
            )
        with suppress(ObjectAlreadyExists):
            await self._client.create_global_concurrency_limit(GlobalConcurrencyLimitCreate(name=name, limit=size))

    async def _renew(self) -> None:
        if self._membership and not await self._renewed(self._membership):
            self._membership = await self._lease(self._runs, 1)
        self._leases = [lease for lease in self._leases if await self._renewed(lease)]

    async def _renewed(self, lease: _Lease) -> bool:
        now_s = time.monotonic()
        if now_s - lease.renewed_s < _RENEW_AFTER_S:
            return True
        try:
            await self._client.renew_concurrency_lease(lease.id, LEASE_S)
        except PrefectHTTPStatusError as error:
            if error.response.status_code == _GONE:
                return False
            raise
        lease.renewed_s = now_s
        return True

    async def _take(self, slots: int, block: int) -> None:
        while slots > 0:
            lease = await self._lease(self._limit, min(block, slots))
            if lease is None:
                return
            self._leases.append(lease)
            slots -= lease.slots

    async def _lease(self, name: str, slots: int) -> _Lease | None:
        now_s = time.monotonic()
        try:
            reply = await self._client.increment_concurrency_slots_with_lease([name], slots, "concurrency", LEASE_S)
        except PrefectHTTPStatusError as error:
            if error.response.status_code == _LOCKED:
                return None
            raise
        return _Lease(UUID(reply.json()["lease_id"]), slots, now_s)

    async def _give_away(self) -> None:
        """Give blocks back that are beyond the share, as soon as no call is in one of their slots."""
        kept = max(self._lane.share or 0, self._lane.slots.held)
        for lease in sorted(self._leases, key=lambda lease: lease.slots, reverse=True):
            if self.held - lease.slots >= kept:
                await self._client.release_concurrency_slots_with_lease(lease.id)
                self._leases.remove(lease)


@asynccontextmanager
async def shared_slots(
    name: str, lanes: dict[str, ConcurrencyLimiter], sizes: dict[str, int], stop: Callable[[VoicemillError], None]
) -> AsyncIterator[None]:
    """Keep `lanes` within the limits that runs have in common under `name`, until the block ends; "" for none."""
    if not name:
        yield
        return
    async with AsyncExitStack() as stack:
        client = await stack.enter_async_context(get_client())
        for family, lane in lanes.items():
            lane.give_share(0)
            ending = asyncio.Event()
            keeping = asyncio.create_task(_keep(SharedSlots(client, name, lane, sizes[family]), stop, ending))
            stack.push_async_callback(_ended, keeping, ending)
        yield


async def _keep(shared: SharedSlots, stop: Callable[[VoicemillError], None], ending: asyncio.Event) -> None:
    try:
        while not ending.is_set():
            try:
                await shared.beat()
            except ConfigError as error:
                stop(error)
                return
            except Exception:  # Prefect may be away for a while: go on with what is leased, as long as it is
                shared.count_expired()
            calm = shared.beats_without_change > _BRISK_BEATS
            with suppress(TimeoutError):
                # Spread over runs, not hidden from anybody.
                await asyncio.wait_for(ending.wait(), (2.0 if calm else 0.3) * random.uniform(0.8, 1.2))  # noqa: S311
    finally:
        await shared.leave()


async def _ended(keeping: asyncio.Task[None], ending: asyncio.Event) -> None:
    """Let a beat under way come to its end: whoever leaves before Prefect's answer never learns which lease it got."""
    ending.set()
    try:
        await asyncio.wait([keeping], timeout=_LONGEST_END_S)
    finally:
        keeping.cancel()
        with suppress(asyncio.CancelledError):
            await keeping
