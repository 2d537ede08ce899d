"""The version of this package: that of the program which carries it."""

__version__ = "0.1.0"
