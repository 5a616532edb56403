"""One page on which memory can be watched and played with.

The page is one HTML file that needs nothing else. Its physics is JavaScript, in modules of this
folder that are put into the page as they are:

- ``loop.js``, ``rules.js``, ``outcome.js``: the dynamics, the storage rules, the outcomes;
- ``model.js``: the patterns, settings and chain of the page;
- ``share.js``, ``calls.js``, ``save.js``, ``count.js``: the address, the calls, files, counts;
- ``view.js``, ``page.js``, ``controls.js``, ``panels.js``, ``lesson.js``: the screen.

Chains end in the same states as those of :func:`hopcli.dynamics.run` with the same seeds.
"""

from hopcli.livepage.contents import Contents, contents_of, gather_contents
from hopcli.livepage.page import page
from hopcli.livepage.texts import languages

__all__ = ["Contents", "contents_of", "gather_contents", "languages", "page"]
