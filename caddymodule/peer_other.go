//go:build !linux

package caddymodule

import (
	"errors"
	"net"
)

const peersAreKnown = false

func peerOf(*net.UnixConn) (*peer, error) { return nil, errors.ErrUnsupported }
