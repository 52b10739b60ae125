"""Run a command where every name and address that it asks for is seen, and every file that it leaves elsewhere.

`python -m tests.network.namespace FOLDER -- COMMAND` is started by `unshare`. The network has a loopback, and a way out
that leads nowhere, where all packets are read. The resolver answers each name with an address out there, so that a
connection to it is tried, and seen. The places that any user may write to, the home folder and those for temporary
files, are empty, and looked through afterwards; the command is run in FOLDER.
"""

import json
import os
import shutil
import socket
import struct
import subprocess
import sys
import threading
import time
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

HOME = Path("/home/earlybell")  # of the command; nobody's on this machine
_TEMPORARY = ("/tmp", "/var/tmp", "/dev/shm", "/run", "/home")  # noqa: S108 (of the namespace)
_AWAY, _OUT_THERE = "203.0.113.1", "203.0.113.80"  # of TEST-NET-3, which documents use and nobody has
_SETTLE = 0.2  # seconds, until what was sent last was read


@dataclass(frozen=True)
class Seen:
    """What a command reached for.

    Attributes:
        names: that it asked the resolver for.
        addresses: beyond the loopback that it sent packets to.
        files: outside its folder that it wrote and left.
        code: its exit code; output: what it printed.
    """

    names: list[str]
    addresses: list[str]
    files: list[str]
    code: int
    output: str


def why_not() -> str:
    """Why there can be no namespace here; empty where there can."""
    if not shutil.which("ip"):
        return "the program ip is missing (Debian: iproute2)"
    done = subprocess.run(_unshared("true"), capture_output=True, text=True)
    return done.stderr.strip() if done.returncode else ""


def watched(folder: Path, command: Sequence[str], *, seconds: float, environment: dict[str, str]) -> Seen:
    """Run a command and say what it reached for; the folder is the one place where it may write.

    Args:
        environment: its variables, beside PATH and HOME: no CI, by which libraries switch themselves off.
    """
    inside = [sys.executable, "-m", "tests.network.namespace", str(folder), "--", *command]
    done = subprocess.run(
        _unshared(*inside),
        env={"PATH": os.environ["PATH"], "HOME": str(HOME), "LANG": "C.UTF-8", **environment},
        capture_output=True,
        text=True,
        timeout=seconds,
    )
    if done.returncode:
        raise RuntimeError(done.stderr)
    return Seen(**json.loads((folder / "seen.json").read_text()))


def _unshared(*command: str) -> list[str]:
    root = [] if os.geteuid() == 0 else ["--map-root-user"]
    return ["unshare", "--net", "--mount", "--pid", "--fork", "--kill-child", "--mount-proc", *root, "--", *command]


class _Resolver(threading.Thread):
    """Answers every question for a name with one address, and remembers the names."""

    def __init__(self) -> None:
        super().__init__(daemon=True)
        self.names: set[str] = set()
        self._socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self._socket.bind(("127.0.0.1", 53))

    def run(self) -> None:
        while True:
            question, asker = self._socket.recvfrom(4096)
            self._socket.sendto(self._answer(question), asker)

    def _answer(self, question: bytes) -> bytes:
        labels, at = [], 12
        while length := question[at]:
            labels.append(question[at + 1 : at + 1 + length].decode("ascii", "replace"))
            at += 1 + length
        self.names.add(".".join(labels).lower())
        query, (kind,) = question[12 : at + 5], struct.unpack("!H", question[at + 1 : at + 3])
        of_address = kind == 1
        head = question[:2] + struct.pack("!HHHHH", 0x8180, 1, int(of_address), 0, 0)
        record = b"\xc0\x0c" + struct.pack("!HHIH", 1, 1, 60, 4) + socket.inet_aton(_OUT_THERE)
        return head + query + (record if of_address else b"")


class _Sniffer(threading.Thread):
    """Reads all that leaves through the way out, and remembers whom it is for."""

    def __init__(self, interface: str) -> None:
        super().__init__(daemon=True)
        self.addresses: set[str] = set()
        self._socket = socket.socket(socket.AF_PACKET, socket.SOCK_RAW, socket.htons(0x0003))
        self._socket.bind((interface, 0))

    def run(self) -> None:
        while True:
            frame, _ = self._socket.recvfrom(65535)
            if address := _addressee(frame):
                self.addresses.add(address)


def _addressee(frame: bytes) -> str:
    """Whom a frame is for; empty for what the kernel itself says to its neighbours."""
    (kind,) = struct.unpack("!H", frame[12:14])
    if kind == 0x0800:
        address = socket.inet_ntop(socket.AF_INET, frame[30:34])
        port = struct.unpack("!H", frame[36:38])[0] if frame[23] in (6, 17) else 0
        return f"{address}:{port}" if frame[30] < 224 else ""
    if kind == 0x86DD and frame[38] != 0xFF:
        return socket.inet_ntop(socket.AF_INET6, frame[38:54])
    return ""


def _net() -> None:
    for words in (
        "link set lo up",
        "link add away type veth peer name nowhere",
        f"addr add {_AWAY}/32 dev away",
        "link set away up",
        "link set nowhere up",
        f"neigh add {_OUT_THERE} lladdr 02:00:00:00:00:50 dev away",
        f"route add default via {_OUT_THERE} dev away onlink",
    ):
        subprocess.run(["ip", *words.split()], check=True)


def _mounts(folder: Path, needed: set[Path]) -> None:
    """Empty the places that any user may write to, but for what the command needs, and name our resolver."""

    def mount(*words: str) -> None:
        subprocess.run(["mount", "--no-mtab", *words], check=True)

    bound = {Path("/mnt") / str(i): path for i, path in enumerate(sorted(needed)) if _is_temporary(path)}
    mount("-t", "tmpfs", "tmpfs", "/mnt")
    for place, path in bound.items():
        place.mkdir()
        mount("--bind", str(path), str(place))
    for name in filter(os.path.isdir, _TEMPORARY):
        mount("-t", "tmpfs", "-o", "mode=1777", "tmpfs", name)
    for place, path in bound.items():
        path.mkdir(parents=True, exist_ok=True)
        mount("--move", str(place), str(path))
    HOME.mkdir(parents=True)
    ours, file = folder / "resolv.conf", Path("/etc/resolv.conf").resolve()
    ours.write_text("nameserver 127.0.0.1\noptions attempts:1 timeout:1\n")
    if not file.exists():  # it was a link into a place that is empty now
        file.parent.mkdir(parents=True, exist_ok=True)
        file.touch()
    mount("--bind", str(ours), str(file))


def _is_temporary(path: Path) -> bool:
    return any(path.is_relative_to(place) for place in _TEMPORARY)


def _files(needed: set[Path]) -> list[str]:
    """The files in the places that were empty."""
    files = []
    for place in (*_TEMPORARY, "/mnt"):
        for root, folders, names in os.walk(place):
            folders[:] = [name for name in folders if Path(root, name) not in needed]
            files += [str(Path(root, name)) for name in names]
    return sorted(set(files))


def main(folder: Path, command: Sequence[str]) -> None:
    """What runs in the namespaces."""
    needed = {folder, Path.cwd(), Path(sys.prefix), Path(sys.base_prefix)}
    _net()
    _mounts(folder, needed)
    resolver, sniffer = _Resolver(), _Sniffer("nowhere")
    resolver.start()
    sniffer.start()
    with (folder / "output").open("w+") as output:
        done = subprocess.run(command, cwd=folder, stdout=output, stderr=output)
    time.sleep(_SETTLE)
    text = (folder / "output").read_text()
    seen = Seen(sorted(resolver.names), sorted(sniffer.addresses), _files(needed), done.returncode, text)
    (folder / "seen.json").write_text(json.dumps(asdict(seen)))


if __name__ == "__main__":
    main(Path(sys.argv[1]), sys.argv[3:])
