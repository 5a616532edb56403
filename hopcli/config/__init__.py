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

from hopcli.catalogue import CATALOGUE
from hopcli.records import exported

_EXPORTED = {
    "base": "Config Facts Setting Settings",
    "execution": "Execution RecallExecution ThreadedExecution",
    "files": "find_config read_config shipped_configs",
    "groups": "DataSettings LearningSettings PatternSettings StorageSettings",
}
for _entry in CATALOGUE.values():
    _EXPORTED[_entry.module] = f"{_entry.name}Config"

__all__ = sorted(" ".join(_EXPORTED.values()).split())  # tests/stubs.py writes their types
__getattr__ = exported(__name__, _EXPORTED)
