#!/usr/bin/env bash
# A lock of flock(2) outlives the process that took it while another process has inherited the descriptor. In the initial
# PID namespace /proc/locks goes on to list it, with the id of the process that is gone. In any other PID namespace
# /proc/locks leaves it out, although it is held and others wait for it; only the line `lock:` in fdinfo of the
# descriptor shows it, with 0 in the place of the id. So inside a container "who holds this lock" cannot be answered by
# /proc/locks, lslocks(8) and lsof(8); reading fdinfo of all descriptors can.
#
# Seen with Linux 6.18.44, util-linux 2.38.1. Needs root (or unprivileged user namespaces) and Debian's apt-get.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
apt-get download -qq "${UTIL_LINUX:-util-linux=2.38.1*}" >/dev/null
dpkg -x util-linux_*.deb root
export PATH="$folder/root/usr/bin:$folder/root/bin:$PATH"

cat >inside.sh <<'INSIDE'
# Takes the lock in a shell that ends, and leaves the descriptor to its child.
mkfifo started
sh -c 'exec 9>lockfile; flock -x 9; sleep 1000 & echo $! >heir; echo >started' &
read -r _ <started
wait
heir=$(cat heir)
inode=$(stat -c %i lockfile)
echo "held: $(flock -n -x lockfile true && echo no || echo yes)"
echo "/proc/locks: $(grep -c "FLOCK.*:$inode " /proc/locks)"
echo "fdinfo: $(grep -h "lock:.*FLOCK.*:$inode " /proc/$heir/fdinfo/* | awk '{ print $6 == 0 ? "id 0" : "an id" }')"
kill "$heir"
rm -f started lockfile heir
INSIDE

echo "in this PID namespace:"
bash inside.sh | tee here
echo "in a PID namespace of its own:"
unshare --user --map-root-user --pid --fork --mount-proc bash inside.sh | tee apart

diff <(cat apart) - <<'SEEN'
held: yes
/proc/locks: 0
fdinfo: id 0
SEEN
echo "as seen before"
