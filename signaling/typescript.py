"""Writes the messages as TypeScript types, so that the browser speaks exactly what the world does.

`python -m signaling.typescript` prints them; `make types` puts them into web/client/net/messages.ts and a
test compares the two. Only what `signaling.messages` uses is covered: a type that is not raises
TypeError here rather than becoming `any` there.
"""

from __future__ import annotations

import sys
import types
import typing

import msgspec
from msgspec import inspect as mi

from signaling import messages

HEADER = """\
// Written by `make types` from signaling/messages.py. Do not edit.
"""
_ALIASES: dict[str, object] = {
    name: getattr(messages, name)
    for name in ("Direction", "Source", "Kind", "Role", "ZoneType", "Presence", "Emote")
}


def _literal_name(values: tuple[object, ...]) -> str | None:
    for name, alias in _ALIASES.items():
        if set(typing.get_args(alias)) == set(values):
            return name
    return None


def _render(kind: mi.Type) -> str:  # one line a case: it reads as the table that it is
    match kind:
        case mi.StrType():
            return "string"
        case mi.IntType() | mi.FloatType():
            return "number"
        case mi.BoolType():
            return "boolean"
        case mi.NoneType():
            return "null"
        case mi.LiteralType(values=values):
            return _literal_name(tuple(values)) or " | ".join(f'"{value}"' for value in values)
        case mi.ListType(item_type=item):
            inner = _render(item)
            return f"({inner})[]" if "|" in inner else f"{inner}[]"
        case mi.DictType(value_type=value):
            return f"Record<string, {_render(value)}>"
        case mi.UnionType(types=members):
            return " | ".join(_render(m) for m in members if not _is_unset(m))
        case mi.StructType(cls=cls):
            return cls.__name__
        case mi.Metadata(type=inner_type):
            return _render(inner_type)
    raise TypeError(f"no TypeScript for {kind!r}")


def _is_unset(kind: mi.Type) -> bool:
    return isinstance(kind, mi.CustomType) and kind.cls is msgspec.UnsetType


def _optional(field: mi.Field, omits_defaults: bool) -> bool:
    if isinstance(field.type, mi.UnionType) and any(_is_unset(m) for m in field.type.types):
        return True
    return omits_defaults and not field.required


def _interface(cls: type[msgspec.Struct], sent_by_client: bool) -> str:
    info = mi.type_info(cls)
    assert isinstance(info, mi.StructType)
    if info.array_like:
        parts = ", ".join(f"{f.encode_name}: {_render(f.type)}" for f in info.fields)
        return f"export type {cls.__name__} = [{parts}];\n"
    lines = [f"export interface {cls.__name__} {{"]
    if info.tag is not None:
        lines.append(f'  type: "{info.tag}";')
    for field in info.fields:
        # What the client sends may leave defaults out; what the world sends may only where it says so.
        may_omit = _optional(field, cls.__struct_config__.omit_defaults or sent_by_client)
        lines.append(f"  {field.encode_name}{'?' if may_omit else ''}: {_render(field.type)};")
    return "\n".join([*lines, "}"]) + "\n"


def _members(union: object) -> list[type[msgspec.Struct]]:
    assert isinstance(union, types.UnionType)
    return list(union.__args__)


def render() -> str:
    """The whole file."""
    client, server = _members(messages.AnyClientMessage), _members(messages.AnyServerMessage)
    parts = [
        cls
        for cls in vars(messages).values()
        if isinstance(cls, type)
        and issubclass(cls, msgspec.Struct)
        and not issubclass(cls, messages.Message)
        and cls.__module__ == messages.__name__
    ]
    out = [HEADER]
    for name, alias in _ALIASES.items():
        values = " | ".join(f'"{value}"' for value in typing.get_args(alias))
        out.append(f"export type {name} = {values};\n")
    out += [_interface(cls, False) for cls in [*parts, *server]]
    out += [_interface(cls, True) for cls in client]
    for title, union in (("ClientMessage", client), ("ServerMessage", server)):
        out.append(f"export type {title} =\n  | " + "\n  | ".join(c.__name__ for c in union) + ";\n")
    return "\n".join(out)


def main() -> None:
    """Print the file."""
    sys.stdout.write(render())


if __name__ == "__main__":
    main()
