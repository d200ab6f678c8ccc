"""The grammar of works, shared by the Python engines, and how each of them serves the clock in compare.py.

  single                       SYSTEMS' one sigmoid layer of 3 inputs without bias: f64, 4 samples, full batch; a step is an epoch
  xor                          2-4-1, tanh and sigmoid, f32, full batch of 4, binary cross-entropy
  784-128-10/64+tanh+adam      a network of these sizes, a step is one batch of 64; relu, softmax with cross-entropy, SGD, f32
                               unless options say tanh gelu | momentum adam | dropout (0.5 after each hidden layer) |
                               mse (one-hot targets, linear) | f64
  predict:784-128-10           one row through the network, softmax included; a step is one call
  update:784-128-10+adam       the optimizer alone, its gradients at hand; a step is one update of all parameters
"""
import re
import sys
from dataclasses import dataclass

OPTIONS = {"tanh", "gelu", "momentum", "adam", "dropout", "mse", "f64"}
GRAMMAR = re.compile(r"(?:(predict|update):)?([1-9]\d*(?:-[1-9]\d*)+)(?:/([1-9]\d*))?((?:\+\w+)*)")


@dataclass(frozen=True)
class Work:
    name: str
    kind: str            # single, xor, train, predict or update
    sizes: tuple = ()
    batch: int = 1
    options: frozenset = frozenset()

    @property
    def activation(self):
        return next((a for a in ("tanh", "gelu") if a in self.options), "relu")

    @property
    def optimizer(self):
        return next((o for o in ("momentum", "adam") if o in self.options), "sgd")

    @property
    def rate(self):
        return 1e-3 if self.optimizer == "adam" else 1e-2

    @property
    def dtype(self):
        return "float64" if "f64" in self.options or self.kind == "single" else "float32"

    @property
    def layers(self):
        return list(zip(self.sizes, self.sizes[1:]))

    @property
    def parameters(self):
        return sum((a + 1) * b for a, b in self.layers)

    @property
    def steps(self):
        """Batches in one pass over the data: about 4,096 rows, 12 MiB of 784 features."""
        return max(4, min(1024, 4096 // self.batch))

    @property
    def rows(self):
        return self.steps * self.batch

    @property
    def flops(self):
        """Of one sample's step: forward, weights' gradient and, but at the first layer, inputs' gradient."""
        return sum(2 * a * b * (2 if at == 0 else 3) for at, (a, b) in enumerate(self.layers))


def parse(name):
    if name in ("single", "xor"):
        return Work(name, name, batch=1)
    found = GRAMMAR.fullmatch(name)
    if not found:
        raise ValueError("no work %r" % name)
    kind, sizes, batch, options = found.groups()
    options = frozenset(options.split("+")[1:])
    if options - OPTIONS:
        raise ValueError("%s: no option %s" % (name, ", ".join(sorted(options - OPTIONS))))
    return Work(name, kind or "train", tuple(map(int, sizes.split("-"))), int(batch or 1), options)


def serve(prepare):
    """Answers lines: 'prepare NAME' with 'ready', once everything is made, compiled and warm; 'run COUNT' with the steps done, at least
    COUNT. Who asks holds the clock, the same for every engine."""
    run = None
    for line in sys.stdin:
        word, value = line.split()
        if word == "prepare":
            run = None
            run = prepare(parse(value))
            run(1)
            print("ready", flush=True)
        else:
            print(run(int(value)), flush=True)
