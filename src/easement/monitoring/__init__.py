"""Measurements, health in words, expectations and metrics, derived from the ledger."""
