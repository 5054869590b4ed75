"""What the reference lists, read from the package: public names from its stubs, and the modules behind them. Two directives of Sphinx.

`.. parts:: PACKAGE …` is a table of names, each with its first sentence and a link; `.. entries:: PACKAGE …` is what it links to.
"""

from __future__ import annotations

import importlib
import pkgutil
from pathlib import Path
from types import ModuleType


def names(package: str) -> list[str]:
    """The public names of a package, by its stub, without packages, and what another package exports: these are listed by themselves."""
    module = importlib.import_module(package)
    return [f"{package}.{name}" for name in (module.__all__ if has_stub(module) else ()) if is_own(module, getattr(module, name))]


def modules(package: str) -> list[str]:
    """The other modules of a package: those that define none of its public names, and can be imported here. Of scratchlab, its files."""
    root = importlib.import_module(package)
    if not hasattr(root, "__path__"):
        return [package]
    public = {getattr(importlib.import_module(name.rpartition(".")[0]), name.rpartition(".")[2]).__module__ for name in names(package)}
    found: list[str] = []
    for _, name, is_package in pkgutil.iter_modules(root.__path__, f"{package}."):
        if name.endswith("__main__") or (is_package and package == "scratchlab"):
            continue
        try:
            module = importlib.import_module(name)
        except ImportError:  # it needs the library that it is named after
            continue
        if is_package and has_stub(module):
            continue
        found += modules(name) if is_package else [name] if name not in public else []
    return ([package] if (root.__doc__ or "").strip() and not has_stub(root) else []) + found


def is_own(package: ModuleType, exported: object) -> bool:
    """Whether a public name of a package is neither a package itself nor exported by a package below."""
    if isinstance(exported, ModuleType):
        return False
    home = importlib.import_module(getattr(exported, "__module__", "").rpartition(".")[0])
    return home is package or not has_stub(home)


def has_stub(package: ModuleType) -> bool:
    """Whether a package exports its public names by a stub."""
    return hasattr(package, "__path__") and (Path(package.__file__ or "").parent / "__init__.pyi").exists()


def setup(app):
    """Called by Sphinx, which only builds of the pages need."""
    from docutils.statemachine import StringList
    from sphinx.ext.autosummary import Autosummary
    from sphinx.util.docutils import SphinxDirective

    class Parts(Autosummary):
        has_content, required_arguments, optional_arguments = False, 1, 40

        def run(self):
            self.options["nosignatures"] = None
            listed = [name for package in self.arguments for name in ([f"~{name}" for name in names(package)] or modules(package))]
            self.content = StringList(listed, self.get_source_info()[0])
            return super().run()

    class Entries(SphinxDirective):
        required_arguments, optional_arguments = 1, 40

        def run(self):
            lines = []
            for package in self.arguments:
                if public := names(package):
                    members = ", ".join(name.rpartition(".")[2] for name in public)
                    lines += [f".. automodule:: {package}", f"   :members: {members}", "   :imported-members:", ""]
                for module in modules(package):
                    lines += [f".. rubric:: {module}", "", f".. automodule:: {module}", "   :members:", ""]
            return self.parse_text_to_nodes("\n".join(lines))

    app.setup_extension("sphinx.ext.autosummary")
    app.add_directive("parts", Parts)
    app.add_directive("entries", Entries)
    return {"parallel_read_safe": True}
