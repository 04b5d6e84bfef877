"""One concurrency limit for runs in several processes and on several machines.

The limit is a Prefect global concurrency limit. Each run leases its slots in blocks and renews the leases while it is
alive. It contacts Prefect once per heartbeat, never per call. The slots of a run that died are released when its leases
expire: a minute after the last renewal, at the next pass of Prefect's repossessor (every 15 s).
"""

import asyncio
import random
import time
from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack, asynccontextmanager, suppress
from dataclasses import dataclass
from http import HTTPStatus
from uuid import UUID

from prefect.client.orchestration import PrefectClient, get_client
from prefect.client.schemas.actions import GlobalConcurrencyLimitCreate
from prefect.exceptions import ObjectAlreadyExists, ObjectNotFound, PrefectHTTPStatusError

from voicemill.errors import ConfigError, VoicemillError
from voicemill.limits.concurrency import ConcurrencyLimiter
from voicemill.limits.shared_limit import Share, Standing

LEASE_S = 60.0
"""The shortest lease that Prefect's server grants."""

_RENEW_AFTER_S = 20.0
_BLOCKS = 12
_MAX_RUNS = 10_000
_FAST_HEARTBEATS = 6
_FAST_INTERVAL_S = 0.3
_INTERVAL_S = 2.0
_STOP_TIMEOUT_S = 30.0


@dataclass(slots=True)
class _Lease:
    id: UUID
    slots: int
    renewed_s: float


class SharedSlots:
    """This process's slots of the limit `NAME-FAMILY`, for one limiter. `NAME-FAMILY-runs` counts those runs.

    If Prefect has no such limit, it is created with `size` slots; a `size` of 0 does not create it.
    """

    def __init__(self, client: PrefectClient, name: str, limiter: ConcurrencyLimiter, size: int) -> None:
        self._client = client
        self._limit = f"{name}-{limiter.family}"
        self._runs = f"{self._limit}-runs"
        self._limiter = limiter
        self._size = size
        self._share = Share()
        self._leases: list[_Lease] = []
        self._membership: _Lease | None = None
        self.heartbeats_without_change = 0

    @property
    def held(self) -> int:
        """How many slots are leased."""
        return sum(lease.slots for lease in self._leases)

    async def heartbeat(self) -> None:
        """Renew leases, then acquire or release slots. Raises `ConfigError` if the limit does not exist."""
        if self._membership is None:
            if not self._limiter.wanted:
                return
            await self._join()
        await self._renew()
        limit = await self._client.read_global_concurrency_limit_by_name(self._limit)
        runs = await self._client.read_global_concurrency_limit_by_name(self._runs)
        now = Standing(limit.limit, limit.active_slots, runs.active_slots, self.held, self._limiter.wanted)
        change = self._share.change(now)
        if change > 0:
            await self._acquire(change, max(1, limit.limit // _BLOCKS))
        self._limiter.set_share(self.held + min(0, change))
        await self._release_excess()
        self.heartbeats_without_change = 0 if change else self.heartbeats_without_change + 1

    async def release(self) -> None:
        """Release all slots."""
        leases = [*self._leases, *([self._membership] if self._membership else [])]
        self._leases, self._membership = [], None
        for lease in leases:
            with suppress(Exception):  # a lease that cannot be released expires
                await self._client.release_concurrency_slots_with_lease(lease.id)

    def drop_expired(self) -> None:
        """Stop using slots whose lease has expired by the local clock. For use while Prefect does not respond."""
        expired_s = time.monotonic() - LEASE_S
        self._leases = [lease for lease in self._leases if lease.renewed_s > expired_s]
        self._limiter.set_share(min(self._limiter.share or 0, self.held))

    async def _join(self) -> None:
        await self._ensure(self._limit, self._size)
        await self._ensure(self._runs, _MAX_RUNS)
        self._membership = await self._lease(self._runs, 1)

    async def _ensure(self, name: str, size: int) -> None:
        with suppress(ObjectNotFound):
            await self._client.read_global_concurrency_limit_by_name(name)
            return
        if not size:
            raise ConfigError(
                f"Prefect has no concurrency limit {name!r}. Create it with `prefect gcl create {name} --limit N`, or "
                "set your plan (--plan) and voicemill creates it"
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
            if error.response.status_code == HTTPStatus.GONE:
                return False
            raise
        lease.renewed_s = now_s
        return True

    async def _acquire(self, slots: int, block: int) -> None:
        while slots > 0:
            lease = await self._lease(self._limit, min(block, slots))
            if lease is None:
                return
            self._leases.append(lease)
            slots -= lease.slots

    async def _lease(self, name: str, slots: int) -> _Lease | None:
        now_s = time.monotonic()
        try:
            response = await self._client.increment_concurrency_slots_with_lease([name], slots, "concurrency", LEASE_S)
        except PrefectHTTPStatusError as error:
            if error.response.status_code == HTTPStatus.LOCKED:
                return None
            raise
        return _Lease(UUID(response.json()["lease_id"]), slots, now_s)

    async def _release_excess(self) -> None:
        """Release blocks beyond this run's share as soon as no call uses their slots."""
        kept = max(self._limiter.share or 0, self._limiter.held)
        for lease in sorted(self._leases, key=lambda lease: lease.slots, reverse=True):
            if self.held - lease.slots >= kept:
                await self._client.release_concurrency_slots_with_lease(lease.id)
                self._leases.remove(lease)


@asynccontextmanager
async def shared_slots(
    name: str, limiters: dict[str, ConcurrencyLimiter], sizes: dict[str, int], stop: Callable[[VoicemillError], None]
) -> AsyncIterator[None]:
    """Keep `limiters` within the limits that runs share under `name`, until the block ends. "" shares none."""
    if not name:
        yield
        return
    async with AsyncExitStack() as stack:
        client = await stack.enter_async_context(get_client())
        for family, limiter in limiters.items():
            limiter.set_share(0)
            stopping = asyncio.Event()
            slots = SharedSlots(client, name, limiter, sizes[family])
            heartbeats = asyncio.create_task(_send_heartbeats(slots, stop, stopping))
            stack.push_async_callback(_stop, heartbeats, stopping)
        yield


async def _send_heartbeats(slots: SharedSlots, stop: Callable[[VoicemillError], None], stopping: asyncio.Event) -> None:
    try:
        while not stopping.is_set():
            try:
                await slots.heartbeat()
            except ConfigError as error:
                stop(error)
                return
            except Exception:  # Prefect may be unreachable for a while: use the leased slots until they expire
                slots.drop_expired()
            interval_s = _INTERVAL_S if slots.heartbeats_without_change > _FAST_HEARTBEATS else _FAST_INTERVAL_S
            with suppress(TimeoutError):
                # The jitter spreads the heartbeats of several runs; it needs no secure randomness.
                await asyncio.wait_for(stopping.wait(), interval_s * random.uniform(0.8, 1.2))  # noqa: S311
    finally:
        await slots.release()


async def _stop(heartbeats: asyncio.Task[None], stopping: asyncio.Event) -> None:
    """Let a heartbeat in progress finish: if it were cancelled, the id of the lease it acquires would be lost."""
    stopping.set()
    try:
        await asyncio.wait([heartbeats], timeout=_STOP_TIMEOUT_S)
    finally:
        heartbeats.cancel()
        with suppress(asyncio.CancelledError):
            await heartbeats
