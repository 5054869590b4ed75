"""Training logs, pasted or followed, as tables. The form of a line determines what its numbers are, whatever program printed it.

from scratchlab.notebook.logs.card import card_of

card = card_of(path)            # or lines of text: best, last, trend, remaining time, errors, each with its line
log = reader.read(lines)        # the rows it is made of
"""
