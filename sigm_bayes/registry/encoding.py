"""Which encoding a text file is in, and the repair of UTF-8 that was once read as Windows-1252."""

from __future__ import annotations

import codecs

_MARKS = ((codecs.BOM_UTF8, "utf-8-sig"), (codecs.BOM_UTF16_LE, "utf-16"), (codecs.BOM_UTF16_BE, "utf-16"))
_TELLTALE = ("Ã", "Â", "â€", "Î¼")


def to_utf8(data: bytes) -> tuple[bytes, str]:
    """Return the text as UTF-8 without a byte order mark, and the name of the encoding it was in.

    UTF-8 where it decodes as such, else Windows-1252, with Latin-1 for the five bytes that it leaves open.
    """
    for mark, name in _MARKS:
        if data.startswith(mark):
            return data.decode(name, errors="replace").encode(), name
    try:
        codecs.utf_8_decode(data, "strict", True)
        return data, "utf-8"
    except UnicodeDecodeError:
        try:
            return data.decode("cp1252").encode(), "cp1252"
        except UnicodeDecodeError:
            return data.decode("latin-1").encode(), "latin-1"


def repair(text: str) -> str:
    """Undo one or two rounds of UTF-8 read as Windows-1252: ``"MÃ¼nchen"`` is ``"München"``; else unchanged."""
    for _ in range(2):
        if not any(sign in text for sign in _TELLTALE):
            return text
        try:
            text = text.encode("cp1252").decode("utf-8")
        except UnicodeError:
            return text
    return text
