"""Simulators and factories that users may use too."""
