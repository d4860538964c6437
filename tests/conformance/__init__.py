"""Bundles that every verifier has to judge alike: how they are made. The files are in ``tests/vectors/bundles``."""
