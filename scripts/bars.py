"""What bench-bars and bench-opencl share: the command, runs that take turns, the table, options."""
import json
import math
import os
import statistics
import subprocess
import sys

ROOT = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))


class Failure(Exception):
    """`code`: the exit code."""

    def __init__(self, code, text):
        super().__init__(text)
        self.code = code


def say(text):
    print(f"{os.path.basename(sys.argv[0])}: {text}", file=sys.stderr, flush=True)


class Bench:
    """The command, with the folder that it writes to."""

    def __init__(self, folder, budget, min_time):
        self.command, self.folder, self.budget, self.min_time = find_command(), folder, budget, min_time
        self.env = dict(os.environ, HONE_DB=os.path.join(folder, "hone.db"))
        self.tuned, self.wrong = set(), False

    def run(self, *arguments, env=None):
        return subprocess.run([self.command, *arguments], env={**self.env, **(env or {})}, stdout=subprocess.PIPE,
                              stderr=subprocess.PIPE, text=True, check=False)

    def tune(self, selectors, count):
        """`count` problems; what this run has tuned already is left alone, as is everything without a budget."""
        key = tuple(selectors)
        if key in self.tuned or not self.budget:
            return
        self.tuned.add(key)
        say(f"tuning {' '.join(selectors)}, at most {self.budget * count} s")
        done = self.run("tune", *selectors, "--budget", f"{self.budget * count}s")
        if done.returncode == 5 and "interrupted" in done.stderr:
            raise Failure(5, done.stderr.strip())
        if done.returncode not in (0, 3, 5):  # 5: the rest runs with its default config
            raise Failure(done.returncode, done.stderr.strip())

    def measure(self, name, selectors, *options, env=None):
        """The entries of a results file, each with the parts of its name."""
        path = os.path.join(self.folder, "results", name + ".json")
        done = self.run("bench", *selectors, *options, f"--benchmark_min_time={self.min_time}", "--out", path, env=env)
        if done.returncode == 1:
            self.wrong = True
        elif done.returncode == 3:
            return []
        elif done.returncode:
            raise Failure(done.returncode, done.stderr.strip())
        with open(path, encoding="utf-8") as file:
            entries = [e for e in json.load(file)["benchmarks"] if not e.get("error_occurred")]
        for entry in entries:
            _, _, _, entry["act"], entry["shape"], entry["provider"], _ = entry["name"].split("/")
        return entries


class Table:
    """Rows of Markdown: cells in front, the target, what was measured, whether it holds."""

    def __init__(self, *columns):
        self.columns, self.rows, self.missed, self.measured = columns, [], 0, 0

    def add(self, *cells, value, unit="", holds, note="", otherwise="**no**"):
        """`otherwise`: what is said where it does not hold."""
        self.measured += 1
        self.missed += not holds
        text = f"{value:.{1 if unit else 2}f}{unit}{' ' + note if note else ''}"
        self.rows.append(" | ".join(["", *map(str, cells), text, "yes" if holds else otherwise, ""]).strip())

    def skip(self, *cells, reason):
        self.rows.append(" | ".join(["", *map(str, cells), "not measured: " + reason, "|"]).strip())

    def write(self, file):
        print(f"| {' | '.join(self.columns)} | measured | holds |", file=file)
        print(f"|---|{'--:|' * len(self.columns)}---|", file=file)
        for row in self.rows:
            print(row, file=file)

    def finish(self, folder):
        """To stdout and the folder, if there is anything."""
        if self.rows:
            self.write(sys.stdout)
            with open(os.path.join(folder, "bars.md"), "w", encoding="utf-8") as file:
                self.write(file)

    def exit_code(self, bench):
        say(f"{self.measured} bars measured, {self.missed} missed; results in {bench.folder}")
        return 1 if self.missed or bench.wrong else 0 if self.measured else 5


def take_turns(bench, name, runs, rounds):
    """Times of each round: {label: {case: p50}}. `runs`: {label: (selectors, options, environment)}, one after the
    other, and in the next round the other way round. A case is its shape, and its activation if there are several."""
    times = []
    for turn in range(rounds):
        labels = list(runs)
        times.append({})
        for label in labels if turn % 2 == 0 else reversed(labels):
            selectors, options, env = runs[label]
            entries = bench.measure(f"{name}-{label}-{turn}", selectors, *options, env=env)
            several = len({e["act"] for e in entries}) > 1
            times[-1][label] = {(e["shape"], e["act"] if several else ""): e["p50_us"] for e in entries}
    return times


def median_ratio(times, over, under, shape=None):
    """Median over the rounds of the geometric mean of `over`'s times by `under`'s, over the cases (of a shape) that
    both have; None: no result."""
    ratios = []
    for turn in times:
        cases = [c for c in turn[over].keys() & turn[under].keys() if shape in (None, c[0])]
        if not cases:
            return None
        ratios.append(math.exp(statistics.mean(math.log(turn[over][c] / turn[under][c]) for c in cases)))
    return statistics.median(ratios) if ratios else None


def find_command():
    command = os.environ.get("HONE") or build()
    if not os.access(command, os.X_OK):
        raise Failure(4, f"'{command}' is not an executable")
    return os.path.abspath(command)


def build():
    for script, code in (("install-deps", 3), ("build", 4)):
        say("building" if script == "build" else "looking for packages")
        extra = ["release", "-DHONE_TESTS=OFF"] if script == "build" else []
        if subprocess.run([os.path.join(ROOT, "scripts", script), *extra], stdout=sys.stderr, check=False).returncode:
            raise Failure(code, f"scripts/{script} failed; see above")
    return os.path.join(ROOT, "build", "hone")


def parse(arguments, options, page):
    """Fills the values of `options` and returns whether --quick is there, and the folder that is named, or None."""
    quick, folder = False, None
    rest = iter(arguments)
    for argument in rest:
        if argument in ("-h", "--help"):
            print(page.strip())
            sys.exit(0)
        elif argument == "--quick":
            quick = True
        elif argument in options:
            options[argument] = next(rest, None)
            if options[argument] is None:
                raise Failure(2, f"{argument} needs a value; see --help")
        elif argument.startswith("-"):
            raise Failure(2, f"option '{argument}' is unknown; see --help")
        elif folder:
            raise Failure(2, f"'{argument}' is a second folder; give one")
        else:
            folder = argument
    return quick, folder


def make_folder(folder, usual):
    folder = os.path.abspath(folder or os.environ.get("HONE_BARS_DIR") or usual)
    try:
        os.makedirs(os.path.join(folder, "results"), exist_ok=True)
    except OSError as error:
        raise Failure(4, f"cannot create '{folder}': {error.strerror}; name another folder") from error
    return folder


def run_main(main):
    try:
        sys.exit(main())
    except Failure as failure:
        say(str(failure))
        sys.exit(failure.code)
    except KeyboardInterrupt:
        say("stopped")
        sys.exit(5)
    except (OSError, ValueError, KeyError) as error:
        say(f"the command's output could not be used: {error}")
        sys.exit(4)
