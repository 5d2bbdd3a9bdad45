"""The measurements as a page: bench/RESULTS.md."""

import json
import pathlib
import statistics

ROWS = [(row["network"], row["batch"]) for row in json.loads((pathlib.Path(__file__).parent / "rows.json").read_text())]

# Nanoseconds that a cache line takes from core to core: less between cores that share a cache.
NEAR = 100


def measured_rows(measured):
    there = {tuple(row) for _, _, *row in measured["steps"]}
    return [row for row in ROWS if row in there]


def median(values):
    return statistics.median(values) if values else None


def figure(value, digits=3):
    """A number with some significant digits, or a dash."""
    if value is None:
        return "–"
    if value >= 10 ** (digits - 1):
        return f"{value:,.0f}"
    return f"{value:.{digits}g}"


def table(header, rows):
    lines = ["| " + " | ".join(header) + " |", "|" + "---|" * len(header)]
    return "\n".join(lines + ["| " + " | ".join(row) + " |" for row in rows])


def best(figures, smallest=True):
    """Name and figure of the best peer, or nothing."""
    there = {name: value for name, value in figures.items() if name != "letra" and value is not None}
    if not there:
        return None, None
    name = (min if smallest else max)(there, key=there.get)
    return name, there[name]


def just_before(measured, threads, *row):
    """What letra took just before a peer ran, by the peer's name."""
    return lambda name: median(measured["before"].get((name, threads, *row), []))


def ratio(figures, smallest=True, before=None):
    """Of the best peer's median to letra's; where `before` tells what letra took just before each peer ran, to the median of that."""
    name, value = best(figures, smallest)
    mine = before(name) if before and name else figures.get("letra")
    if value is None or mine is None:
        return "–"
    return f"**{figure(value / mine if smallest else mine / value)}×** ({name})"


def steps(measured, threads, names):
    """One table of milliseconds for a number of threads, and the floor that letra's own measurement gives."""
    rows = []
    for row in measured_rows(measured):
        figures = {name: median(measured["steps"].get((name, threads, *row), [])) for name in names}
        floor, mine = measured["floors"].get((threads, *row)), figures.get("letra")
        share = f"{100 * floor / mine:.0f} %" if floor and mine else "–"
        rows.append([row[0], f"{row[1]:,}", *(figure(figures[name]) for name in names), ratio(figures, before=just_before(measured, threads, *row)), share])
    return table(["network", "batch", *names, "best peer / letra", "of the arithmetic floor"], rows)


def spread(measured, threads):
    """How far letra's and the best peer's rounds lie apart: what to think of the last digit."""
    rows = []
    for row in measured_rows(measured):
        every = {name: values for (name, t, *r), values in measured["steps"].items() if t == threads and tuple(r) == row}
        name, _ = best({name: median(values) for name, values in every.items()})
        if name and "letra" in every:
            told = lambda values: f"{figure(min(values))} – {figure(max(values))} ({len(values)})"
            rows.append([row[0], f"{row[1]:,}", told(every["letra"]), name, told(every[name])])
    return table(["network", "batch", "letra: smallest – largest median (runs)", "best peer", "its smallest – largest median (runs)"], rows)


def modes(measured):
    rows = [[name, str(threads), network, f"{batch:,}", mode] for (name, threads, network, batch), mode in sorted(measured["modes"].items())]
    return table(["peer", "threads", "network", "batch", "fastest mode"], rows)


def scaling(measured, threads):
    """What more threads bring to letra, and to the machine's own peak: that is all there is to be had."""
    few, many = min(threads), max(threads)
    rows = []
    for row in dict.fromkeys((network, batch) for (_, network, batch) in measured["scaling"]):
        slow, fast = (median(measured["scaling"][count, *row]) for count in (few, many))
        near = measured["near"].get((many, *row), [])
        quicker = f"{figure(slow / median(near))}× ({len(near)})" if near else "–"
        rows.append([row[0], f"{row[1]:,}" if row[1] else "", figure(slow), figure(fast), f"{figure(slow / fast)}×", quicker if row[1] else ""])
    return table(["network", "batch", f"ms, threads: {few}", f"ms, threads: {many}", "ratio", "ratio, cores near (runs)"], rows)


def predictions(measured, threads):
    names = sorted({name for (name, t, _) in measured["predictions"] if t == threads}, key=lambda name: name != "letra")
    of = lambda what: {name: median(measured["predictions"].get((name, threads, what), [])) for name in names}
    networks = dict.fromkeys(what for (_, t, what) in measured["predictions"] if t == threads and what != "rate")
    rows = []
    for network in networks:
        latency, what = of(network), "one picture" if network == "cnn" else f"one sequence, {network}"
        rows.append([f"{what}, µs", *(figure(latency[name]) for name in names), ratio(latency)])
    rate = of("rate")
    rows.append(["10,000 pictures, pictures a second", *(figure(rate[name]) for name in names), ratio(rate, smallest=False)])
    return table(["", *names, "ratio to the best peer"], rows)


def starts(measured, threads):
    names = [name for (name, t) in measured["starts"] if t == threads]
    seconds = {name: median([second for second, _ in measured["starts"][name, threads]]) for name in names}
    accuracy = {name: median([reached for _, reached in measured["starts"][name, threads]]) for name in names}
    return table(["", *names, "best peer / letra"], [
        ["seconds", *(figure(seconds[name]) for name in names), ratio(seconds, before=just_before(measured, threads, "start"))],
        ["accuracy on the training pictures", *(f"{accuracy[name]:.3f}" for name in names), ""],
    ])


def builds(measured):
    rows = [[name, figure(found["seconds"]), str(found["crates"]), figure(found["megabytes"])] for name, found in measured["builds"].items()]
    return table(["", "seconds", "crates", "program, MB"], rows)


def page(measured, machine, settings, missing, versions):
    """The whole page."""
    names = ["letra", *dict.fromkeys(name for (name, *_) in measured["steps"] if name != "letra")]
    parts = ["# letra beside its peers", "Written by `bench/compare`; `bench/README.md` tells what is measured, and how."]
    flags = " ".join(machine["flags"])
    parts.append(f"{machine['model']}, {machine['cores']} cores, {flags}; {', '.join(machine['caches'])}; "
                 f"{machine.get('memory_gib', '?')} GiB; {machine['system']}. {settings['date']}, letra {settings['commit']}.")
    parts.append(f"Medians of {settings['rounds']} rounds of {settings['seconds']} s a row, pictures: {settings['pictures']}. "
                 f"Load of the machine before the first round: {settings['load']:.2f}"
                 + (" (**busy: measure again on a quiet machine**)." if settings["load"] > 0.3 else "."))
    for threads in settings["threads"]:
        plural = "s" if threads > 1 else ""
        rates = measured["machine"].get(threads)
        parts.append(f"## {threads} thread{plural}")
        if rates:
            parts.append(f"Single-precision peak {rates['peak_gflops']:.0f} GFLOP/s, matrix product {rates['gemm_gflops']:.0f} GFLOP/s.")
        if measured["steps"]:
            parts += ["### Milliseconds a training step", steps(measured, threads, names), spread(measured, threads)]
        if any(t == threads for (_, t, _) in measured["predictions"]):
            parts += ["### Predictions", predictions(measured, threads)]
        if any(t == threads for (_, t) in measured["starts"]):
            parts += ["### Process start to a trained feed-forward (Keras) network: 100 epochs, batch 128", starts(measured, threads)]
    if measured["scaling"]:
        parts += ["## More threads", f"letra alone, in turn with each number of threads, {settings['turns']} times each: medians. A host may move virtual cores away from a cache that "
                  f"they shared; the last column has the runs before and after which a cache line went from thread to thread in less than {NEAR} ns.",
                  scaling(measured, settings["threads"])]
    if measured["builds"]:
        parts += ["## Clean release build", builds(measured)]
    if measured["modes"]:
        parts += ["## The peers' settings", "Each mode was tried for each row in the first round; the fastest was measured in all.", modes(measured)]
    parts += ["## Versions", "\n".join(f"- {version}" for version in versions)]
    if missing:
        parts += ["## Missing", "\n".join(f"- {name}: {reason}" for name, reason in missing.items())]
    return "\n\n".join(parts) + "\n"
