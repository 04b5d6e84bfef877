"""Steering a live run: an order in a small durable file, which the run looks for, obeys and acknowledges."""

import uuid
from dataclasses import asdict, dataclass, field
from typing import Any

from voicemill.run.context import RunContext
from voicemill.store.results_folder import ResultsFolder, read_json, this_process, write_json


@dataclass(frozen=True, slots=True)
class Order:
    """What a live run is told; None leaves as it is."""

    paused: bool | None = None
    max_concurrency: int | None = None
    max_credits: float | None = None
    stop: bool = False
    holder: str = ""
    id: str = field(default_factory=lambda: uuid.uuid4().hex)

    def give(self, results: ResultsFolder) -> None:
        """Lay the order down for the run that works in `results`. Raises `StorageError`."""
        write_json(results.control, asdict(self) | {"holder": results.holder()})


class Steering:
    """One run's ear for orders; it hears those that were given to its process."""

    def __init__(self, context: RunContext, results: ResultsFolder) -> None:
        self._bench = context
        self._results = results
        self.state: dict[str, Any] = {"order": None, "paused": False}

    def listen(self) -> None:
        """Obey an order that has come since; `state` then tells its id and what holds now."""
        order = _order_in(self._results)
        if order is None or order.id == self.state["order"] or order.holder != this_process():
            return
        _obey(order, self._bench)
        told = {name: value for name, value in asdict(order).items() if name not in ("id", "holder")}
        self.state |= {name: value for name, value in told.items() if value is not None} | {"order": order.id}


def _order_in(results: ResultsFolder) -> Order | None:
    try:
        return Order(**(read_json(results.control) or {}))
    except TypeError:
        return None


def _obey(order: Order, context: RunContext) -> None:
    if order.paused is not None:
        context.limiter.set_paused(is_paused=order.paused)
    if order.max_concurrency is not None:
        context.limiter.set_concurrency(order.max_concurrency)
    if order.max_credits is not None:
        context.limiter.budget.limit_credits(order.max_credits)
    if order.stop:
        context.stop()
