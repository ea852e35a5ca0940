//go:build !race

package wal

import "time"

// crashTime is how long random programs are run.
const crashTime = 8 * time.Second

// busyRounds is how often a busy log crashes.
const busyRounds = 40

// rushTime is how long everything is done at once.
const rushTime = 2 * time.Second
