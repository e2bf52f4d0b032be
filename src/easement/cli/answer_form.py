"""The forms in which commands answer."""

from enum import StrEnum


class TextOrJson(StrEnum):
    """For people or for programs."""

    TEXT = "text"
    JSON = "json"
