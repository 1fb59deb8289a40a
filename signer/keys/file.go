package keys

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"syscall"
)

// maxFile is the size, in bytes, above which a file is not taken for a secret
// or a key.
const maxFile = 1 << 20

// readFile returns the content of a regular file, and the file's description
// from before it was read: a change while reading shows as a later one.
func readFile(path string) ([]byte, fs.FileInfo, error) {
	info, err := os.Stat(path)
	if err != nil {
		return nil, nil, explain(err)
	}
	if err := checkFile(info); err != nil {
		return nil, nil, err
	}
	// It may have become another file since: opening a FIFO must not wait for
	// its writer.
	f, err := os.OpenFile(path, os.O_RDONLY|syscall.O_NONBLOCK, 0)
	if err != nil {
		return nil, nil, explain(err)
	}
	defer f.Close()
	if info, err = f.Stat(); err != nil {
		return nil, nil, explain(err)
	}
	if err := checkFile(info); err != nil {
		return nil, nil, err
	}
	content, err := io.ReadAll(io.LimitReader(f, maxFile+1))
	if err != nil {
		return nil, nil, explain(err)
	}
	if len(content) > maxFile {
		return nil, nil, errFileSize
	}
	return content, info, nil
}

var errFileSize = errors.New("the file is larger than 1 MiB: name the file that holds the secret or key alone")

func checkFile(info fs.FileInfo) error {
	switch {
	case info.IsDir():
		return errors.New("this is a directory: name a file in it")
	case !info.Mode().IsRegular():
		return errors.New("this is not a regular file: pipes, sockets and devices cannot be read again")
	case info.Size() > maxFile:
		return errFileSize
	}
	return nil
}

// explain says what to do about a failure to read. The path is left to the
// caller, who names the reference.
func explain(err error) error {
	if pathErr, ok := errors.AsType[*fs.PathError](err); ok {
		err = pathErr.Err
	}
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return fmt.Errorf("%w: create it or correct the path", err)
	case errors.Is(err, fs.ErrPermission):
		return fmt.Errorf("%w: let the user that runs this process read it", err)
	}
	return fmt.Errorf("the file cannot be read: %w", err)
}
