"""A service that injects every kind of fault into its replies, at random but reproducibly."""

import random
from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace

from tests.hostile_server import Call, End, Reply
from tests.hostile_speech import FAULTS, error_reply, speech, wav

_HEAD_BYTES = 44
# No wait above the cap: it would pause the run for minutes. The tests of the limits cover that.
_WAITS = ("0", "-10", "inf", "nan", "soon", "1e400", "0.001", "Thu, 01 Jan 1970 00:00:00 GMT", "")


def _throttled(retry_after: str) -> Callable[[Reply], Reply]:
    return lambda _: error_reply(429, "Too many requests", "Wait.", "concurrency_limited", Retry_After=retry_after)


def _with_body(make: Callable[[bytes], bytes]) -> Callable[[Reply], Reply]:
    return lambda good: replace(good, body=make(good.body))


TRANSIENT: Mapping[str, Callable[[Reply], Reply]] = {
    **FAULTS,
    **{f"429, Retry-After {value!r}": _throttled(value) for value in _WAITS},
    "429 without Retry-After": lambda _: Reply(429, (), b"slow down"),
    "502": lambda _: Reply(502, (), b"<html>Bad gateway</html>"),
    "504": lambda _: Reply(504),
    "408": lambda _: error_reply(408, "Timeout", "Too slow"),
    "no answer": lambda good: replace(good, end=End.NO_ANSWER),
    "stall": lambda good: replace(good, end=End.STALL),
    "drip": lambda good: replace(good, drip_s=0.05),
    "gone while idle": lambda good: Reply(503, (), b"going away", End.THEN_GONE),
    "noise": _with_body(lambda body: random.Random(len(body)).randbytes(len(body))),
    "mp3": _with_body(lambda body: b"\xff\xfb\x90\x64" + body),
    "another encoding": _with_body(lambda body: wav(body[_HEAD_BYTES:], 8000, "pcm_f32le")),
    "not a number": _with_body(lambda body: wav(b"\0\0\xc0\x7f" * 1000, 8000, "pcm_f32le")),
    "2 GiB claimed": _with_body(lambda body: wav(body[_HEAD_BYTES:], 8000, claimed=1 << 31)),
    "far too short": _with_body(lambda body: wav(body[_HEAD_BYTES : _HEAD_BYTES + 80], 8000)),
    "a head alone": _with_body(lambda body: body[:_HEAD_BYTES]),
    "compressed": lambda good: replace(good, headers=[*good.headers, ("Content-Encoding", "gzip")]),
    "a header of a megabyte": lambda good: replace(good, headers=[*good.headers, ("X-Long", "x" * (1 << 20))]),
    "ten thousand headers": lambda good: replace(good, headers=[("X-Many", "x")] * 10_000),
}
"""Faults after which a retry may succeed."""

PERMANENT: Mapping[str, Callable[[Reply], Reply]] = {
    **{str(status): lambda _, status=status: error_reply(status, "No", "Not this") for status in (400, 404, 413, 422)},  # type: ignore[misc]
    "redirect": lambda _: Reply(302, [("Location", "http://127.0.0.1:1/")]),
}
"""Faults after which no retry succeeds."""


@dataclass
class FaultInjector:
    """A script with a share of faulty replies, chosen by `seed`, the transcript and its number of requests."""

    seed: int
    share: float
    permanent_share: float = 0.005
    latency_s: float = 0.0
    requested: Counter[str] = field(default_factory=Counter)
    injected: Counter[str] = field(default_factory=Counter)
    throttled: Counter[str] = field(default_factory=Counter)
    """Requests that got a 429: these do not count as attempts."""
    good: Counter[str] = field(default_factory=Counter)
    refused: set[str] = field(default_factory=set)

    def __call__(self, call: Call) -> Reply:
        """The reply to a TTS request."""
        text = call.transcript or ""
        self.requested[text] += 1
        dice = random.Random(f"{self.seed}/{self.requested[text]}/{text}")
        drawn = dice.random()
        if drawn < self.permanent_share:
            self.refused.add(text)
            return self._faulty(call, dice, PERMANENT)
        if drawn < self.share:
            return self._faulty(call, dice, TRANSIENT)
        self.good[text] += 1
        return replace(speech(call), delay_s=self.latency_s)

    def _faulty(self, call: Call, dice: random.Random, faults: Mapping[str, Callable[[Reply], Reply]]) -> Reply:
        name = dice.choice(sorted(faults))
        self.injected[name] += 1
        reply = faults[name](replace(speech(call), delay_s=self.latency_s))
        self.throttled[call.transcript or ""] += reply.status == 429
        return reply
