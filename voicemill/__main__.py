"""The `voicemill` command as a process: also `python -m voicemill`."""

from typing import NoReturn

from voicemill.processes.quick_imports import import_quickly


def main() -> NoReturn:
    """Set up the process for quick imports and run the command line."""
    import_quickly()
    from voicemill.cli import main as run_command

    run_command()


if __name__ == "__main__":
    main()
