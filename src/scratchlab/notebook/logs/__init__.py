"""Training logs, pasted or followed, as tables: whose shape it is that tells what a number is, not the program that printed it.

from scratchlab.notebook.logs.card import card_of

card = card_of(path)            # or lines of text: best, last, trend, remaining time, trouble, each with its line
log = reader.read(lines)        # the rows behind it
"""
