//go:build race

package e2e

import "time"

// The race detector takes memory and time of its own.
const (
	measurable  = false
	streamLimit = 96 << 20
	slowTimeout = 8 * time.Second
)
