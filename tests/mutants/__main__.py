"""`python -m tests.mutants [MODULE...]`: whether the tests of the rules that matter fail where a rule is changed.

A copy of the working tree is mutated, never the tree itself. MODULE is the end of a path in `mutants.toml`; without one
all are taken. The exit status is 1 where a mutant survives that `mutants.toml` does not explain.
"""

import compileall
import os
import py_compile
import shutil
import subprocess
import sys
from pathlib import Path
from tempfile import TemporaryDirectory


def main() -> int:
    root = Path.cwd()
    with TemporaryDirectory(prefix="earlybell-mutants-") as folder:
        copy = Path(folder) / "tree"
        _copy(root, copy)
        compileall.compile_dir(copy, quiet=1, invalidation_mode=py_compile.PycInvalidationMode.CHECKED_HASH)
        path = os.pathsep.join(filter(None, [str(copy), os.environ.get("PYTHONPATH")]))
        settings = {"PYTHONPATH": path, "PYTHONHASHSEED": "0", "PYTHONDONTWRITEBYTECODE": "1"}
        command = [sys.executable, "-m", "tests.mutants.run", str(root / "build" / "mutants"), *sys.argv[1:]]
        return subprocess.run(command, cwd=copy, env=os.environ | settings).returncode


def _copy(root: Path, copy: Path) -> None:
    """Every file that git knows or would take, as it is now."""
    listed = subprocess.run(
        ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"],
        cwd=root,
        check=True,
        stdout=subprocess.PIPE,
    )
    for name in listed.stdout.decode().split("\0"):
        if name and (root / name).is_file():
            (copy / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(root / name, copy / name)


if __name__ == "__main__":
    sys.exit(main())
