"""The table as text, as Markdown rows and as JSON."""
import json

from engines import NAMES

PEERS = ("numpy", "torch", "jax")
WIDTHS = (47, 10, 15, 11, 11, 11, 8, 8, 8, 17, 6, 7)


def number(value):
    return "%.3g" % value if value < 10 else "%.1f" % value if value < 1000 else "{:,.0f}".format(value)


def factor(value):
    return "%.2f" % value if value < 10 else "%.1f" % value if value < 100 else "%.0f" % value


def value(result, name):
    told = result["values"].get(name)
    if told is None:
        return ""
    if isinstance(told, list):
        return " ".join("%.2f" % each for each in told)
    text = "%.2f" % told if result["unit"] in ("ratio", "s", "ms", "us") else number(told)
    if "mebibytes" in result:
        text += "; %.1f MiB" % result["mebibytes"][name]
    return text


def wanted(row):
    """Must and aim as text."""
    if row.must is None:
        return "", ""
    must, aim = "%g" % row.must, "%g" % row.aim if row.aim else ""
    if row.kind == "growth":
        return "<= " + must, aim
    if row.kind == "start":
        return "<= %s; <= 8 MiB" % must, "<= " + aim
    if row.kind == "mnist":
        return "%s; <= 100 MiB" % must, "%s; 70" % aim
    if row.jax:
        must += "; JAX %g" % row.jax
    return must, aim


class Text:
    def begin(self, about):
        self.tally = {}
        print("%s, %d cores, %s; %s" % (about["processor"], about["cores"], about["date"],
                                        ", ".join("%s %s" % (NAMES[peer], version) for peer, version in about["versions"].items())))
        print("Best of %d, alternately, one core unless said. x NumPy and so on: how many times as fast Moth is." % about["best_of"])
        self.line(("work", "unit", "Moth", "NumPy", "PyTorch", "JAX", "x NumPy", "x Torch", "x JAX", "must", "aim", "reached"))

    def line(self, cells):
        first, *rest = cells
        print("%-*s" % (WIDTHS[0], first), *("%*s" % (width, cell) for width, cell in zip(WIDTHS[1:], rest)), flush=True)

    def row(self, row, result):
        self.tally[result["reached"]] = self.tally.get(result["reached"], 0) + 1
        self.line((row.label, result["unit"], value(result, "moth"), *(value(result, peer).split(";")[0] for peer in PEERS),
                   *(factor(result["ratios"][peer]) if peer in result["ratios"] else "" for peer in PEERS),
                   *wanted(row), result["reached"]))

    def end(self, failures):
        texts = {"aim": "reach their aim", "must": "reach what they must", "no": "do not", "?": "lack the peer"}
        print("Of the rows " + ", ".join("%d %s" % (self.tally[key], text) for key, text in texts.items() if key in self.tally) + ".")


class Markdown:
    def begin(self, about):
        print("| work, one core unless said | Moth | NumPy | PyTorch | JAX | x NumPy | x PyTorch | x JAX | must / aim |")
        print("| --- | --- | --- | --- | --- | --- | --- | --- | --- |")
        self.about = about

    def row(self, row, result):
        must, aim = wanted(row)
        unit = "" if result["unit"] in ("samples/s", "ratio", "time/flop") else ", " + result["unit"].replace("us", "µs")
        cells = [row.label + unit, value(result, "moth"), *(value(result, peer) for peer in PEERS),
                 *(factor(result["ratios"][peer]) if peer in result["ratios"] else "" for peer in PEERS),
                 (must + (" / " + aim if aim else "")).replace("<=", "≤")]
        print("| " + " | ".join(cells) + " |", flush=True)

    def end(self, failures):
        print("\n%s, %d cores, %s; %s; best of %d." % (
            self.about["processor"], self.about["cores"], self.about["date"],
            ", ".join("%s %s" % (NAMES[peer], version) for peer, version in self.about["versions"].items()), self.about["best_of"]))


class Json:
    def begin(self, about):
        self.all = {**about, "rows": []}

    def row(self, row, result):
        self.all["rows"].append(result)

    def end(self, failures):
        print(json.dumps({**self.all, "failures": failures}, indent=1))
