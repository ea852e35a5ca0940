//go:build !race

package wal

import "time"

// crashTime is how long random programs are run.
const crashTime = 8 * time.Second
