"""The resources of a Bundle by the names that references use."""

from __future__ import annotations

import re
from typing import Any, Literal

_ID = re.compile(r"[A-Za-z0-9.\-]{1,64}")
_URL = re.compile(r"\S{1,400}")
_HISTORY = re.compile(r"/_history/[^/]+$")
_RELATIVE = re.compile(r"[A-Za-z]{1,40}/[A-Za-z0-9.\-]{1,64}")


class Index:
    """Finds resources by ``Type/id``, by the address of their entry, or by either with a version behind it."""

    def __init__(self) -> None:
        self._by_name: dict[str, dict[str, Any]] = {}
        self._by_url: dict[str, dict[str, Any]] = {}
        self._names: dict[int, str] = {}
        self._urls: dict[int, str] = {}

    def add(self, resource: dict[str, Any], url: str | None, place: str) -> tuple[str, Literal["new", "same", "other"]]:
        """Add a resource; return how it is called, and whether another of that name is there already."""
        id = resource.get("id")
        url = url if url is not None and _URL.fullmatch(url) else None
        name = f"{resource['resourceType']}/{id}" if isinstance(id, str) and _ID.fullmatch(id) else url or place
        known = self._by_name.get(name) or (self._by_url.get(url) if url else None)
        if known is not None:
            return name, "same" if known == resource else "other"
        self._by_name[name] = resource
        self._names[id_of(resource)] = name
        if url:
            self._by_url[url] = resource
            self._urls[id_of(resource)] = url
        return name, "new"

    def find(self, reference: str) -> dict[str, Any] | None:
        """Return the resource that a reference points to, or None.

        An address of another server is not taken for the entry of the same id, unless that entry has no address.
        """
        plain = _HISTORY.sub("", reference.strip())
        if plain in self._by_url:
            return self._by_url[plain]
        if _RELATIVE.fullmatch(plain):
            return self._by_name.get(plain)
        tail = "/".join(plain.rsplit("/", 2)[-2:])
        found = self._by_name.get(tail) if plain.startswith(("http://", "https://")) else None
        return found if found is not None and id_of(found) not in self._urls else None

    def name_of(self, resource: dict[str, Any]) -> str:
        """Return how a resource is called here."""
        return self._names[id_of(resource)]


def id_of(resource: dict[str, Any]) -> int:
    """Return the identity of the object (the index keeps it alive)."""
    return id(resource)
