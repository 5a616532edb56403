"""What a run is asked to do: one frozen, checked configuration a command.

Each setting is declared here once, with its kind, default, help and group. A value
may come from a TOML file, from a flag or from Python; all three pass through the
same check, so they are refused with the same words.
"""

from hopcli.config.base import Config, Setting
from hopcli.config.commands import (
    CONFIGS,
    AttractorsConfig,
    CapacityConfig,
    RecallConfig,
    SelectConfig,
    TemperatureScanConfig,
    WeightsConfig,
)
from hopcli.config.files import find_config, read_config, shipped_configs
from hopcli.config.groups import (
    DataSettings,
    DynamicsSettings,
    LearningSettings,
    OutputSettings,
    PatternSettings,
    RunSettings,
    StorageSettings,
)

__all__ = [
    "CONFIGS",
    "AttractorsConfig",
    "CapacityConfig",
    "Config",
    "DataSettings",
    "DynamicsSettings",
    "LearningSettings",
    "OutputSettings",
    "PatternSettings",
    "RecallConfig",
    "RunSettings",
    "SelectConfig",
    "Setting",
    "StorageSettings",
    "TemperatureScanConfig",
    "WeightsConfig",
    "find_config",
    "read_config",
    "shipped_configs",
]
