"""Adds the two optional extensions to what pyproject.toml says: the native forwarding plane, and what of the
world's tick is also there in C.

Where they cannot be compiled (no compiler, no Python headers, no Linux) the install goes on without them and
pure Python does the work; the server says at start-up which plane is active.
"""

from setuptools import setup

setup(cffi_modules=["sfu/forward/native_build.py:ffibuilder", "world/native/build.py:ffibuilder"])
