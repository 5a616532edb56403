"""An interactive page that shows recall in the browser.

The page is a single HTML file without external resources. Its physics is JavaScript, in modules
of this folder that are copied unchanged into the page:

- ``loop.js``, ``rules.js``, ``outcome.js``: the dynamics, the storage rules, the outcomes;
- ``model.js``: the patterns, settings and chain of the page;
- ``share.js``, ``calls.js``, ``save.js``, ``count.js``: the address, the calls, files, counts;
- ``view.js``, ``page.js``, ``controls.js``, ``panels.js``, ``lesson.js``: the screen.

With the same seeds, chains end in the same states as those of :func:`hopcli.dynamics.run`.
"""

from hopcli.livepage.contents import Contents, contents_of, gather_contents, languages
from hopcli.livepage.page import page

__all__ = ["Contents", "contents_of", "gather_contents", "languages", "page"]
