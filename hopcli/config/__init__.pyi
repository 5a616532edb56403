# Made by tests/stubs.py.
from hopcli.config.attractors import AttractorsConfig
from hopcli.config.base import Config, Facts, Setting, Settings
from hopcli.config.capacity import CapacityConfig
from hopcli.config.compare import CompareConfig
from hopcli.config.consistency import ConsistencyConfig
from hopcli.config.critical import CriticalConfig
from hopcli.config.execution import Execution, RecallExecution, ThreadedExecution
from hopcli.config.files import find_config, read_config, shipped_configs
from hopcli.config.fit_sweeps import FitSweepsConfig
from hopcli.config.groups import DataSettings, LearningSettings, PatternSettings, StorageSettings
from hopcli.config.recall import RecallConfig
from hopcli.config.relax import RelaxConfig
from hopcli.config.select import SelectConfig
from hopcli.config.temperature_scan import TemperatureScanConfig
from hopcli.config.variance import VarianceConfig
from hopcli.config.weights import WeightsConfig

__all__ = [
    "AttractorsConfig",
    "CapacityConfig",
    "CompareConfig",
    "Config",
    "ConsistencyConfig",
    "CriticalConfig",
    "DataSettings",
    "Execution",
    "Facts",
    "FitSweepsConfig",
    "LearningSettings",
    "PatternSettings",
    "RecallConfig",
    "RecallExecution",
    "RelaxConfig",
    "SelectConfig",
    "Setting",
    "Settings",
    "StorageSettings",
    "TemperatureScanConfig",
    "ThreadedExecution",
    "VarianceConfig",
    "WeightsConfig",
    "find_config",
    "read_config",
    "shipped_configs",
]
