package caddymodule

import (
	"errors"
	"net"
	"unsafe"

	"golang.org/x/sys/unix"
)

const peersAreKnown = true

// peerOf asks the kernel (SO_PEERCRED and SO_PEERGROUPS, unix(7) and
// socket(7)): what a process was when it connected, and not what /etc/group
// says of its user, which need not be its.
func peerOf(socket *net.UnixConn) (*peer, error) {
	raw, err := socket.SyscallConn()
	if err != nil {
		return nil, err
	}
	var p *peer
	if failed := raw.Control(func(fd uintptr) { p, err = peerOfDescriptor(fd) }); failed != nil {
		return nil, failed
	}
	return p, err
}

func peerOfDescriptor(fd uintptr) (*peer, error) {
	credentials, err := unix.GetsockoptUcred(int(fd), unix.SOL_SOCKET, unix.SO_PEERCRED)
	if err != nil {
		return nil, err
	}
	groups, err := supplementaryGroups(fd)
	if errors.Is(err, unix.ENOPROTOOPT) { // Linux before 4.13
		err = nil
	}
	return &peer{credentials.Uid, append(groups, credentials.Gid)}, err
}

// supplementaryGroups is the one option of variable length, for which there is
// no wrapper in x/sys/unix.
func supplementaryGroups(fd uintptr) ([]uint32, error) {
	groups := make([]uint32, 32)
	for {
		size := uint32(len(groups)) * 4
		_, _, failed := unix.Syscall6(unix.SYS_GETSOCKOPT, fd, unix.SOL_SOCKET, unix.SO_PEERGROUPS,
			uintptr(unsafe.Pointer(unsafe.SliceData(groups))), uintptr(unsafe.Pointer(&size)), 0)
		switch failed {
		case 0:
			return groups[:size/4], nil
		case unix.ERANGE: // and size is what it takes
			groups = make([]uint32, size/4)
		default:
			return nil, failed
		}
	}
}
