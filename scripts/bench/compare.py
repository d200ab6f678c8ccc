"""Runs the works of works.lua (Moth) and works.py (NumPy) alternately, each in a process of its own, and prints ratios of best rates."""
import json
import os
import platform
import subprocess
import sys
import time

WORKS = [  # name, threads
    ("single", 1), ("xor", 1),
    ("mlp128-1", 1), ("mlp128-16", 1), ("mlp128-64", 1), ("mlp128-256", 1), ("mlp128-1024", 1),
    ("mlp128-16", 2), ("mlp128-64", 2), ("mlp128-256", 2),
]
HERE = os.path.dirname(os.path.abspath(__file__))
TOP = os.path.dirname(os.path.dirname(HERE))


def environment(threads):
    return {**os.environ, "OPENBLAS_NUM_THREADS": str(threads), "OMP_NUM_THREADS": str(threads)}


def rate(command, threads):
    cores = sorted(os.sched_getaffinity(0))[-threads:]
    pinned = ["taskset", "-c", ",".join(map(str, cores))] + command
    out = subprocess.run(pinned, env=environment(threads), cwd=TOP, capture_output=True, text=True)
    if out.returncode:
        sys.exit("%s\n%s" % (" ".join(command), out.stderr))
    return float(out.stdout.split()[-1])


def moth(work, threads):
    return rate(["build/moth", "--threads", str(threads), "scripts/bench/works.lua", work], threads)


def numpy(work, threads):
    return rate([sys.executable, "scripts/bench/works.py", work], threads)


def whole(command):
    """Seconds and MiB at the peak of a whole process, best of three."""
    seconds, peak = [], 0
    for _ in range(3):
        start = time.perf_counter()
        process = subprocess.Popen(command, cwd=TOP, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL)
        out = process.stdout.read().decode()
        _, status, usage = os.wait4(process.pid, 0)
        seconds.append(time.perf_counter() - start)
        peak = max(peak, usage.ru_maxrss / 1024)
        if status:
            sys.exit("%s failed" % " ".join(command))
    return {"seconds": min(seconds), "mebibytes": peak, "output": out.strip().splitlines()[-1:] }


def processes():
    """The start of the command, and MNIST from its .gz files: 784-128-10, Adam, batches of 64, 5 epochs."""
    rows = {"moth -e ''": whole(["build/moth", "-e", ""])}
    # A child's peak counts this interpreter's pages from before it became moth; a small process tells its own.
    own = subprocess.run(["build/moth", "-e", "print(io.open('/proc/self/status'):read 'a':match 'VmHWM:%s*(%d+)')"], cwd=TOP,
                         capture_output=True, text=True)
    rows["moth -e ''"]["mebibytes"] = int(own.stdout) / 1024
    folder = os.environ.get("MNIST", os.path.join(TOP, "../shared/data/mnist"))
    if os.path.isdir(folder):
        for threads in 1, 2:
            rows["mnist, %d thread%s" % (threads, "s" if threads > 1 else "")] = whole(
                ["build/moth", "--threads", str(threads), "scripts/mnist.lua", folder])
    return rows


def processor():
    with open("/proc/cpuinfo") as lines:
        for line in lines:
            if line.startswith("model name"):
                return line.split(":")[1].strip()
    return platform.processor()


def main():
    arguments = sys.argv[1:]
    as_json, quick = "--json" in arguments, "--quick" in arguments
    wanted = [a for a in arguments if not a.startswith("--")]
    rows = []
    if not as_json:
        print("%s; rates are epochs/s for single and xor, samples/s for the rest; best of %d" % (processor(), 2 if quick else 5))
        print("%-14s %7s %12s %12s %8s" % ("work", "threads", "NumPy", "Moth", "ratio"))
    for work, threads in WORKS:
        if wanted and work not in wanted:
            continue
        best = {"moth": 0.0, "numpy": 0.0}
        for _ in range(2 if quick else 5):
            best["numpy"] = max(best["numpy"], numpy(work, threads))
            best["moth"] = max(best["moth"], moth(work, threads))
        rows.append({"work": work, "threads": threads, **best, "ratio": best["moth"] / best["numpy"]})
        if not as_json:
            print("%-14s %7d %12.0f %12.0f %8.2f" % (work, threads, best["numpy"], best["moth"], rows[-1]["ratio"]), flush=True)
    whole_rows = {} if wanted else processes()
    if not as_json:
        for name, row in whole_rows.items():
            print("%-18s %8.4f s %7.1f MiB  %s" % (name, row["seconds"], row["mebibytes"], " ".join(row["output"])))
    if as_json:
        print(json.dumps({"processor": processor(), "rows": rows, "processes": whole_rows}, indent=1))


main()
