"""Data that ship with hopcli: their files and hashes.

:mod:`hopcli.data.build` and :mod:`hopcli.data.drawings` make them; :mod:`hopcli.datasets` reads
them.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

__all__ = [
    "DRAWINGS",
    "MEMBER_CRC32",
    "MNIST_FILE",
    "MNIST_SHA256",
    "N_TEST",
    "N_TRAIN",
    "ORIGINALS",
    "SHIPPED_SHA256",
    "TEXTS",
    "Original",
]


@dataclass(frozen=True, slots=True)
class Original:
    """One of the four files in which MNIST was published.

    Parameters
    ----------
    name : str
        File name, without ``.gz``.
    n_bytes : int
        Unpacked size.
    sha256 : str
        SHA-256 of the unpacked bytes, 64 hexadecimal digits.
    """

    name: str
    n_bytes: int
    sha256: str


ORIGINALS = (
    Original(
        "train-images-idx3-ubyte",
        47_040_016,
        "ba891046e6505d7aadcbbe25680a0738ad16aec93bde7f9b65e87a2fc25776db",
    ),
    Original(
        "train-labels-idx1-ubyte",
        60_008,
        "65a50cbbf4e906d70832878ad85ccda5333a97f0f4c3dd2ef09a8a9eef7101c5",
    ),
    Original(
        "t10k-images-idx3-ubyte",
        7_840_016,
        "0fa7898d509279e482958e8ce81c8e77db3f2f8254e26661ceb7762c4d494ce7",
    ),
    Original(
        "t10k-labels-idx1-ubyte",
        10_008,
        "ff7bcfd416de33731a308c3f266cc351222c34898ecbeaf847f06e48f7ec33f2",
    ),
)
"""Original files; every hash of the embedded MNIST derives from these."""

N_TRAIN, N_TEST = 60_000, 10_000

MNIST_FILE = Path(__file__).with_name("mnist.npz")
MNIST_SHA256 = "6fcfbad5317769a3f05a6beaa352ef547c3e3350a6d32ce2d3e29ef99a76b160"
MEMBER_CRC32 = {"bits": 0xDC3BA0F3, "labels": 0xF38CB82C, "grey": 0x32AEA611}
"""CRC-32 of each member, which verifies runs that read only two of them."""

DRAWINGS = Path(__file__).with_name("drawings")
TEXTS = Path(__file__).with_name("texts")

SHIPPED_SHA256 = {
    DRAWINGS: {
        "boat.png": "e0b9df305c7cfdddbef4809af0e2abb1edd8e8141945802218f9d1babf7a5bb2",
        "fish.png": "430e4d478f7eb44a2cc9c2817dbda3f8db349a1120270fc18b80a3f86232aa56",
        "house.png": "41ea2d50e5a1efaf35c3903270a758195f0dd68e96c3272e8deb5edc9941ad67",
    },
    TEXTS: {
        "3x3-start.txt": "121e3a243be10e2e99f33f850cbfdc19ad36953ca5171807dfb94f4460bd5569",
        "3x3.txt": "92c3bc38ffa33d42b2524f91f2a5210b537ad93d3590de06cd5aec3abec9b423",
        "4x4-start.txt": "880180744d552ea86c004c1a64dac4b8fc1f41f3059da0b420259dd72da01950",
        "4x4.txt": "9a2f0165ce476442422292e076b9581eab718195b1f067e86d9d435733b3f25e",
        "6-start.txt": "7d4370e6cb1e5292aed7b0368acabb48b732b1f283ecbc5a1f129eb53deb6aae",
        "6.txt": "3d7f6dfa68119787a357f80ee389d5c8a6de9c123d062521f066218db1f1f640",
    },
}
"""Small files that ship with hopcli, by folder and name, each with its SHA-256."""
