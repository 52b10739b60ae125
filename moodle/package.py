"""The plugin as an archive that Moodle's page "Install plugins" takes; the same files make the same archive."""

import sys
import zipfile
from pathlib import Path

PLUGIN = Path(__file__).with_name("local_earlybell")
LEFT_OUT = (".swp", ".orig", "~")
THEN = (1980, 1, 1, 0, 0, 0)  # the earliest time of an archive


def package(out: Path) -> None:
    """Write the archive, with one folder called as Moodle's folder of the plugin."""
    out.parent.mkdir(parents=True, exist_ok=True)
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        for path in sorted(PLUGIN.rglob("*")):
            if path.is_file() and not path.name.startswith(".") and not path.name.endswith(LEFT_OUT):
                entry = zipfile.ZipInfo(f"earlybell/{path.relative_to(PLUGIN).as_posix()}", THEN)
                entry.external_attr, entry.compress_type = 0o644 << 16, zipfile.ZIP_DEFLATED
                archive.writestr(entry, path.read_bytes())


if __name__ == "__main__":
    package(Path(sys.argv[1]))
