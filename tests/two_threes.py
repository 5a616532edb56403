"""Draw the moving picture at the top of README.md: two threes fall into stored patterns.

``make screenshot`` runs it. Every frame is a state of ``Memory.recall`` with the same seed.
"""

from __future__ import annotations

import io
from pathlib import Path

import matplotlib.pyplot as plt
import numpy as np
from PIL import Image

import hopcli

TARGET = Path(__file__).parents[1] / "results" / "live" / "two-threes.gif"
LABELS = "36104"
ENDS_IN_6 = 966  # a training image of a 3 that ends in the stored 6
FRAMES, ATTEMPTS = 24, 196  # frames, and attempted flips between two of them
DPI, COLOURS = 80, 32
TIMES = (1200, 110, 2600)  # milliseconds of the first frame, of the others and of the last


def main() -> None:
    """Run both, and write the frames."""
    mnist = hopcli.load("mnist")
    memory = hopcli.store(hopcli.select(mnist).take(LABELS))
    damaged = hopcli.select(mnist).take("3").xi[0].copy()
    damaged[np.random.default_rng(3).random(damaged.size) < 0.25] *= -1
    starts = np.stack([damaged, mnist.spins[ENDS_IN_6]])
    runs = [
        memory.recall(starts, temperature=0.2, sweeps=n, attempts_per_sweep=ATTEMPTS, seed=1)
        for n in range(1, FRAMES)
    ]
    spins = np.stack([starts, *(run.spins for run in runs)])
    overlaps = np.stack([memory.overlaps(starts), *(run.overlaps for run in runs)])
    energies = np.stack([memory.energy(starts), *(run.energy for run in runs)])
    frames = [_frame(spins[: n + 1], overlaps[n], energies[: n + 1]) for n in range(FRAMES)]
    first, usual, last = TIMES
    frames[0].save(
        TARGET,
        save_all=True,
        append_images=frames[1:],
        duration=[first, *[usual] * (FRAMES - 2), last],
        loop=0,
        optimize=True,
    )


def _frame(spins: np.ndarray, overlaps: np.ndarray, energies: np.ndarray) -> Image.Image:
    figure, axes = plt.subplots(
        1, 6, figsize=(9, 2.4), dpi=DPI, width_ratios=(2.2, 1.7, 1.5, 2.2, 1.7, 1.5)
    )
    for side in range(2):
        picture, bars, curve = axes[3 * side : 3 * side + 3]
        picture.imshow(spins[-1, side].reshape(28, 28), cmap="binary", vmin=-1, vmax=1)
        picture.set_axis_off()
        winner = int(np.argmax(overlaps[side]))
        colours = ["tab:orange" if k == winner else "tab:gray" for k in range(len(LABELS))]
        bars.barh(range(len(LABELS)), overlaps[side], color=colours)
        bars.set(xlim=(0, 1), yticks=range(len(LABELS)), yticklabels=list(LABELS))
        bars.set(xticks=(0, 0.5, 1), xticklabels=("0", "0.5", "1"), title="overlap m")
        bars.invert_yaxis()
        curve.plot(energies[:, side], color="tab:blue")
        curve.plot(len(energies) - 1, energies[-1, side], "o", color="tab:blue", markersize=4)
        curve.set(xlim=(-0.5, FRAMES), ylim=(-400, 0), xticks=(), yticks=(), title="energy")
    figure.tight_layout(pad=0.4)
    shot = io.BytesIO()
    figure.savefig(shot)
    plt.close(figure)
    return Image.open(shot).convert("RGB").quantize(COLOURS)


if __name__ == "__main__":
    main()
