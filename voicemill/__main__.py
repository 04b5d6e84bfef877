"""`python -m voicemill`: the same as the `voicemill` command."""

from voicemill.cli import main

main()
