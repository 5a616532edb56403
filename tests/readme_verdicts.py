"""Write the verdicts of results/reproduce into README.md: five sentences and a line of counts."""

from __future__ import annotations

import re
import textwrap
from pathlib import Path
from typing import Any

import pandas as pd

from hopcli.claims.judging import VERDICTS

ROOT = Path(__file__).parents[1]
README = ROOT / "README.md"
CLAIMS = ROOT / "results" / "reproduce" / "claims.csv"
_BLOCK = re.compile(r"(<!-- verdicts: [^>]* -->\n).*?(<!-- end of verdicts -->)", re.DOTALL)


def read_claims_table(path: Path = CLAIMS) -> pd.DataFrame:
    """Read claims.csv with every value as a text."""
    return pd.read_csv(path, dtype=str, keep_default_na=False)


SENTENCES = """\
**The table of recall follows from the authors' program, not from the text.** Its five accuracies
fit replays of the program, with 10 sweeps ({chi2:accuracies/authors}), and not the protocol of the
text, with 20 ({chi2:accuracies/text}).

**Its +- is thermal noise alone.** The printed SDs fit repeats with the same images and the same
order of sites ({p:plus-minus-images/authors}), not new images ({p:plus-minus-images/text}); with
a new order in each repeat the authors' variance is {value:plus-minus-order/text} of the simulated
one ({p:plus-minus-order/text}).

**The patterns matter most.** With other draws of the 20 samples the "1" is recalled best in
{whole:order-best-any-draw/text} % of the draws, the "4" worst in
{whole:order-worst-any-draw/other} %.

**Figure 1 shows the Hebbian rule with training images 9 and 56.** So simulated it fits in 19
points ({chi2:figure-1-rule/explanation}), with the pseudo-inverse rule ({chi2:figure-1-rule/text})
or with the selected images ({chi2:figure-1-patterns/text}) it does not.

**The critical temperature is {value:critical-temperature/text}** by the rule of the text and
{value:critical-temperature/authors} as run, not 0.5.
"""


def block(made: pd.DataFrame) -> str:
    """Make the sentences and the counts from the table of verdicts."""
    sides = made.drop_duplicates(["id", "role"]).set_index(["id", "role"])

    def filled(match: re.Match[str]) -> str:
        kind, claim, role = match.groups()
        side: Any = sides.loc[(claim, role)]
        chance = "p < 0.001" if float(side["p"] or 0) < 0.001 else f"p = {float(side['p']):.2g}"
        if kind == "chi2":
            return f"chi2 = {float(side['statistic']):,.0f}, {chance}"
        if kind == "p":
            return chance
        return f"{float(side['value']):{'.3g' if kind == 'whole' else '.2f'}}"

    text = re.sub(r"\{(\w+):([\w-]+)/(\w+)\}", filled, SENTENCES)
    lines = [
        textwrap.fill(part, 100, initial_indent="- ", subsequent_indent="  ")
        for part in text.split("\n\n")
    ]
    counts = made.drop_duplicates("id")["verdict"].value_counts()
    counted = "; ".join(f"{counts[name]} {name}" for name in VERDICTS if name in counts)
    total = textwrap.fill(f"Of {counts.sum()} claims: {counted}.", 100)
    return "\n".join(["", *lines, "", total, "", ""])


def main() -> None:
    """Rewrite the block of README.md."""
    text = README.read_text(encoding="utf-8")
    found = _BLOCK.search(text)
    if found is None:
        raise SystemExit(f"{README}: no block <!-- verdicts: ... -->")
    made = found[1] + block(read_claims_table()) + found[2]
    README.write_text(text[: found.start()] + made + text[found.end() :], encoding="utf-8")


def written() -> str:
    """The block as README.md has it."""
    found = _BLOCK.search(README.read_text(encoding="utf-8"))
    return "" if found is None else found[0].removeprefix(found[1]).removesuffix(found[2])


if __name__ == "__main__":
    main()
