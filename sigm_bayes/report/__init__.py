"""An answer as a reader sees it: the terminal page and the JSON document.

Every writer here takes the same mapping, the answer document of :mod:`sigm_bayes.query`, and adds nothing to
it but words and layout.  `rich` is imported only when a page is drawn.
"""
