"""Tables, columns and records of well-known programs, with all expected figures; the numbers are made up."""

from __future__ import annotations

import pytest
from tests.notebook.log_figures import Formats, mistakes

FORMATS: Formats = {
    "xgboost": (
        "[0]\ttrain-rmse:4.1220\teval-rmse:4.2010\n[10]\ttrain-rmse:1.0220\teval-rmse:1.3010\n",
        {1: [":step = 0", "train-rmse = 4.122", "eval-rmse = 4.201"], 2: [":step = 10", "train-rmse = 1.022", "eval-rmse = 1.301"]},
    ),
    "catboost": (
        "0:\tlearn: 0.6512\ttest: 0.6630\tbest: 0.6630 (0)\ttotal: 21ms\tremaining: 20.9s\n"
        "10:\tlearn: 0.4112\ttest: 0.4402\tbest: 0.4402 (10)\ttotal: 210ms\tremaining: 18.9s\n",
        {
            1: [":step = 0", "learn = 0.6512", "test = 0.663", "* test = 0.663", "total = 21 ms", ":eta = 20.9"],
            2: [":step = 10", "learn = 0.4112", "test = 0.4402", "* test = 0.4402", "total = 210 ms", ":eta = 18.9"],
        },
    ),
    "hugging face": (
        """{'loss': 2.3102, 'grad_norm': 1.92, 'learning_rate': 4.8e-05, 'epoch': 0.12}
{'eval_loss': 1.9014, 'eval_runtime': 12.1, 'eval_samples_per_second': 82.6, 'epoch': 1.0}
{'loss': nan, 'grad_norm': nan, 'learning_rate': 4.1e-05, 'epoch': 1.2}
""",
        {
            1: ["loss = 2.3102", "grad_norm = 1.92", "learning_rate = 4.8e-05", ":epoch = 0.12"],
            2: ["eval_loss = 1.9014", "eval_runtime = 12.1", "eval_samples_per_second = 82.6", ":epoch = 1.0"],
            3: ["loss = nan", "grad_norm = nan", "learning_rate = 4.1e-05", ":epoch = 1.2"],
        },
    ),
    "yolov5 table": (
        """      Epoch   gpu_mem       box       obj       cls    labels  img_size
      0/299     3.41G    0.1042   0.07121   0.05110       201       640: 100%|██████████| 120/120 [01:02<00:00,  1.92it/s]
               Class     Images     Labels          P          R     mAP@.5 mAP@.5:.95: 100%|██████████| 12/12 [00:05<00:00,  2.20it/s]
                 all        400       2810      0.310      0.221      0.194     0.0812

      Epoch   gpu_mem       box       obj       cls    labels  img_size
      1/299     5.02G   0.08011   0.06003   0.04020       188       640: 100%|██████████| 120/120 [00:58<00:00,  2.05it/s]
""",
        {
            2: [
                *(":epoch = 0", ":epochs = 299", "gpu_mem = 3.41 G", "box = 0.1042", "obj = 0.07121", "cls = 0.0511", "labels = 201"),
                *("img_size = 640", ":step = 120", ":steps = 120", ":elapsed = 01:02", ":eta = 00:00", "it/s = 1.92"),
            ],
            3: [":step = 12", ":steps = 12", ":elapsed = 00:05", ":eta = 00:00", "it/s = 2.2"],
            4: ["Images = 400", "Labels = 2810", "P = 0.31", "R = 0.221", "mAP@.5 = 0.194", "mAP@.5:.95 = 0.0812"],
            7: [
                *(":epoch = 1", ":epochs = 299", "gpu_mem = 5.02 G", "box = 0.08011", "obj = 0.06003", "cls = 0.0402", "labels = 188"),
                *("img_size = 640", ":step = 120", ":steps = 120", ":elapsed = 00:58", ":eta = 00:00", "it/s = 2.05"),
            ],
        },
    ),
    "openai csv": (
        "eplenmean,eprewmean,loss/policy_loss,misc/total_timesteps,fps\n20.1,20.1,-0.0012,2048,812\n31.4,31.4,-0.0009,4096,\n",
        {
            2: ["eplenmean = 20.1", "eprewmean = 20.1", "loss/policy_loss = -0.0012", "misc/total_timesteps = 2048", "fps = 812"],
            3: ["eplenmean = 31.4", "eprewmean = 31.4", "loss/policy_loss = -0.0009", "misc/total_timesteps = 4096"],
        },
    ),
    "fastai": (
        """epoch     train_loss  valid_loss  accuracy  time
0         1.012000    0.640000    0.801000  00:21
1         0.650000    0.512000    0.842000  00:20
""",
        {
            2: [":epoch = 0", "train_loss = 1.012", "valid_loss = 0.64", "accuracy = 0.801", "time = 00:21"],
            3: [":epoch = 1", "train_loss = 0.65", "valid_loss = 0.512", "accuracy = 0.842", "time = 00:20"],
        },
    ),
    "nested json": (
        '{"epoch": 1, "train": {"loss": 0.9}, "valid": {"loss": 0.8, "acc": 0.6}}\n'
        '{"epoch": 2, "train": {"loss": 0.7}, "valid": {"loss": 0.75, "acc": 0.65}}\n',
        {
            1: [":epoch = 1", "train.loss = 0.9", "valid.loss = 0.8", "valid.acc = 0.6"],
            2: [":epoch = 2", "train.loss = 0.7", "valid.loss = 0.75", "valid.acc = 0.65"],
        },
    ),
    "between bars": (
        """| Epoch: 01 | Train Loss: 1.6| Train Acc: 50.1% | Val. Loss: 1.4 | Val. Acc: 54.4%
| Epoch: 02 | Train Loss: 1.1| Train Acc: 70.0% | Val. Loss: 1.1 | Val. Acc: 74.4%
Best model saved at epoch 2
""",
        {
            1: [":epoch = 1", "Train Loss = 1.6", "Train Acc = 50.1 %", "Val. Loss = 1.4", "Val. Acc = 54.4 %"],
            2: [":epoch = 2", "Train Loss = 1.1", "Train Acc = 70.0 %", "Val. Loss = 1.1", "Val. Acc = 74.4 %"],
        },
    ),
    "a table with others between": (
        """ Epoch  | Train Loss | Val Loss | Val Acc
--------------------------------------
   1    | 1.0984 | 1.0800 | 40.10
EarlyStopping counter: 1 of 3
   2    | 0.9984 | 0.9800 | 48.20
""",
        {
            3: [":epoch = 1", "Train Loss = 1.0984", "Val Loss = 1.08", "Val Acc = 40.1"],
            5: [":epoch = 2", "Train Loss = 0.9984", "Val Loss = 0.98", "Val Acc = 48.2"],
        },
    ),
    "stable baselines": (
        """-----------------------------
| rollout/        |         |
|    ep_rew_mean  | 95.2    |
| time/           |         |
|    total_steps  | 20480   |
-----------------------------
| rollout/        |         |
|    ep_rew_mean  | 101.0   |
| time/           |         |
|    total_steps  | 40960   |
-----------------------------
""",
        {3: ["ep_rew_mean = 95.2"], 5: [":steps = 20480"], 8: ["ep_rew_mean = 101.0"], 10: [":steps = 40960"]},
    ),
}


@pytest.mark.parametrize("name", FORMATS)
def test_a_format_is_read_figure_by_figure(name: str) -> None:
    assert mistakes(*FORMATS[name]) == ([], [])
