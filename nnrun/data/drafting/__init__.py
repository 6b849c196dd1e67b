"""Drafts of configs for tables that have none yet."""
