"""Answers for a recording by an exported model of enrolled words, without torch and without scratchlab: three small libraries are enough.

scratchlab enrol my_words && scratchlab export home words.onnx        (once, where scratchlab is)
python onnx_words.py words.onnx clip.wav                               (anywhere, with numpy, soundfile and onnxruntime)
"""

import json
import sys

import numpy as np
import onnxruntime
import soundfile


def main(model: str, clip: str) -> tuple[str, float]:
    session = onnxruntime.InferenceSession(model, providers=["CPUExecutionProvider"])
    about = session.get_modelmeta().custom_metadata_map
    sound, rate = soundfile.read(clip, dtype="float32", always_2d=True)
    if rate != int(about["rate"]):
        sys.exit(f"{clip} has {rate} Hz, and the model hears {about['rate']} Hz; resample it.")
    scores = session.run(["scores"], {"waveform": sound.mean(1)})[0]
    best = int(np.argmax(scores))
    known = not about["threshold"] or scores[best] >= float(about["threshold"])
    return json.loads(about["words"])[best] if known else "unknown", float(scores[best])


if __name__ == "__main__":
    print(*main(*sys.argv[1:])) if len(sys.argv) == 3 else sys.exit("usage: onnx_words.py words.onnx clip.wav")
