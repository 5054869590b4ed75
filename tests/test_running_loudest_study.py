"""The study of the running floor, on made recordings of both corpora's layouts."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import soundfile

pytest.importorskip("livekit.wakeword", reason="the extra `speech` is not installed")
STUDY = Path(__file__).parent.parent / "studies" / "running_loudest.py"


def test_it_compares_both_floors_on_both_corpora(tmp_path: Path) -> None:
    rng = np.random.default_rng(0)
    lines = ["file,word,speaker,round,split"]
    for word in range(2):
        tone = 0.1 * np.sin(2 * np.pi * (300 + 900 * word) * np.arange(4800) / 16_000)  # words that are easily told apart
        for speaker in range(4):
            for take in range(6):
                sound = tone + 0.001 * rng.normal(size=4800)
                arabic = f"{word}/{speaker:08d}_NO_{take:02d}.wav"
                for path in (tmp_path / "fsdd" / f"{word}_s{speaker}_{take}.wav", tmp_path / "arabic" / arabic):
                    path.parent.mkdir(parents=True, exist_ok=True)
                    soundfile.write(path, sound, 16_000)
                lines.append(f"{arabic},word{word},{speaker:08d},{take},{'test' if speaker == 3 else 'train'}")
    (tmp_path / "arabic" / "clips.csv").write_text("\n".join(lines) + "\n")
    words = ["--fsdd", str(tmp_path / "fsdd"), "--arabic", str(tmp_path / "arabic"), "--draws", "2", "--page", str(tmp_path / "page.md")]
    said = subprocess.run([sys.executable, str(STUDY), *words], capture_output=True, text=True, check=False)
    assert said.returncode == 0, said.stderr
    rows = [[cell.strip() for cell in line.split("|")[1:-1]] for line in (tmp_path / "page.md").read_text().splitlines() if line[:1] == "|"]
    accuracy, loudest = rows[2:6], rows[8:]
    assert [row[1] for row in accuracy] == ["as recorded", "20 dB quieter"] * 2
    assert all(row[2:] == ["100.0% [100.0%, 100.0%]"] * 2 + ["0.0% [0.0%, 0.0%]"] for row in accuracy)
    assert [row[1] for row in loudest] == ["48", "36"], "no test speaker of Arabic"
