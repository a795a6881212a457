"""Real text that is already on the machine."""

from __future__ import annotations


def language_reference() -> str:
    """Return the reference manual of the Python language, as one string of about 0.5 million characters of English.

    It comes with every Python as pydoc_data.topics, from which help() quotes, under the licence of Python itself (PSF).
    Another Python version carries a slightly different text.
    """
    from pydoc_data import topics

    return "\n".join(topics.topics[name] for name in sorted(topics.topics))
