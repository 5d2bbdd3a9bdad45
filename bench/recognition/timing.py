"""How long readers take: each measured alone, in turn, with the start of its process."""

import dataclasses
import os
import resource
import statistics
import subprocess
import tempfile
import time

import letra_reader
import rows as labelled
import tesseract

# Pictures that one process reads one after another.
MANY = 100
ROUNDS = 3
# Tesseract's threads: one, or as many as it takes.
THREADS = {"Tesseract, 1 thread": 1, "Tesseract": None}


def milliseconds(command, environment=None):
    """From the start of a process to its end, and on processors; what it prints is thrown away."""
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    start = time.perf_counter()
    subprocess.run(
        command, env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, check=False
    )
    passed = time.perf_counter() - start
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    busy = after.ru_utime - before.ru_utime + after.ru_stime - before.ru_stime
    return 1000 * passed, 1000 * busy


def in_turn(contestants, count):
    """The times of each contestant's jobs; one job of each in turn, so that all share the load.

    `contestants` holds for each name its jobs: pairs of a command and its environment.
    """
    for jobs in contestants.values():
        # The first start reads programs and models from the disk.
        milliseconds(*jobs[0])
    spent = {name: [] for name in contestants}
    for index in range(count):
        for name, jobs in contestants.items():
            spent[name].append(milliseconds(*jobs[index]))
    return spent


@dataclasses.dataclass
class Contest:
    """Who is timed, and on which pictures: a sample of so many of these rows."""

    letra: letra_reader.Letra | None
    with_tesseract: bool
    rows: list
    count: int

    def measure(self):
        """Milliseconds a picture, with a process for each and with one for many."""
        load = os.getloadavg()[0]
        with tempfile.TemporaryDirectory() as folder:
            alone = in_turn(*self.alone(folder))
            chosen = self.alike()
            together = in_turn(self.many(chosen, folder), ROUNDS)
        found = {"load_before": load, "many": len(chosen), "readers": {}}
        for name, spent in alone.items():
            passed, busy = zip(*spent)
            found["readers"][name] = {
                "quartiles": statistics.quantiles(passed, n=4),
                "processors": statistics.median(busy),
                "in_one_process": statistics.median(one[0] for one in together[name]) / len(chosen),
            }
        return found

    def alone(self, folder):
        """A process for each picture."""
        chosen = labelled.sample(self.rows, self.count, "time")
        found = {}
        if self.letra:
            found["letra"] = [(self.letra.command("read", [row.path]), None) for row in chosen]
        if self.with_tesseract:
            jobs = []
            for index, row in enumerate(chosen):
                setting = tesseract.best(row)
                picture = tesseract.write_prepared(row, setting, folder, str(index))
                jobs.append(
                    tesseract.command(tesseract.model_names(row, setting), setting, picture)
                )
            for name, threads in THREADS.items():
                found[name] = [(job, tesseract.environment(threads)) for job in jobs]
        return found, len(chosen)

    def alike(self):
        """Pictures of English alone that are read by one setting, so that one process can."""
        english = [row for row in self.rows if set(row.languages) == {"English"}]
        first = tesseract.best(english[0])
        english = [row for row in english if tesseract.best(row) == first]
        return labelled.sample(english, MANY, "time")

    def many(self, chosen, folder):
        """One process for all the pictures, some times."""
        found = {}
        if self.letra:
            found["letra"] = [
                (self.letra.command("read", [row.path for row in chosen]), None)
            ] * ROUNDS
        if self.with_tesseract:
            setting = tesseract.best(chosen[0])
            pictures = [
                tesseract.write_prepared(row, setting, folder, f"many-{index}")
                for index, row in enumerate(chosen)
            ]
            names = os.path.join(folder, "pictures.txt")
            with open(names, "w", encoding="utf8") as file:
                file.writelines(f"{picture}\n" for picture in pictures)
            command = tesseract.command("eng", setting, names)
            for name, threads in THREADS.items():
                found[name] = [(command, tesseract.environment(threads))] * ROUNDS
        return found


def print_table(times):
    """A line a contestant. Of Tesseract's two ways the quicker one counts."""
    many = f"{times['many']} in one process"
    print(f"\nmilliseconds a picture (load before: {times['load_before']:.2f})")
    print(f"{'':20} {'median':>8} {'quartiles':>14} {'on processors':>14} {many:>20}")
    for name, found in times["readers"].items():
        low, middle, high = found["quartiles"]
        print(
            f"{name:20} {middle:8.1f} {f'{low:.0f} to {high:.0f}':>14} {found['processors']:14.1f}"
            f" {found['in_one_process']:20.1f}"
        )
