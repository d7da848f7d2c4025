"""Adds the one optional extension to what pyproject.toml says: the native forwarding plane.

Where it cannot be compiled (no compiler, no Python headers, no Linux) the install goes on without it and
the pure-Python plane does the work; the server says at start-up which plane is active.
"""

from setuptools import setup

setup(cffi_modules=["sfu/forward/native_build.py:ffibuilder", "world/native/build.py:ffibuilder"])
