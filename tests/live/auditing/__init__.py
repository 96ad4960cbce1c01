"""Compares records of `extract` with what Coq itself says, by nothing of ours."""
