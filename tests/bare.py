"""Python with nothing but what a bundle needs: numpy, Pillow, onnxruntime."""

import subprocess
import sys
from importlib.util import find_spec
from pathlib import Path

NEEDED = ("numpy", "numpy.libs", "PIL", "pillow.libs", "onnxruntime")
# -I and -S: neither the folder, nor PYTHONPATH, nor any installed package
START = """
import runpy, sys
site, bundle, *words = sys.argv[1:]
sys.path.append(site)
for name in ("torch", "cv2", "pandas", "medsmall", "rich", "sklearn", "scipy"):
    try:
        __import__(name)
    except ImportError:
        continue
    sys.exit(f"{name} is here")
sys.argv = [bundle, *words]
runpy.run_path(bundle, run_name="__main__")
"""


def site(folder: Path, *more: str) -> Path:
    """A folder with links to these packages alone."""
    folder.mkdir()
    installed = Path(find_spec("numpy").origin).parents[1]
    told = [path.name for one in more for path in installed.glob(f"{one}-*.dist-info")]
    for name in (*NEEDED, *more, *told):
        if (installed / name).exists():
            (folder / name).symlink_to(installed / name)
    return folder


def answer(site: Path, bundle: Path, *words: object) -> subprocess.CompletedProcess[str]:
    """`python BUNDLE WORD...` there."""
    command = [sys.executable, "-I", "-S", "-c", START, str(site), str(bundle), *map(str, words)]
    return subprocess.run(command, capture_output=True, text=True, check=False)
