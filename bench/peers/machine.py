"""The machine (cores, model, flags) and the pictures, with nothing but Python's own library."""

import ast
import os
import pathlib
import platform
import random
import sys
import zipfile

SIDE, TRAINING = 36, 2511


def siblings(cpu):
    """The logical CPUs of the physical core that `cpu` belongs to."""
    path = pathlib.Path(f"/sys/devices/system/cpu/cpu{cpu}/topology/thread_siblings_list")
    return path.read_text().strip() if path.exists() else str(cpu)


def cores(threads):
    """`threads` logical CPUs this process may use, a physical core each as long as there are enough."""
    allowed = sorted(os.sched_getaffinity(0))
    first, rest, seen = [], [], set()
    for cpu in allowed:
        (rest if siblings(cpu) in seen else first).append(cpu)
        seen.add(siblings(cpu))
    if threads > len(allowed):
        sys.exit(f"error: {threads} threads asked for, this process may use {len(allowed)} CPUs")
    return (first + rest)[:threads]


def pin(threads):
    """Keeps this process on `threads` cores and tells every library's thread pool before it is loaded."""
    if hasattr(os, "sched_setaffinity"):
        os.sched_setaffinity(0, cores(threads))
    for name in ("OMP_NUM_THREADS", "MKL_NUM_THREADS", "OPENBLAS_NUM_THREADS", "RAYON_NUM_THREADS"):
        os.environ[name] = str(threads)


def describe():
    """Model, cores, vector instructions and memory, as far as the system tells."""
    facts = {"system": f"{platform.system()} {platform.machine()}", "model": platform.processor() or "unknown", "flags": [], "caches": []}
    info = pathlib.Path("/proc/cpuinfo")
    if info.exists():
        fields = dict(line.split(":", 1) for line in info.read_text().split("\n\n")[0].splitlines() if ":" in line)
        fields = {key.strip(): value.strip() for key, value in fields.items()}
        facts["model"] = fields.get("model name", facts["model"])
        known = ("avx", "avx2", "fma", "f16c", "avx512f", "avx512bw", "avx512dq", "avx512vl", "avx512_vnni", "amx_tile", "asimd", "sve")
        facts["flags"] = [flag for flag in known if flag in (fields.get("flags") or fields.get("Features", "")).split()]
    for index in sorted(pathlib.Path("/sys/devices/system/cpu/cpu0/cache").glob("index*")):
        read = lambda name: (index / name).read_text().strip()
        facts["caches"].append(f"L{read('level')} {read('type').lower()} {read('size')}")
    facts["cores"] = len({siblings(cpu) for cpu in os.sched_getaffinity(0)})
    facts["logical_cpus"] = len(os.sched_getaffinity(0))
    memory = pathlib.Path("/proc/meminfo")
    if memory.exists():
        facts["memory_gib"] = round(int(memory.read_text().split()[1]) / 2**20, 1)
    return facts


def array(npz, name):
    """Bytes and shape of one array of an npz file; only what the pictures need: uint8 and int64, C order."""
    with npz.open(name + ".npy") as file:
        magic = file.read(8)
        if magic[:6] != b"\x93NUMPY":
            raise ValueError(f"{name} is not a NumPy array")
        length = int.from_bytes(file.read(2 if magic[6] == 1 else 4), "little")
        header = ast.literal_eval(file.read(length).decode("latin1"))
        return header, file.read()


def read_npz(path):
    """(pictures, labels): a list of bytes of 36·36 each, and a list of small integers."""
    try:
        with zipfile.ZipFile(path) as npz:
            header, ink = array(npz, "arr_0")
            label_header, labels = array(npz, "arr_1")
    except (KeyError, zipfile.BadZipFile) as error:
        raise ValueError(f"{path} is no npz with arr_0 (pictures) and arr_1 (labels): {error}") from error
    width = int(label_header["descr"][-1])
    labels = [int.from_bytes(labels[at:at + width], "little") for at in range(0, len(labels), width)]
    size = SIDE * SIDE
    if header["descr"] not in ("|u1", "<u1") or len(ink) != len(labels) * size:
        raise ValueError(f"{path}: expected uint8 pictures of {SIDE}x{SIDE}, got {header}")
    return [ink[i * size:(i + 1) * size] for i in range(len(labels))], labels


def write_raw(pictures, labels, path):
    """2,511 pictures in one shuffled order: all pictures, then a byte for each label. The form that the Rust peers read."""
    order = list(range(len(pictures)))
    random.Random(0).shuffle(order)
    order = order[:TRAINING]
    if len(order) < TRAINING:
        raise ValueError(f"the rows need {TRAINING} pictures, here are {len(order)}")
    pathlib.Path(path).write_bytes(b"".join(pictures[i] for i in order) + bytes(labels[i] for i in order))


def write_strokes(path):
    """An npz of the seminar's kind with strokes instead of letters, for machines that have no such file."""
    chance, size, count = random.Random(0), SIDE * SIDE, 2790
    ink, labels = bytearray(count * size), bytearray()
    for i in range(count):
        font = i * 5 // count
        for _ in range(2):  # a stroke is a bar as thick as the font
            thick, long = 1 + font, chance.randrange(12, 26)
            high, wide = (long, thick) if chance.random() < 0.5 else (thick, long)
            top, left = chance.randrange(3, SIDE - 2 - high), chance.randrange(3, SIDE - 2 - wide)
            for row in range(top, top + high):
                at = i * size + row * SIDE + left
                ink[at:at + wide] = b"\xff" * wide
        labels += font.to_bytes(8, "little")
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as npz:
        for name, kind, shape, content in (("arr_0", "|u1", (count, SIDE, SIDE), ink), ("arr_1", "<i8", (count,), labels)):
            header = str({"descr": kind, "fortran_order": False, "shape": shape}).encode()
            header += b" " * (-(len(header) + 11) % 64) + b"\n"
            npz.writestr(name + ".npy", b"\x93NUMPY\x01\x00" + len(header).to_bytes(2, "little") + header + bytes(content))


if __name__ == "__main__":
    if len(sys.argv) != 3:
        sys.exit("usage: machine.py DATA.npz PICTURES.raw")
    write_raw(*read_npz(sys.argv[1]), sys.argv[2])
