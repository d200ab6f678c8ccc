"""How long a prompt takes from Ctrl-C to its next mark, under a pseudo-terminal: python3 scripts/bench/interrupts.py [COMMAND]."""
import os, pty, select, shutil, sys, tempfile, time

command = sys.argv[1] if len(sys.argv) > 1 else "build/moth"
if not shutil.which(command):
    raise SystemExit(f"interrupts: no command at {command}; scripts/run builds it")
TIMES = 9
SETUP = """a = moth.rand(2000, 2000); big = moth.rand(2 * 10 ^ 7)
x, y = moth.rand(20000, 100), moth.rand(20000, 1)
net = moth.net{ input = 100, moth.dense(512, "tanh"), moth.dense(512, "tanh"), moth.dense(1) }"""
TRAINING = 'run = moth.train{ net = net, data = { x, y }, loss = "mse", epochs = 10 ^ 6, batch = %s, progress = false }'
CASES = [
    ("while true do end", "while true do end"),
    ("a loop of pcall", "while true do pcall(function() while true do end end) end"),
    ("a coroutine", "coroutine.wrap(function() while true do end end)()"),
    ("small tensors", "while true do local t = x[1] + 1 end"),
    ("2000x2000 matmul", "while true do a:matmul(a) end"),
    ("exp of 2e7 numbers", "while true do big:exp() end"),
    ("sort of 2e7 numbers", "while true do big:sort(1) end"),
    ("a training", TRAINING % "256"),
    ("a training, full batch", TRAINING % '"full"'),
]


def start(home):
    pid, terminal = pty.fork()
    if pid == 0:
        os.execvpe(command, [command], dict(os.environ, HOME=home, XDG_STATE_HOME=home, XDG_CONFIG_HOME=home, TERM="dumb"))
    return terminal


def read_until(terminal, mark, seconds=60):
    """What came up to the mark; the time when it did."""
    text = b""
    until = time.monotonic() + seconds
    while mark not in text:
        if not select.select([terminal], [], [], max(0, until - time.monotonic()))[0]:
            raise SystemExit(f"no {mark!r} came: {text[-200:]!r}")
        try:
            text += os.read(terminal, 65536)
        except OSError:  # it has ended
            raise SystemExit(f"{command} ended before {mark!r} came: {text[-200:]!r}") from None
    return time.monotonic()


def measure(terminal, line):
    os.write(terminal, line.encode() + b"\n")
    read_until(terminal, line[-20:].encode() + b"\r\n")
    time.sleep(0.3 + 0.05 * (time.monotonic() % 1))
    begin = time.monotonic()
    os.write(terminal, b"\x03")
    return 1e3 * (read_until(terminal, b"moth> ") - begin)


with tempfile.TemporaryDirectory() as home:
    terminal = start(home)
    read_until(terminal, b"moth> ")
    for line in SETUP.split("\n"):
        os.write(terminal, line.encode() + b"\n")
        read_until(terminal, b"moth> ")
    for name, line in CASES:
        times = sorted(measure(terminal, line) for _ in range(TIMES))
        print(f"{name:24s} median {times[TIMES // 2]:6.1f} ms   most {times[-1]:6.1f} ms", flush=True)
    os.write(terminal, b"\x04")
    os.close(terminal)
