"""Runs `python -m strangler`, which is the console script by another name."""

from strangler.cli.main import main

main()
