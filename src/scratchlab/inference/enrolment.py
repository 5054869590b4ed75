"""Enrols words from recordings: embeds and checks them, measures them by leaving recordings out, and chooses the threshold of "unknown"."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable
from pathlib import Path

import numpy as np

from scratchlab.checks import Problem, listing, nearest
from scratchlab.inference import home_folder, measuring, recordings
from scratchlab.inference.embedding import LEAD, PARTS, Steps
from scratchlab.inference.home import Home
from scratchlab.inference.measuring import Rates
from scratchlab.inference.prediction import UNKNOWN
from scratchlab.inference.recordings import Progress, Recording
from scratchlab.learn.components import EMBEDDER
from scratchlab.recipe import Values, resolve
from scratchlab.similarity.whitening import PREFIX
from scratchlab.store.run import Run

MOST = 20  # recordings of a word that are kept
PUBLISHED: Values = {
    "frontend": {"name": "speech_mel", "pad_ms": 0.0, "loudest": "running"},
    "encoder": {"name": "speech_embedding"},
    "similarity": {"dtw": {"window": 0.3}},
}


def empty(run: Run | None = None) -> Home:
    """A home without words. run: whose trained embedder compares the recordings; None: the published speech embedding.

    Raises Problem for a run without weights, or of images.
    """
    if run is None:
        parts = {**resolve(PUBLISHED, PARTS, "the defaults").values}
        return Home(parts, Steps.of(parts, 16_000, {}))
    tables, weights = run.recipe(), run.load_arrays("weights")
    if weights is None:
        raise Problem(f"{run.folder} is {run.state()} and holds no weights; only a finished run can compare recordings.")
    if tables["frontend"]["name"] == "pixels":
        raise Problem(f"{run.folder} learned images; words can be enrolled only with the embedder of a run that learned sound.")
    frontend = tables["frontend"] | (PUBLISHED["frontend"] if tables["frontend"]["name"] == "speech_mel" else {})
    given = {name: tables[name] for name in EMBEDDER if name in tables} | {"frontend": frontend, "similarity": PUBLISHED["similarity"]}
    parts = {**resolve(given, PARTS, run.folder.name).values}
    kept = {name: array for name, array in weights[0].items() if name.startswith(("embedder.", PREFIX))}
    steps = Steps.of(parts, int(tables["data"].get("rate", 16_000)), kept)
    return Home(parts, steps, origin=str(run.folder), weights=kept)


def added(home: Home, given: Iterable[Recording], others: Iterable[Recording] = ()) -> Home:
    """The home with further recordings of old or new words, measured again; at most `MOST` of each word, evenly spread over their names.

    others: sounds that are none of the words, in addition to those that it has. Raises Problem for a word without a usable recording.
    """
    listed = list(given)
    for word in sorted({recording.word for recording in listed}):
        own = [recording for recording in listed if recording.word == word]
        if word == UNKNOWN:
            raise Problem(
                f"A word must not be called '{UNKNOWN}', which is the answer for none of the words; give such sounds with --others."
            )
        if not any(recording.usable for recording in own):
            reasons = [f"{recording.file} {'; '.join(recording.faults)}" for recording in own]
            raise Problem(f"The word '{word}' has no usable recording: {listing(reasons, 3)}.")
    known = {
        (recording.word, recording.file): (recording, steps) for recording, steps in zip(home.recordings, home.references, strict=True)
    }
    known |= {(one.word, one.file): (one, home.steps.reference(one.sound)) for one in listed if one.usable}
    kept = [known[key] for word in sorted({word for word, _ in known}) for key in _spread([key for key in sorted(known) if key[0] == word])]
    new = tuple((other.file, home.steps(other.sound, LEAD, LEAD)) for other in others if other.usable)
    return measured(
        dataclasses.replace(
            home,
            recordings=tuple(recording for recording, _ in kept),
            references=tuple(steps for _, steps in kept),
            refused=tuple((one.file, one.faults[0]) for one in listed if not one.usable),
            others=tuple({**dict(home.others), **dict(new)}.items()),
        )
    )


def _spread(keys: list[tuple[str, str]]) -> list[tuple[str, str]]:
    return [keys[int(place)] for place in np.unique(np.linspace(0, len(keys) - 1, min(MOST, len(keys))).round())]


def removed(home: Home, words: Iterable[str]) -> Home:
    """The home without these words, measured again. Raises Problem for a word that it does not have, and where none would be left."""
    gone = set(words)
    for word in sorted(gone - set(home.classes)):
        raise Problem(f"There is no word '{word}' to remove; the words are: {listing(home.classes)}.{nearest(word, home.classes)}")
    kept = [number for number, recording in enumerate(home.recordings) if recording.word not in gone]
    if not kept:
        raise Problem("These are all words; remove the folder instead.")
    return measured(
        dataclasses.replace(
            home, recordings=tuple(home.recordings[number] for number in kept), references=tuple(home.references[number] for number in kept)
        )
    )


def measured(home: Home) -> Home:
    """The home with the scores of its recordings when they are left out, and the threshold that these choose.

    Raises Problem for a single word without other sounds, from which it could be told apart.
    """
    if len(home.classes) == 1 and not home.others:
        raise Problem(
            f"'{home.classes[0]}' is the only word, and nothing says what it must be told apart from; enrol a second word, or give a "
            "folder of other sounds (speech, noise) with --others."
        )
    heard = [home.steps(recording.sound, LEAD, home.recognizer.tail) for recording in home.recordings]
    scored = measuring.score(home.recognizer, heard, [steps for _, steps in home.others])
    chosen = measuring.threshold(scored, home.rates) if len(scored.negatives.scores) else None
    return dataclasses.replace(home, scored=scored, threshold=chosen)


def enrol(
    folder: str | Path,
    name: str | Path,
    *,
    run: str | Path | None = None,
    others: str | Path | None = None,
    add: bool = False,
    replace: bool = False,
    rates: Rates | None = None,
    progress: Progress = list,
) -> Home:
    """Enrols the words of a folder, WORD/*.wav, and writes the home `name`, which answers for files and for samples `[n]`.

    `scratchlab.load` opens it again.

    run: the folder of a run whose embedder compares the recordings, in place of the published one. others: folder of sounds that are none
    of the words, by which the threshold is chosen too. add: to a home that exists; replace: instead of it. rates: what the
    threshold may let pass; None: that of the home, or 5 % of unknown sounds. progress: wraps the file names
    as they are read. Raises Problem for bad recordings, and for a home that exists or does not; nothing is written then.

    >>> import tempfile, soundfile
    >>> folder, second = Path(tempfile.mkdtemp()), np.arange(16_000) / 16_000
    >>> for pitch in (200, 500, 1100):  # three words, here whistled, and three recordings of each
    ...     (folder / "words" / f"word{pitch}").mkdir(parents=True)
    ...     for take in range(3):
    ...         sound = np.sin(6.28 * (pitch + 9 * take) * second) * np.hanning(16_000)
    ...         soundfile.write(folder / "words" / f"word{pitch}" / f"{take}.wav", sound, 16_000)
    >>> home = enrol(folder / "words", folder / "home")
    >>> home.predict(np.sin(6.28 * 505 * second) * np.hanning(16_000))[0].best  # with three tones, no threshold is sure
    'word500'
    """
    place, exists = Path(name), (Path(name) / home_folder.FILE).exists()
    if exists and not (add or replace):
        raise Problem(
            f"{place} holds enrolled words already; add to them with --add (add=True), replace them with --replace (replace=True), or "
            "choose another --name."
        )
    if place.exists() and not exists and (not place.is_dir() or any(place.iterdir())):
        raise Problem(f"{place} exists and holds no enrolled words; choose another --name.")
    if add and not exists:
        raise Problem(f"There is no {place / home_folder.FILE} to add words to; leave out --add to make it.")
    if add and run is not None:
        raise Problem(f"{place} has its embedder already, so --from cannot change it; enrol all words again with --replace.")
    home = home_folder.load(place) if add else empty(Run(Path(run)) if run else None)
    home = dataclasses.replace(home, rates=rates) if rates else home
    given = list(recordings.of_folder(Path(folder), home.steps.rate, progress))
    sounds = list(recordings.others(Path(others), home.steps.rate, progress)) if others else []
    home = added(home, given, sounds)
    home_folder.save(home, place)
    return home
