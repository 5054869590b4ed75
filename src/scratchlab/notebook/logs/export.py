"""A log as a table: a row a record, a column a name."""

from __future__ import annotations

import csv
import io

from scratchlab.notebook.logs.log import Log

_PLACES = ("line", "phase", "at", "epoch", "epochs", "step", "steps", "eta", "elapsed")


def table(log: Log) -> str:
    """Comma-separated values as printed in the log; what a record does not tell is empty. Times in training come first, then the names.

    A running mean is `NAME (mean)`, a best value `NAME (best)`; units stand behind the name where the first value has one: `time [ms]`.
    """
    columns: dict[tuple[str, str], str] = {}
    records = list[dict[str, str | int]]()
    for row in log.rows:
        record: dict[str, str | int] = {"line": row.line, "phase": row.shape.phase}
        for figure in row.figures():
            if figure.kind in _PLACES:
                record[figure.kind] = figure.text
                continue
            key = (figure.kind, figure.name)
            if key not in columns:
                unit = f" [{figure.unit}]" if figure.unit and figure.unit != figure.name else ""
                columns[key] = figure.name + (f" ({figure.kind})" if figure.kind != "value" else "") + unit
            record[columns[key]] = figure.text
        records.append(record)
    told = {name for record in records for name in record}
    written = io.StringIO(newline="")
    writer = csv.DictWriter(
        written, [*(name for name in _PLACES if name in told or name == "line"), *columns.values()], lineterminator="\n"
    )
    writer.writeheader()
    writer.writerows(records)
    return written.getvalue()
