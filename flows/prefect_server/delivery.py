"""What Prefect's workers in this process have not sent yet."""

import sys
import threading

DELIVERY_TIMEOUT_S = 10.0


def deliver_pending(timeout_s: float = DELIVERY_TIMEOUT_S) -> None:
    """Send the events and logs that still wait; for they are sent in the background, up to the end of the process."""
    if "prefect.events.worker" in sys.modules:
        # In a thread, for from inside an event loop Prefect's workers cannot be waited for.
        delivery = threading.Thread(target=_deliver, args=(timeout_s,), daemon=True)
        delivery.start()
        delivery.join(timeout_s)


def _deliver(timeout_s: float) -> None:
    from prefect.events.worker import EventsWorker
    from prefect.logging.handlers import APILogWorker

    EventsWorker.drain_all(timeout=timeout_s)
    APILogWorker.drain_all(timeout=timeout_s)
