"""Synthetic pages with known words, in printed and handwritten fonts, and simulated photographs of them."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import numpy.typing as npt
from PIL import Image, ImageDraw, ImageFilter, ImageFont

FONTS = Path("/usr/share/fonts")
PRINTED = FONTS / "opentype/noto/NotoSansCJK-Regular.ttc"  # Debian: fonts-noto-cjk
HANDWRITTEN = {  # handwriting fonts, which are easier than handwriting, because letters do not vary
    "English": FONTS / "truetype/breip/Breip.ttf",  # fonts-breip
    "Chinese": FONTS / "truetype/lxgw-wenkai/LXGWWenKai-Light.ttf",  # fonts-lxgw-wenkai
    "Korean": FONTS / "truetype/nanum/NanumPen.ttf",  # fonts-nanum-extra
    "Korean with English": FONTS / "truetype/nanum/NanumPen.ttf",
}
WORDS = {
    "English": (
        "warmup of 500 steps, then cosine decay",
        "loss diverged at epoch 14, grad norm 37.2",
        "compare the prototypes with DTW on the tail",
        "why is session 8 worse than session 7?",
        "batch 128 needs 21 GB, try accumulation",
        "freeze the encoder below layer 4",
        "shots 5, ways 10, seeds 0 to 9",
        "ask about the speaker split on Monday",
    ),
    "Chinese": (
        "下一步把学习率降到三分之一",
        "显存不足时减小批量大小",
        "对比原型网络和动态时间规整",
        "第八个会话为什么更差",
        "冻结编码器的前四层",
        "验证集不能和训练集共享说话人",
        "周一讨论数据划分和噪声增强",
        "最好的结果在第十四轮之后没有提高",
    ),
    "Korean": (
        "학습률을 절반으로 줄이고 다시 실행",
        "메모리가 부족하면 배치를 줄인다",
        "프로토타입과 거리 함수를 비교하기",
        "여덟 번째 세션은 왜 더 나쁜가",
        "인코더의 앞쪽 네 층을 고정한다",
        "검증 데이터에는 같은 화자가 없어야 한다",
        "월요일에 데이터 분할을 논의하기",
        "열네 번째 에폭 이후로 좋아지지 않았다",
    ),
    "Korean with English": (
        "lr을 3e-4로 줄이고 batch 64로 실행",
        "BC-ResNet의 encoder를 freeze하기",
        "DTW와 prototype을 비교하기",
        "epoch 14에서 loss가 발산했다",
    ),
}


def page(lines: tuple[str, ...], font: Path, size: int = 44, width: int = 1400) -> Image.Image:
    """A white page with these lines in dark ink."""
    sheet = Image.new("RGB", (width, 160 + 2 * size * len(lines)), "white")
    pen, ink = ImageDraw.Draw(sheet), ImageFont.truetype(str(font), size)
    for i, line in enumerate(lines):
        pen.text((90, 80 + 2 * size * i), line, font=ink, fill=(25, 25, 60))
    return sheet


def photographed(sheet: Image.Image, seed: int = 0, quality: int = 70) -> Image.Image:
    """A simulated photograph: rotation by up to 4°, perspective, uneven light, a shadow, blur, noise and JPEG artefacts."""
    import io

    dice = np.random.default_rng(seed)
    width, height = sheet.size
    table = Image.new("RGB", (width + 200, height + 200), (120, 95, 70))
    table.paste(sheet, (100, 100))
    table = table.rotate(float(dice.uniform(-4, 4)), Image.Resampling.BICUBIC, fillcolor=(120, 95, 70))
    wide, high = table.size
    corners = np.array([(0, 0), (0, high), (wide, high), (wide, 0)], float)
    moved = corners + dice.uniform(0, 0.04, (4, 2)) * np.array([wide, high]) * np.sign(np.array([wide, high]) / 2 - corners)
    slanted = table.transform(table.size, Image.Transform.PERSPECTIVE, tuple(_perspective(corners, moved)), Image.Resampling.BICUBIC)
    shot = np.asarray(slanted.filter(ImageFilter.GaussianBlur(0.8)), float)
    across, down = np.meshgrid(np.linspace(0, 1, wide), np.linspace(0, 1, high))
    light = 1.0 - 0.4 * (across * dice.uniform(0.4, 1) + down * dice.uniform(0, 0.6))
    shadow = 1 - 0.25 / (1 + np.exp(-(across - dice.uniform(0.4, 0.7) + 0.3 * down) * 30))
    noisy = shot * (light * shadow)[..., None] + dice.normal(0, 7, shot.shape)
    jpeg = io.BytesIO()
    Image.fromarray(noisy.clip(0, 255).astype(np.uint8)).save(jpeg, "JPEG", quality=quality)
    return Image.open(jpeg).convert("RGB")


def _perspective(before: npt.NDArray[np.float64], after: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
    """Pillow's eight coefficients, which map points of the result to the source."""
    rows, told = list[list[float]](), list[float]()
    for (x, y), (u, v) in zip(after.tolist(), before.tolist(), strict=True):
        rows += [[x, y, 1, 0, 0, 0, -u * x, -u * y], [0, 0, 0, x, y, 1, -v * x, -v * y]]
        told += [u, v]
    return np.linalg.solve(np.array(rows), np.array(told))


def error_rate(truth: str, read: str) -> float:
    """The character error rate: edit distance of `read` and `truth` divided by the length of `truth`, without spaces."""
    a, b = "".join(truth.split()), "".join(read.split())
    row = list(range(len(b) + 1))
    for i, one in enumerate(a, 1):
        before, row[0] = row[0], i
        for j, other in enumerate(b, 1):
            before, row[j] = row[j], min(row[j] + 1, row[j - 1] + 1, before + (one != other))
    return row[-1] / len(a)
