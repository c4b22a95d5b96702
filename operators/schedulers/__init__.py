"""Schedulers: where and when things run."""

from operators.schedulers.executor import ExecutorScheduler, executor
from operators.schedulers.immediate import ImmediateScheduler, immediate
from operators.schedulers.loop import LoopScheduler, event_loop
from operators.schedulers.protocol import LossyWorker, Scheduler, Worker
from operators.schedulers.thread import ThreadScheduler, thread

__all__ = [
    "ExecutorScheduler",
    "ImmediateScheduler",
    "LoopScheduler",
    "LossyWorker",
    "Scheduler",
    "ThreadScheduler",
    "Worker",
    "event_loop",
    "executor",
    "immediate",
    "thread",
]
