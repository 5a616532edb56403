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
**The table of recall follows from the authors' program, not from the text.** The program, which is
public, made 10 sweeps where the text says 20. The five printed accuracies fit replays of it
({chi2:accuracies/authors}), but not the protocol of the text ({chi2:accuracies/text}).

**The printed +- is thermal noise alone.** It fits repeats with the same images in the same site
order ({p:plus-minus-images/authors}), but not repeats with new images
({p:plus-minus-images/text}). If only the site order were new in each repeat, the printed variance
would be {value:plus-minus-order/text} of the expected one ({p:plus-minus-order/text}).

**The drawn samples change the results most.** In {whole:order-best-any-draw/text} % of other draws
of the 20 samples the "1" is recalled best; the "4" is worst in {whole:order-worst-any-draw/other}
% of them.

**Figure 1 shows the Hebbian rule with training images 9 and 56.** It fits the 19 points
({chi2:figure-1-rule/explanation}). The pseudo-inverse rule of the text
({chi2:figure-1-rule/text}) and the selected images ({chi2:figure-1-patterns/text}) do not fit.

**The critical temperature is {value:critical-temperature/text}** with the rule of the text and
{value:critical-temperature/authors} with that of the authors' figure, not 0.5.
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
