"""`python -m scratchlab`: the command line, as torchrun starts it."""

from scratchlab.cli import main

main()
