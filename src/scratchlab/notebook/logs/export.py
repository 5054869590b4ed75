"""A log as a table: one row per record, one column per name."""

from __future__ import annotations

import csv
import io

from scratchlab.notebook.logs.log import Log

_PLACES = ("line", "phase", "at", "epoch", "epochs", "step", "steps", "eta", "elapsed")


def table(log: Log) -> str:
    """Comma-separated values as printed in the log, empty where a record has none; first epochs, steps and times, then the metrics.

    The columns of running means are `NAME (mean)`, of best values `NAME (best)`; if the first value has a unit, it follows: `time [ms]`.
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
    used = {name for record in records for name in record}
    written = io.StringIO(newline="")
    writer = csv.DictWriter(
        written, [*(name for name in _PLACES if name in used or name == "line"), *columns.values()], lineterminator="\n"
    )
    writer.writeheader()
    writer.writerows(records)
    return written.getvalue()
