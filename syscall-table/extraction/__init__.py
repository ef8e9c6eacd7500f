"""The parts of extract.py."""
