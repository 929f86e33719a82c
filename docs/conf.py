"""How the pages become a site: `python -m sphinx -W --keep-going -b html docs site/html`."""

from __future__ import annotations

import os
import shutil
from pathlib import Path
from typing import Any

import wignercq

HERE = Path(__file__).parent

project = "wignercq"
author = "the wignercq developers"
version = release = wignercq.__version__
extensions = [
    "myst_nb",
    "sphinx.ext.autodoc",
    "sphinx.ext.autosummary",
    "sphinx.ext.mathjax",
    "sphinx.ext.napoleon",
    "sphinx-mathjax-offline",
    "sphinx_copybutton",
    "sphinx_gallery.gen_gallery",
]
exclude_patterns = ["_build", "_templates", "paper", "gallery/examples/*.ipynb"]
templates_path = ["_templates"]
default_role = "code"  # `name` in a docstring

# pages
myst_enable_extensions = ["amsmath", "colon_fence", "dollarmath"]
myst_heading_anchors = 3
nb_execution_mode = "cache"
nb_execution_raise_on_error = True
nb_execution_timeout = 240
nb_execution_in_temp = True  # what they write is no part of the site
nb_merge_streams = True
nb_output_stderr = "warn"  # a cell that warns is wrong

# reference
autosummary_generate = True
autosummary_ignore_module_all = False
autodoc_member_order = "groupwise"
autodoc_typehints = "none"  # the signature names the arguments, the docstring says what they are
autodoc_preserve_defaults = True
napoleon_google_docstring = False
napoleon_use_rtype = False

PROPERTIES: dict[str, list[str]] = {}  # their docstrings, by name


def keep(_app: Any, what: str, name: str, _obj: Any, _options: Any, lines: list[str]) -> None:
    """Take down the docstring of a property: a sentence with a colon, in which napoleon would see a type."""
    if what == "property" and not any(line.startswith("---") for line in lines):
        PROPERTIES[name] = list(lines)


def give_back(_app: Any, _what: str, name: str, _obj: Any, _options: Any, lines: list[str]) -> None:
    """What was taken down, after napoleon."""
    if name in PROPERTIES:
        lines[:] = PROPERTIES.pop(name)


def setup(app: Any) -> None:
    """Before and after napoleon, whose own priority is 500."""
    app.connect("autodoc-process-docstring", keep, priority=400)
    app.connect("autodoc-process-docstring", give_back, priority=600)


# look
html_theme = "pydata_sphinx_theme"
html_title = "wignercq"
html_static_path = ["_static"]
html_css_files = ["site.css"]
html_js_files = ["site.js"]
html_favicon = "_static/icon.svg"
html_context = {"default_mode": "auto"}
html_copy_source = False
html_show_sourcelink = False
html_theme_options: dict[str, Any] = {
    "logo": {"text": "wignercq", "image_light": "_static/icon.svg", "image_dark": "_static/icon.svg"},
    "navbar_align": "left",
    "show_toc_level": 2,
    "navigation_with_keys": False,
    "footer_start": ["copyright"],
    "footer_end": [],
    "secondary_sidebar_items": ["page-toc"],
}
copyright = "the wignercq developers, BSD-3-Clause"


# gallery
EXAMPLES = HERE.parent / "examples"
os.environ["WIGNERCQ_EXAMPLES"] = str(EXAMPLES)  # for the notebook that runs them
os.environ["WIGNERCQ_BENCHMARKS"] = str(HERE / "project" / "benchmarks.json")  # for the one that draws them
DRAWN = HERE / "gallery" / "drawn"  # what each example writes
SLOW = {"steady_temperature"}  # takes half an hour: its picture lies in images/


def folder_of(script: str) -> Path:
    """Where an example draws."""
    return DRAWN / Path(script).stem


def arguments(_conf: dict[str, Any], script_vars: dict[str, Any]) -> list[str]:
    """An example is called with the folder to draw into."""
    return [str(folder_of(script_vars["src_file"]))]


def pictures(block: tuple[str, str, int], block_vars: dict[str, Any], gallery_conf: dict[str, Any]) -> str:
    """Take over what an example has drawn, with the first line of its text as what the picture shows."""
    from sphinx_gallery.scrapers import figure_rst

    found = []
    for path in sorted(folder_of(block_vars["src_file"]).glob("*.png")):
        target = next(block_vars["image_path_iterator"])
        shutil.move(path, target)
        found.append(target)
    text = block_vars["example_globals"].get("__doc__") or ""
    paragraphs = [" ".join(part.split()) for part in text.strip().split("\n\n")]
    return figure_rst(found, gallery_conf["src_dir"], "".join(paragraphs[1:2]))


sphinx_gallery_conf = {
    "examples_dirs": [str(EXAMPLES)],
    "gallery_dirs": ["gallery/examples"],
    "within_subsection_order": "FileNameSortKey",
    "filename_pattern": rf"{os.sep}(?!{'|'.join(SLOW)})\w+\.py$",
    "image_scrapers": (pictures,),
    "reset_argv": arguments,
    "abort_on_example_error": True,
    "only_warn_on_example_error": False,
    "download_all_examples": False,
    "show_memory": False,
    "show_signature": False,
    "min_reported_time": 1e9,
    "copyfile_regex": "",
    "plot_gallery": True,
    "remove_config_comments": True,
    "write_computation_times": False,
}
suppress_warnings = ["config.cache"]  # the functions above cannot be pickled; only their own section is read again
