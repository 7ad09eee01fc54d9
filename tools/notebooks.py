"""Run the notebooks: each ``notebooks/NAME.py`` (the source) becomes ``NAME.ipynb`` with its outputs.

    python tools/notebooks.py            # all of them
    python tools/notebooks.py 03         # those whose name begins so

The kernel is the Python that runs this script, whatever kernels are installed; warnings are errors in it.
Needs the dependency group ``notebooks``.
"""

from __future__ import annotations

import os
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import jupytext
import nbformat
from jupyter_client.kernelspec import KernelSpec, KernelSpecManager
from jupyter_client.manager import AsyncKernelManager
from nbclient import NotebookClient

FOLDER = Path(__file__).resolve().parents[1] / "notebooks"
SOURCE_FORMAT = "py:percent"
SECONDS = 180
"""Longest run of one notebook."""
METADATA = {
    "kernelspec": {"display_name": "Python 3", "language": "python", "name": "python3"},
    "language_info": {"name": "python"},
}
_SETTINGS = ("IPYTHONDIR", "JUPYTER_CONFIG_DIR", "JUPYTER_DATA_DIR", "JUPYTER_RUNTIME_DIR")
FIRST = "import warnings; warnings.simplefilter('error'); warnings.filterwarnings('ignore', module='ipykernel')"
"""Run in the kernel before the notebook."""


class _ThisPython(KernelSpecManager):
    """Knows one kernel: the Python that runs this script."""

    def get_kernel_spec(self, kernel_name: str) -> KernelSpec:
        argv = [sys.executable, "-m", "ipykernel_launcher", "-f", "{connection_file}"]
        return KernelSpec(argv=argv, display_name="Python 3", language="python")


def sources() -> list[Path]:
    """Return the notebooks as text, in order."""
    return sorted(FOLDER.glob("[0-9][0-9]_*.py"))


def paired(source: Path) -> Path:
    """Return the notebook that belongs to a text."""
    return source.with_suffix(".ipynb")


def from_text(source: Path) -> Any:
    """Return the notebook of a text, without outputs, the same every time."""
    notebook = jupytext.reads(source.read_text(encoding="utf-8"), SOURCE_FORMAT)
    notebook.metadata = nbformat.from_dict(METADATA)
    for number, cell in enumerate(notebook.cells):
        cell.id = f"cell-{number:02d}"
        cell.metadata = nbformat.from_dict({})
    return notebook


def execute(notebook: Any, *, seconds: int = SECONDS) -> float:
    """Run a notebook in a fresh kernel, outputs in place, and return the seconds it took.

    Raises
    ------
    nbclient.exceptions.CellExecutionError
        With the cell and its traceback.
    TimeoutError
        If it takes longer than `seconds` in all.
    """
    started = time.monotonic()
    with _clean_environment() as folder:
        manager = AsyncKernelManager(kernel_name="python3", kernel_spec_manager=_ThisPython())
        if os.name != "nt":  # sockets are files that only this user reads
            manager.transport, manager.ip = "ipc", str(folder / "socket")
        manager.connection_file = str(folder / "kernel.json")
        client = NotebookClient(notebook, km=manager, timeout=seconds, resources={"metadata": {"path": str(FOLDER)}})
        client.on_notebook_start = lambda **_: client.kc.execute(FIRST, silent=True, store_history=False)
        client.execute(cleanup_kc=True)
    took = time.monotonic() - started
    if took > seconds:
        raise TimeoutError(f"the notebook took {took:.0f} s, allowed are {seconds} s")
    _tidy(notebook)
    return took


@contextmanager
def _clean_environment() -> Iterator[Path]:
    """Keep a user's Jupyter and IPython settings out of it, and libraries to two threads."""
    with tempfile.TemporaryDirectory() as folder:
        wanted = {
            **dict.fromkeys(_SETTINGS, folder),
            **dict.fromkeys(("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS"), "2"),
            "MPLCONFIGDIR": os.environ.get("MPLCONFIGDIR", folder),
            "PYDEVD_DISABLE_FILE_VALIDATION": "1",
            "JUPYTER_PLATFORM_DIRS": "1",
        }
        before = {name: os.environ.get(name) for name in wanted}
        os.environ.update(wanted)
        try:
            yield Path(folder)
        finally:
            for name, value in before.items():
                if value is None:
                    os.environ.pop(name, None)
                else:
                    os.environ[name] = value


def _tidy(notebook: Any) -> None:
    """Remove what differs from run to run or tells of the machine: counts, times, kernel details."""
    notebook.metadata = nbformat.from_dict(METADATA)
    for cell in notebook.cells:
        cell.metadata = nbformat.from_dict({})
        if cell.cell_type == "code":
            cell.execution_count = None
            for output in cell.outputs:
                if output.output_type == "execute_result":
                    output.execution_count = None


def write(notebook: Any, path: Path) -> None:
    """Write a notebook, one line of source a line."""
    nbformat.validate(notebook)
    path.write_text(nbformat.writes(notebook) + "\n", encoding="utf-8")


def main() -> None:
    """Run those that were named, or all."""
    wanted = sys.argv[1:]
    for source in sources():
        if wanted and not source.name.startswith(tuple(wanted)):
            continue
        notebook = from_text(source)
        took = execute(notebook)
        write(notebook, paired(source))
        print(f"{source.stem}: {took:.0f} s, {paired(source).stat().st_size // 1000} kB")


if __name__ == "__main__":
    main()
