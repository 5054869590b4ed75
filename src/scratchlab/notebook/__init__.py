"""The lab notebook: notes, runs, logs and jobs on one time line; every answer cites the file and line it comes from."""
