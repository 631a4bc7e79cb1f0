# shellcheck shell=bash
# For the scripts that set up the tests: saying what is missing and installing it from apt, without any service starting by itself.
# They source it; `set -euo pipefail` is theirs.

# Debian keeps some servers out of a plain user's PATH.
PATH=$PATH:/usr/local/sbin:/usr/sbin:/sbin

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

# Sets `missing` to the packages whose program is not there, and says what each is for. Takes `package|program|purpose` lines.
find_missing() {
	local need package program purpose
	missing=()
	for need in "$@"; do
		IFS='|' read -r package program purpose <<< "$need"
		has "$program" && continue
		missing+=("$package")
		say "$package is missing: $purpose"
	done
}

# Whether anything can be installed here: that takes root and apt.
can_install() {
	[ "$(id -u)" -eq 0 ] && command -v apt-get > /dev/null
}

# Runs apt-get; what it prints is shown only when it fails.
apt() {
	local log
	log=$(mktemp)
	DEBIAN_FRONTEND=noninteractive apt-get --yes --quiet -o Dpkg::Use-Pty=0 "$@" > "$log" 2>&1 || {
		tail -n 10 "$log" | sed 's/^/  | /'
		rm -f "$log"
		return 1
	}
	rm -f "$log"
}

install() {
	apt --no-install-recommends install "$@"
}

# From here to the end of the script no package starts its server: it would take a port and run for nothing.
policy=/usr/sbin/policy-rc.d
keep_services_off() {
	[ ! -e "$policy" ] || return 0
	printf '#!/bin/sh\nexit 101\n' > "$policy"
	chmod 0755 "$policy"
	trap 'rm -f "$policy"' EXIT
}

update_lists() {
	say 'asking apt for its current lists'
	apt update || say 'apt could not refresh all its lists; trying with those that are here'
}

# Installs packages; one that the machine's release lacks must not cost all the others.
install_each() {
	local package
	say "installing $*"
	install "$@" && return
	for package in "$@"; do
		install "$package" || say "$package could not be installed: its tests are skipped"
	done
}
