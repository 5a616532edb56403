"""Settings of a run: its configuration and its execution.

A configuration is frozen, a class per command (:class:`RecallConfig` and others). In the
*given* configuration, open settings are None. It is checked and *resolved* once, when the
data are loaded: then every setting has a value. The manifest contains these values, and the
key of the run is their hash. The *execution* (threads, figures) changes no number.

Each setting is declared once, with its kind, default, help and group. A value may come
from a TOML file, from a flag or from Python. All three pass the same check and give the same
messages. A command imports only its own class.
"""

from __future__ import annotations

from importlib import import_module
from typing import Any

from hopcli.catalogue import CATALOGUE

_SHARED = {
    "base": ("Config", "Facts", "Setting", "Settings"),
    "execution": ("Execution", "RecallExecution", "ThreadedExecution"),
    "files": ("find_config", "read_config", "shipped_configs"),
    "groups": ("DataSettings", "LearningSettings", "PatternSettings", "StorageSettings"),
}

__all__ = sorted(
    [name for names in _SHARED.values() for name in names]
    + [f"{entry.name}Config" for entry in CATALOGUE.values()]
)


def __getattr__(name: str) -> Any:
    """Import a class on first use; ``__init__.pyi`` lists them."""
    modules = [module for module, names in _SHARED.items() if name in names]
    modules += [entry.module for entry in CATALOGUE.values() if name == f"{entry.name}Config"]
    if not modules:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(f"{__name__}.{modules[0]}"), name)
