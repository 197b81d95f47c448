"""Use cases: one function for each thing that can happen."""
