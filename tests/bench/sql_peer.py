"""What the peers that speak SQL share: how the forms are run and where their answers lie."""

from datetime import datetime
from pathlib import Path

import numpy as np

import rollup
from meaning import Workload
from rollup import rollup_table
from sql import Sql, members_table, name


class SqlPeer:
    """One connection. After `evaluate` the members of all audiences lie in tables in memory."""

    forms = ("each", "all", "wide")
    over_log: type[Sql]
    over_rollup: type[rollup.OverRollup]
    has_days = False

    def close(self) -> None:
        """Lets go of everything."""
        self.connection.close()

    def execute(self, sql: str) -> None:
        """Runs a statement."""
        raise NotImplementedError

    def profiles(self, sql: str) -> np.ndarray:
        """The one column of numbers that a query answers."""
        raise NotImplementedError

    def keep(self, table: str, sql: str) -> None:
        """Puts what a query answers into a table in memory, in place of an earlier one."""
        raise NotImplementedError

    def evaluate(self, workload: Workload, form: str) -> None:
        """Finds all members of all audiences."""
        self.answer(self.over_log(workload, self.has_days), form)

    def answer(self, sql: Sql, form: str) -> None:
        """Runs one form."""
        if form == "each":
            for audience in sql.workload.audiences:
                self.keep(members_table(audience.key), sql.members(audience.who))
        else:
            self.keep("answer", sql.together() if form == "all" else sql.wide())

    def members(self, workload: Workload, form: str) -> dict[str, np.ndarray]:
        """Who was found by the form evaluated last."""
        found = {}
        for place, audience in enumerate(workload.audiences):
            of = {
                "each": members_table(audience.key),
                "all": f"answer WHERE audience = {place}",
                "wide": f"answer WHERE a{place}",
            }[form]
            found[audience.key] = self.profiles(f"SELECT profile_id FROM {of}")
        return found

    def open_ticks(self, workload: Workload) -> None:
        """Fills the rollups with everything until the moment."""
        sql = self.over_rollup(workload, False)
        self.ticked: datetime = workload.as_of
        for place, group in enumerate(rollup.groups(workload)):
            self.create(rollup_table(place), sql.hours(group, None, workload.as_of))

    def tick(self, workload: Workload, form: str) -> None:
        """Adds what happened since the tick before, and finds all members."""
        sql = self.over_rollup(workload, False)
        for place, group in enumerate(rollup.groups(workload)):
            self.execute(f"INSERT INTO {rollup_table(place)} {sql.hours(group, self.ticked, workload.as_of)}")
        self.ticked = workload.as_of
        self.answer(sql, form)

    def create(self, table: str, sql: str) -> None:
        """Makes a table to stay, sorted as the query sorts it."""
        raise NotImplementedError


def chosen(columns: list[str]) -> str:
    """The columns of a log that conditions can read."""
    return ", ".join(["profile_id", "occurred_at", *map(name, columns)])


def work_folder(work: Path, peer: str) -> Path:
    """A folder for a peer's own files."""
    folder = work / peer
    folder.mkdir(parents=True, exist_ok=True)
    return folder
