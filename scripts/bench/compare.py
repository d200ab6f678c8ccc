"""Times Moth beside its peers, alternately in one run, and prints the table; `compare` says how it is called, engines.py how we measure."""
import argparse
import datetime
import fnmatch
import os
import platform
import subprocess
import sys

import engines
import report
import rows
import work
from engines import CORES, Engine, Failure

PEERS = ("numpy", "torch", "jax")


class Session:
    """The engines that run, and how long each turn takes."""

    def __init__(self, quick):
        self.rounds, self.seconds = (2, 0.1) if quick else (5, 0.2)
        self.quick, self.engines, self.failures = quick, {}, []
        self.found = {peer: engines.find(peer) for peer in PEERS}

    def engine(self, name, threads):
        if (name, threads) not in self.engines:
            self.engines[name, threads] = Engine(name, threads, self.found[name][0] if name != "moth" else None)
        return self.engines[name, threads]

    def fail(self, failure):
        self.failures.append(str(failure))
        print(failure, file=sys.stderr, flush=True)

    def best(self, turns):
        """The best rate of each turn, of a dict of key to (engine, work). A round is one of each. A turn that fails is left out."""
        best, turns = {}, dict(turns)
        for _ in range(self.rounds):
            for key, (engine, name) in list(turns.items()):
                least = 100000 if name == "single" and engine.name == "moth" else 1
                try:
                    best[key] = max(best.get(key, 0), engine.rate(name, self.seconds, least))
                except Failure as failure:
                    self.fail(failure)
                    best.pop(key, None)
                    del turns[key]
        return best

    def rate(self, row):
        names = ["moth"] + [peer for peer in PEERS if self.found[peer]]
        best = self.best({name: (self.engine(name, row.threads), row.works[0]) for name in names})
        tell, unit = rows.unit(row)
        return {"unit": unit, "values": {name: tell(rate) for name, rate in best.items()},
                "ratios": {peer: best["moth"] / best[peer] for peer in best if peer != "moth" and "moth" in best}}

    def own(self, row):
        """Moth against Moth. Kept busy is the first of the pair's cores; one thread has the other to itself."""
        busy = None
        if row.busy:
            busy = subprocess.Popen(engines.pinned([sys.executable, "-c", "while True: pass"], CORES[-2:-1]))
        try:
            best = self.best({at: (self.engine("moth", threads), name) for at, (name, threads) in enumerate(row.works)})
        finally:
            if busy:
                busy.kill()
                busy.wait()
        if len(best) < 2:
            return None
        return {"unit": "ratio", "rates": list(best.values()), "values": {"moth": best[0] / best[1]}, "ratios": {}}

    def growth(self, row):
        """Time for each floating-point operation, relative to the smallest net of the family."""
        best = self.best({name: (self.engine("moth", 1), name) for name in row.works})
        if len(best) < len(row.works):
            return None
        times = [1 / (best[name] * work.parse(name).batch * work.parse(name).flops) for name in row.works]
        return {"unit": "time/flop", "works": list(row.works), "values": {"moth": [time / times[0] for time in times]}, "ratios": {}}

    def start(self, _):
        seconds, mebibytes = engines.start(10 if self.quick else 40)
        return {"unit": "ms", "values": {"moth": 1000 * seconds}, "mebibytes": {"moth": mebibytes}, "ratios": {}}

    def mnist(self, row):
        folder = os.environ.get("MNIST", os.path.join(engines.TOP, "../shared/data/mnist"))
        if not os.path.isdir(folder):
            print("MNIST: no folder %s; set MNIST to that of the four .gz files" % folder, file=sys.stderr)
            return None
        cores, commands = CORES[-row.threads:], {"moth": [engines.MOTH, "--threads", str(row.threads), "scripts/mnist.lua", folder]}
        if self.found["torch"]:
            commands["torch"] = [self.found["torch"][0], "scripts/bench/mnist_torch.py", folder, str(row.threads)]
        values, mebibytes, told = {}, {}, {}
        for _ in range(1 if self.quick else 2):
            for name, command in list(commands.items()):
                try:
                    seconds, peak, told[name] = engines.whole(command, cores)
                except Failure as failure:
                    self.fail(failure)
                    values.pop(name, None)
                    del commands[name]
                    continue
                values[name] = min(values.get(name, seconds), seconds)
                mebibytes[name] = max(mebibytes.get(name, 0), peak)
        ratios = {name: values[name] / values["moth"] for name in values if name != "moth" and "moth" in values}
        return {"unit": "s", "values": values, "mebibytes": mebibytes, "told": told, "ratios": ratios}

    def measure(self, row):
        try:
            result = getattr(self, row.kind)(row)
        except Failure as failure:
            result = self.fail(failure)
        return result and {"name": row.name, "label": row.label, "threads": row.threads, **result, "must": row.must, "aim": row.aim,
                           "reached": verdict(row, result)}

    def close(self):
        for engine in self.engines.values():
            engine.stop()


def verdict(row, result):
    """'aim', 'must' or 'no'; '' where nothing is wanted, '?' where the peer it is wanted against is missing."""
    if row.must is None:
        return ""
    moth = result["values"].get("moth")
    if moth is None:
        return "no"
    if row.kind == "growth":
        return "must" if max(moth) <= row.must else "no"
    if row.kind == "start":
        return "no" if moth > row.must or result["mebibytes"]["moth"] > 8 else "aim" if moth <= row.aim else "must"
    factor = moth if row.kind == "own" else result["ratios"].get(row.against)
    if factor is None:
        return "?"
    room = result["mebibytes"]["moth"] if row.kind == "mnist" else 0
    if factor < row.must or room > 100 or (row.jax and result["ratios"].get("jax", row.jax) < row.jax):
        return "no"
    return "aim" if row.aim and factor >= row.aim and room <= 70 else "must"


def select(names):
    """The rows that match the names: patterns, the part before a ':', or works outside the table, @2 for two threads."""
    if not names:
        return rows.ROWS
    chosen = []
    for name in names:
        found = [row for row in rows.ROWS if fnmatch.fnmatch(row.name, name) or row.name.split(":")[0] == name]
        if not found:
            plain, _, threads = name.partition("@")
            try:
                work.parse(plain)
            except ValueError:
                sys.exit("compare: no work %s; there are: %s; and networks such as 64-32-4/20+tanh+adam@2" %
                         (name, " ".join(row.name for row in rows.ROWS)))
            found = [rows.Row(name, "rate", name, int(threads or 1), (plain,))]
        chosen += found
    return chosen


def processor():
    with open("/proc/cpuinfo") as lines:
        for line in lines:
            if line.startswith("model name"):
                return line.split(":")[1].strip()
    return platform.processor()


def main():
    parser = argparse.ArgumentParser(prog="compare", description="Times Moth, through its Lua API, beside NumPy, PyTorch and JAX.",
                                     epilog="With --peers first PyTorch and JAX are installed into build/venv.")
    parser.add_argument("names", nargs="*", metavar="WORK", help="only these: names or patterns of the table's works, or other networks")
    parser.add_argument("--quick", action="store_true", help="shorter turns, and fewer")
    parser.add_argument("--without", action="append", default=[], choices=PEERS[1:], help="leave a peer out")
    form = parser.add_mutually_exclusive_group()
    form.add_argument("--json", action="store_true", help="for machines")
    form.add_argument("--markdown", action="store_true", help="rows for README")
    options = parser.parse_args()
    chosen, session = select(options.names), Session(options.quick)
    for peer in options.without:
        session.found[peer] = None
    for peer in PEERS:
        if not session.found[peer] and peer not in options.without:
            print("%s is not installed; --peers puts it into build/venv" % engines.NAMES[peer], file=sys.stderr)
    about = {"processor": processor(), "cores": len(CORES), "date": datetime.date.today().isoformat(), "best_of": session.rounds,
             "versions": {peer: found[1] for peer, found in session.found.items() if found}}
    form = report.Json() if options.json else report.Markdown() if options.markdown else report.Text()
    form.begin(about)
    try:
        for row in chosen:
            if row.threads > len(CORES):
                print("%s: left out, it needs %d cores" % (row.label, row.threads), file=sys.stderr)
                continue
            result = session.measure(row)
            if result:
                form.row(row, result)
    finally:
        session.close()
    form.end(session.failures)
    sys.exit(1 if session.failures else 0)


main()
