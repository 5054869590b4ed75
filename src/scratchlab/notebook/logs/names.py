"""The meaning of printed names: epoch or step, data split, and whether larger or smaller is better."""

from __future__ import annotations

import re
from functools import lru_cache
from typing import Literal

Phase = Literal["train", "valid", "test", ""]

_WORDS = re.compile(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+|\d+|[^\W\d_]+")


def set_of(words: str) -> frozenset[str]:
    """The set of words of a text."""
    return frozenset(words.split())


PHASES: dict[str, Phase] = {
    **dict.fromkeys(("train", "training", "trn", "learn"), "train"),
    **dict.fromkeys(
        ("val", "vali", "valid", "validation", "validate", "validating", "dev", "eval", "evaluation", "evaluating", "evaluate"), "valid"
    ),
    **dict.fromkeys(("test", "testing", "infer", "inference"), "test"),
}
EPOCHS = frozenset({"epoch", "ep", "current epoch", "global epoch", "epoch number", "last epoch"})
STEPS = frozenset(
    {
        *("step", "global step", "current step", "optimizer step", "train step", "env steps", "trained steps", "step num", "timestep"),
        *("timesteps", "total timesteps", "iter", "iters", "iteration", "iterations", "it", "global iter", "current iter", "n iter"),
        *("num iterations", "batch", "batch id", "batch idx", "minibatch", "update", "updates", "num updates", "round", "boosting round"),
    }
)
EPOCH_TOTALS = frozenset({"num epochs", "max epochs", "total epochs", "n epochs", "num train epochs", "epochs total"})
STEP_TOTALS = frozenset(
    {"steps", "max steps", "total steps", "num steps", "total optimization steps", "max iters", "total iters", "num training steps"}
)
LEFT = frozenset(
    {"eta", "time left", "left time", "left", "remaining", "remaining time", "time remaining", "etc", "estimated time remaining"}
)
PASSED = frozenset({"elapsed", "elapsed time", "time elapsed", "total elapsed time"})
INDICES = frozenset({"session", "task", "fold", "episode", "trial", "training session"})  # indices that count something beyond one training

_LOWER = set_of(
    """loss losses err error errors eer wer cer ppl perplexity bpb bpc bpd nll mse rmse mae mape rmsle fid kid kl ce bce mce dcf
    mindcf logloss logl lpips mlogloss merror crossentropy xent cost wmape regret distance"""
)
_HIGHER = set_of(
    """acc accuracy auc auroc auprc aucpr ap map ar prec precision recall f fscore fmeasure iou miou dice bleu sacrebleu rouge
    meteor cider psnr ssim snr sisnr sisdr sdr pesq stoi reward rewards rew return returns score scores mrr ndcg hit hits hr mcc
    kappa r pearson spearman corr correlation likelihood llh elbo objf objective bac uar uf mf silhouette purity nmi ari success
    correct hota mota minp winrate"""
)
_NOT_MEASURED = set_of(  # words that turn a metric's name into a setting: loss_weight, loss scale, rank of a process
    """weight weights weighting scale scaling coef coefficient lambda type window alpha gamma beta decay power name config threshold
    thresh smoothing scaler mult factor reduction interval patience k size batch seed port world global local device process node
    handling parallel tensor pipeline"""
)
_TIMES = set_of("time sec secs seconds runtime speed throughput ips fps cost memory mem")


@lru_cache(4096)
def words(name: str) -> tuple[str, ...]:
    """Lower-case words of a name: `valLoss_top1` is val, loss, top, 1."""
    return tuple(word.lower() for word in _WORDS.findall(name))


@lru_cache(4096)
def phase(name: str) -> Phase:
    """The data split that a name mentions; "" if none."""
    for word in words(name):
        if word in PHASES:
            return PHASES[word]
    return ""


@lru_cache(4096)
def plain(name: str) -> str:
    """The words of a name without those of the data split: `Train Epoch` -> `epoch`."""
    parts = words(name)
    return " ".join(word for word in parts if word not in PHASES) or " ".join(parts)


@lru_cache(4096)
def better(name: str) -> Literal["larger", "smaller", ""]:
    """Whether larger or smaller values are better, by the last telling word of the name; "" if unknown or if it names a setting."""
    parts = [word for word in words(name) if word not in PHASES and not word.isdigit()]
    if _NOT_MEASURED & set(parts) and not ({"global", "local"} & set(parts) and ("loss" in parts or "acc" in parts)):
        return ""
    if parts and (parts[-1] in ("per", "ter")):  # phoneme and translation error rates; elsewhere a preposition
        return "smaller"
    if {"rank", "top"} & set(parts) and re.search(r"\d$", name):  # Rank-1, top-5; not the rank of a process
        return "larger"
    for word in reversed(parts):
        if word in _LOWER or (word.endswith("loss") and word != "gloss"):
            return "smaller"
        if word in _HIGHER:
            return "larger"
    return ""


def is_metric(name: str) -> bool:
    """Whether it names a metric, i.e. something to maximize or minimize."""
    return better(name) != ""


@lru_cache(4096)
def is_measured(name: str) -> bool:
    """Whether it names a metric, a time, memory, or something about a data split, which logs print and prose rarely does."""
    parts = words(name)
    if is_metric(name):
        return True
    if not parts or _NOT_MEASURED & set(parts):
        return False
    return parts[-1] in _TIMES or (phase(name) != "" and any(word not in PHASES for word in parts))


@lru_cache(4096)
def is_rate(name: str) -> bool:
    """Whether it names a learning rate."""
    rate = plain(name) in ("lr", "learning rate", "learn rate") or name.lower().startswith(("lr/", "lr-", "lr_", "learning_rate"))
    return rate and not _NOT_MEASURED & set(words(name))


@lru_cache(4096)
def is_best(name: str) -> bool:
    """Whether the name denotes a best value so far."""
    return "best" in words(name)


_BEST = re.compile(r"(?:^|\b)best(?: so far)?(?:\b|$) ?", re.IGNORECASE)


@lru_cache(4096)
def without_best(name: str) -> str:
    """The name without "best": `Best acc` -> `acc`; a name without spaces (`val/acc_best`) stays."""
    return (_BEST.sub("", name).strip() or name) if " " in name else name
