"""The package's version, in a module that the build reads without importing the rest."""

VERSION = "0.1.0"
