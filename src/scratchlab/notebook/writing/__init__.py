"""The only package that writes notes: its own pages without asking, the user's notes after consent, with backups of every version."""
