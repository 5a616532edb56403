"""Plant bugs, one at a time, and see which test notices: ``make mutants``.

Each bug is one replacement in one file of a copy of the checkout. The tests that should
notice run first, the whole suite only if they do not. A table says which test did; more
than MAY_SURVIVE survivors are a failure.

    python tests/mutants.py [WORD...]    only the bugs whose file or effect has such a word
"""

from __future__ import annotations

import shutil
import subprocess
import sys
import sysconfig
import tempfile
import time
import venv
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import NamedTuple

CHECKOUT = Path(__file__).resolve().parent.parent
MAY_SURVIVE = 2
AT_ONCE = 2
MOST_SECONDS = 1200.0  # a bug may make a run endless, which is noticed too
LEFT_OUT = (".git", ".venv*", "build", "dist", ".*_cache", ".hypothesis")
OF_MUTANTS = "tests/test_mutants.py"  # would notice every bug, by its text


class Mutant(NamedTuple):
    """A bug.

    Attributes
    ----------
    file : str
        The file below ``hopcli/``.
    old, new : str
        What is replaced, which must occur exactly once, and by what.
    tests : str
        The files that should notice: ``"study cli_run"`` for tests/test_study.py and so on.
    breaks : str
        What is wrong then.
    """

    file: str
    old: str
    new: str
    tests: str
    breaks: str

    @property
    def name(self) -> str:
        """The bug in one line."""
        return f"{self.file}: {self.breaks}"

    @property
    def first(self) -> list[str]:
        """The test files that should notice."""
        return [f"tests/test_{word}.py" for word in self.tests.split()]

    def applied(self, checkout: Path = CHECKOUT) -> str:
        """The text of the file with the bug in it.

        Raises
        ------
        ValueError
            If the bug does not apply: what it replaces must occur once.
        """
        text = (checkout / "hopcli" / self.file).read_text(encoding="utf-8")
        if text.count(self.old) != 1:
            raise ValueError(f"{self.name}: occurs {text.count(self.old)} times, must once")
        return text.replace(self.old, self.new)


MUTANTS = (
    # --- the compiled loop and the dynamics ---
    Mutant(
        "_kernels.py",
        "return int(chain.sites[t]) + int(u < rest), _unit(u)",
        "return int(chain.sites[t]), _unit(u)",
        "kernels",
        "a draw of the next site goes to this one",
    ),
    Mutant(
        "_kernels.py",
        "and coarse <= chain.rests[t] <= straddles",
        "and coarse <= chain.rests[t]",
        "kernels",
        "a draw that may be of the next site is taken for sure",
    ),
    Mutant(
        "_kernels.py",
        "more = _mix(seed + (np.uint64(attempt) | _FAR) * _GAMMA) >> _S32",
        "more = np.uint64(1 << 31)",
        "kernels",
        "32 bits decide where 64 should",
    ),
    Mutant(
        "_kernels.py",
        "n = min(_BLOCK - odd, end - t)",
        "n = min(_BLOCK, end - t)",
        "kernels",
        "a block that begins at an odd attempt is one too long",
    ),
    Mutant(
        "_kernels.py",
        "temperature, code, u * bound) != spin",
        "temperature, code, 0.0) != spin",
        "physics",
        "what is waited for happens as often as its bound",
    ),
    Mutant(
        "_kernels.py",
        "margin = np.float32((network.slack + TIE) / network.unit + 1.0)",
        "margin = np.float32(0.0)",
        "kernels",
        "a chance is bounded as if its alignment were exact",
    ),
    Mutant(
        "_kernels.py",
        "        rank -= int(here)\n",
        "",
        "kernels",
        "sites of a code in chunks that are passed are not counted off",
    ),
    Mutant(
        "_kernels.py",
        "            target -= weights[i]\n",
        "",
        "kernels",
        "a target does not come nearer by the weights that it passes",
    ),
    Mutant(
        "_kernels.py",
        "first[code] += second[code] + third[code] + fourth[code]",
        "first[code] += second[code] + third[code]",
        "kernels",
        "every fourth site is not counted",
    ),
    Mutant(
        "_kernels.py",
        "    for code in codes[4 * n_fours :]:\n",
        "    for code in codes[:0]:\n",
        "kernels",
        "sites are counted by fours alone",
    ),
    Mutant(
        "dynamics/sites.py",
        "skip = -(room.ctypes.data // 4) % line",
        "skip = 0",
        "kernels",
        "vectors of steps and levels lie across two cache lines",
    ),
    Mutant(
        "dynamics/sites.py",
        "            _on_lines(n_levels),\n",
        "            np.zeros(n_levels, np.int32),\n",
        "kernels",
        "vectors of levels lie across two cache lines",
    ),
    Mutant(
        "dynamics/__init__.py",
        "counters = np.arange(first + 1, first + n + 1, dtype=np.uint64)",
        "counters = np.arange(1, n + 1, dtype=np.uint64)",
        "dynamics",
        "every block of chains has the seeds of the first",
    ),
    Mutant(
        "_kernels.py",
        "for i in range(len(queue) - 1, 0, -1):",
        "for i in range(len(queue) - 1, 1, -1):",
        "kernels dynamics",
        "a permutation leaves out its last swap",
    ),
    Mutant(
        "_kernels.py",
        "            idle, event = 0, -1\n",
        "            idle = 0\n",
        "physics",
        "a waiting time outlives the temperature it was drawn at",
    ),
    Mutant(
        "_kernels.py",
        "if sweep > protocol.settle and",
        "if sweep >= protocol.settle and",
        "kernels dynamics",
        "a stable chain stops one sweep early",
    ),
    Mutant(
        "_kernels.py",
        "_chance(rule, -field, -1, temperature)",
        "_chance(rule, field, -1, temperature)",
        "kernels dynamics",
        "a site at 0 goes against its field",
    ),
    Mutant(
        "dynamics/__init__.py",
        "np.max(np.flatnonzero(schedule), initial=-1)) + 1",
        "np.max(np.flatnonzero(schedule), initial=-1))",
        "dynamics",
        "a chain may stop after the last warm sweep",
    ),
    Mutant(
        "dynamics/sync.py",
        "(step >= min(1, n_sweeps))",
        "(step >= 0)",
        "dynamics",
        "a synchronous chain that starts stable has done no sweep",
    ),
    # --- storage ---
    Mutant(
        "storage/hebbian.py",
        '"p": task.columns.shape[1]',
        '"p": task.columns.shape[0]',
        "storage rules",
        "the sum is divided by the classes, not by the patterns",
    ),
    Mutant(
        "storage/perceptron.py",
        "enough = max(kappa - _ROUNDING, _ROUNDING)",
        "enough = kappa - _ROUNDING",
        "survivors rules",
        "at kappa = 0 a field of 0 is enough",
    ),
    # --- claims ---
    Mutant(
        "claims/judging.py",
        "p_for = max(found.tails(low)[0], found.tails(high)[1])",
        "p_for = min(found.tails(low)[0], found.tails(high)[1])",
        "claims",
        "being inside one end of a margin is taken for equivalence",
    ),
    Mutant(
        "claims/judging.py",
        "    if p_for < alpha:",
        "    if one.p_for < alpha:",
        "claims",
        "several claims are tested without Holm's correction",
    ),
    Mutant(
        "claims/judging.py",
        "ln_bayes is not None and abs(ln_bayes) <= BAYES",
        "ln_bayes is not None and ln_bayes <= BAYES",
        "claims",
        "evidence for the authors' condition is taken for none",
    ),
    Mutant(
        "claims/reading.py",
        "if low <= claim.alternative <= high:",
        "if low <= claim.alternative < high:",
        "claims",
        "a margin may reach to the alternative",
    ),
    Mutant(
        "claims/measured.py",
        "end = self.high if self.value < bound else self.low",
        "end = self.low if self.value < bound else self.high",
        "claims",
        "the error of the wrong side of an interval",
    ),
    Mutant(
        "claims/measured.py",
        "low = value - math.hypot(self.value - mine[0], theirs[1] - other.value)",
        "low = value - math.hypot(self.value - mine[0], other.value - theirs[0])",
        "claims",
        "a difference has the wrong lower bound",
    ),
    Mutant(
        "claims/rows.py",
        "return column == owner",
        "return True",
        "claims",
        "the interval of the rate is taken for that of any column",
    ),
    Mutant(
        "claims/published.py",
        "own = self.per_sd + sds**2 / self.repeats",
        "own = self.per_sd + sds**2",
        "claims_published",
        "the SD of a repeat is taken for that of the printed mean",
    ),
    Mutant(
        "claims/published.py",
        "self.error**2 + own + self.step**2 / 12",
        "self.error**2 + own",
        "claims_published",
        "printed numbers are not rounded",
    ),
    Mutant(
        "claims/published.py",
        "variance = between / images + within / (images * repeats)",
        "variance = (between + within) / (images * repeats)",
        "claims_published",
        "images that stay the same are taken for new ones",
    ),
    Mutant(
        "claims/verdicts.py",
        "side.ln_bayes > BAYES",
        "side.ln_bayes > -BAYES",
        "claims_published",
        "a condition that fits no better explains",
    ),
    Mutant(
        "claims/notebook.py",
        "return received[None, :] - own[:, None] - others",
        "return received[:, None] - own[:, None] - others",
        "claims claims_states",
        "the notebook's code is not as it stands there",
    ),
    Mutant(
        "claims/evaluating.py",
        'values > number if sign == ">" else values < number',
        'values >= number if sign == ">" else values <= number',
        "claims",
        "a row at the bound is above it",
    ),
    # --- observables, theory, statistics, scoring, taxonomy ---
    Mutant(
        "observables.py",
        "energy_of_sums(sums, couplings, class_sums(np.abs(spins), couplings))",
        "energy_of_sums(sums, couplings)",
        "observables",
        "the energy counts the own share of sites that are 0",
    ),
    Mutant(
        "theory.py",
        "np.where(np.abs(fields) > TIE, np.sign(fields), magnetisation)",
        "np.where(np.abs(fields) > TIE, np.sign(fields), 0.0)",
        "theory",
        "mean field at T = 0 does not keep ties",
    ),
    Mutant(
        "statistics/rates.py",
        "_ENDS = ((_TAIL, 0.0), (1 - _TAIL, 1.0))",
        "_ENDS = ((_TAIL, 1.0), (1 - _TAIL, 0.0))",
        "statistics",
        "one group more pulls each bound to the wrong side",
    ),
    Mutant(
        "statistics/unseen.py",
        "missing = a * once * r / 2",
        "missing = a * once * r",
        "statistics",
        "kinds not met are estimated as twice as many",
    ),
    Mutant(
        "statistics/rates.py",
        "float(sem) ** 2 * fewer**2",
        "float(sem) ** 2",
        "statistics",
        "so few draws count as if their variance were known",
    ),
    Mutant(
        "scoring.py",
        "(ends.m == ends.m[rows, ends.nearest][:, None])",
        "(np.abs(ends.m) == np.abs(ends.m[rows, ends.nearest][:, None]))",
        "scoring",
        "an inverse is credited to the own pattern where another is as near",
    ),
    Mutant(
        "taxonomy.py",
        'kind[cycling & (kind == "unsettled")]',
        "kind[cycling]",
        "taxonomy",
        "a two-cycle near a pattern is not called the pattern",
    ),
    Mutant(
        "taxonomy.py",
        "np.take_along_axis(m, nearest, axis=1) < 0, -1, 1)",
        "np.take_along_axis(m, nearest, axis=1) < 0, 1, 1)",
        "taxonomy",
        "beyond 20 patterns mixtures have plus signs alone",
    ),
    # --- patterns, records, data sets, starts ---
    Mutant(
        "patterns.py",
        "len(self.labels) - 1 - self.labels[::-1].index(label)",
        "self.labels.index(label)",
        "survivors",
        "of patterns with one label the first is taken for the last",
    ),
    Mutant(
        "patterns.py",
        "digest(self.xi, np.array(self.labels), self.source_index, self.sample_index)",
        "digest(self.xi, np.array(self.labels), self.source_index)",
        "survivors patterns",
        "the hash leaves out the samples, which decide what is tested",
    ),
    Mutant(
        "records.py",
        "    if base is None:\n",
        "    if not array.flags.writeable:\n",
        "records",
        "a read-only view of what others can write to is kept",
    ),
    Mutant(
        "datasets/thresholds.py",
        "np.less_equal if invert",
        "np.less if invert",
        "datasets own_pictures",
        "inverted, a grey value at the threshold is on the wrong side",
    ),
    Mutant(
        "starts/changes.py",
        "rng.permuted(np.tile(np.arange(width), (height, 1)), axis=1)",
        "np.tile(rng.permutation(width), (height, 1))",
        "survivors starts",
        "the same columns are flipped in every row",
    ),
    Mutant(
        "starts/bases.py",
        "return _images_of(patterns.labels, dataset)",
        "return _images_of(dataset.label_names, dataset)",
        "starts cli_attractors",
        "images of labels that are not stored are started from",
    ),
    Mutant(
        "starts/bases.py",
        "_images_of([patterns.labels[target]], dataset)",
        "_images_of([patterns.labels[0]], dataset)",
        "starts cli_temperature_scan",
        "a scan starts from images of the first label, not of the target's",
    ),
    # --- configurations ---
    Mutant(
        "config/recall.py",
        '"gamma": None,',
        '"gamma": self.gamma,',
        "config cli_dynamics",
        "a resolved configuration does not resolve to itself",
    ),
    Mutant(
        "config/notations.py",
        "int(factor or 1) * n_sites // int(divisor[1:] or 1)",
        "int(factor or 1) * (n_sites // int(divisor[1:] or 1))",
        "kinds config",
        "3N/2 of an odd N is rounded before it is multiplied",
    ),
    Mutant(
        "config/temperature_scan.py",
        "facts.labels[-1] if facts.chosen else digits[-1]",
        "digits[-1]",
        "survivors config",
        "of given images that share labels not the last is the target",
    ),
    Mutant(
        "config/groups.py",
        "for rule in self.rules for name in RULES[rule].parameters}",
        "for rule in self.rules[:1] for name in RULES[rule].parameters}",
        "config cli_attractors",
        "parameters are checked for the first of several rules",
    ),
    Mutant(
        "config/execution.py",
        "config.sweeps > _MOST_FRAMES",
        "config.sweeps >= _MOST_FRAMES",
        "config cli_dynamics",
        "as many frames as are allowed are refused",
    ),
    # --- experiments ---
    Mutant(
        "experiments/stock.py",
        "how = (threshold, config.size,",
        "how = (config.size,",
        "stock cli_run",
        "of two runs with two thresholds both get the images of the first",
    ),
    Mutant(
        "experiments/inputs.py",
        "if isinstance(theta, str):",
        "if isinstance(theta, str) and start is not None:",
        "survivors thresholds",
        "the key of a run of weights ignores the file of thresholds",
    ),
    Mutant(
        "experiments/trials.py",
        "is_free[patterns.sample_index] = False",
        "is_free[patterns.source_index] = False",
        "trials cli_recall study",
        "samples that were not selected are tested",
    ),
    Mutant(
        "experiments/relaxation.py",
        "seed = seed_word(self.streams.starts)",
        "seed = seed_word(self.streams.tests)",
        "trials cli_dynamics tutorials",
        "starts share the stream of the tests",
    ),
    Mutant(
        "experiments/recall.py",
        "config.criterion, cycling, config.tie, final.ends",
        "config.criterion, cycling, sums=final.ends",
        "cli_dynamics cli_recall",
        "ends are classified as if ties were kept",
    ),
    Mutant(
        "experiments/recall.py",
        "[schedule[0], *schedule]",
        "[*schedule, schedule[-1]]",
        "cli_dynamics",
        "the trace gives the temperature of the sweep to come",
    ),
    Mutant(
        "experiments/recall_tables.py",
        "if self._alone:",
        "if self.n:",
        "survivors recall_tables",
        "repeated images count as independent",
    ),
    Mutant(
        "experiments/relaxation.py",
        "rows.astype(np.uint64) + np.uint64(1))",
        "np.arange(1, len(rows) + 1, dtype=np.uint64))",
        "recall_tables trials",
        "the chains of every block have the seeds of the first",
    ),
    Mutant(
        "experiments/trials.py",
        "draw(number) for number in",
        "draw(0) for number in",
        "trials",
        "fresh images are those of the first repeat",
    ),
    Mutant(
        "experiments/tally.py",
        "counted.reshape(-1)[first:end] +=",
        "counted.reshape(-1)[first:end] =",
        "recall_tables",
        "of a repeat in two blocks only the second is counted",
    ),
    Mutant(
        "experiments/attractors.py",
        "dynamics.chain_seeds(streams.chains, config.starts)",
        "dynamics.chain_seeds(np.random.SeedSequence(0), config.starts)",
        "trials cli_attractors",
        "the chains do not depend on the seed",
    ),
    Mutant(
        "statistics/components.py",
        "noise - self._noise(self.n_units, self.n_trials)",
        "noise",
        "components",
        "noise of images counts as that of the selection",
    ),
    Mutant(
        "statistics/components.py",
        "math.sqrt((kurtosis - (n - 3) / n) / (n - 1))",
        "math.sqrt(2 / (n - 1))",
        "components",
        "the interval of a variance supposes normal rates",
    ),
    Mutant(
        "experiments/variance.py",
        "spawn_key=(selection,)",
        "spawn_key=(0,)",
        "cli_variance",
        "all selections test the same images",
    ),
    Mutant(
        "experiments/variance.py",
        '("fresh", tests * repeats, 1)',
        '("fresh", tests, repeats)',
        "cli_variance",
        "fresh images count as the same ones",
    ),
    Mutant(
        "plots/variance.py",
        "left += part",
        "left = part",
        "figures_variance",
        "the bars of the sources lie over each other",
    ),
    Mutant(
        "experiments/capacity.py",
        "start_seed = seed_word(seed.flips)",
        "start_seed = seed_word(seed.chains)",
        "trials cli_capacity",
        "flips share the stream of the chains",
    ),
    Mutant(
        "experiments/compare.py",
        "is_free[images.bank.source_index] = False",
        "is_free[images.patterns.source_index] = False",
        "cli_compare",
        "logistic regression is trained on images that it then names",
    ),
    Mutant(
        "experiments/selectors.py",
        "seen = np.concatenate([self.samples.ravel(), self.tuning])",
        "seen = self.samples.ravel()",
        "cli_compare",
        "patterns are tested on the images that they were tuned by",
    ),
    Mutant(
        "experiments/contests.py",
        "dataclasses.replace(streams, tests=tests, chains=chains)",
        "dataclasses.replace(streams, tests=tests)",
        "cli_compare",
        "all selections share their thermal noise",
    ),
    Mutant(
        "statistics/paired.py",
        "np.maximum.accumulate(times * p[order])",
        "times * p[order]",
        "statistics_paired",
        "Holm's p falls below that of a smaller one",
    ),
    Mutant(
        "experiments/weights.py",
        "pixel[0] * shape[1] + pixel[1]",
        "pixel[1] * shape[1] + pixel[0]",
        "figures_weights cli_weights",
        "row and column of the pixel are exchanged",
    ),
    # --- results, plots, command line ---
    Mutant(
        "results/__init__.py",
        "if name != BULKY or manifest.file(name).exists():",
        "if name != BULKY:",
        "results",
        "a table of trials that was changed can be loaded",
    ),
    Mutant(
        "results/__init__.py",
        "json.dumps([command, settings, inputs], sort_keys=True)",
        "json.dumps([command, settings, sorted(inputs)], sort_keys=True)",
        "results thresholds",
        "the key has the names of what was read, not the hashes",
    ),
    Mutant(
        "results/lock.py",
        "fcntl.LOCK_SH if shared else fcntl.LOCK_EX",
        "fcntl.LOCK_SH",
        "results",
        "two processes have the lock of a folder at once",
    ),
    Mutant(
        "results/folder.py",
        "        if made.holds_file(last):\n",
        "        if not place.holds_file(last):\n",
        "results",
        "a run killed right after it was published is lost",
    ),
    Mutant(
        "results/standing.py",
        "if inputs.get(name) != read.get(name):",
        "if (name in inputs) != (name in read):",
        "cli",
        "a run of files that have changed since passes for the same",
    ),
    Mutant(
        "cli/requests.py",
        "wishes.out is None and path is not None and _differs(",
        "wishes.out is not None and path is not None and _differs(",
        "cli",
        "flags that change a configuration write into its folder",
    ),
    Mutant(
        "results/checking.py",
        "if name == BULKY and not os.path.lexists(manifest.file(name)):",
        "if name == BULKY:",
        "cli_check",
        "a table of trials that was changed passes the check",
    ),
    Mutant(
        "results/checking.py",
        "if not known or None in known else",
        "if not known else",
        "cli_check",
        "where a manifest is damaged, every file is said to be in none",
    ),
    Mutant(
        "results/values.py",
        "np.hypot(x - low_a, high_b - y)",
        "np.hypot(high_a - x, y - low_b)",
        "values",
        "of two intervals the far sides say whether two rates agree",
    ),
    Mutant(
        "results/values.py",
        "if len(a) == len(b) and all(_are_equal(a[name], b[name]) for name in keys):",
        "if len(a) == len(b):",
        "values",
        "rows of two tables of one length are compared in order, whatever they are of",
    ),
    Mutant(
        "results/comparing.py",
        "[run.manifest.check(name) for run in (a, b)]",
        "[run.manifest.file(name) for run in (a, b)]",
        "cli_diff",
        "a damaged table is compared as if it were whole",
    ),
    Mutant(
        "results/files.py",
        "    if not is_own(path):\n        raise refused\n",
        "",
        "strangers",
        "a lock is taken through a link, where the system does not refuse to",
    ),
    Mutant(
        "results/forms.py",
        'r"(?!\\.)[^/\\\\\\0]{1,255}"',
        'r"(?s:.{1,255})"',
        "cli_check strangers",
        "a manifest may name files of other folders",
    ),
    Mutant(
        "results/forms.py",
        '        yield from _faults_of_execution(command, values["execution"])\n',
        "        yield from ()\n",
        "strangers",
        "the way a run was carried out is taken from a manifest unchecked",
    ),
    Mutant(
        "grids/database.py",
        'if suffix == "-journal" and file.read() == _OF_SEVERAL:',
        'if suffix == "journal" and file.read() == _OF_SEVERAL:',
        "grid_store",
        "SQLite removes the file that a journal from elsewhere names",
    ),
    Mutant(
        "cli/endings.py",
        "return NO_PICTURES if any(map(_lacks_pictures, _due)) else code",
        "return code",
        "endings",
        "a run without its pictures ends as one that was refused",
    ),
    Mutant(
        "cli/endings.py",
        "return is_there and not any(one.drawn for one in ours)",
        "return is_there",
        "endings",
        "a run that is drawn is said to lack its pictures",
    ),
    Mutant(
        "results/listing.py",
        "if len(rows) == 1 else None",
        "if rows else None",
        "cli_runs",
        "the first of many rows is taken for the number of a run",
    ),
    Mutant(
        "results/provenance.py",
        '("+modified" if edited else "")',
        '("" if edited else "+modified")',
        "provenance",
        "the commit is called modified where it is not",
    ),
    Mutant(
        "plots/accuracy.py",
        "SD over labels {100 * overall['sd_labels']:.1f}",
        "SD over labels {100 * overall['sd_repeats']:.1f}",
        "plots figures_files",
        "a caption gives the SD over repeats as that over labels",
    ),
    Mutant(
        "plots/confusion.py",
        "percent[:, [p + k for k in reached]]",
        "percent[:, [p + k for k in range(len(reached))]]",
        "plots",
        "inverses that were reached show the numbers of others",
    ),
    Mutant(
        "theory.py",
        "np.log(np.where(agree > 0, 2.0, 1.0))",
        "np.log(np.where(agree > 0, 1.0, 1.0))",
        "theory",
        "states whose first sum is 0 count twice",
    ),
    Mutant(
        "statistics/crossings.py",
        "return fit.cost(x0) - least - reach",
        "return fit.cost(x0) - least - reach / 9",
        "crossings",
        "intervals of a crossing are too short",
    ),
    Mutant(
        "experiments/critical.py",
        "projection[:, burn_in:], energy[:, burn_in:]",
        "projection, energy",
        "cli_critical",
        "the beginning of chains counts as equilibrium",
    ),
    Mutant(
        "experiments/critical.py",
        "            spins = states.spins\n",
        "",
        "cli_critical",
        "each stretch of sweeps starts anew",
    ),
    Mutant(
        "experiments/critical_crossings.py",
        "1 / np.sqrt(a * b)",
        "1 / (a * b)",
        "cli_critical",
        "crossings are extrapolated by another law",
    ),
    Mutant(
        "plots/capacity.py",
        '_draw(relaxed, table, "overlap_flipped", flipped)',
        '_draw(relaxed, table, "overlap_pattern", flipped)',
        "figures_capacity plots",
        "flipped starts are drawn where unflipped ones end",
    ),
    Mutant(
        "cli/plot.py",
        'figure_format or execution.get("figure_format") or',
        'figure_format or "png" or',
        "cli_plot",
        "pictures are not drawn again in the format of the run",
    ),
    Mutant(
        "experiments/stock.py",
        'key = ("couplings", patterns.sha256, digest(thresholds), rule, *parameters.items())',
        'key = ("couplings", patterns.sha256, digest(thresholds), rule)',
        "stock",
        "runs of two kappa share the couplings of the first",
    ),
    Mutant(
        "experiments/stock.py",
        "return self._once((*_data_key(config, config.select_split), *chosen), made)",
        "return self._once(_data_key(config, config.select_split), made)",
        "stock",
        "runs of two selection seeds share the patterns of the first",
    ),
    # --- the report ---
    Mutant(
        "report/page.py",
        "autoescape=True",
        "autoescape=False",
        "report",
        "a label of a run is markup in its page",
    ),
    Mutant(
        "report/drawings.py",
        'element.set("id", f"{prefix}-{own}")',
        'element.set("id", own)',
        "report",
        "parts of one picture are drawn in another",
    ),
    Mutant(
        "report/drawings.py",
        'if child.tag in (f"{_SVG}metadata", f"{_SVG}style")',
        'if child.tag == f"{_SVG}metadata"',
        "report",
        "the rule of a picture holds for the whole page",
    ),
    Mutant(
        "report/commands.py",
        "if resolved[name] != _plain(setting, given.default_of(name))",
        "if given.default_of(name) is not None",
        "report",
        "the command of a run leaves out what was open",
    ),
    Mutant(
        "report/commands.py",
        "if _resolves(given, without, facts) == resolved",
        "if _resolves(given, without, facts) is not None",
        "report",
        "the command of a run leaves out what it must say",
    ),
    Mutant(
        "report/sheets.py",
        'f"{100 * plain:.1f}" if is_rate',
        'f"{plain:.1f}" if is_rate',
        "report",
        "rates are told as if they were percents",
    ),
    Mutant(
        "report/files.py",
        "not overwrite and not _is_page(path)",
        "not overwrite and _is_page(path)",
        "report cli_report",
        "a file that is no report is replaced",
    ),
    Mutant(
        "report/claims.py",
        "found.count(verdict)",
        "len(found)",
        "report",
        "every verdict is counted as often as there are claims",
    ),
    # --- grids ---
    Mutant(
        "grids/grid.py",
        "itertools.product(*(axis.values for axis in self.axes))",
        "itertools.product(*(axis.values[::-1] for axis in self.axes))",
        "grid cli_grid",
        "the cells come in another order than the grid says",
    ),
    Mutant(
        "grids/grid.py",
        "if any(b[: len(a)] != a or len(a) == len(b) for a, b in itertools.pairwise(by_length)):",
        "if any(len(a) == len(b) for a, b in itertools.pairwise(by_length)):",
        "grid",
        "lists that do not grow are drawn by their length",
    ),
    Mutant(
        "grids/cells.py",
        "if named(plan) != task.cell:",
        "if False:",
        "grid_engine",
        "data that change under a grid go into cells of the old name",
    ),
    Mutant(
        "grids/cells.py",
        "for name, value in plain.items() if value is not None}",
        "for name, value in plain.items() if value}",
        "grid_engine",
        "a setting that is off or 0 is left to its default in a cell",
    ),
    Mutant(
        "grids/store.py",
        "row = (*own, _digest([own, held]), *map",
        "row = (*own, _digest([own, {}]), *map",
        "grid_store",
        "no checksum of which tables a cell has",
    ),
    Mutant(
        "grids/store.py",
        "            self._forget(made.cell)\n",
        "",
        "grid_store cli_grid",
        "what there was of a cell is not taken away before it is replaced",
    ),
    Mutant(
        "grids/store.py",
        'WHERE cell = ? ORDER BY row"',
        'WHERE cell = ? ORDER BY row DESC"',
        "grid_store cli_grid",
        "rows are read back in another order",
    ),
    Mutant(
        "grids/database.py",
        'self._sql.execute("ROLLBACK")',
        'self._sql.execute("COMMIT")',
        "grid_store",
        "half a cell is kept where the rest cannot be written",
    ),
    Mutant(
        "grids/export.py",
        "rows.append((*own, *row))",
        "rows.insert(0, (*own, *row))",
        "grid_store cli_grid",
        "a table is in the wrong order",
    ),
    Mutant(
        "grids/export.py",
        "if len(set(versions)) > 1:",
        "if len(set(versions)) > 2:",
        "grid_store cli_grid",
        "cells of two versions are not told apart",
    ),
    Mutant(
        "grids/planning.py",
        "return list(planned[number - 1 :: of])",
        "return list(planned[number::of])",
        "cli_grid",
        "shards leave out a cell",
    ),
    Mutant(
        "grids/engine.py",
        "while left and len(under_way) < 2 * engine.n_workers:",
        "while left and len(under_way) < 2 * len(tasks):",
        "grid_engine",
        "all cells are under way at once",
    ),
    Mutant(
        "grids/engine.py",
        "        if engine.chunks and finished:\n",
        "        if finished:\n",
        "grid_engine",
        "short cells wait for one another on threads",
    ),
    Mutant(
        "grids/merging.py",
        "differing = [n for n in checksums if n in other and checksums[n] != other[n]]",
        "differing = [n for n in checksums if n not in other]",
        "grid_store",
        "shards that disagree are put together",
    ),
    Mutant(
        "grids/conducting.py",
        "if there is None or wishes.again or cell in damaged:",
        "if there is None or wishes.again:",
        "cli_grid",
        "a damaged cell is left as it is",
    ),
    Mutant(
        "grids/conducting.py",
        "others = [one.version for one in there.values() if one.version != code_version()]",
        "others = [one.version for one in there.values() if one.version < code_version()]",
        "cli_grid",
        "cells of later code are mixed with those of this one",
    ),
    Mutant(
        "api/memory.py",
        "lambda _, place: place)",
        "lambda repeat, place: (place + repeat) % len(bank))",
        "api_memory",
        "in a later repeat of Memory.recall other states come first",
    ),
    Mutant(
        "api/memory.py",
        "np.repeat(np.arange(len(bank)), int(config.tests))",
        "np.tile(np.arange(len(bank)), int(config.tests))",
        "api_memory",
        "starts of Memory.recall are not in the order of the command",
    ),
    Mutant(
        "api/memory.py",
        "relaxation = decide_criterion(config, facts, relaxation)",
        "decide_criterion(config, facts, relaxation)",
        "api_memory",
        "criterion auto of Memory.recall is 0.99",
    ),
    Mutant(
        "api/memory.py",
        "return whole if np.any(whole < 0) else (2 * whole - 1).astype(np.int8)",
        "return whole",
        "api_memory",
        "the white pixels of a picture of 0 and 1 are undecided sites",
    ),
    Mutant(
        "api/data.py",
        "if value is not None",
        "if value",
        "api_memory",
        "a keyword that is 0 counts as not given",
    ),
    Mutant(
        "datasets/arrays.py",
        'np.array(as_grey(flat, _WHAT), order="C")',
        "np.asarray(as_grey(flat, _WHAT))",
        "api_memory",
        "hopcli.load overwrites the images that it is given",
    ),
    Mutant(
        "config/groups.py",
        " and len(set(letters)) == len(letters)",
        "",
        "api_memory",
        "a label that is spelled twice is stored twice",
    ),
    Mutant(
        "markup.py",
        "html.escape(name)",
        "name",
        "api",
        "a label with a < breaks the page of a notebook",
    ),
    Mutant(
        "estimator/seeding.py",
        "return splitmix64(own[:, None], counters)",
        "return splitmix64(own[:, None], 0 * counters)",
        "estimator_classifier",
        "all repeats of a sample are one run",
    ),
    Mutant(
        "estimator/deciding.py",
        "return 2 * recalled.sum(axis=1) < self.m.shape[1]",
        "return 2 * recalled.sum(axis=1) <= self.m.shape[1]",
        "estimator_classifier",
        "what recalls a prototype in half of its repeats is rejected",
    ),
    Mutant(
        "estimator/prototypes.py",
        "if other.label != group.label:",
        "if other is not group:",
        "estimator_prototypes",
        "other clusters of a class count as other classes",
    ),
    Mutant(
        "api/running.py",
        "results.same_run(out, self.config, self.inputs, replace=overwrite)",
        "results.same_run(out, self.config, self.inputs, replace=True)",
        "api_commands",
        "Run.save replaces another run unasked",
    ),
    Mutant(
        "api/folders.py",
        "for differs, findings in ((True, checked.differs), (False, checked.told))",
        "for differs, findings in ((True, checked.differs), (True, checked.told))",
        "api_folders",
        "what is only told counts as a difference",
    ),
    Mutant(
        "experiments/shapes.py",
        "        row[place] *= 2\n",
        "",
        "cli_consistency",
        "an image counts once in pairs of its own label: standard errors are too small",
    ),
    Mutant(
        "experiments/shapes.py",
        "- np.diag(number * float(n_sites) ** 2)",
        "",
        "cli_consistency",
        "an image is compared with itself too",
    ),
    Mutant(
        "experiments/shapes.py",
        "same = samples * (samples - 1) * n_sites**2",
        "same = samples * samples * n_sites**2",
        "cli_consistency",
        "the loss counts the pattern among the others of its label",
    ),
    Mutant(
        "experiments/consistency.py",
        "        is_free[samples] = False\n",
        "",
        "cli_consistency",
        "test images may have been selected from",
    ),
    Mutant(
        "experiments/consistency.py",
        "np.array_split(rng.permutation(len(labels)), 2)",
        "np.array_split(np.arange(len(labels)), 2)",
        "cli_consistency",
        "the same labels are always stored together",
    ),
    Mutant(
        "statistics/ranks.py",
        "return float(1 + np.count_nonzero(as_large)) / (1 + _PERMUTATIONS)",
        "return float(np.count_nonzero(as_large)) / _PERMUTATIONS",
        "statistics_ranks",
        "a p may be 0",
    ),
    Mutant(
        "statistics/ranks.py",
        "max(-1.0, min(low, 2 * found - high)), min(1.0, max(high, 2 * found - low))",
        "low, high",
        "statistics_ranks",
        "noise takes order away twice, and the interval is too short",
    ),
    Mutant(
        "quantiles.py",
        "np.where(one <= other, _ANGLE, -_ANGLE)",
        "np.where(one > other, _ANGLE, -_ANGLE)",
        "statistics",
        "the way of integration turns to the side where the integrand grows",
    ),
    Mutant(
        "quantiles.py",
        "    angle[np.minimum(one, other) > _GROWN] = 0\n",
        "    angle[:] = 0\n",
        "statistics",
        "the way of integration is not turned",
    ),
    Mutant(
        "statistics/autocorrelation.py",
        "if window == 0 or total <= 0:",
        "if total < 0:",
        "autocorrelation",
        "a series too short to tell has an autocorrelation time of 0",
    ),
    Mutant(
        "statistics/counts.py",
        "    mixed = max(mixed, 2 * least)\n",
        "",
        "statistics_counts",
        "what never failed in its replays never fails",
    ),
    Mutant(
        "statistics/paired.py",
        "values = np.round(np.asarray(differences, dtype=np.float64), _DIGITS)",
        "values = np.asarray(differences, dtype=np.float64)",
        "statistics_paired",
        "rounding passes for a difference beyond doubt",
    ),
    Mutant(
        "experiments/compare.py",
        '"recalled": nearest(ends) & warm',
        '"recalled": warm',
        "cli_compare",
        "what is nearer to another pattern counts as recalled",
    ),
    Mutant(
        "statistics/counts.py",
        "rates = rng.beta(hits + before[0], replays - hits + before[1], (draws, len(hits)))",
        "rates = np.tile(hits / replays, (draws, 1))",
        "statistics_counts",
        "a few replays are taken as exact",
    ),
    Mutant(
        "statistics/counts.py",
        "- slack) <= _REACH * inflation",
        "- slack) <= _REACH / 2 * inflation",
        "statistics_counts",
        "intervals of likelihoods are too short",
    ),
    Mutant(
        "experiments/fit_sweeps.py",
        "return sites.reshape(-1)[: n_images * attempts].reshape(n_images, attempts)",
        "return np.ascontiguousarray(sites[:, :attempts])",
        "cli_fit_sweeps",
        "fewer sweeps visit the first sites of longer runs",
    ),
    Mutant(
        "experiments/fit_sweeps.py",
        "np.clip(sums[1] - sums[2] / 2, 0, None)",
        "np.clip(0 * sums[1], 0, None)",
        "cli_fit_sweeps",
        "orders of the sites are taken to be alike",
    ),
    Mutant(
        "experiments/replays.py",
        "for own in sites for _ in range(2)]",
        "for _ in range(2) for own in sites]",
        "cli_fit_sweeps",
        "two runs of an order visit the sites of different ones",
    ),
    Mutant(
        "experiments/fit_sweeps.py",
        "_SLACK * errors",
        "0.0",
        "cli_fit_sweeps",
        "orders are taken to be as many as there can be",
    ),
)


class Verdict(NamedTuple):
    """Which test noticed, if any, after how many seconds."""

    mutant: Mutant
    killed_by: str
    seconds: float


def copy_to(folder: Path) -> Path:
    """Copy the checkout, file times and all, so that compiled loops stay valid."""
    copy = folder / "checkout"
    shutil.copytree(CHECKOUT, copy, ignore=shutil.ignore_patterns(*LEFT_OUT))
    return copy


def python_for(copy: Path) -> Path:
    """An environment like this one, but with the package of the copy."""
    place = copy.parent / "environment"
    venv.create(place, symlinks=True)
    base = {"base": str(place), "platbase": str(place)}
    packages = Path(sysconfig.get_path("purelib", "venv", base))
    # Lists of other environments are not read there: an editable install stays away.
    lines = f"{copy}\n{sysconfig.get_path('purelib')}\n{sysconfig.get_path('platlib')}\n"
    (packages / "copy.pth").write_text(lines, encoding="utf-8")
    return Path(sysconfig.get_path("scripts", "venv", base)) / "python"


def first_failure(python: Path, copy: Path, tests: list[str]) -> str:
    """Run tests until one fails, and name it; empty if none does."""
    flags = ["-x", "--no-header", "--color=no", "-p", "no:cacheprovider", f"--ignore={OF_MUTANTS}"]
    try:
        done = subprocess.run(
            [python, "-m", "pytest", *flags, *tests],
            cwd=copy,
            capture_output=True,
            text=True,
            check=False,
            stdin=subprocess.DEVNULL,
            timeout=MOST_SECONDS,
        )
    except subprocess.TimeoutExpired:
        return f"not done after {MOST_SECONDS:.0f} s"
    if done.returncode == 0:
        return ""
    lines = [line for line in done.stdout.splitlines() if line.startswith(("FAILED ", "ERROR "))]
    if not lines:
        raise RuntimeError(f"pytest ended with {done.returncode}:\n{done.stdout}{done.stderr}")
    return lines[0].split(" ", 1)[1].split(" - ")[0]


def try_out(mutant: Mutant) -> Verdict:
    """Plant a bug in a fresh copy and run the tests."""
    began = time.monotonic()
    with tempfile.TemporaryDirectory() as folder:
        copy = copy_to(Path(folder))
        python = python_for(copy)
        text = mutant.applied(copy)
        (copy / "hopcli" / mutant.file).write_text(text, encoding="utf-8")
        killer = first_failure(python, copy, mutant.first) or first_failure(python, copy, [])
    return Verdict(mutant, killer, time.monotonic() - began)


def check_tests_pass() -> None:
    """Run the tests without a bug: where one fails anyway, it tells nothing."""
    with tempfile.TemporaryDirectory() as folder:
        copy = copy_to(Path(folder))
        failure = first_failure(python_for(copy), copy, [f"--numprocesses={AT_ONCE}"])
    if failure:
        raise SystemExit(f"without a bug there fails {failure}")


def main(words: list[str]) -> None:
    """Try the bugs, print the table."""
    chosen = [m for m in MUTANTS if not words or any(word in m.name for word in words)]
    for mutant in chosen:
        mutant.applied()  # all must apply, before the first is tried
    check_tests_pass()
    survivors = 0
    with ThreadPoolExecutor(AT_ONCE) as pool:
        for verdict in pool.map(try_out, chosen):
            survivors += not verdict.killed_by
            end = verdict.killed_by or "SURVIVED"
            print(f"{verdict.mutant.name}\n    {end} ({verdict.seconds:.0f} s)", flush=True)  # noqa: T201
    print(f"{len(chosen)} bugs, {survivors} survived")  # noqa: T201
    sys.exit(survivors > MAY_SURVIVE)


if __name__ == "__main__":
    main(sys.argv[1:])
