#!/usr/bin/env bash
# Gives the tests a Docker engine with the images and the versions of Compose that they use, where no image registry can be reached.
#
# As root on a Debian machine: installs the engine, starts it unless one answers (it stays running), fetches Compose 2 and Compose 1
# into a folder of the tests' own, and makes images of Debian packages. The machine's own Docker configuration is not touched. What
# can't be had is said; the tests that need it are skipped aloud. Safe to run again: quick when all is there.
#
# The engine gets networks from 172.20.0.0/14 in pieces of 256 addresses, since Docker's own choice runs out at some thirty networks, and
# that is soon where tests run beside each other. It adds the bridge docker0 and iptables chains of its own, and lets the machine
# forward only what is from or to its containers. Loopback stays as it was: published ports are served by docker-proxy, and the
# address translation leaves 127.0.0.0/8 out.
set -euo pipefail

cd "$(dirname "${BASH_SOURCE[0]}")/.."
# shellcheck source=scripts/install-packages.sh
. scripts/install-packages.sh
PATH=$PWD/node_modules/.bin:$PATH

# package | a program that proves it is there | what it is for
needs=(
	'docker.io|dockerd|the Docker engine that stacks run on'
	'iptables|iptables|the networks of Docker'
	'python3|/usr/bin/python3|Compose 1, which is written in Python'
	'rootlesskit|rootlesskit|a rootless Docker engine'
	'slirp4netns|slirp4netns|a rootless Docker engine'
	'uidmap|newuidmap|a rootless Docker engine'
)

engine_answers() {
	docker version --format '{{.Server.Version}}' &> /dev/null
}

# Runs in the background with nothing of this script's: whoever waits for the end of its output must not wait for the engine.
run_dockerd() {
	local fd
	for fd in /proc/self/fd/*; do
		fd=${fd##*/}
		[ "$fd" -le 2 ] || eval "exec $fd>&-"
	done
	exec setsid nohup dockerd --default-address-pool base=172.20.0.0/14,size=24 < /dev/null >> "$log" 2>&1
}

# An engine that was killed leaves files that name its process. Where nobody waits for the dead, or another process has the number by now, the
# next engine takes that for one that runs.
forget_dead_engine() {
	local file pid
	for file in /var/run/docker.pid /var/run/docker/containerd/containerd.pid; do
		pid=$(cat "$file" 2> /dev/null) || continue
		{ grep -qsE '^Name:\s+(dockerd|containerd)$' "/proc/$pid/status" && grep -qs '^State:[[:space:]]*[^ZX]' "/proc/$pid/status"; } || rm -f "$file"
	done
}

log=/var/log/coppice-tests-dockerd.log
start_engine() {
	local attempt engine=
	if [ -d /run/systemd/system ]; then
		say 'starting the Docker engine (systemctl start docker)'
		systemctl start docker || return
	else
		say "starting the Docker engine; what it says goes to $log"
		forget_dead_engine
		run_dockerd &
		engine=$!
	fi
	for ((attempt = 0; attempt < 300; attempt++)); do
		! engine_answers || return 0
		sleep 0.1
		# One that is still dying when this begins is in the way of the first try.
		if [ -n "$engine" ] && [ $((attempt % 20)) -eq 19 ] && ! kill -0 "$engine" 2> /dev/null; then
			forget_dead_engine
			run_dockerd &
			engine=$!
		fi
	done
	[ ! -e "$log" ] || tail -n 5 "$log" | sed 's/^/  | /'
	return 1
}

if [ "$(id -u)" -ne 0 ]; then
	say 'the tests with Docker are skipped: files of the databases in its containers belong to other users, and only root can snapshot those'
	exit 0
fi

# Another clone may be doing the same.
mkdir -p /var/cache/coppice-tests
exec 9> /var/cache/coppice-tests/lock
flock 9

if ! has docker || { [ -z "${DOCKER_HOST:-}" ] && ! has dockerd; } || ! has /usr/bin/python3 || ! has rootlesskit || ! has slirp4netns || ! has newuidmap; then
	find_missing "${needs[@]}"
	if can_install; then
		keep_services_off
		update_lists
		install_each "${missing[@]}"
	else
		say "not installed (that takes apt): the tests of these are skipped: ${missing[*]}"
	fi
fi

if ! has docker; then
	say 'the tests with Docker are skipped: there is no program docker here'
elif engine_answers || { [ -z "${DOCKER_HOST:-}" ] && has dockerd && start_engine; }; then
	node test/fixtures/docker/set-up.ts
else
	say 'the tests with Docker are skipped: no Docker engine answers, and none could be started'
fi
