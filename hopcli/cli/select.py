"""``hopcli select``."""

from __future__ import annotations

from hopcli.cli.execute import execute
from hopcli.cli.options import experiment
from hopcli.config import SelectConfig

__all__ = ["command"]


@experiment(SelectConfig, execute)
def command() -> None:
    """Choose a prototype pattern for each label by the overlap loss.

    Draws M random samples of each label. The pattern of a label is its sample P with
    the lowest loss (eq. 5 of the paper)

    \b
        L(P) = sum_D (P.D)^2 - M sum_U (P.U)^2

    where D runs over the samples of all other labels and U over the other samples of
    P's own label. A good prototype is unlike the other labels and like its own.

    \b
    The ten patterns of the study:
      hopcli select
    Prototypes of three digits from 500 samples each, drawn without replacement:
      hopcli select --digits 1,7,9 --samples 500 --sampler generator

    Writes patterns.csv (the losses, as printed), patterns.npz (for `hopcli recall
    --patterns`), patterns.png and the manifest select.json.
    """
