"""Trainings that belong together: cross-validation, trials of configs, and reference models beside a network."""
