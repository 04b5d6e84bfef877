"""DNSMOS P.835, a model of how listeners rate speech, with the weights inside the package `speechmos`."""

import importlib.util
from functools import cache
from pathlib import Path
from typing import Any, Final

import numpy as np
import onnxruntime
import soxr
from numpy.typing import NDArray

RATE_HZ: Final = 16_000
WINDOW_S: Final = 9.01
_OVERALL: Final = np.poly1d([-0.06766283, 1.11546468, 0.04602535])
"""The calibration of the overall rating in the package."""


def overall_quality(samples: NDArray[np.floating[Any]], rate_hz: int) -> float:
    """The overall rating (1 to 5) of mono speech; short recordings are repeated, long ones are averaged."""
    resampled = np.clip(soxr.resample(samples.astype(np.float32), rate_hz, RATE_HZ), -1.0, 1.0)
    size = int(WINDOW_S * RATE_HZ)
    repeated = np.tile(resampled, -(-size // resampled.size))
    windows = [repeated[start : start + size] for start in range(0, repeated.size - size + 1, RATE_HZ)]
    ratings = [_session().run(None, {"input_1": window[None]})[0][0][2] for window in windows]
    return float(_OVERALL(np.mean(ratings)))


@cache
def _session() -> Any:
    # The package itself needs librosa; its model file does not.
    package = importlib.util.find_spec("speechmos")
    if package is None or package.origin is None:
        raise RuntimeError("speechmos is not installed: run make setup")
    model = Path(package.origin).parent / "dnsmos_models" / "sig_bak_ovr.onnx"
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = 1
    return onnxruntime.InferenceSession(model, options)
