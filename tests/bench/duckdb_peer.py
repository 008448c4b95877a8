"""DuckDB over the lake's Parquet, or over tables of its own in order of time."""

from pathlib import Path

import duckdb
import numpy as np

import lake
from meaning import TRAITS_LOG
from rollup import RollupSql
from sql import Sql, name, text
from sql_peer import SqlPeer, chosen, work_folder


class DuckDb(SqlPeer):
    """One connection, and views or tables named after the logs."""

    over_log = Sql
    over_rollup = RollupSql

    def __init__(self, database: str, threads: int) -> None:
        self.connection = duckdb.connect(database)
        self.execute(f"SET threads = {threads}")
        self.execute("SET enable_progress_bar = false")

    @classmethod
    def over_parquet(cls, logs: dict[str, list[str]], root: Path, threads: int, work: Path) -> "DuckDb":
        """Reads the lake as it is; filters on the folder's day spare it the files of other days."""
        peer = cls(":memory:", threads)
        peer.has_days = True
        for log, columns in logs.items():
            peer.execute(f"CREATE VIEW {name(log)} AS {peer.parquet(root, log, columns)}")
        return peer

    @classmethod
    def over_tables(cls, logs: dict[str, list[str]], root: Path, threads: int, work: Path) -> "DuckDb":
        """Copies the columns that conditions read into a database file, sorted by time."""
        peer = cls(str(work_folder(work, "duckdb") / "tables.duckdb"), threads)
        for log, columns in logs.items():
            source = peer.parquet(root, log, columns)
            peer.create(name(log), f"SELECT {chosen(columns)} FROM ({source}) ORDER BY occurred_at")
        peer.execute("CHECKPOINT")
        return peer

    def parquet(self, root: Path, log: str, columns: list[str]) -> str:
        """A query over all files of a log. A file has a column only if some row has a value; matching columns by
        name costs a look into every file, so it is asked for only where a file lacks one."""
        files = text(lake.files(root, log))
        wanted = ", ".join(text(column) for column in columns) or "NULL"
        lacking = self.number(
            f"SELECT count(*) FROM (SELECT count(*) FILTER (name IN ({wanted})) AS found"
            f" FROM parquet_schema({files}) GROUP BY file_name) WHERE found < {len(columns)}"
        )
        by_name = "true" if lacking else "false"
        return (
            f"SELECT * FROM read_parquet({files}, union_by_name = {by_name}, hive_partitioning = true,"
            " hive_types = {'day': DATE})"
        )

    def check(self, logs: dict[str, list[str]]) -> None:
        """Refuses a lake of which the queries would not be true."""
        universe = f"SELECT DISTINCT profile_id FROM {name(TRAITS_LOG)}"
        for log in logs:
            strangers = self.number(
                f"SELECT count(*) FROM (SELECT DISTINCT profile_id FROM {name(log)}) ANTI JOIN ({universe}) USING (profile_id)"
            )
            if strangers:
                raise SystemExit(f"{strangers} profiles of `{log}` have no traits: the universe is read from the traits")
        ties = self.number(
            f"SELECT count(*) FROM (SELECT 1 FROM {name(TRAITS_LOG)} GROUP BY profile_id, occurred_at HAVING count(*) > 1)"
        )
        if ties:
            raise SystemExit(f"{ties} profiles have two sets of traits at one moment: the last value would be a guess")
        described = self.connection.execute(f"DESCRIBE {name(TRAITS_LOG)}").fetchall()
        if gone := [row[0] for row in described if row[0].endswith(":gone")]:
            raise SystemExit(f"traits were taken away ({', '.join(gone)}): the queries do not look for that")

    def execute(self, sql: str) -> None:
        self.connection.execute(sql)

    def profiles(self, sql: str) -> np.ndarray:
        return self.connection.execute(sql).fetchnumpy()["profile_id"]

    def keep(self, table: str, sql: str) -> None:
        self.execute(f"CREATE OR REPLACE TEMP TABLE {table} AS {sql}")

    def create(self, table: str, sql: str) -> None:
        self.execute(f"CREATE OR REPLACE TABLE {table} AS {sql}")

    def number(self, sql: str) -> int:
        """The one number that a query answers."""
        return self.connection.execute(sql).fetchone()[0]
