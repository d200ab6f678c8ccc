"""What is compared, and what is wanted of it: factors that Moth must and, beyond that, should reach."""
from dataclasses import dataclass

import work


@dataclass
class Row:
    name: str                # as selected on the command line
    kind: str                # rate, own, growth, start or mnist
    label: str
    threads: int = 1
    works: tuple = ()        # rate: one; own: the work and what it is held against, each (work, threads); growth: from small to large
    against: str = "numpy"   # the peer of must and aim
    must: float = None
    aim: float = None
    jax: float = None        # a factor of JAX that must be reached too
    busy: bool = False       # with another process spinning on one of the cores


def cells(sizes, musts, aims, threads=1, batches=(1, 16, 64, 256, 1024)):
    return [Row("%s/%d%s" % (sizes, b, "@%d" % threads if threads > 1 else ""), "rate", "%s, batch %d%s" %
                (sizes, b, ", two threads" if threads > 1 else ""), threads, ("%s/%d" % (sizes, b),), must=must, aim=aim)
            for b, must, aim in zip(batches, musts, aims)]


def variants():
    texts = {"tanh": "tanh", "gelu": "gelu", "momentum": "momentum", "adam": "Adam", "dropout": "dropout 0.5", "mse": "mse"}
    return [Row("784-128-10/%d+%s" % (b, option), "rate", "784-128-10, batch %d, %s" % (b, text), 1,
                ("784-128-10/%d+%s" % (b, option),), must=must)
            for option, text in texts.items() for b, must in ((16, 1.62), (64, 1.125))]


def growth():
    middle = 3 * (128,)
    families = {
        "rows": [(middle, 64 * by) for by in (1, 2, 4)],
        "width": [((128,) + (128 * by,) * 2, 64) for by in (1, 2, 4)],
        "depth": [((128,) + (128,) * 2 * by, 64) for by in (1, 2, 4)],
    }
    texts = {"rows": "batch 64, 128, 256", "width": "width 128, 256, 512", "depth": "2, 4, 8 hidden layers"}
    return [Row("growth:" + name, "growth", "growth of 128-128-128-10, " + texts[name], 1,
                tuple("-".join(map(str, sizes + (10,))) + "/%d" % batch for sizes, batch in nets), must=1.15)
            for name, nets in families.items()]


ROWS = [
    Row("single", "rate", "one sigmoid layer, f64, 4 samples", 1, ("single",), must=100, aim=150, jax=1),
    Row("xor", "rate", "XOR 2-4-1, f32, full batch", 1, ("xor",), must=130, aim=220),
    *cells("784-128-10", (13, 1.8, 1.25, 1.03, 1.0), (27, 2.2, 1.35, 1.08, 1.05)),
    *cells("784-512-512-10", (8, 1.3, 1.1, 1.0, 0.97), (12, 1.5, 1.18, 1.05, 1.0)),
    *cells("784-128-10", (2.2, 1.5, 1.15), (2.7, 1.8, 1.3), 2, (16, 64, 256)),
    *cells("100-37-53-7", (1.3,), (2,), 1, (48,)),
    *cells("30-16-16-2", (1.3,), (10,), 1, (10,)),
    *variants(),
    Row("784-128-10/64+f64", "rate", "784-128-10, batch 64, f64", 1, ("784-128-10/64+f64",)),
    Row("own:f64", "own", "f64 against own f32, 784-128-10, batch 64", 1, (("784-128-10/64+f64", 1), ("784-128-10/64", 1)),
        must=0.45, aim=0.5),
    Row("predict:784-128-10", "rate", "predict one row, 784-128-10", 1, ("predict:784-128-10",), must=4, aim=8),
    Row("update:784-128-10+adam", "rate", "Adam's update, ns a parameter", 1, ("update:784-128-10+adam",), against="torch", must=6, aim=9),
    Row("own:threads", "own", "two threads against own one, batch 64", 2, (("784-128-10/64", 2), ("784-128-10/64", 1)), must=0.95, aim=1.6),
    Row("own:busy", "own", "the same, one core kept busy", 2, (("784-128-10/64", 2), ("784-128-10/64", 1)), must=0.85, aim=1.0, busy=True),
    *growth(),
    Row("start", "start", "moth -e ''", must=6, aim=3),
    Row("mnist", "mnist", "MNIST, 5 epochs, Adam, whole process", 1, against="torch", must=3.5, aim=6),
    Row("mnist@2", "mnist", "MNIST, two threads", 2, against="torch", must=3.5, aim=6),
]


def unit(row):
    """How a rate in steps a second is told: a function of it, and the unit."""
    w = work.parse(row.works[0])
    if w.kind == "predict":
        return (lambda rate: 1e6 / rate), "us"
    if w.kind == "update":
        return (lambda rate: 1e9 / rate / w.parameters), "ns"
    return (lambda rate: rate * w.batch), "epochs/s" if w.kind in ("single", "xor") else "samples/s"
