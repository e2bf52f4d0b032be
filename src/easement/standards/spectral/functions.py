"""The functions that rules may name."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from easement.standards.spectral.asyncapi_functions import ASYNCAPI_FUNCTIONS
from easement.standards.spectral.core_functions import CORE_FUNCTIONS
from easement.standards.spectral.function import Function
from easement.standards.spectral.openapi_functions import OPENAPI_FUNCTIONS
from easement.standards.spectral.server_variables import SERVER_VARIABLES

FUNCTIONS: Final[Mapping[str, Function]] = {
    function.name: function for function in (*CORE_FUNCTIONS, *OPENAPI_FUNCTIONS, *ASYNCAPI_FUNCTIONS, SERVER_VARIABLES)
}
