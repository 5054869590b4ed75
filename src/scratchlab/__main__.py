"""`python -m scratchlab`: the command-line interface, also for torchrun."""

from scratchlab.cli import main

main()
