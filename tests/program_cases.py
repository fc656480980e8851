"""Cases that run the program the way a user does. tests/reports/run and tests/bad_input/run read them from TOML files.

A file holds [text] (pieces that a case may name as <<piece>>) and any number of [[case]]:
  name, what       the id, and one sentence
  candles          lines 'open high low close volume', from 2024-01-01T00:00:00Z in steps of `timeframe` (default 1h); imported as
                   candles.h5, symbol TEST, with `funding` (lines 'hours rate') where given
  synth            arguments of 'data synth --output candles.h5'
  job, files       the text of job.toml, and other files by name; bytes: files as hexadecimal
  folder           the name of the folder the case runs in
  needs            what else the machine must have, see Machine.lacks
  step             [[case.step]]: run, and what must come of it, see Runner.step
A case whose steps hold {engine} runs once for each engine; decision hashes of the same step must be equal.
Whatever fails must print nothing on standard output, only lines that start with 'quern: ' or 'note: ' on standard error, and leave
every file as it was."""
import atexit
import csv
import datetime
import fnmatch
import glob
import hashlib
import io
import json
import math
import os
import re
import resource
import shlex
import shutil
import signal
import subprocess
import sys
import tempfile
import time
import tomllib

DURATION = {"1m": 60, "1h": 3600, "1d": 86400}
BACKTEST = "backtest job.toml --device {engine} --trades trades.csv --equity equity.csv --json"


class Problem(Exception):
    pass


def same(value, expected):
    if isinstance(expected, str) and expected == "null":
        return value is None or value == ""
    try:
        a, b = float(value), float(expected)
    except (TypeError, ValueError):
        return str(value) == str(expected)
    return math.isclose(a, b, rel_tol=1e-9, abs_tol=1e-12)


def look_up(data, path):
    """'metrics.cagr', '0.best_trade', 'trades.*.entry_bar' (joined by ';'), 'trades.sum.profit', 'trades.count'."""
    if path.startswith("ns:"):             # a time as nanoseconds
        moment = datetime.datetime.fromisoformat(look_up(data, path[3:]).replace("Z", "+00:00"))
        return round(moment.timestamp()) * 10**9
    parts = path.split(".")
    for at, part in enumerate(parts):
        rest = ".".join(parts[at + 1:])
        if isinstance(data, list) and part == "*":
            return ";".join(str(look_up(one, rest)) for one in data)
        if isinstance(data, list) and part == "sum":
            return math.fsum(float(look_up(one, rest)) for one in data)
        if isinstance(data, list) and part == "count":
            return len(data)
        try:
            data = data[int(part)] if isinstance(data, list) else data[part]
        except (KeyError, IndexError, TypeError):
            raise Problem(f"there is no '{path}' in what was printed")
    return data


def snapshot(folder):
    found = {}
    for root, folders, files in os.walk(folder):
        for name in folders:
            found[os.path.relpath(os.path.join(root, name), folder) + "/"] = ""
        for name in files:
            path = os.path.join(root, name)
            if os.path.isfile(path):
                with open(path, "rb") as file:
                    found[os.path.relpath(path, folder)] = hashlib.sha256(file.read()).hexdigest()
    return found


class Machine:
    def __init__(self, quern, work):
        self.quern, self.work = os.path.abspath(quern), work
        self.locales = os.path.join(work, "locales")

    def engines(self):
        """Every engine that is built, and what is said about the others."""
        built, skipped = ["reference"], []
        for device in ("cpu", "cuda"):
            probe = os.path.join(self.work, "probe")
            os.makedirs(probe, exist_ok=True)
            environment = dict(os.environ, QUERN_HOME=probe)
            subprocess.run([self.quern, "data", "synth", "--bars", "60", "--output", "p.h5"], cwd=probe, env=environment, capture_output=True)
            with open(os.path.join(probe, "p.toml"), "w") as file:
                file.write('[job]\nname = "p"\n[data]\nfiles = ["p.h5"]\n[strategy]\nname = "p"\n[strategy.entry]\nlong = "close > open"\n'
                           '[strategy.size]\nmode = "fraction"\nvalue = 1.0\n')
            made = subprocess.run([self.quern, "backtest", "p.toml", "--device", device, "--json"], cwd=probe, env=environment,
                                  capture_output=True, text=True)
            if made.returncode == 0:
                built.append(device)
            else:
                skipped.append(f"engine {device}: {made.stderr.strip().removeprefix('quern: ')}")
        return built, skipped

    def lacks(self, need):
        """What is missing for 'locale:NAME', 'tmpfs' (a small disk of one's own) or 'no_root', or ''."""
        if need == "no_root":
            return "root may write everywhere" if os.geteuid() == 0 else ""
        if need == "tmpfs":
            done = subprocess.run(["unshare", "-rm", "sh", "-c", "mount -t tmpfs -o size=64k tmpfs /mnt"], capture_output=True) \
                if shutil.which("unshare") else None
            return "" if done and done.returncode == 0 else "no small file system can be mounted here"
        kind, _, name = need.partition(":")
        if kind != "locale":
            raise Problem(f"'{need}' is no need")
        target = os.path.join(self.locales, name)
        if not os.path.isdir(target) and shutil.which("localedef"):
            os.makedirs(self.locales, exist_ok=True)
            subprocess.run(["localedef", "-i", name.split(".")[0], "-f", "UTF-8", target], capture_output=True)
        return "" if os.path.isdir(target) else f"the locale {name} cannot be made (localedef and its sources)"


class Runner:
    """One case on one engine, in a folder of its own."""

    def __init__(self, machine, case, texts, engine, inputs=None):
        self.machine, self.case, self.texts, self.engine, self.inputs = machine, case, texts, engine, inputs
        self.base = tempfile.mkdtemp(prefix="case", dir=machine.work)
        self.home = os.path.join(self.base, "home")
        self.folder = os.path.join(self.base, case.get("folder", "here"))
        os.makedirs(self.folder)
        self.saved, self.hashes = {}, []

    def fill(self, text):
        for _ in range(3):
            for name, piece in self.texts.items():
                text = text.replace(f"<<{name}>>", piece)
        for name, value in dict(self.case.get("engine_values", {}).get(self.engine, {}), engine=self.engine).items():
            text = text.replace("{" + name + "}", str(value))
        return text

    def path(self, name):
        return os.path.join(self.folder, name)

    def write(self, name, content):
        os.makedirs(os.path.dirname(self.path(name)), exist_ok=True)
        with open(self.path(name), "wb") as file:
            file.write(content if isinstance(content, bytes) else self.fill(content).encode())

    def prepare(self):
        case = self.case
        for name in case.get("copy", []):
            shutil.copy(os.path.join(self.inputs, name), self.path(name))
        for name, text in case.get("files", {}).items():
            self.write(name, text)
        for name, text in case.get("bytes", {}).items():
            self.write(name, bytes.fromhex(text))
        for name in case.get("folders", []):
            os.makedirs(self.path(name))
        if "job" in case:
            self.write("job.toml", case["job"])
        if "synth" in case:
            self.quern("data synth --output candles.h5 " + case["synth"])
        if "candles" in case:
            timeframe = case.get("timeframe", "1h")
            rows = [line.split() for line in case["candles"].strip().splitlines()]
            lines = ["open_time,open,high,low,close,volume"]
            for at, row in enumerate(rows):
                lines.append(",".join([str((1704067200 + at * DURATION[timeframe]) * 1000)] + row))
            self.write("candles.csv", "\n".join(lines) + "\n")
            funding = ""
            if "funding" in case:
                lines = ["time,rate"]
                for line in case["funding"].strip().splitlines():
                    hours, rate = line.split()
                    lines.append(f"{round((1704067200 + float(hours) * 3600) * 1000)},{rate}")
                self.write("funding.csv", "\n".join(lines) + "\n")
                funding = "--funding funding.csv"
            self.quern(f"data import candles.csv --symbol TEST --timeframe {timeframe} {funding} --output candles.h5")

    def quern(self, arguments):
        done = self.execute({"run": arguments})
        if done.returncode != 0:
            raise Problem(f"'quern {arguments}' ended with {done.returncode}: {done.stderr.strip()}")

    def execute(self, step):
        command = [self.machine.quern] + shlex.split(self.fill(step["run"]))
        if "small_disk" in step:               # a folder 'small' of 64 kB, gone afterwards; what it held is in small.txt
            script = 'mount -t tmpfs -o size=64k tmpfs small || exit 99; "$@"; s=$?; ls -A small >small.txt; exit $s'
            command = ["unshare", "-rm", "sh", "-c", script, "sh"] + command
        environment = dict(os.environ, QUERN_HOME=self.home, LC_ALL=step.get("locale", "C"), LOCPATH=self.machine.locales)
        environment.pop("QUERN_STRATEGIES", None)
        environment.update({name: self.fill(value) for name, value in step.get("environment", {}).items()})

        def limits():
            if "file_limit" in step:           # bytes; without the signal a write ends as on a full disk
                signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
                resource.setrlimit(resource.RLIMIT_FSIZE, (step["file_limit"], step["file_limit"]))

        output = open(step["output"], "wb") if "output" in step else subprocess.PIPE
        process = subprocess.Popen(command, cwd=self.folder, env=environment, stdin=subprocess.DEVNULL, stdout=output,
                                   stderr=subprocess.PIPE, preexec_fn=limits, restore_signals=False, start_new_session=True)
        asked = 0.0
        if "interrupt_once" in step:           # a file; an interrupt goes to the process group once it is there
            while process.poll() is None and not glob.glob(self.path(step["interrupt_once"])):
                time.sleep(0.002)
            if process.poll() is not None:
                raise Problem("it ended before it could be interrupted")
            asked = time.monotonic()
            os.killpg(process.pid, signal.SIGINT)
        try:
            out, err = process.communicate(timeout=step.get("seconds", 120))
        except subprocess.TimeoutExpired:
            os.killpg(process.pid, signal.SIGKILL)
            process.wait()
            raise Problem(f"did not end within {step.get('seconds', 120)} s")
        if asked:
            if time.monotonic() - asked > 5.0:
                raise Problem(f"ended {time.monotonic() - asked:.1f} s after the interrupt")
            try:
                os.killpg(process.pid, 0)
                raise Problem("a process of the run is left")
            except ProcessLookupError:
                pass
            if len(err.decode().splitlines()) > 3:
                raise Problem(f"more than three lines after an interrupt: {err.decode()}")
        return subprocess.CompletedProcess(command, process.returncode, (out or b"").decode(), err.decode())

    def damage(self, step):
        """Changes a file before the step: cut = bytes kept (negative: from its end), at and put = hexadecimal, remove, read_only."""
        for change in step.get("damage", []):
            path = self.path(change["file"])
            if "copy" in change:
                shutil.copy(self.path(change["copy"]), path)
            if change.get("remove"):
                os.remove(path)
            if "cut" in change:
                size = os.path.getsize(path)
                os.truncate(path, change["cut"] if change["cut"] >= 0 else size + change["cut"])
            if "put" in change:
                size = os.path.getsize(path)
                with open(path, "r+b") as file:
                    file.seek(change["at"] if change["at"] >= 0 else size + change["at"])
                    file.write(bytes.fromhex(change["put"]))
            if "swap" in change:               # every place where these bytes stand
                before, after = change["swap"]
                with open(path, "rb") as file:
                    content = file.read()
                if before.encode() not in content:
                    raise Problem(f"'{before}' is not in {change['file']}")
                self.write(change["file"], content.replace(before.encode(), after.encode()))
            if change.get("read_only"):
                os.chmod(path, 0o555 if os.path.isdir(path) else 0o444)

    def step(self, step):
        """run; status; says, silent (texts in either output); lines (of standard error); metrics, json (paths in the printed JSON),
        trades (every line of trades.csv, the fields that are named), absent and present (files), same (groups of equal files),
        leaves (patterns of files that a failure may add), save (names for printed values, used as '$name')."""
        self.damage(step)
        step = dict(step)
        step.setdefault("run", BACKTEST)
        before = snapshot(self.folder)
        done = self.execute(step)
        status = step.get("status", 0)
        where = f"'quern {self.fill(step['run'])}'"
        if done.returncode != status:
            raise Problem(f"{where} ended with {done.returncode}, not {status}: {(done.stderr or done.stdout).strip()}")
        both = done.stdout + done.stderr
        for text in step.get("says", []):
            if self.fill(text) not in both:
                raise Problem(f"{where} does not say '{text}': {both.strip()}")
        for text in step.get("silent", []):
            if text in both:
                raise Problem(f"{where} says '{text}': {both.strip()}")
        if "lines" in step and len(done.stderr.splitlines()) != step["lines"]:
            raise Problem(f"{where} prints {len(done.stderr.splitlines())} lines, not {step['lines']}: {done.stderr.strip()}")
        if status != 0:
            if done.stdout:
                raise Problem(f"{where} fails and prints on standard output: {done.stdout.strip()}")
            stray = [line for line in done.stderr.splitlines() if not line.startswith(("quern: ", "note: ", "resuming: "))]
            if stray or not done.stderr:
                raise Problem(f"{where} fails with other lines than 'quern: ...': {stray}")
            after = snapshot(self.folder)
            allowed = {path for pattern in step.get("leaves", []) for path in after if fnmatch.fnmatch(path, pattern)}
            changed = sorted(path for path in before.keys() | after.keys() if before.get(path) != after.get(path) and path not in allowed)
            if changed:
                raise Problem(f"{where} fails and changes files: {', '.join(changed)}")
        data = {"status": done.returncode, "problems": len(re.findall(r"^quern: \S+:\d+: ", done.stderr, re.MULTILINE))}
        if "--json" in step["run"] and done.returncode == 0:
            printed = json.loads(done.stdout, parse_constant=lambda name: (_ for _ in ()).throw(Problem(f"{where} prints {name}")))
            data = printed if isinstance(printed, list) else dict(printed, status=0, problems=0)
            if isinstance(data, dict) and "decision_hash" in data:
                self.hashes.append(data["decision_hash"])
        if "--trades trades.csv" in step["run"] and done.returncode == 0:
            lines = list(csv.DictReader(io.StringIO(open(self.path("trades.csv"), encoding="utf-8").read())))
            self.check_trades(step, lines, data, where)
            data["trades"] = lines
        for path, expected in [("metrics." + name, value) for name, value in step.get("metrics", {}).items()] + list(step.get("json", {}).items()):
            if isinstance(expected, str) and expected.startswith("$"):
                expected = self.saved[expected[1:]]
            value = look_up(data, path)
            if not same(value, expected):
                raise Problem(f"{where}: {path} is {value}, not {expected}")
        for name, path in step.get("save", {}).items():
            self.saved[name] = look_up(data, path)
        if "out" in step:
            self.write(step["out"], done.stdout.encode())
        for name in step.get("absent", []):
            if os.path.lexists(self.path(name)):
                raise Problem(f"{where} leaves '{name}'")
        for name in step.get("present", []):
            if not os.path.exists(self.path(name)):
                raise Problem(f"{where} does not leave '{name}'")
        for group in step.get("same", []):
            if len({open(self.path(name), "rb").read() for name in group}) != 1:
                raise Problem(f"{', '.join(group)} are not equal")
        if "differ" in step and len({str(self.saved[name]) for name in step["differ"]}) != len(step["differ"]):
            raise Problem(f"{', '.join(step['differ'])} are not all different")
        return data

    def check_trades(self, step, lines, data, where):
        if "trades" in step:
            if len(lines) != len(step["trades"]):
                raise Problem(f"{where}: {len(lines)} trade lines, not {len(step['trades'])}: {lines}")
            for number, (line, expected) in enumerate(zip(lines, step["trades"])):
                for field, value in expected.items():
                    if not same(line[field], value):
                        raise Problem(f"{where}: trade line {number}: {field} is {line[field]}, not {value}")
        # What stands in the lines is what the account made.
        if os.path.exists(self.path("equity.csv")) and "open_position" not in data and "--equity equity.csv" in step["run"]:
            with open(self.path("equity.csv"), encoding="utf-8") as file:
                capital = float(next(csv.DictReader(file))["equity"])
            total, made = math.fsum(float(line["profit"]) for line in lines), data["metrics"]["equity_final"] - capital
            if data["first_decision_bar"] < data["bars"] and data["first_decision_bar"] >= 0 and not math.isclose(total, made, rel_tol=1e-9, abs_tol=1e-6):
                raise Problem(f"{where}: profits sum to {total}, the account made {made}")


def run_case(machine, case, texts, engines, inputs=None, check=None):
    """'' or what went wrong; what was skipped."""
    for need in case.get("needs", []):
        missing = machine.lacks(need)
        if missing:
            return "", missing
    words = [case.get("job", "")] + [step.get("run", BACKTEST) for step in case["step"]]
    several = any("{engine}" in text for text in words) or "engine_values" in case
    hashes = {}
    for engine in engines if several else ["reference"]:
        runner = None
        try:
            runner = Runner(machine, case, texts, engine, inputs)
            runner.prepare()
            for number, step in enumerate(case["step"]):
                data = runner.step(step)
                if check:
                    check(case, step, data)
            hashes[engine] = runner.hashes
        except Problem as problem:
            return (f"engine {engine}: " if several else "") + str(problem), ""
        finally:
            if runner:
                shutil.rmtree(runner.base, ignore_errors=True)
    if len({tuple(one) for one in hashes.values()}) > 1:
        return f"decision hashes differ: {hashes}", ""
    return "", ""


def main(folder, name):
    """Runs every case of folder/cases/*.toml: BUILD, then ids to choose."""
    if len(sys.argv) < 2:
        print(f"usage: {sys.argv[0]} BUILD [NAME ...]", file=sys.stderr)
        sys.exit(2)
    wanted = sys.argv[2:]
    work = tempfile.mkdtemp(prefix="quern-cases")
    atexit.register(shutil.rmtree, work, ignore_errors=True)
    machine = Machine(os.path.join(sys.argv[1], "bin", "quern"), work)
    engines, skipped_engines = machine.engines()
    print(f"{name}: engines {', '.join(engines)}")
    for text in skipped_engines:
        print(f"SKIPPED: {text}")
    counts = {"passed": 0, "failed": 0, "skipped": 0}
    for file in sorted(glob.glob(os.path.join(folder, "cases", "*.toml"))):
        with open(file, "rb") as stream:
            content = tomllib.load(stream)
        for case in content["case"]:
            if not wanted or case["name"] in wanted:
                report(case, run_case(machine, case, content.get("text", {}), engines), counts)
    return machine, engines, counts, wanted


def report(case, outcome, counts):
    problem, skipped = outcome
    if skipped:
        counts["skipped"] += 1
        print(f"{case['name']}: SKIPPED: {skipped}")
    elif problem:
        counts["failed"] += 1
        print(f"{case['name']}: FAILED: {case['what']}: {problem}")
    else:
        counts["passed"] += 1
        print(f"{case['name']}: passed: {case['what']}")
    sys.stdout.flush()


def finish(counts):
    print(f"{counts['passed']} passed, {counts['failed']} failed" + (f", {counts['skipped']} skipped" if counts["skipped"] else ""))
    sys.exit(1 if counts["failed"] or counts["passed"] == 0 else 0)
