//go:build !race

package e2e

import "time"

const (
	measurable  = true            // the process's memory is its own
	streamLimit = 24 << 20        // so much may a stream take, whatever its length
	slowTimeout = 2 * time.Second // the setting `timeout`: so long a body may take to arrive
)
