"""The command that hears enrolled words in a stream."""

from __future__ import annotations

import dataclasses
import json
import sys
import time
from pathlib import Path
from typing import Annotated

import typer

from scratchlab.checks import duration
from scratchlab.cli.program import app, console


@app.command()
def listen(
    home: Annotated[Path, typer.Argument(metavar="HOME", help="folder of enrolled words")],
    sound: Annotated[
        str, typer.Argument(metavar="[FILE|-]", help="a recording; -: raw 16-bit samples at 16 kHz from a pipe; default: the microphone")
    ] = "",
    as_json: Annotated[bool, typer.Option("--json", help="one JSON object per word")] = False,
) -> None:
    """Print enrolled words as they are heard, each once; Ctrl-C ends it."""
    import numpy as np
    import torch

    from scratchlab.inference import home_folder, sounds
    from scratchlab.inference.listening import Heard, Listener
    from scratchlab.models.frontends.speech_mel import RATE

    torch.set_num_threads(1)  # the steps are too small for more
    opened = home_folder.load(home)
    opened.predict(np.zeros(RATE, dtype=np.float32))  # compiles what compares steps, before there is anything to hear
    listener = Listener(opened)
    pieces = sounds.pipe(sys.stdin.buffer, RATE) if sound == "-" else sounds.file(Path(sound), RATE) if sound else sounds.microphone(RATE)
    samples, count, began = 0, 0, time.process_time()

    def report(heard: list[Heard]) -> int:
        for word in heard:
            console.print(json.dumps(dataclasses.asdict(word), ensure_ascii=False) if as_json else str(word), soft_wrap=True)
        return len(heard)

    try:
        for piece in pieces:
            if not sound and not samples:
                console.print(f"Listening for {', '.join(listener.events.words)}; Ctrl-C ends it.")
            samples += len(piece)
            count += report(listener.push(piece))
    except KeyboardInterrupt:
        pass
    count += report(listener.finish())
    if not as_json and samples:
        seconds = samples / RATE
        console.print(f"{count} heard in {duration(seconds)}, with {(time.process_time() - began) / seconds:.1%} of one CPU core.")
