"""``docs/reference/settings.md`` from the settings' structs and the docstrings below their fields."""

import ast
import inspect
import textwrap
import types
import typing
from enum import Enum
from typing import Any, Final

import msgspec

from broker.settings import SiteSettings

_HEAD: Final = """# Settings

Generated from `broker/settings.py` by `make docs`; do not edit. One TOML file per site; a field that nobody knows
stops the start with its path. Relative paths start at `data_dir`. Check a file with `sekisho settings check`.
"""


def settings_page() -> str:
    """The whole page."""
    sections: list[str] = []
    _describe(SiteSettings, "", sections, set())
    return _HEAD + "\n".join(sections)


def _describe(struct: type[msgspec.Struct], path: str, sections: list[str], seen: set[type]) -> None:
    if struct in seen:
        return
    seen.add(struct)
    notes = _field_notes(struct)
    hints = typing.get_type_hints(struct)
    lines = [
        f"\n## `{path or 'top level'}`\n",
        inspect.cleandoc(struct.__doc__ or ""),
        "",
        "| field | type | default | |",
    ]
    lines.append("|---|---|---|---|")
    nested: list[tuple[type[msgspec.Struct], str]] = []
    for field in msgspec.structs.fields(struct):
        kind = hints[field.name]
        inner = _struct_within(kind)
        if inner is not None:
            is_list = typing.get_origin(kind) is list
            nested.append((inner, f"{path}.{field.name}".lstrip(".") + ("[]" if is_list else "")))
        note = notes.get(field.name, "")
        lines.append(f"| `{field.name}` | {_type_name(kind)} | {_default(field)} | {note} |")
    sections.append("\n".join(lines))
    for inner, inner_path in nested:
        _describe(inner, inner_path, sections, seen)


def _struct_within(kind: Any) -> type[msgspec.Struct] | None:
    for candidate in (kind, *typing.get_args(kind)):
        if isinstance(candidate, type) and issubclass(candidate, msgspec.Struct):
            return candidate
    return None


def _type_name(kind: Any) -> str:
    origin, arguments = typing.get_origin(kind), typing.get_args(kind)
    if origin in {list, tuple, frozenset}:
        return f"list of {_type_name(arguments[0])}"
    if origin is dict:
        return f"table of {_type_name(arguments[1])}"
    if origin in {types.UnionType, typing.Union}:
        return " or ".join(_type_name(each) for each in arguments if each is not type(None))
    if isinstance(kind, type) and issubclass(kind, Enum):
        return " \\| ".join(f"`{member.value}`" for member in kind)
    if isinstance(kind, type) and issubclass(kind, msgspec.Struct):
        return "table"
    return kind.__name__ if isinstance(kind, type) else str(kind)


def _default(field: msgspec.structs.FieldInfo) -> str:
    if field.default is not msgspec.NODEFAULT:
        value = field.default.value if isinstance(field.default, Enum) else field.default
        return f"`{msgspec.json.encode(value).decode()}`"
    if field.default_factory is not msgspec.NODEFAULT:
        made = field.default_factory()
        return "see below" if isinstance(made, msgspec.Struct) else f"`{msgspec.json.encode(made).decode()}`"
    return "**required**"


def _field_notes(struct: type[msgspec.Struct]) -> dict[str, str]:
    """The string below a field is its note, also where the field is inherited."""
    notes: dict[str, str] = {}
    for parent in reversed(struct.__mro__):
        if issubclass(parent, msgspec.Struct) and parent is not msgspec.Struct:
            notes |= _own_notes(parent)
    return notes


def _own_notes(struct: type[msgspec.Struct]) -> dict[str, str]:
    tree = ast.parse(textwrap.dedent(inspect.getsource(struct))).body[0]
    notes: dict[str, str] = {}
    previous: str | None = None
    for node in tree.body if isinstance(tree, ast.ClassDef) else []:
        if isinstance(node, ast.AnnAssign) and isinstance(node.target, ast.Name):
            previous = node.target.id
        elif isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant) and previous:
            notes[previous] = " ".join(str(node.value.value).replace("|", "\\|").split())
        else:
            previous = None
    return notes
