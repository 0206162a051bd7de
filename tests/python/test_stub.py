"""The types written for the compiled module are those it has."""

from __future__ import annotations

import ast
import inspect
from importlib.resources import files

from sojourn import _core

STUB = ast.parse((files("sojourn") / "_core.pyi").read_text(encoding="utf-8"))


def declared(body: list[ast.stmt]) -> set[str]:
    names = {node.name for node in body if isinstance(node, (ast.FunctionDef, ast.ClassDef))}
    return names | {
        node.target.id for node in body if isinstance(node, ast.AnnAssign) and isinstance(node.target, ast.Name)
    }


def offered(thing: object) -> set[str]:
    inherited = set(dir(object)) | {"__module__", "__dict__", "__annotations__"}
    return {name for name in vars(thing) if name not in inherited and not name.startswith("_pybind11")}


def test_every_name_of_the_module_is_declared() -> None:
    module = {name for name in offered(_core) if not name.startswith("__")} | {"__version__"}
    assert module == declared(STUB.body)


def test_every_method_of_every_class_is_declared() -> None:
    for node in STUB.body:
        if isinstance(node, ast.ClassDef) and node.name != "InvalidInput":
            actual = {
                name
                for name in offered(getattr(_core, node.name))
                if inspect.isroutine(name) or not name.startswith("__")
            }
            assert actual <= declared(node.body), node.name
            assert {name for name in declared(node.body) if not name.startswith("__")} <= actual, node.name
