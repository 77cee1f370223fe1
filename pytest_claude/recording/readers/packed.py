"""Bodies that only a library outside the standard one unpacks: used where it is installed."""

from __future__ import annotations

import importlib
from typing import Any


def brotli(body: bytes) -> bytes:
    """A body without its brotli encoding.

    Raises:
        ValueError: No library for it is installed, or the body is damaged.
    """
    library = _library("br", "brotli", "brotlicffi")
    return _unpacked("br", library.decompress, body)


def zstd(body: bytes) -> bytes:
    """A body without its Zstandard encoding.

    Raises:
        ValueError: No library for it is installed, or the body is damaged.
    """
    library = _library("zstd", "compression.zstd", "backports.zstd", "zstandard")
    if hasattr(library, "ZstdDecompressor") and not hasattr(library, "ZstdFile"):
        # Of the older library; a body that was streamed does not state its size.
        unpacker = library.ZstdDecompressor().decompressobj()
        unpacked = _unpacked("zstd", unpacker.decompress, body)
        if not unpacker.eof:
            raise ValueError("a body packed with `zstd` is damaged: its end is missing")
        return unpacked
    return _unpacked("zstd", library.decompress, body)


def _library(encoding: str, *names: str) -> Any:
    for name in names:
        try:
            return importlib.import_module(name)
        except ImportError:
            continue
    wanted = names[-1] if encoding == "zstd" else names[0]
    raise ValueError(f"a body is packed with `{encoding}`: pip install {wanted} to read it")


def _unpacked(encoding: str, unpack: Any, body: bytes) -> bytes:
    try:
        return bytes(unpack(body))
    except Exception as error:
        # Each of these libraries has an error class of its own.
        raise ValueError(f"a body packed with `{encoding}` is damaged: {error}") from error
