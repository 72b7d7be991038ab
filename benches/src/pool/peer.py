"""The peer that is Python's standard library. Run with the name of a workload; each line of standard input is a number of jobs, and is
answered with one figure. End of file is the end."""

import multiprocessing
import sys
from concurrent.futures import ProcessPoolExecutor, ThreadPoolExecutor
from statistics import median
from time import perf_counter

WORKERS = 2
# Fork, wherever it is not the default any more: it is the fastest.
fork = multiprocessing.get_context("fork")


def tiny(number):
    return number * number & 0xFFFF_FFFF_FFFF_FFFF


def check(results, jobs):
    assert sum(results) == sum(map(tiny, range(jobs))), "jobs were lost"


def submit(executor, jobs):
    begin = perf_counter()
    futures = [executor.submit(tiny, number) for number in range(jobs)]
    results = [future.result() for future in futures]
    seconds = perf_counter() - begin
    check(results, jobs)
    return seconds / jobs


def threads_submit():
    executor = ThreadPoolExecutor(WORKERS)
    return lambda jobs: submit(executor, jobs) * 1e9


def processes_submit():
    executor = ProcessPoolExecutor(WORKERS, mp_context=fork)
    return lambda jobs: submit(executor, jobs) * 1e6


def processes_map():
    pool = fork.Pool(WORKERS)

    def run(jobs):
        begin = perf_counter()
        results = pool.map(tiny, range(jobs))
        seconds = perf_counter() - begin
        check(results, jobs)
        return seconds / jobs * 1e9

    return run


def processes_apply():
    pool = fork.Pool(WORKERS)

    def one(number):
        begin = perf_counter()
        result = pool.apply(tiny, (number,))
        seconds = perf_counter() - begin
        assert result == tiny(number), "an answer was wrong"
        return seconds

    return lambda jobs: median(map(one, range(jobs))) * 1e6


def process_start():
    def one(number):
        begin = perf_counter()
        process = fork.Process(target=tiny, args=(number,))
        process.start()
        process.join()
        return perf_counter() - begin

    return lambda jobs: median(map(one, range(jobs))) * 1e3


run = {
    f.__name__: f
    for f in (threads_submit, processes_submit, processes_map, processes_apply, process_start)
}[sys.argv[1]]()
for line in sys.stdin:
    print(run(int(line)), flush=True)
