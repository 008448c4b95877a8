"""chDB (ClickHouse inside a process) over the lake's Parquet, or over MergeTree tables of its own in order of time."""

from pathlib import Path

import chdb
import numpy as np

import lake
from meaning import TRAITS_LOG
from rollup import RollupClickHouseSql
from sql import ClickHouseSql, name, text
from sql_peer import SqlPeer, chosen, work_folder


class ChDb(SqlPeer):
    """One connection, and views or tables named after the logs."""

    over_log = ClickHouseSql
    over_rollup = RollupClickHouseSql

    def __init__(self, folder: Path, threads: int) -> None:
        self.connection = chdb.connect(str(folder))
        self.execute("CREATE DATABASE IF NOT EXISTS bench ENGINE = Atomic")
        self.execute("USE bench")
        self.execute(f"SET max_threads = {threads}")
        # Hundreds of expressions in one statement are a lot of text.
        self.execute("SET max_query_size = 100000000, max_ast_elements = 10000000, max_expanded_ast_elements = 10000000")

    @classmethod
    def over_parquet(cls, logs: dict[str, list[str]], root: Path, threads: int, work: Path) -> "ChDb":
        """Reads the lake as it is; filters on the folder's day spare it the files of other days."""
        peer = cls(work_folder(work, "chdb-parquet"), threads)
        peer.has_days = True
        for log, columns in logs.items():
            peer.execute(f"CREATE VIEW {name(log)} AS SELECT {chosen(columns)}, day FROM {parquet(root, log, columns)}")
        return peer

    @classmethod
    def over_tables(cls, logs: dict[str, list[str]], root: Path, threads: int, work: Path) -> "ChDb":
        """Copies the columns that conditions read into tables sorted by time; texts of few values become codes."""
        peer = cls(work_folder(work, "chdb-tables"), threads)
        for log, columns in logs.items():
            typed = ", ".join(f"{name(column)} {kind(column, 'LowCardinality(Nullable(String))')}" for column in columns)
            peer.execute(
                f"CREATE TABLE {name(log)} (profile_id UInt32, occurred_at DateTime64(6, 'UTC'){', ' if typed else ''}{typed})"
                " ENGINE = MergeTree ORDER BY occurred_at"
            )
            peer.execute(f"INSERT INTO {name(log)} SELECT {chosen(columns)} FROM {parquet(root, log, columns)}")
            peer.execute(f"OPTIMIZE TABLE {name(log)} FINAL")
        return peer

    def execute(self, sql: str) -> None:
        self.connection.query(sql)

    def profiles(self, sql: str) -> np.ndarray:
        packed = self.connection.query(f"{sql} FORMAT RowBinary").bytes()
        return np.frombuffer(packed, dtype=np.uint32)

    def keep(self, table: str, sql: str) -> None:
        self.execute(f"CREATE OR REPLACE TABLE {table} ENGINE = Memory AS {sql}")

    def create(self, table: str, sql: str) -> None:
        self.execute(f"CREATE OR REPLACE TABLE {table} ENGINE = MergeTree ORDER BY (hour, profile_id) AS {sql}")


def parquet(root: Path, log: str, columns: list[str]) -> str:
    """All files of a log; the folders give `day`. The schema is spelled: a file may lack a column."""
    folders = "day Date" if log == TRAITS_LOG else "event String, day Date"
    typed = "".join(f", {name(column)} {kind(column, 'Nullable(String)')}" for column in columns)
    schema = f"profile_id UInt32, occurred_at DateTime64(6, 'UTC'){typed}, {folders}"
    return f"file({text(lake.files(root, log))}, Parquet, {text(schema)})"


def kind(column: str, words: str) -> str:
    """The type of a property's column."""
    return words if column.endswith(":text") else "Nullable(Float64)"
