"""Calls as they come written down: one module for each family of formats, one way to say who is who."""
