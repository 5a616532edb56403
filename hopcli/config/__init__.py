"""What a run is asked to do, in three parts.

*Given*: what the user wrote, one frozen configuration a command (:class:`RecallConfig`
and its like), each value checked by itself; any can be replaced. *Resolved*: every value
concrete, a pure function of the given one and the data; this is what a manifest holds and
what a hash names. *Execution*: threads, figures and the like, which change no number.

Each setting is declared once, with its kind, default, help and group. A value may come
from a TOML file, from a flag or from Python; all three pass through the same check, so
they are refused with the same words.
"""

from hopcli.config.attractors import AttractorsConfig, ResolvedAttractors
from hopcli.config.base import Config, Facts, Setting, Settings
from hopcli.config.capacity import CapacityConfig, ResolvedCapacity
from hopcli.config.compare import CompareConfig, ResolvedCompare
from hopcli.config.consistency import ConsistencyConfig, ResolvedConsistency
from hopcli.config.critical import CriticalConfig, ResolvedCritical
from hopcli.config.execution import Execution, RecallExecution, ThreadedExecution
from hopcli.config.files import find_config, read_config, shipped_configs
from hopcli.config.fit_sweeps import FitSweepsConfig, ResolvedFitSweeps
from hopcli.config.groups import DataSettings, LearningSettings, PatternSettings, StorageSettings
from hopcli.config.recall import RecallConfig, ResolvedRecall
from hopcli.config.relax import RelaxConfig, ResolvedRelax
from hopcli.config.select import ResolvedSelect, SelectConfig
from hopcli.config.temperature_scan import ResolvedTemperatureScan, TemperatureScanConfig
from hopcli.config.variance import ResolvedVariance, VarianceConfig
from hopcli.config.weights import ResolvedWeights, WeightsConfig

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
    "ResolvedAttractors",
    "ResolvedCapacity",
    "ResolvedCompare",
    "ResolvedConsistency",
    "ResolvedCritical",
    "ResolvedFitSweeps",
    "ResolvedRecall",
    "ResolvedRelax",
    "ResolvedSelect",
    "ResolvedTemperatureScan",
    "ResolvedVariance",
    "ResolvedWeights",
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
