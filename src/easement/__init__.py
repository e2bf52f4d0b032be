"""Integration governance that is enforced: one contract, from the first draft to the last audit record."""

from typing import Final

__version__: Final = "0.1.0"
