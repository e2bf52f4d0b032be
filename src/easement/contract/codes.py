"""The catalogue of problem codes, one module for each range.

1xxx contract, 2xxx interfaces, 3xxx estate (37xx imports, 39xx registry), 4xxx plan, 5xxx gateway, 6xxx broker,
7xxx identity, 8xxx ledger, 9xxx runtime. To add a code, add a :class:`~easement.contract.code_entry.CodeEntry` to the
module of its range; a test holds that every code that product code names is explained here.
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

from easement.contract import (
    codes_broker,
    codes_contract,
    codes_estate,
    codes_exchange,
    codes_gateway,
    codes_identity,
    codes_interfaces,
    codes_ledger,
    codes_plan,
    codes_runtime,
    codes_spectral,
)
from easement.contract.code_entry import CodeEntry

CATALOGUE: Final[Mapping[str, CodeEntry]] = MappingProxyType(
    {
        entry.code: entry
        for module in (
            codes_contract,
            codes_interfaces,
            codes_estate,
            codes_exchange,
            codes_spectral,
            codes_plan,
            codes_gateway,
            codes_broker,
            codes_identity,
            codes_ledger,
            codes_runtime,
        )
        for entry in module.CODES
    }
)
"""Code to entry, in the order of the ranges."""
