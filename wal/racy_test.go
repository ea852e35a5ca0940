//go:build race

package wal

import "time"

// Under the race detector everything takes some ten times as long.
const (
	crashTime  = 15 * time.Second
	busyRounds = 10
)

const rushTime = 5 * time.Second
