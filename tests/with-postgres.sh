#!/usr/bin/env bash
# Runs a command beside a throw-away PostgreSQL, whose URL it finds in MUSTER_TEST_POSTGRES_URL:
#
#   tests/with-postgres.sh cargo test -p store
#
# The server listens on a free loopback port, keeps its data in a temporary folder, and is gone when the command ends,
# whose exit code this passes on. Uses the installed PostgreSQL; as root on a machine with apt-get, installs one if
# there is none. The server refuses to run as root, so root starts it as another user.
set -euo pipefail

say() {
    printf 'with-postgres: %s\n' "$*" >&2
}

has_server() {
    [[ -n $1 && -x $1/initdb && -x $1/pg_ctl && -x $1/postgres ]]
}

# Prints the folder of the server's programs, the newest version if there are several.
find_programs() {
    local folder
    folder=$(dirname -- "$(command -v initdb || true)")
    if has_server "$folder"; then
        printf '%s\n' "$folder"
        return
    fi
    folder=$(pg_config --bindir 2>/dev/null || true)
    if has_server "$folder"; then
        printf '%s\n' "$folder"
        return
    fi
    while read -r folder; do
        if has_server "$folder"; then
            printf '%s\n' "$folder"
            return
        fi
    done < <(printf '%s\n' /usr/lib/postgresql/*/bin /usr/pgsql-*/bin /opt/homebrew/opt/postgresql*/bin /usr/local/opt/postgresql*/bin | sort -rV)
    return 1
}

install_server() {
    if [[ $EUID -ne 0 ]] || ! command -v apt-get >/dev/null; then
        say 'there is no PostgreSQL server here: install one (Debian, Ubuntu: apt-get install postgresql)'
        exit 2
    fi
    say 'installing PostgreSQL'
    apt-get update -qq >&2
    DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends postgresql >&2
}

# Runs one of the server's programs, as somebody else where we are root, in a folder that both may enter.
as_server() {
    if [[ $EUID -eq 0 ]]; then
        (cd "$folder" && runuser -u "$server_user" -- "$@")
    else
        (cd "$folder" && "$@")
    fi
}

# shellcheck disable=SC2317 # the trap calls it
stop_server() {
    local code=$?
    trap - EXIT
    if [[ -f $folder/data/postmaster.pid ]]; then
        as_server "$programs/pg_ctl" stop -D "$folder/data" -m immediate -s || true
    fi
    rm -rf -- "$folder"
    exit "$code"
}

port_is_free() {
    ! (exec 3<>"/dev/tcp/127.0.0.1/$1") 2>/dev/null
}

start_server() {
    local settings
    for _ in {1..20}; do
        port=$((RANDOM % 20000 + 20000))
        port_is_free "$port" || continue
        # Nobody minds what a crash of this server loses.
        settings="-c listen_addresses=127.0.0.1 -c port=$port -c unix_socket_directories='' -c fsync=off"
        if as_server "$programs/pg_ctl" start -D "$folder/data" -l "$folder/log" -o "$settings" -w -s 2>/dev/null; then
            return
        fi
    done
    say 'PostgreSQL does not start; its log says:'
    cat "$folder/log" >&2
    exit 2
}

if [[ $# -eq 0 ]]; then
    say 'usage: tests/with-postgres.sh COMMAND [ARGUMENT...]'
    exit 2
fi

programs=$(find_programs) || {
    install_server
    programs=$(find_programs)
}

folder=$(mktemp -d /tmp/muster-postgres.XXXXXX)
server_user=$(id -un)
if [[ $EUID -eq 0 ]]; then
    server_user=nobody
    if id -u postgres >/dev/null 2>&1; then
        server_user=postgres
    fi
fi
trap stop_server EXIT
trap 'exit 130' INT
trap 'exit 143' TERM

password=$(od -An -N16 -tx1 /dev/urandom | tr -d ' \n')
printf '%s\n' "$password" >"$folder/password"
if [[ $EUID -eq 0 ]]; then
    chown -R "$server_user" "$folder"
fi
as_server "$programs/initdb" -D "$folder/data" -U muster -A scram-sha-256 --pwfile="$folder/password" -E UTF8 --locale=C.UTF-8 --no-sync >/dev/null
start_server

export MUSTER_TEST_POSTGRES_URL="postgres://muster:$password@127.0.0.1:$port/postgres"
code=0
"$@" || code=$?
exit "$code"
