#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
#
# Runs the server of this script's own name out of bin/ beside it, and ends it
# when the process that asked for it is gone: a test that is interrupted or
# times out runs no clean-up, and would leave the server behind.
"$(dirname "$0")/bin/$(basename "$0")" "$@" &
server=$!

(
	while kill -0 "$server" 2>/dev/null; do
		kill -0 "$PPID" 2>/dev/null || exec kill "$server"
		sleep 1
	done
) </dev/null >/dev/null 2>&1 &
watcher=$!

# A signal to stop goes to the whole process group. Sent on from here, it would
# be the server's second, which makes it exit without ado.
trap : TERM INT HUP

# A signal ends the wait early, so ask until the server has gone.
wait "$server"
status=$?
while kill -0 "$server" 2>/dev/null; do
	wait "$server"
	status=$?
done
kill "$watcher" 2>/dev/null
exit "$status"
