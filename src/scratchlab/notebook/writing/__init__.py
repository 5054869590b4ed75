"""The only room that writes notes: its own pages without asking, other people's notes when they say yes, with a backup of every byte."""
