"""Data sets are imported where a second counts: in commands, and in worker processes."""

import subprocess
import sys

from datasets import OPTIONS, made


def test_importing_them_brings_no_torch():
    heavy = "{'torch', 'cv2', 'medmnist', 'pydicom', 'matplotlib'}"
    modules = ", ".join(sorted({type(made(option, "x")).__module__ for option in OPTIONS}))
    code = f"import sys, {modules}; found = {heavy} & set(sys.modules); assert not found, found"
    subprocess.run([sys.executable, "-c", code], check=True)
