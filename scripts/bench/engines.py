"""The engines under comparison: one process each, pinned to as many cores as threads, answering work.py's lines while we hold the clock."""
import os
import shutil
import subprocess
import sys
import tempfile
import threading
import time

HERE = os.path.dirname(os.path.abspath(__file__))
TOP = os.path.dirname(os.path.dirname(HERE))
MOTH = os.path.abspath(os.path.join(TOP, os.environ.get("MOTH", "build/moth")))
NAMES = {"moth": "Moth", "numpy": "NumPy", "torch": "PyTorch", "jax": "JAX"}
CORES = sorted(os.sched_getaffinity(0))


class Failure(Exception):
    pass


def pythons():
    """Where peers may be installed: build/venv first, then the python3 that runs."""
    found = [os.path.join(TOP, "build/venv/bin/python"), shutil.which("python3"), "/usr/bin/python3", sys.executable]
    return list(dict.fromkeys(path for path in found if path and os.path.exists(path)))


def find(module):
    """The interpreter that can import a module, and its version there; None where none can."""
    code = "import %s as m; print(m.__version__)" % module
    for python in pythons():
        out = subprocess.run([python, "-c", code], capture_output=True, text=True)
        if not out.returncode:
            return python, out.stdout.split()[-1]
    return None


def pinned(command, cores):
    return ["taskset", "-c", ",".join(map(str, cores))] + command


def environment(threads):
    count = str(threads)
    return {**os.environ, "OPENBLAS_NUM_THREADS": count, "OMP_NUM_THREADS": count, "MKL_NUM_THREADS": count}


class Engine:
    """One engine with so many threads on these cores; starts when first asked, and again after it has failed."""

    def __init__(self, name, threads, python=None, cores=None):
        self.name, self.threads, self.cores = name, threads, cores or CORES[-threads:]
        script = {"moth": "works.lua", "numpy": "works.py", "torch": "works_torch.py", "jax": "works_jax.py"}[name]
        script = os.path.join(HERE, script)
        self.command = [MOTH, "--threads", str(threads), script] if name == "moth" else [python, script, str(threads)]
        self.process, self.counts, self.errors = None, {}, tempfile.TemporaryFile("w+")

    def ask(self, line):
        if not self.process:
            self.process = subprocess.Popen(pinned(self.command, self.cores), env=environment(self.threads), cwd=TOP, text=True,
                                            stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=self.errors)
        try:
            self.process.stdin.write(line + "\n")
            self.process.stdin.flush()
            answer = self.process.stdout.readline().strip()
        except BrokenPipeError:
            answer = ""
        if not answer:
            self.stop()
            self.errors.seek(0)
            told = self.errors.read().strip().splitlines()
            raise Failure("%s: %s: %s" % (NAMES[self.name], line, told[-1] if told else "ended without a word"))
        return answer

    def stop(self):
        if self.process:
            self.process.kill()
            self.process.communicate()
            self.process = None

    def timed(self, count):
        start = time.perf_counter()
        done = int(self.ask("run %d" % count))
        return done, time.perf_counter() - start

    def rate(self, work, seconds, least=1):
        """Steps a second in one go of about so many seconds, at least least steps; everything is made afresh before the clock starts."""
        self.ask("prepare " + work)
        if work not in self.counts:
            count = least
            while True:
                done, spent = self.timed(count)
                if spent > seconds / 8:
                    break
                count = max(2 * done, int(done * seconds / 4 / max(spent, 1e-6)))
            self.counts[work] = max(least, int(done * seconds / spent))
        done, spent = self.timed(self.counts[work])
        return done / spent


def whole(command, cores, limit=120):
    """Seconds and MiB at the peak of a whole process, and the last line that it printed."""
    start = time.perf_counter()
    process = subprocess.Popen(pinned(command, cores), cwd=TOP, env=environment(len(cores)), stdout=subprocess.PIPE,
                               stderr=subprocess.DEVNULL)
    timer = threading.Timer(limit, process.kill)
    timer.start()
    out = process.stdout.read().decode().strip()
    _, status, usage = os.wait4(process.pid, 0)
    seconds = time.perf_counter() - start
    timer.cancel()
    process.returncode = os.waitstatus_to_exitcode(status)
    if status:
        raise Failure("%s %s" % (" ".join(command), "failed" if seconds < limit else "took more than %d s" % limit))
    return seconds, usage.ru_maxrss / 1024, out.splitlines()[-1] if out else ""


def start(times):
    """Seconds and MiB of `moth -e ''`. A child's peak counts this interpreter's pages from before it became moth: moth tells its own."""
    seconds = []
    for _ in range(times):
        begun = time.perf_counter()
        pid = os.posix_spawn(MOTH, [MOTH, "-e", ""], os.environ)
        _, status = os.waitpid(pid, 0)
        seconds.append(time.perf_counter() - begun)
        if status:
            raise Failure("moth -e '' failed")
    peak = "print(io.open('/proc/self/status'):read 'a':match 'VmHWM:%s*(%d+)')"
    own = subprocess.run([MOTH, "-e", peak], capture_output=True, text=True)
    return min(seconds), int(own.stdout) / 1024
