"""Run all benchmarks one after the other, each in a separate process: `make benchmarks`."""

import subprocess
import sys

QUOTED = (
    "throughput",
    "prefect_start",
    "run_start",
    "faulty_service",
    "busy_machine",
    "memory",
    "engine_speed",
    "engine_accuracy",
    "word_times",
    "mastering",
)


def main() -> None:
    """Run all benchmarks, which takes more than half an hour on two cores."""
    for name in QUOTED:
        print(f"\n== python -m benchmarks.{name}", flush=True)
        subprocess.run([sys.executable, "-m", f"benchmarks.{name}"], check=True)


if __name__ == "__main__":
    main()
