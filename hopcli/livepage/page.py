"""The page as one text: template, style, scripts and data, under a strict content policy."""

from __future__ import annotations

import base64
import hashlib
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import jinja2
from markupsafe import Markup

from hopcli import __version__
from hopcli.errors import SettingError
from hopcli.livepage.contents import Contents
from hopcli.records import Spins, np
from hopcli.rules import RULES

_HERE = Path(__file__).parent

SCRIPTS = (
    *("loop", "rules", "outcome", "model", "share", "calls", "view", "save", "count"),
    *("lesson", "page", "controls", "panels"),
)
"""The modules of the page, in the order in which they are put together."""

_LEARNT = ("hebbian", "pseudo-inverse", "storkey", "perceptron", "covariance")
"""Rules that the page computes itself; for other rules it receives the couplings."""

_OF_KEY = 12  # characters that name the patterns of a page


def page(
    contents: Contents,
    texts: Mapping[str, Mapping[str, Any]],
    *,
    language: str | None = None,
    lesson: bool = False,
) -> str:
    """Build a self-contained HTML page.

    Parameters
    ----------
    contents : Contents
        Patterns, settings and images.
    texts : mapping of str to mapping
        The words of each language, see :func:`hopcli.livepage.languages`.
    language : str, optional
        Code of the initial language; by default that of the browser, otherwise English.
    lesson : bool
        Whether the page opens with the lesson.

    Returns
    -------
    str
        The page; equal arguments give equal text.

    Raises
    ------
    SettingError
        If there is no translation for the language.
    """
    if language is not None and language not in texts:
        raise SettingError("language", f"must be one of {', '.join(texts)}", language)
    texts_of = ((_HERE / f"{name}.js").read_text(encoding="utf-8") for name in SCRIPTS)
    modules = "\n".join(text.strip() for text in texts_of)
    script = f'"use strict";\n(() => {{\n{modules}\n}})();\n'
    style = (_HERE / "style.css").read_text(encoding="utf-8")
    first, is_chosen = language or "en", language is not None
    data = {
        **_data(contents),
        "texts": texts,
        "language": first,
        "asked": is_chosen,
        "lesson": lesson,
    }
    loader, undefined = jinja2.FileSystemLoader(_HERE), jinja2.StrictUndefined
    environment = jinja2.Environment(loader=loader, autoescape=True, undefined=undefined)
    template = environment.get_template("page.html.j2")
    values = {
        "version": __version__,
        "language": first,
        "texts": texts[first],
        "style": Markup(style),
        "style_hash": _hash(style),
        "script": Markup(script),
        "script_hash": _hash(script),
        "data": Markup(_json(data)),
    }
    return template.render(values).strip() + "\n"


def _hash(text: str) -> str:
    """Return the hash that admits a script or style in the content policy."""
    return base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()


def _json(data: Any) -> str:
    """Return JSON that cannot close a script element, whatever names it contains."""
    text = json.dumps(data, ensure_ascii=False, separators=(",", ":"), allow_nan=False)
    for character in "<>&\u2028\u2029":
        text = text.replace(character, f"\\u{ord(character):04x}")
    return text


def _data(contents: Contents) -> dict[str, Any]:
    """Return all data about the patterns, the network and the images."""
    held, couplings = contents.patterns, contents.couplings
    theta = couplings.thresholds
    rule = RULES.get(couplings.rule)
    data = {
        "shape": held.shape,
        "sites": couplings.n_sites,
        "patterns": [
            {"name": name, "label": label, "spins": _packed(spins)}
            for name, label, spins in zip(held.names, held.labels, held.xi, strict=True)
        ],
        "theta": None if np.all(theta == theta[0]) else theta.tolist(),
        "rule": {
            "name": couplings.rule,
            "parameters": contents.parameters,
            "defaults": {} if rule is None else rule.complete({}),
            "couplings": None
            if couplings.rule in _LEARNT
            else base64.b64encode(np.ascontiguousarray(couplings.J, "<f8").tobytes()).decode(),
        },
        "settings": contents.resolved(),
        "images": {
            "labels": list(contents.labels),
            "spins": [_packed(spins) for spins in contents.images],
        },
        "published": contents.published or None,
        "flags": None if contents.flags is None else list(contents.flags),
        "python": contents.python,
    }
    key = hashlib.sha256(json.dumps(data, sort_keys=True).encode()).hexdigest()[:_OF_KEY]
    return {**data, "key": key}


def _packed(spins: Spins) -> str:
    """Encode a state with eight sites per byte."""
    return base64.b64encode(np.packbits(spins > 0).tobytes()).decode()
