"""Gain that never clips."""

import numpy as np
from numpy.typing import NDArray

KNEE = 0.7
CEILING = 0.98


def amplified(samples: NDArray[np.float32], gain_db: float) -> NDArray[np.float32]:
    """`gain_db` louder; what would pass the knee at 0.7 is bent so that it never reaches full scale."""
    louder = samples * np.float32(10.0 ** (gain_db / 20.0))
    size = np.abs(louder)
    headroom = CEILING - KNEE
    bent = KNEE + headroom * np.tanh((size - KNEE) / headroom)
    return np.where(size > KNEE, np.sign(louder) * bent, louder).astype(np.float32)
