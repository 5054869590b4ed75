"""Lines of logs that well-known programs write in words, with all expected figures; the numbers are made up."""

from __future__ import annotations

import pytest
from tests.notebook.log_figures import Formats, mistakes

FORMATS: Formats = {
    "keras": (
        """Epoch 1/3
313/313 [=============================] - 4s 11ms/step - loss: 0.6120 - accuracy: 0.7911 - val_loss: 0.4402
Epoch 2/3
120/313 [==========>...................] - ETA: 2s - loss: 0.4012 - accuracy: 0.8623
Epoch 3/3
313/313 ━━━━━━━━━━━━━━━━━━━━ 3s 9ms/step - accuracy: 0.8911 - loss: 0.3310 - val_accuracy: 0.8800 - learning_rate: 0.0010
""",
        {
            1: [":epoch = 1", ":epochs = 3"],
            2: [
                ":step = 313",
                ":steps = 313",
                ":elapsed = 4",
                "ms/step = 11",
                "loss = 0.612",
                "accuracy = 0.7911",
                "val_loss = 0.4402",
            ],
            3: [":epoch = 2", ":epochs = 3"],
            4: [":step = 120", ":steps = 313", ":eta = 2", "loss = 0.4012", "accuracy = 0.8623"],
            5: [":epoch = 3", ":epochs = 3"],
            6: [
                *(":step = 313", ":steps = 313", ":elapsed = 3", "ms/step = 9", "accuracy = 0.8911", "loss = 0.331"),
                *("val_accuracy = 0.88", "learning_rate = 0.001"),
            ],
        },
    ),
    "fairseq": (
        """2023-03-04 11:20:01 | INFO | fairseq.trainer | begin training epoch 1
2023-03-04 11:21:40 | INFO | train_inner | epoch 001:    100 / 1120 loss=11.52, nll_loss=11.1, ppl=2195.3, lr=1.2e-05, wall=98
2023-03-04 11:40:12 | INFO | train | epoch 001 | loss 8.841 | nll_loss 8.1 | ppl 280 | wps 40810 | num_updates 1120 | lr 0.00014 | wall 1210
2023-03-04 11:40:40 | INFO | valid | epoch 001 | valid on 'valid' subset | loss 7.5 | ppl 97.7 | num_updates 1120 | best_loss 7.5
""",
        {
            2: [
                *(":at = 2023-03-04 11:21:40", ":epoch = 1", ":step = 100", ":steps = 1120", "loss = 11.52", "nll_loss = 11.1"),
                *("ppl = 2195.3", "lr = 1.2e-05", "wall = 98"),
            ],
            3: [
                *(":at = 2023-03-04 11:40:12", ":epoch = 1", "loss = 8.841", "nll_loss = 8.1", "ppl = 280", "wps = 40810"),
                *(":step = 1120", "lr = 0.00014", "wall = 1210"),
            ],
            4: [
                *(":at = 2023-03-04 11:40:40", ":epoch = 1", "loss = 7.5", "ppl = 97.7"),
                *(":step = 1120", "* best_loss = 7.5"),
            ],
        },
    ),
    "espnet": (
        """[node3] 2022-05-01 10:00:01,321 (trainer:730) INFO: 1epoch:train:1-50batch: iter_time=0.110, loss=118.2, acc=0.112, lr0=4.1e-06
[node3] 2022-05-01 10:03:11,020 (trainer:730) INFO: 1epoch:train:51-100batch: iter_time=0.101, loss=101.7, acc=0.187, lr0=8.2e-06
[node3] 2022-05-01 10:40:00,500 (trainer:338) INFO: 1epoch results: [train] loss=95.1, [valid] loss_ctc=120.3, loss=80.2, acc=0.301
""",
        {
            1: [
                ":at = 2022-05-01 10:00:01,321",
                ":epoch = 1",
                ":step = 50",
                "iter_time = 0.11",
                "loss = 118.2",
                "acc = 0.112",
                "lr0 = 4.1e-06",
            ],
            2: [
                ":at = 2022-05-01 10:03:11,020",
                ":epoch = 1",
                ":step = 100",
                "iter_time = 0.101",
                "loss = 101.7",
                "acc = 0.187",
                "lr0 = 8.2e-06",
            ],
            3: [
                ":at = 2022-05-01 10:40:00,500",
                ":epoch = 1",
                "loss = 95.1",
                "loss_ctc = 120.3",
                "loss = 80.2",
                "acc = 0.301",
            ],
        },
    ),
    "kaldi nnet3": (
        """2021-08-09 14:00:01,118 [chain/train.py:529 - train - INFO ] Iter: 11/120   Jobs: 2   Epoch: 0.31/4.0 (7.8% complete)   lr: 0.001
LOG (nnet3-train[5.5]:PrintTotalStats():nnet-training.cc:350) Overall average objective function for 'output' is -0.1022 over 5120 frames.
LOG (nnet3-train[5.5]:PrintTotalStats():nnet-training.cc:350) Overall average objective function for 'output' is -0.0987 over 5120 frames.
""",
        {
            1: [
                ":at = 2021-08-09 14:00:01,118",
                ":step = 11",
                ":steps = 120",
                "Jobs = 2",
                ":epoch = 0.31",
                ":epochs = 4.0",
                "lr = 0.001",
            ],
            2: ["Overall average objective function for 'output' = -0.1022"],
            3: ["Overall average objective function for 'output' = -0.0987"],
        },
    ),
    "ignite": (
        """Training Results - Epoch: 1  Avg accuracy: 0.91 Avg loss: 0.31
Validation Results - Epoch: 1  Avg accuracy: 0.93 Avg loss: 0.24
Epoch[1/10] Complete. Time taken: 00:00:41.250
Epoch[2] Iteration[30/938] Loss: 0.2811
""",
        {
            1: [":epoch = 1", "Avg accuracy = 0.91", "Avg loss = 0.31"],
            2: [":epoch = 1", "Avg accuracy = 0.93", "Avg loss = 0.24"],
            3: [":epoch = 1", ":epochs = 10", "Time taken = 00:00:41.250"],
            4: [":epoch = 2", ":step = 30", ":steps = 938", "Loss = 0.2811"],
        },
    ),
    "lightning bar": (
        """Epoch 4:  51%|█████     | 240/469 [00:11<00:10, 21.30it/s, v_num=3, train_loss_step=0.211, val_acc=0.941]
Epoch 5/9 ━━━━━━━━━━━━━━━━━━━━ 469/469 0:00:20 • 0:00:00 23.10it/s v_num: 3.000 train_loss: 0.190 val_acc: 0.950
""",
        {
            1: [
                ":epoch = 4",
                ":step = 240",
                ":steps = 469",
                ":elapsed = 00:11",
                ":eta = 00:10",
                "it/s = 21.3",
                "v_num = 3",
                "train_loss_step = 0.211",
                "val_acc = 0.941",
            ],
            2: [
                *(":epoch = 5", ":epochs = 9", ":step = 469", ":steps = 469", ":elapsed = 0:00:20", ":eta = 0:00:00", "it/s = 23.1"),
                *("v_num = 3.0", "train_loss = 0.19", "val_acc = 0.95"),
            ],
        },
    ),
    "timm": (
        """Train: 0 [   0/1251 (  0%)]  Loss: 6.951 (6.95)  Time: 2.512s,  407.60/s  (2.512s,  407.60/s)  LR: 1.000e-06  Data: 1.101 (1.101)
Train: 0 [  50/1251 (  4%)]  Loss: 6.902 (6.93)  Time: 0.612s, 1673.20/s  (0.701s, 1460.77/s)  LR: 1.000e-06  Data: 0.020 (0.042)
Test: [  48/48]  Time: 0.210 (0.312)  Loss:  1.2201 (1.3021)  Acc@1: 71.2310 (70.1120)  Acc@5: 90.1200 (89.6020)
 *** Best metric: 70.112 (epoch 12)
""",
        {
            1: [
                *(":epoch = 0", ":step = 0", ":steps = 1251", "Loss = 6.951", "~ Loss = 6.95", "Time = 2.512 s", "~ Time = 2.512 s"),
                *("/s = 407.6", "~ /s = 407.6", "LR = 1e-06", "Data = 1.101", "~ Data = 1.101"),
            ],
            2: [
                *(":epoch = 0", ":step = 50", ":steps = 1251", "Loss = 6.902", "~ Loss = 6.93", "Time = 0.612 s", "~ Time = 0.701 s"),
                *("/s = 1673.2", "~ /s = 1460.77", "LR = 1e-06", "Data = 0.020", "~ Data = 0.042"),
            ],
            3: [
                *(":step = 48", ":steps = 48", "Time = 0.21", "~ Time = 0.312", "Loss = 1.2201", "~ Loss = 1.3021"),
                *("Acc@1 = 71.231", "~ Acc@1 = 70.112", "Acc@5 = 90.12", "~ Acc@5 = 89.602"),
            ],
            4: ["* metric = 70.112", ":epoch = 12"],
        },
    ),
    "nanogpt": (
        """step 0: train loss 4.2874, val loss 4.2823
iter 0: loss 4.2664, time 38120.11ms, mfu -100.00%
iter 10: loss 3.1402, time 182.14ms, mfu 2.05%
""",
        {
            1: [":step = 0", "train loss = 4.2874", "val loss = 4.2823"],
            2: [":step = 0", "loss = 4.2664", "time = 38120.11 ms", "mfu = -100.00 %"],
            3: [":step = 10", "loss = 3.1402", "time = 182.14 ms", "mfu = 2.05 %"],
        },
    ),
    "dcase": (
        """epoch: 1, time: 0:01:12, train_loss: 1.9210, val_macro_acc: 41.20 %, val_micro_acc: 42.70 %, lr: 0.001
epoch: 2, time: 0:01:09, train_loss: 1.6103, val_macro_acc: 47.90 %, val_micro_acc: 48.10 %, lr: 0.001
""",
        {
            1: [":epoch = 1", "time = 0:01:12", "train_loss = 1.921", "val_macro_acc = 41.2 %", "val_micro_acc = 42.7 %", "lr = 0.001"],
            2: [":epoch = 2", "time = 0:01:09", "train_loss = 1.6103", "val_macro_acc = 47.9 %", "val_micro_acc = 48.1 %", "lr = 0.001"],
        },
    ),
    "mnist example": (
        """Train Epoch: 2 [6400/60000 (11%)]\tLoss: 0.140210

Test set: Average loss: 0.0551, Accuracy: 9817/10000 (98%)

Train Epoch: 3 [0/60000 (0%)]\tLoss: 0.091201
""",
        {
            1: [":epoch = 2", ":step = 6400", ":steps = 60000", "Loss = 0.14021"],
            3: ["Average loss = 0.0551", "Accuracy = 98 %"],
            5: [":epoch = 3", ":step = 0", ":steps = 60000", "Loss = 0.091201"],
        },
    ),
    "swin": (
        """[2022-02-02 03:04:05 swin] (main.py 212): INFO Train: [3/300][10/1251]\teta 0:41:00 lr 0.000081\tloss 6.2101 (6.3050)\tmem 9100MB
[2022-02-02 03:14:05 swin] (main.py 262): INFO Test: [0/98]\tTime 1.210 (1.210)\tLoss 2.1000 (2.1000)\tAcc@1 50.781 (50.781)
""",
        {
            1: [
                *(
                    ":at = 2022-02-02 03:04:05",
                    ":epoch = 3",
                    ":epochs = 300",
                    ":step = 10",
                    ":steps = 1251",
                    ":eta = 0:41:00",
                    "lr = 8.1e-05",
                ),
                *("loss = 6.2101", "~ loss = 6.305", "mem = 9100 MB"),
            ],
            2: [
                *(":at = 2022-02-02 03:14:05", ":step = 0", ":steps = 98", "Time = 1.21", "~ Time = 1.21", "Loss = 2.1", "~ Loss = 2.1"),
                *("Acc@1 = 50.781", "~ Acc@1 = 50.781"),
            ],
        },
    ),
    "detectron2": (
        """[09/10 21:33:07 d2.events]: eta: 1:02:11  iter: 19  total_loss: 2.31  time: 0.2212  data_time: 0.0101  lr: 0.0003  max_mem: 3120M
[09/10 21:33:12 d2.events]: eta: 1:01:02  iter: 39  total_loss: 1.900  time: 0.2190  data_time: 0.0090  lr: 0.0007  max_mem: 3120M
""",
        {
            1: [
                *(":at = 09/10 21:33:07", ":eta = 1:02:11", ":step = 19", "total_loss = 2.31", "time = 0.2212"),
                *("data_time = 0.0101", "lr = 0.0003", "max_mem = 3120 M"),
            ],
            2: [
                *(":at = 09/10 21:33:12", ":eta = 1:01:02", ":step = 39", "total_loss = 1.9", "time = 0.219"),
                *("data_time = 0.009", "lr = 0.0007", "max_mem = 3120 M"),
            ],
        },
    ),
    "a tutorial's": (
        """| end of epoch   3 | time: 12.34s | valid loss  4.12 | valid ppl    61.50 |
| epoch   4 |   200/ 2981 batches | lr 20.00 | ms/batch 22.10 | loss  7.61 | ppl  2017.1
| epoch   4 |   400/ 2981 batches | lr 20.00 | ms/batch 21.90 | loss  6.90 | ppl  992.3
""",
        {
            1: [":epoch = 3", "time = 12.34 s", "valid loss = 4.12", "valid ppl = 61.5"],
            2: [":epoch = 4", ":step = 200", ":steps = 2981", "lr = 20", "ms/batch = 22.1", "loss = 7.61", "ppl = 2017.1"],
            3: [":epoch = 4", ":step = 400", ":steps = 2981", "lr = 20", "ms/batch = 21.9", "loss = 6.9", "ppl = 992.3"],
        },
    ),
    "forecasting": (
        """\titers: 100, epoch: 1 | loss: 0.4965
\tspeed: 0.1732s/iter; left time: 141.7132s
Epoch: 1 cost time: 11.998
Epoch: 1, Steps: 131 | Train Loss: 0.3663 Vali Loss: 0.2729 Test Loss: 0.3338
Validation loss decreased (inf --> 0.2729).  Saving model ...
EarlyStopping counter: 1 out of 3
Updating learning rate to 0.0009
mse:0.3338, mae:0.3721
""",
        {
            1: [":step = 100", ":epoch = 1", "loss = 0.4965"],
            2: ["speed = 0.1732 s/iter", ":eta = 141.7132"],
            3: [":epoch = 1", "cost time = 11.998"],
            4: [":epoch = 1", ":steps = 131", "Train Loss = 0.3663", "Vali Loss = 0.2729", "Test Loss = 0.3338"],
            5: ["* Validation loss = 0.2729"],
            8: ["mse = 0.3338", "mae = 0.3721"],
        },
    ),
    "checkpoints": (
        """Epoch 1/9
80/80 [==============================] - ETA: 0s - loss: 0.0759
Epoch 00001: val_loss improved from inf to 0.03535, saving model to logs/model.h5
Epoch 2/9
Epoch 00002: val_loss did not improve from 0.03535
[ Info: Epoch 3: loss = 11.204
accuracy(train_X, train_y) = 0.1166
Ep 4 (Step 000005): Train loss 1.161, Val loss 1.131
""",
        {
            1: [":epoch = 1", ":epochs = 9"],
            2: [":step = 80", ":steps = 80", ":eta = 0", "loss = 0.0759"],
            3: [":epoch = 1", "* val_loss = 0.03535"],
            4: [":epoch = 2", ":epochs = 9"],
            5: [":epoch = 2", "* val_loss = 0.03535"],
            6: [":epoch = 3", "loss = 11.204"],
            7: ["accuracy(train_X, train_y) = 0.1166"],
            8: [":epoch = 4", ":step = 5", "Train loss = 1.161", "Val loss = 1.131"],
        },
    ),
    "running loss": (
        "[1,  2000] loss: 2.173\n[1,  4000] loss: 1.842\n",
        {
            1: [":epoch = 1", ":step = 2000", "loss = 2.173"],
            2: [":epoch = 1", ":step = 4000", "loss = 1.842"],
        },
    ),
}


@pytest.mark.parametrize("name", FORMATS)
def test_a_format_is_read_figure_by_figure(name: str) -> None:
    assert mistakes(*FORMATS[name]) == ([], [])
