"""Spectral-format rulesets, accepted unchanged and run by this package: no Node, no evaluation of foreign code.

``load_ruleset`` reads a ruleset, ``run`` applies it to one API description. What differs from Stoplight Spectral, and
why, is listed in ``docs/how-to/use-your-spectral-rules.md``.
"""

from easement.standards.spectral.finding import SpectralFinding
from easement.standards.spectral.loading import load_ruleset
from easement.standards.spectral.ruleset import Ruleset
from easement.standards.spectral.runner import run

__all__ = ["Ruleset", "SpectralFinding", "load_ruleset", "run"]
