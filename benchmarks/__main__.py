"""Every benchmark that the README quotes, one after the other, each in a process of its own: `make benchmarks`."""

import subprocess
import sys

QUOTED = ("throughput", "prefect_start", "engine_speed", "engine_accuracy", "memory")


def main() -> None:
    """Run them; together they take about half an hour on two cores."""
    for name in QUOTED:
        print(f"\n== python -m benchmarks.{name}", flush=True)
        subprocess.run([sys.executable, "-m", f"benchmarks.{name}"], check=True)


if __name__ == "__main__":
    main()
